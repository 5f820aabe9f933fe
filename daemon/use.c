/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From words and bytes to a Request. Fed by callers who may see the key: nothing that they say is used before it is
 * checked here or in what this calls. */
#include "use.h"

#include <time.h>

#include "manager.h"
#include "request-answer.h"

static Operation operation_of(RequestKind kind) {
        return kind == REQUEST_SIGN ? OPERATION_SIGN : OPERATION_DECRYPT;
}

/* Parsed for this key; the rest of *r is filled already. */
static int parse_options(const Use *u, Purpose purpose, Request *ret, Failure *f) {
        KeyType type = u->key->type;

        switch (u->kind) {
        case REQUEST_SIGN:
                return sign_options_parse(&u->options, type, key_octets(u->key), &ret->sign, f);
        case REQUEST_DECRYPT:
                return decrypt_options_parse(&u->options, type, purpose, &ret->decrypt, f);
        case REQUEST_DERIVE:
                return derive_options_parse(&u->options, type, purpose, &ret->derive, f);
        }
        return -EINVAL;
}

static int take_input(Request *r, unsigned i, Blob bytes, int64_t now, Failure *f) {
        Input *input = &r->jobs[i].input;

        switch (r->kind) {
        case REQUEST_SIGN:
                return input_for_sign(input, r->key, r->purpose, &r->sign, bytes, now, f);
        case REQUEST_DECRYPT:
                return input_for_decrypt(input, r->key, bytes, f);
        case REQUEST_DERIVE:
                return input_for_derive(input, r->key, r->purpose, &r->derive, bytes, f);
        }
        return -EINVAL;
}

/* All of them together are bounded whichever way they came. */
static int check_inputs(const Use *u, Failure *f) {
        size_t total = 0;

        if (u->n_inputs == 0)
                return failure_set(f, OUTCOME_INVALID_INPUT, "data is empty: there is nothing to sign");
        for (unsigned i = 0; i < u->n_inputs; i++)
                total += u->inputs[i].size;
        if (u->reply == REQUEST_REPLY_MANY && total > INPUT_MANY_BYTES_MAX)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "data has %zu bytes; at most %d are taken at once: split them", total,
                                   INPUT_MANY_BYTES_MAX);
        return 0;
}

static int make_request(const Use *u, Request **ret, Failure *f) {
        _cleanup_(request_unrefp) Request *r = NULL;
        Purpose purpose;
        int k;

        k = purpose_parse(u->purpose, operation_of(u->kind), &purpose, f);
        if (k == 0)
                k = check_inputs(u, f);
        if (k == 0)
                k = request_new(u->manager, u->peer, u->key, u->kind, purpose, u->n_inputs, &r);
        if (k == 0)
                k = parse_options(u, purpose, r, f);
        if (k != 0)
                return k;
        r->reply = u->reply;
        *ret = TAKE_PTR(r);
        return 0;
}

void use_submit(const Use *u, Origin *origin) {
        _cleanup_(request_unrefp) Request *r = NULL;
        int64_t now = (int64_t) time(NULL);
        Failure f;
        int k;

        k = make_request(u, &r, &f);
        if (k != 0) {
                origin_fail(origin, k, &f);
                return;
        }
        r->origin = *origin;
        *origin = (Origin){};
        for (unsigned i = 0; i < r->n_jobs; i++) {
                k = take_input(r, i, u->inputs[i], now, &f);
                if (k > 0) /* input that a typed purpose refuses is an attempt to misuse a key, and is written down */
                        request_refuse(r, &r->jobs[i], &f);
                if (k != 0)
                        break;
        }
        if (k == 0)
                k = request_submit(r);
        if (k < 0)
                origin_fail(&r->origin, k, NULL);
}

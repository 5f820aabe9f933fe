/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A use of a key as frames. Fed by use.c, which has checked it, and by signetd's answers; what these say beyond their
 * form is checked where those of the bus are. */
#include <string.h>

#include "common/hex.h"
#include "error.h"
#include "use.h"
#include "wire.h"

static ChannelMethod method_of(const Call *call) {
        static const char *const members[_CHANNEL_METHOD_MAX] = {
                [CHANNEL_SIGN] = "Sign",
                [CHANNEL_SIGN_MANY] = "SignMany",
                [CHANNEL_DECRYPT] = "Decrypt",
                [CHANNEL_DERIVE] = "Derive",
        };

        for (ChannelMethod m = CHANNEL_SIGN; m < _CHANNEL_METHOD_MAX; m++)
                if (strcmp(members[m], call->member) == 0)
                        return m;
        return _CHANNEL_METHOD_MAX;
}

static void add_string(ChannelCall *c, const char *name, const char *value) {
        if (value)
                c->options[c->n_options++] =
                        (ChannelOption){ .name = name, .type = CHANNEL_OPTION_STRING, .string = value };
}

static void add_number(ChannelCall *c, const char *name, unsigned value) {
        if (value > 0)
                c->options[c->n_options++] =
                        (ChannelOption){ .name = name, .type = CHANNEL_OPTION_NUMBER, .number = value };
}

static void add_bytes(ChannelCall *c, const char *name, const unsigned char *data, size_t size) {
        if (data)
                c->options[c->n_options++] =
                        (ChannelOption){ .name = name, .type = CHANNEL_OPTION_BYTES, .bytes = { data, size } };
}

/* What options_write() says on the bus. */
static void add_options(ChannelCall *c, const signet_options *o, OptionsUse use) {
        add_string(c, "hash", o->hash);
        add_string(c, "padding", o->padding);
        add_string(c, "mgf-hash", o->mgf_hash);
        add_number(c, "salt-length", o->salt_length);
        add_bytes(c, "label", o->label, o->label_size);
        add_number(c, use == OPTIONS_DERIVE ? "length" : "key-length", o->key_length);
        if (use == OPTIONS_DERIVE)
                add_string(c, "kdf", o->kdf ? o->kdf : "x963");
        add_bytes(c, "shared-info", o->shared_info, o->shared_info_size);
}

void use_frame(const Call *call, ChannelCall *ret) {
        const Use *u = call->input;

        ret->key = NULL;
        ret->method = method_of(call);
        ret->purpose = u->purpose;
        ret->n_options = 0;
        add_options(ret, &u->options, u->kind);
        ret->n_inputs = (unsigned) u->n;
        for (size_t i = 0; i < u->n; i++)
                ret->inputs[i] = u->inputs[i];
}

static int copy_output(Blob from, Bytes *ret) {
        unsigned char *data = malloc(from.size > 0 ? from.size : 1);

        if (!data)
                return error_no_memory();
        if (from.size > 0)
                memcpy(data, from.data, from.size);
        *ret = (Bytes){ data, from.size };
        return 0;
}

int use_read_frame(const ChannelResult *result, void *output) {
        if (result->n_outputs != 1)
                return error_set(SIGNET_E_PROTOCOL, "signetd answered with %u results to one input", result->n_outputs);
        return copy_output(result->outputs[0], output);
}

int use_read_frames(const ChannelResult *result, void *output) {
        _cleanup_(bytes_list_done) BytesList l = { 0 };
        int r;

        l.items = calloc(result->n_outputs, sizeof(*l.items));
        if (!l.items)
                return error_no_memory();
        for (; l.n < result->n_outputs; l.n++) {
                r = copy_output(result->outputs[l.n], &l.items[l.n]);
                if (r != 0)
                        return r;
        }
        *(BytesList *) output = l;
        l = (BytesList){ 0 };
        return 0;
}

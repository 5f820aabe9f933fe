/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A policy file and the facts of one use: text up to the first NUL, then facts. Loading must report a mistake or give a
 * policy; whatever it gives must decide in the same way twice, and may show no key that it can never allow. */
#include <stdio.h>
#include <string.h>

#include "common/buffer.h"
#include "policy/limits.h"
#include "policy/policy-load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define STRINGS 8

/* The next string of the facts; NULL when there are none left, or it is empty. */
static const char *next_string(char **p, const char *end) {
        char *s = *p;

        if (s >= end)
                return NULL;
        *p += strlen(s) + 1;
        return *s ? s : NULL;
}

static size_t next_strings(char **p, const char *end, const char **ret) {
        size_t n = 0;
        const char *s;

        while (n < STRINGS && (s = next_string(p, end)))
                ret[n++] = s;
        return n;
}

static void use(const Policy *p, const PolicyFacts *f) {
        PolicyVerdict v, again;
        Limits *limits = NULL;
        unsigned wait;

        policy_evaluate(p, f, &v);
        policy_evaluate(p, f, &again);
        if (v.effect != again.effect || v.rule != again.rule || strcmp(v.reason, again.reason) != 0)
                abort();
        if (!*v.reason || strlen(v.reason) >= sizeof(v.reason) || !utf8_is_valid(v.reason, strlen(v.reason)))
                abort();
        if ((v.effect != POLICY_DENY) && !policy_may_ever(p, f))
                abort();
        if (f->key_id && (f->operation == OPERATION_SIGN || f->operation == OPERATION_DECRYPT) &&
            policy_may_ever(p, f) && !policy_may_see(p, f))
                abort();

        if (!v.rule || limits_new(&limits) < 0)
                return;
        /* What was refused now fits after the longest pause, or is more than the rule ever lets through. */
        if (limits_take(limits, v.rule, f->uid, 3, 1, f->now, &wait) == LIMITS_E_RATE &&
            limits_take(limits, v.rule, f->uid, 3, UINT64_MAX, f->now, &wait) == 0)
                abort();
        limits_free(limits);
}

/* `text` holds n bytes and a NUL behind them. */
static void ask(const Policy *p, char *text, size_t n) {
        const char *groups[STRINGS], *mail[STRINGS], *domains[STRINGS], *addresses[STRINGS], *end = text + n;
        PolicyInstance instances[2] = {};
        PolicyFacts f = { .groups = groups,
                          .key_addresses = mail,
                          .domains = domains,
                          .addresses = addresses,
                          .instances = instances };

        if (n >= 8) {
                f.operation = (Operation) ((uint8_t) text[0] % (_OPERATION_MAX + 1));
                f.purpose = (Purpose) ((uint8_t) text[1] % (_PURPOSE_MAX + 1));
                f.hash = (Hash) ((uint8_t) text[2] % (_HASH_MAX + 1));
                f.uid = (uint8_t) text[3];
                memcpy(&f.now, text + 4, 4);
                f.n_instances = (uint8_t) text[2] % 3;
                text += 8;
        }
        f.user = next_string(&text, end);
        f.unit = next_string(&text, end);
        f.key_id = next_string(&text, end) ? "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" : NULL;
        for (size_t i = 0; i < 2; i++) {
                instances[i].token = next_string(&text, end);
                instances[i].object = next_string(&text, end);
                instances[i].serial = next_string(&text, end);
                instances[i].id = (const uint8_t *) next_string(&text, end);
                instances[i].id_size = instances[i].id ? strlen((const char *) instances[i].id) : 0;
        }
        f.n_groups = next_strings(&text, end, groups);
        f.n_key_addresses = next_strings(&text, end, mail);
        f.n_domains = next_strings(&text, end, domains);
        f.n_addresses = next_strings(&text, end, addresses);
        use(p, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        _cleanup_free_ char *copy = malloc(n + 1);
        Problems problems = {};
        size_t size;
        Policy *p = NULL;
        int r;

        if (!copy)
                return 0;
        if (n > 0)
                memcpy(copy, data, n);
        copy[n] = '\0';
        size = strlen(copy);

        r = policy_load_text("policy.d/fuzz.conf", copy, size, &problems, &p);
        if ((r == 0) == problems_any(&problems) || (r == 0) != (p != NULL))
                abort();
        for (size_t i = 0; i < problems.n; i++)
                if (!*problems.items[i].text)
                        abort();
        problems_done(&problems);

        if (p)
                ask(p, copy + MIN(size + 1, n), n - MIN(size + 1, n));
        policy_unref(p);
        return 0;
}

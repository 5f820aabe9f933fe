/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl policy explain, policy reload: asks the running signetd. Fed with what people suppose; what it breaks
 * explains something else than was asked. */
#include <inttypes.h>
#include <time.h>

#include "common/names.h"
#include "ctl-text.h"
#include "ctl.h"

enum {
        EXPLAIN_KEY,
        EXPLAIN_OPERATION,
        EXPLAIN_PURPOSE,
        EXPLAIN_USER,
        EXPLAIN_UNIT,
        EXPLAIN_HASH,
        EXPLAIN_DOMAIN,
        EXPLAIN_ADDRESS,
        EXPLAIN_TIME,
        _EXPLAIN_MAX
};

static const CtlOption options[] = {
        [EXPLAIN_KEY] = { "key", "KEY", "the key, when it is no argument", NULL },
        [EXPLAIN_OPERATION] = { "operation", "OPERATION", "sign, decrypt...; default: the purpose's",
                                "sign decrypt unlock manage" },
        [EXPLAIN_PURPOSE] = { "purpose", "PURPOSE", "smime, csr, digest, dkim; cms, raw",
                              "smime csr digest dkim cms raw" },
        [EXPLAIN_USER] = { "user", "USER", "somebody else, for root to ask", NULL },
        [EXPLAIN_UNIT] = { "unit", "UNIT", "the caller's systemd unit", NULL },
        [EXPLAIN_HASH] = { "hash", "HASH", "as in sign", "sha1 sha224 sha256 sha384 sha512" },
        [EXPLAIN_DOMAIN] = { "domain", "DOMAIN", "that the operation concerns", NULL },
        [EXPLAIN_ADDRESS] = { "mail", "ADDRESS", "mail address that the operation concerns", NULL },
        [EXPLAIN_TIME] = { "time", "TIME", "when: \"2024-05-01 18:30\"; default now", NULL },
        [_EXPLAIN_MAX] = { NULL, NULL, NULL, NULL },
};

DEFINE_CLEANUP(signet_verdict *, signet_verdict_free)

static int read_facts(Ctl *ctl, const CtlArguments *a, signet_facts *facts) {
        int purpose = a->values[EXPLAIN_PURPOSE] ? purpose_from_string(a->values[EXPLAIN_PURPOSE]) : 0;

        *facts = (signet_facts){
                .size = sizeof(*facts),
                .key = a->n_words > 0 ? a->words[0] : a->values[EXPLAIN_KEY],
                .operation = a->values[EXPLAIN_OPERATION],
                .purpose = a->values[EXPLAIN_PURPOSE],
                .user = a->values[EXPLAIN_USER],
                .unit = a->values[EXPLAIN_UNIT],
                .hash = a->values[EXPLAIN_HASH],
                .domain = a->values[EXPLAIN_DOMAIN],
                .address = a->values[EXPLAIN_ADDRESS],
        };
        if (!facts->operation && purpose > 0)
                facts->operation = operation_to_string(purpose_operation((Purpose) purpose));
        if (!facts->key || !facts->operation)
                return ctl_error(ctl, CTL_USAGE, "policy explain wants a key and --purpose PURPOSE");
        if (a->values[EXPLAIN_TIME] && text_parse_time(a->values[EXPLAIN_TIME], time(NULL), &facts->time) < 0)
                return ctl_error(ctl, CTL_USAGE, "--time: \"%s\" is no time; write \"2024-05-01 18:30\"",
                                 a->values[EXPLAIN_TIME]);
        return CTL_DONE;
}

/* denied: rule "office-hours" (policy.d/10-office.conf:12) denies it
 *   /etc/signetd/policy.d/10-office.conf:12 */
static void print_verdict(const Ctl *ctl, const signet_verdict *v) {
        bool allowed = signet_verdict_allowed(v);
        _cleanup_free_ char *file = text_clean(signet_verdict_file(v)), *reason = text_clean(signet_verdict_reason(v));

        printf("%s%s%s: %s\n", ctl_colour(ctl, allowed ? CTL_GREEN : CTL_RED), allowed ? "allowed" : "denied",
               ctl_colour(ctl, CTL_PLAIN), reason ?: "");
        if (file && *file)
                printf("  %s:%u\n", file, signet_verdict_line(v));
}

static int answer_verdict(Ctl *ctl, const signet_verdict *v) {
        struct json_object *o = json_object_new_object();

        json_object_object_add(o, "allowed", json_object_new_boolean(signet_verdict_allowed(v)));
        ctl_json_string(o, "effect", signet_verdict_effect(v));
        ctl_json_string(o, "rule", signet_verdict_rule(v));
        ctl_json_string(o, "file", signet_verdict_file(v));
        ctl_json_number(o, "line", signet_verdict_line(v));
        ctl_json_string(o, "reason", signet_verdict_reason(v));
        return ctl_answer(ctl, o);
}

static int run_explain(Ctl *ctl, const CtlArguments *a) {
        _cleanup_(signet_verdict_freep) signet_verdict *verdict = NULL;
        signet_client *client;
        signet_facts facts;
        int e, r;

        e = read_facts(ctl, a, &facts);
        if (e != CTL_DONE)
                return e;
        r = ctl_client(ctl, &client);
        if (r == 0)
                r = signet_explain(client, &facts, &verdict);
        if (r != 0)
                return ctl_error_signet(ctl, r);

        if (ctl->globals.json) {
                e = answer_verdict(ctl, verdict);
                if (e != CTL_DONE)
                        return e;
        } else {
                print_verdict(ctl, verdict);
        }
        return signet_verdict_allowed(verdict) ? CTL_DONE : CTL_NO;
}

const CtlCommand ctl_policy_explain_command = {
        .name = "policy explain",
        .arguments = "KEY",
        .summary = "what policy would answer, and which rule says so",
        .more = "Nothing is done and no limit is used up. Ends with 0 when it would be allowed,\n"
                "with 1 when not.\n",
        .completes = "keys",
        .max_words = 1,
        .options = options,
        .run = run_explain,
};

static int run_reload(Ctl *ctl, const CtlArguments *a) {
        signet_client *client;
        uint64_t generation;
        int r;

        (void) a;
        r = ctl_client(ctl, &client);
        if (r == 0)
                r = signet_reload_policy(client, &generation);
        if (r != 0)
                return ctl_error_signet(ctl, r);

        if (ctl->globals.json) {
                struct json_object *answer = json_object_new_object();
                ctl_json_number(answer, "policy-generation", generation);
                return ctl_answer(ctl, answer);
        }
        printf("Policy loaded; it is generation %" PRIu64 ".\n", generation);
        return CTL_DONE;
}

const CtlCommand ctl_policy_reload_command = {
        .name = "policy reload",
        .summary = "make signetd read its policy again",
        .more = "All or nothing: with a mistake in a file, the policy in force stays in force.\n",
        .run = run_reload,
};

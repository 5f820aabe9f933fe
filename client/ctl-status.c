/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl status: is all well, and what to do when it is not. Fed with what signetd says of itself; what it breaks
 * hides a token that needs somebody. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "ctl-text.h"
#include "ctl-tokens.h"

typedef struct Status {
        signet_status daemon;
        signet_token **tokens;
        size_t n_tokens;
} Status;

static void status_done(Status *s) {
        signet_tokens_free(s->tokens, s->n_tokens);
}

static int status_ask(Ctl *ctl, Status *s) {
        signet_client *client;
        int r;

        s->daemon.size = sizeof(s->daemon);
        r = ctl_client(ctl, &client);
        if (r == 0)
                r = signet_get_status(client, &s->daemon);
        if (r == 0)
                r = signet_find_tokens(client, &s->tokens, &s->n_tokens);
        return r;
}

static bool all_ready(const Status *s) {
        for (size_t i = 0; i < s->n_tokens; i++)
                if (!token_is_ready(s->tokens[i]))
                        return false;
        return true;
}

static int answer(Ctl *ctl, const Status *s) {
        struct json_object *o = json_object_new_object(), *tokens = json_object_new_array();
        char since[TEXT_TIME_MAX];

        json_object_object_add(o, "ready", json_object_new_boolean(all_ready(s)));
        ctl_json_string(o, "version", s->daemon.version);
        ctl_json_string(o, "since", text_time_utc((int64_t) s->daemon.start_time, since));
        ctl_json_number(o, "policy-generation", s->daemon.policy_generation);
        ctl_json_number(o, "done", s->daemon.done);
        ctl_json_number(o, "refused", s->daemon.refused);
        ctl_json_number(o, "pending", s->daemon.pending);
        if (s->daemon.audit_sequence > 0) {
                ctl_json_number(o, "audit-sequence", s->daemon.audit_sequence);
                ctl_json_string(o, "audit-head", s->daemon.audit_head);
        }
        for (size_t i = 0; i < s->n_tokens; i++)
                json_object_array_add(tokens, token_json(s->tokens[i]));
        json_object_object_add(o, "tokens", tokens);
        return ctl_answer(ctl, o);
}

static void print_daemon(const signet_status *d) {
        char since[TEXT_TIME_MAX], span[TEXT_TIME_MAX];
        int64_t now = time(NULL), start = (int64_t) d->start_time;
        _cleanup_free_ char *version = text_clean(d->version);

        printf("signetd %s, running since %s (%s)\n", version ?: "?", text_time_local(start, since),
               text_span((uint64_t) MAX(now - start, 0), span));
        printf("  policy    generation %" PRIu64 "\n", d->policy_generation);
        if (d->audit_sequence == 0)
                return; /* what others do is for administrators */
        printf("  requests  %" PRIu64 " done, %" PRIu64 " refused, %u pending\n", d->done, d->refused, d->pending);
        printf("  audit     line %" PRIu64 ", %s\n", d->audit_sequence, d->audit_head);
}

/* signetd's message says what to do; where it does not say how to unlock, the command is added. */
static void print_token(const Ctl *ctl, const signet_token *token, int width) {
        _cleanup_free_ char *name = text_clean(signet_token_name(token));
        const char *message = signet_token_message(token);

        printf("  %-*s  %s%s%s, %u of %u workers\n", width, name ?: "?", ctl_colour(ctl, token_colour(token)),
               signet_token_state(token), ctl_colour(ctl, CTL_PLAIN), signet_token_workers(token),
               signet_token_workers_configured(token));
        token_print_message(token, "    ");
        if (strcmp(signet_token_state(token), "locked") == 0 && signet_token_may_unlock(token) &&
            !strstr(message, "signetctl unlock"))
                printf("    unlock with: signetctl unlock %s\n", name ?: "?");
}

static void print_tokens(const Ctl *ctl, const Status *s) {
        size_t width = 8;

        if (s->n_tokens == 0) {
                puts("  tokens    none that you may see");
                return;
        }
        puts("Tokens:");
        for (size_t i = 0; i < s->n_tokens; i++)
                width = MAX(width, text_width(signet_token_name(s->tokens[i])));
        for (size_t i = 0; i < s->n_tokens; i++)
                print_token(ctl, s->tokens[i], (int) width);
}

static int run_status(Ctl *ctl, const CtlArguments *a) {
        _cleanup_(status_done) Status s = { 0 };
        int e = CTL_DONE, r;

        (void) a;
        r = status_ask(ctl, &s);
        if (r != 0)
                return ctl_error_signet(ctl, r);
        if (ctl->globals.json) {
                e = answer(ctl, &s);
        } else {
                print_daemon(&s.daemon);
                print_tokens(ctl, &s);
        }
        return e == CTL_DONE && !all_ready(&s) ? CTL_NO : e;
}

const CtlCommand ctl_status_command = {
        .name = "status",
        .summary = "how signetd and the tokens are, and what to do",
        .more = "Ends with 0 when every token is ready, with 1 when one is not, with 14 when\n"
                "signetd cannot be reached.\n",
        .run = run_status,
};

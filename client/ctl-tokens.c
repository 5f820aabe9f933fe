/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl tokens, unlock, lock. Fed with a PIN by the person at the terminal or by a file; what it breaks shows that
 * PIN to others or spends its tries. */
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>

#include "ctl-pin.h"
#include "ctl-table.h"
#include "ctl-text.h"
#include "ctl-tokens.h"

typedef struct Tokens {
        signet_token **items;
        size_t n;
} Tokens;

static void tokens_done(Tokens *t) {
        signet_tokens_free(t->items, t->n);
}

CtlColour token_colour(const signet_token *token) {
        if (strcmp(signet_token_state(token), "ready") == 0)
                return CTL_GREEN;
        return strcmp(signet_token_state(token), "starting") == 0 || strcmp(signet_token_state(token), "locked") == 0
                       ? CTL_YELLOW
                       : CTL_RED;
}

bool token_is_ready(const signet_token *token) {
        return strcmp(signet_token_state(token), "ready") == 0;
}

struct json_object *token_json(const signet_token *token) {
        struct json_object *o = json_object_new_object();

        ctl_json_string(o, "name", signet_token_name(token));
        ctl_json_string(o, "state", signet_token_state(token));
        ctl_json_string(o, "message", signet_token_message(token));
        ctl_json_string(o, "label", signet_token_label(token));
        ctl_json_string(o, "serial", signet_token_serial(token));
        ctl_json_string(o, "model", signet_token_model(token));
        ctl_json_string(o, "manufacturer", signet_token_manufacturer(token));
        ctl_json_number(o, "workers", signet_token_workers(token));
        ctl_json_number(o, "workers-configured", signet_token_workers_configured(token));
        json_object_object_add(o, "may-unlock", json_object_new_boolean(signet_token_may_unlock(token)));
        return o;
}

static int tokens_answer(Ctl *ctl, const Tokens *tokens) {
        struct json_object *answer = json_object_new_object(), *array = json_object_new_array();

        for (size_t i = 0; i < tokens->n; i++)
                json_object_array_add(array, token_json(tokens->items[i]));
        json_object_object_add(answer, "tokens", array);
        return ctl_answer(ctl, answer);
}

static void add_token(Table *table, const signet_token *token) {
        char workers[32];

        snprintf(workers, sizeof(workers), "%u of %u", signet_token_workers(token),
                 signet_token_workers_configured(token));
        table_add(table, signet_token_name(token));
        table_add_coloured(table, token_colour(token), signet_token_state(token));
        table_add(table, signet_token_label(token));
        table_add(table, signet_token_serial(token));
        table_add(table, signet_token_model(token));
        table_add(table, workers);
}

void token_print_message(const signet_token *token, const char *indent) {
        _cleanup_free_ char *message = text_clean(signet_token_message(token));

        if (message && *message)
                printf("%s%s\n", indent, message);
}

static int print_tokens(Ctl *ctl, const Tokens *tokens) {
        static const char *const headings[] = { "NAME", "STATE", "LABEL", "SERIAL", "MODEL", "WORKERS" };
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        if (tokens->n == 0) {
                fputs("There is no token that you may see.\n", stderr);
                return CTL_DONE;
        }
        r = table_new(headings, ELEMENTSOF(headings), 1 << 2 | 1 << 3 | 1 << 4, &table);
        if (r < 0)
                return ctl_error_errno(ctl, r, "tokens");
        for (size_t i = 0; i < tokens->n; i++)
                add_token(table, tokens->items[i]);
        r = table_print(table, ctl, stdout);
        if (r < 0)
                return ctl_error_errno(ctl, r, "tokens");

        for (size_t i = 0; i < tokens->n; i++) {
                const signet_token *token = tokens->items[i];
                _cleanup_free_ char *name = NULL;

                if (asprintf(&name, "%s: ", signet_token_name(token)) < 0)
                        return ctl_error(ctl, CTL_FAILURE, "out of memory");
                token_print_message(token, name);
        }
        return CTL_DONE;
}

static int find_token(Ctl *ctl, const char *name, signet_token **ret) {
        signet_client *client;
        int r = ctl_client(ctl, &client);

        return r != 0 ? r : signet_find_token(client, name, ret);
}

static int run_tokens(Ctl *ctl, const CtlArguments *a) {
        _cleanup_(signet_token_unrefp) signet_token *one = NULL;
        _cleanup_(tokens_done) Tokens all = { 0 };
        Tokens tokens = { &one, 1 };
        int r;

        if (a->n_words > 0) {
                r = find_token(ctl, a->words[0], &one);
        } else {
                signet_client *client;

                r = ctl_client(ctl, &client);
                if (r == 0)
                        r = signet_find_tokens(client, &all.items, &all.n);
                tokens = all;
        }
        if (r != 0)
                return ctl_error_signet(ctl, r);
        return ctl->globals.json ? tokens_answer(ctl, &tokens) : print_tokens(ctl, &tokens);
}

const CtlCommand ctl_tokens_command = {
        .name = "tokens",
        .arguments = "[TOKEN]",
        .summary = "the tokens and how they are",
        .more = "States: starting, ready, locked, pin-incorrect, pin-last-try, pin-locked,\n"
                "absent, failed. What is wrong and what to do stands below the table.\n",
        .completes = "tokens",
        .max_words = 1,
        .run = run_tokens,
};

enum { UNLOCK_PIN_FILE, UNLOCK_PIN_FD, _UNLOCK_MAX };

static const CtlOption unlock_options[] = {
        [UNLOCK_PIN_FILE] = { "pin-file", "FILE", "read the PIN from FILE", NULL },
        [UNLOCK_PIN_FD] = { "pin-fd", "N", "read the PIN from descriptor N", NULL },
        [_UNLOCK_MAX] = { NULL, NULL, NULL, NULL },
};

/* What changed, for programs: the token as it is now. */
static int answer_changed(Ctl *ctl, const char *name, const char *what) {
        _cleanup_(signet_token_unrefp) signet_token *token = NULL;
        int r;

        if (!ctl->globals.json) {
                printf("Token \"%s\" is %s.\n", name, what);
                return CTL_DONE;
        }
        r = find_token(ctl, name, &token);
        return r != 0 ? ctl_error_signet(ctl, r) : ctl_answer(ctl, token_json(token));
}

static int run_unlock(Ctl *ctl, const CtlArguments *a) {
        _cleanup_(signet_token_unrefp) signet_token *token = NULL;
        _cleanup_close_ int pin_fd = -EBADF;
        int e, r;

        /* Neither a core file nor another process of this user shall find the PIN. */
        (void) prctl(PR_SET_DUMPABLE, 0);
        if (a->values[UNLOCK_PIN_FILE] && a->values[UNLOCK_PIN_FD])
                return ctl_error(ctl, CTL_USAGE, "give --pin-file or --pin-fd, not both");
        r = find_token(ctl, a->words[0], &token);
        if (r != 0)
                return ctl_error_signet(ctl, r);
        if (!signet_token_may_unlock(token))
                return ctl_error(ctl, CTL_NOT_AUTHORIZED,
                                 "you may not unlock token \"%s\"; a policy rule with operation = \"unlock\" allows it",
                                 a->words[0]);
        e = ctl_pin_open(ctl, a->words[0], a->values[UNLOCK_PIN_FILE], a->values[UNLOCK_PIN_FD], &pin_fd);
        if (e != CTL_DONE)
                return e;

        r = signet_token_unlock(token, pin_fd);
        return r != 0 ? ctl_error_signet(ctl, r) : answer_changed(ctl, a->words[0], "unlocked");
}

const CtlCommand ctl_unlock_command = {
        .name = "unlock",
        .arguments = "TOKEN",
        .summary = "give a token its PIN",
        .more = "The PIN is asked for on the terminal, or read from standard input when that is\n"
                "not a terminal, and goes to the token's worker through a pipe. It is tried once.\n"
                "There is no way to give it as an argument: others could read it there.\n",
        .completes = "tokens",
        .min_words = 1,
        .max_words = 1,
        .options = unlock_options,
        .run = run_unlock,
};

static int run_lock(Ctl *ctl, const CtlArguments *a) {
        _cleanup_(signet_token_unrefp) signet_token *token = NULL;
        int r;

        r = find_token(ctl, a->words[0], &token);
        if (r == 0)
                r = signet_token_lock(token);
        return r != 0 ? ctl_error_signet(ctl, r) : answer_changed(ctl, a->words[0], "locked");
}

const CtlCommand ctl_lock_command = {
        .name = "lock",
        .arguments = "TOKEN",
        .summary = "make signetd forget a token's PIN",
        .completes = "tokens",
        .min_words = 1,
        .max_words = 1,
        .run = run_lock,
};

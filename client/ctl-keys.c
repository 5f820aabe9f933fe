/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl keys: which keys the caller may use, and what for. Fed with what signetd shows of keys and certificates;
 * what it breaks makes a person pick the wrong key. */
#include <string.h>
#include <time.h>

#include "common/key-id.h"
#include "ctl-keys.h"
#include "ctl-table.h"
#include "ctl-text.h"
#include "ctl-uri.h"

#define SHORT_ID 8 /* digits: the fewest that signetd takes for a name */

enum { KEYS_OPERATION, KEYS_LONG, KEYS_PEM, KEYS_PUBLIC, _KEYS_MAX };

static const CtlOption options[] = {
        [KEYS_OPERATION] = { "operation", "OPERATION", "only keys for this: sign or decrypt", "sign decrypt" },
        [KEYS_LONG] = { "long", NULL, "everything about each key", NULL },
        [KEYS_PEM] = { "pem", NULL, "the certificates and their issuers, in PEM", NULL },
        [KEYS_PUBLIC] = { "public", NULL, "the public keys, in PEM", NULL },
        [_KEYS_MAX] = { NULL, NULL, NULL, NULL },
};

static void keys_done(Keys *k) {
        signet_keys_free(k->items, k->n);
}

/* The fewest digits, at least SHORT_ID, that tell the listed keys apart. */
static int short_id_digits(const Keys *keys) {
        size_t digits = SHORT_ID;

        for (size_t i = 0; i < keys->n; i++)
                for (size_t j = 0; j < i; j++)
                        while (strncmp(signet_key_id(keys->items[i]), signet_key_id(keys->items[j]), digits) == 0 &&
                               digits < strlen(signet_key_id(keys->items[i])))
                                digits++;
        return (int) digits;
}

/* "alice@example.org +1" */
static char *addresses_text(const signet_key *key) {
        size_t n = signet_key_address_count(key);
        char *text = NULL;

        if (n == 0)
                return NULL;
        if (n == 1)
                return strdup(signet_key_address(key, 0));
        return asprintf(&text, "%s +%zu", signet_key_address(key, 0), n - 1) < 0 ? NULL : text;
}

static void add_validity(Table *table, const signet_key *key) {
        _cleanup_(certificate_done) Certificate c = { 0 };
        char date[TEXT_TIME_MAX], text[TEXT_TIME_MAX + 8];
        int64_t now = time(NULL);

        if (signet_key_certificate_count(key) == 0) {
                table_add(table, NULL);
                return;
        }
        if (key_read_certificate(key, 0, &c) < 0) {
                table_add_coloured(table, CTL_RED, "unreadable");
                return;
        }
        bool early = now<c.not_before, late = now> c.not_after;
        snprintf(text, sizeof(text), "%s%s", early ? "from " : "", text_date(early ? c.not_before : c.not_after, date));
        table_add_coloured(table, late ? CTL_RED : early ? CTL_YELLOW : CTL_PLAIN, text);
}

/* "rsa-2048"; the other names say the size. */
static void add_algorithm(Table *table, const signet_key *key) {
        char text[64];

        if (strcmp(signet_key_algorithm(key), "rsa") != 0) {
                table_add(table, signet_key_algorithm(key));
                return;
        }
        snprintf(text, sizeof(text), "rsa-%u", signet_key_bits(key));
        table_add(table, text);
}

/* The tokens' labels. */
static char *tokens_text(const signet_key *key) {
        char *text = NULL;

        for (size_t i = 0; i < signet_key_uri_count(key); i++) {
                _cleanup_free_ char *token = uri_token(signet_key_uri(key, i)), *before = text;

                text = NULL;
                if (asprintf(&text, "%s%s%s", before ?: "", before ? "," : "", token ?: "?") < 0)
                        return NULL;
        }
        return text;
}

/* The last column: what the caller may do. */
typedef enum Detail { DETAIL_PURPOSES, DETAIL_OPERATIONS } Detail;

static void add_key(Table *table, const signet_key *key, int digits, Detail detail) {
        _cleanup_free_ char *addresses = addresses_text(key), *tokens = tokens_text(key),
                            *operations = key_operations_text(key);
        char id[KEY_ID_LENGTH + 1];

        snprintf(id, sizeof(id), "%.*s", digits, signet_key_id(key));
        table_add(table, id);
        add_algorithm(table, key);
        table_add(table, signet_key_label(key));
        table_add(table, addresses);
        add_validity(table, key);
        table_add(table, tokens);
        if (detail == DETAIL_PURPOSES)
                table_add(table, operations);
        else
                table_add(table, key_may_any(key, "sign")      ? key_may_any(key, "decrypt") ? "sign decrypt" : "sign"
                                 : key_may_any(key, "decrypt") ? "decrypt"
                                                               : NULL);
}

static int fill_table(const Keys *keys, Detail detail, Table **ret) {
        static const char *const headings[] = { "ID", "TYPE", "LABEL", "ADDRESS", "VALID TO", "TOKEN", "YOU MAY" };
        _cleanup_(table_freep) Table *table = NULL;
        int digits = short_id_digits(keys), r;

        r = table_new(headings, ELEMENTSOF(headings), 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6, &table);
        if (r < 0)
                return r;
        for (size_t i = 0; i < keys->n; i++)
                add_key(table, keys->items[i], digits, detail);

        *ret = TAKE_PTR(table);
        return 0;
}

/* Where the terminal is too narrow for the purposes, the operations alone. */
static int print_table(Ctl *ctl, const Keys *keys) {
        _cleanup_(table_freep) Table *full = NULL, *brief = NULL;
        int r;

        r = fill_table(keys, DETAIL_PURPOSES, &full);
        if (r == 0 && !table_fits(full, ctl))
                r = fill_table(keys, DETAIL_OPERATIONS, &brief);
        if (r == 0)
                r = table_print(brief ?: full, ctl, stdout);
        return r < 0 ? ctl_error_errno(ctl, r, "keys") : CTL_DONE;
}

static int print_keys(Ctl *ctl, const CtlArguments *a, const Keys *keys) {
        int e = CTL_DONE;

        if (!a->values[KEYS_LONG] && !a->values[KEYS_PEM] && !a->values[KEYS_PUBLIC])
                return print_table(ctl, keys);
        for (size_t i = 0; e == CTL_DONE && i < keys->n; i++)
                if (a->values[KEYS_PEM])
                        e = key_print_chain(ctl, keys->items[i]);
                else if (a->values[KEYS_PUBLIC])
                        e = key_print_public(ctl, keys->items[i]);
                else
                        key_print_long(ctl, keys->items[i]);
        return e;
}

static int run_keys(Ctl *ctl, const CtlArguments *a) {
        const char *name = a->n_words > 0 ? a->words[0] : NULL, *operation = a->values[KEYS_OPERATION];
        _cleanup_(keys_done) Keys keys = { 0 };
        signet_client *client;
        int r;

        r = ctl_client(ctl, &client);
        if (r == 0)
                r = signet_find_keys(client, name, operation, &keys.items, &keys.n);
        if (r != 0)
                return ctl_error_signet(ctl, r);
        if (keys.n == 0 && name)
                return ctl_error(ctl, CTL_NO_SUCH_KEY,
                                 "no key \"%s\" that you may use%s%s; see all with: signetctl keys", name,
                                 operation ? " to " : "", operation ?: "");
        if (ctl->globals.json)
                return keys_answer(ctl, &keys);
        if (keys.n == 0) {
                fputs("There is no key that you may use; signetctl status shows how the tokens are.\n", stderr);
                return CTL_DONE;
        }
        return print_keys(ctl, a, &keys);
}

const CtlCommand ctl_keys_command = {
        .name = "keys",
        .arguments = "[KEY]",
        .summary = "the keys that you may use, and what for",
        .more = "KEY: a mail address, a PKCS#11 URI, or 8 or more digits of a key's id.\n"
                "\"-\" under VALID TO: the key has no certificate. The date is the end of the\n"
                "certificate that would be used now.\n",
        .completes = "keys",
        .max_words = 1,
        .options = options,
        .run = run_keys,
};

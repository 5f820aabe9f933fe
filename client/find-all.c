/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that the caller may see, from one answer. Fed by signetd's GetManagedObjects; a mistake here shows a
 * program keys that are not its user's, or the same one twice. */
#include <string.h>

#include "call.h"
#include "error.h"
#include "key.h"
#include "objects.h"
#include "token.h"

#define KEYS_MAX 65536 /* in one answer */

typedef struct KeyPile {
        signet_client *client;
        signet_key **keys;
        size_t n, room;
} KeyPile;

typedef struct TokenPile {
        signet_client *client;
        signet_token **tokens;
        size_t n, room;
} TokenPile;

static void key_pile_done(KeyPile *p) {
        signet_keys_free(p->keys, p->n);
}

static void token_pile_done(TokenPile *p) {
        signet_tokens_free(p->tokens, p->n);
}

/* Makes room for one more pointer after n of them. */
static int pile_grow(void *pointers, size_t n, size_t *room, size_t max, const char *what) {
        size_t wanted = MAX(2 * n, 16U);
        void **items = pointers, *larger;

        if (n < *room)
                return 0;
        if (n >= max)
                return error_set(SIGNET_E_PROTOCOL, "signetd answered with more than %zu %s", max, what);
        larger = realloc(*items, wanted * sizeof(void *));
        if (!larger)
                return error_no_memory();
        *items = larger;
        *room = wanted;
        return 0;
}

static int read_key(const char *path, sd_bus_message *m, void *userdata) {
        KeyPile *p = userdata;
        int r;

        if (!key_path_is_valid(path))
                return wire_unexpected("an object path", "a key's", path);
        r = pile_grow(&p->keys, p->n, &p->room, KEYS_MAX, "keys");
        if (r != 0)
                return r;
        r = key_new_from_message(p->client, path, m, &p->keys[p->n]);
        if (r == 0)
                p->n++;
        return r;
}

static int read_token(const char *path, sd_bus_message *m, void *userdata) {
        TokenPile *p = userdata;
        int r;

        r = pile_grow(&p->tokens, p->n, &p->room, TOKENS_MAX, "tokens");
        if (r != 0)
                return r;
        r = token_new_from_message(p->client, path, m, &p->tokens[p->n]);
        if (r == 0)
                p->n++;
        return r;
}

static int compare_keys(const void *a, const void *b) {
        return strcmp(signet_key_id(*(signet_key *const *) a), signet_key_id(*(signet_key *const *) b));
}

static int compare_tokens(const void *a, const void *b) {
        return strcmp(signet_token_name(*(signet_token *const *) a), signet_token_name(*(signet_token *const *) b));
}

/* What stands in the answer twice would be two keys, or two slots, to a program. */
static int sort_and_check(KeyPile *keys, TokenPile *tokens) {
        qsort(keys->keys, keys->n, sizeof(*keys->keys), compare_keys);
        for (size_t i = 1; i < keys->n; i++)
                if (compare_keys(&keys->keys[i - 1], &keys->keys[i]) == 0)
                        return wire_unexpected("a key", "there once", signet_key_id(keys->keys[i]));
        qsort(tokens->tokens, tokens->n, sizeof(*tokens->tokens), compare_tokens);
        for (size_t i = 1; i < tokens->n; i++)
                if (compare_tokens(&tokens->tokens[i - 1], &tokens->tokens[i]) == 0)
                        return wire_unexpected("a token", "there once", signet_token_name(tokens->tokens[i]));
        return 0;
}

int signet_find_all(signet_client *client, signet_key ***ret_keys, size_t *ret_n_keys, signet_token ***ret_tokens,
                    size_t *ret_n_tokens) {
        _cleanup_(key_pile_done) KeyPile keys = { .client = client };
        _cleanup_(token_pile_done) TokenPile tokens = { .client = client };
        const ObjectReader readers[] = {
                { .interface = SIGNET_KEY, .read = read_key, .userdata = &keys },
                { .interface = SIGNET_TOKEN, .read = read_token, .userdata = &tokens },
        };
        int r;

        if (!client || !ret_keys || !ret_n_keys || !ret_tokens || !ret_n_tokens)
                return error_set(-EINVAL, "signet_find_all() needs a client and places for the keys, the tokens and "
                                          "their numbers");
        /* First, so that empty lists are no NULL. */
        r = pile_grow(&keys.keys, 0, &keys.room, KEYS_MAX, "keys");
        if (r == 0)
                r = pile_grow(&tokens.tokens, 0, &tokens.room, TOKENS_MAX, "tokens");
        if (r == 0)
                r = objects_fetch(client, readers, ELEMENTSOF(readers), client_deadline(client));
        if (r == 0)
                r = sort_and_check(&keys, &tokens);
        if (r != 0)
                return r;

        *ret_n_keys = keys.n;
        *ret_keys = TAKE_PTR(keys.keys);
        *ret_n_tokens = tokens.n;
        *ret_tokens = TAKE_PTR(tokens.tokens);
        keys.n = tokens.n = 0;
        return 0;
}

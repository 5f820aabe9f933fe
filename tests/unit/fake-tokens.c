/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scripted tokens behind signet.h. Fed by tests. */
#include "fake-tokens.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "client/error.h"
#include "common/secret.h"

FakeTokens fake_tokens;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint generation;

struct signet_token {
        atomic_uint refs;
        size_t index;
        FakeToken properties;
};

struct signet_watch {
        unsigned int seen;
};

void fake_tokens_start(void) {
        fake_tokens = (FakeTokens){ .tokens = { { "fake", "fake", "ready", 0 } }, .pin = "1234" };
}

void fake_tokens_changed(void) {
        atomic_fetch_add(&generation, 1);
}

static void alive(int by) {
        pthread_mutex_lock(&lock);
        fake_tokens.alive += (unsigned int) by;
        pthread_mutex_unlock(&lock);
}

/* --- finding ------------------------------------------------------------------------------------------- */

static bool shows_keys(void) {
        for (size_t i = 0; i < FAKE_TOKENS_MAX; i++) {
                const FakeToken *t = &fake_tokens.tokens[i];

                if (t->name && strcmp(t->label, "fake") == 0 &&
                    (fake_tokens.keys_when_locked || strcmp(t->state, "locked") != 0))
                        return true;
        }
        return false;
}

int signet_find_all(signet_client *client, signet_key ***ret_keys, size_t *ret_n_keys, signet_token ***ret_tokens,
                    size_t *ret_n_tokens) {
        signet_token **tokens;
        size_t n = 0;
        int r;

        pthread_mutex_lock(&lock);
        fake_tokens.finds++;
        pthread_mutex_unlock(&lock);
        if (fake_tokens.answer != 0)
                return error_set(fake_tokens.answer, "the test says so");
        r = signet_find_keys(client, NULL, NULL, ret_keys, ret_n_keys);
        if (r != 0)
                return r;
        for (; !shows_keys() && *ret_n_keys > 0; --*ret_n_keys)
                signet_key_unref((*ret_keys)[*ret_n_keys - 1]);

        tokens = calloc(FAKE_TOKENS_MAX, sizeof(*tokens));
        for (size_t i = 0; tokens && i < FAKE_TOKENS_MAX; i++) {
                if (!fake_tokens.tokens[i].name)
                        continue;
                tokens[n] = calloc(1, sizeof(**tokens));
                *tokens[n++] = (struct signet_token){ .refs = 1, .index = i, .properties = fake_tokens.tokens[i] };
                alive(1);
        }
        *ret_tokens = tokens;
        *ret_n_tokens = n;
        return 0;
}

void signet_token_unref(signet_token *token) {
        if (token && atomic_fetch_sub(&token->refs, 1) == 1) {
                free(token);
                alive(-1);
        }
}

void signet_tokens_free(signet_token **tokens, size_t count) {
        for (size_t i = 0; tokens && i < count; i++)
                signet_token_unref(tokens[i]);
        free(tokens);
}

int signet_watch_new(signet_client *client _unused_, signet_watch **ret_watch) {
        if (fake_tokens.answer != 0)
                return error_set(fake_tokens.answer, "the test says so");
        *ret_watch = calloc(1, sizeof(**ret_watch));
        (*ret_watch)->seen = atomic_load(&generation);
        alive(1);
        return 0;
}

void signet_watch_free(signet_watch *watch) {
        if (watch)
                alive(-1);
        free(watch);
}

int signet_watch_changed(signet_watch *watch) {
        unsigned int now = atomic_load(&generation);
        bool changed = now != watch->seen;

        watch->seen = now;
        return changed;
}

int signet_watch_service(const signet_watch *watch _unused_) {
        return 1;
}

/* --- one token ------------------------------------------------------------------------------------------ */

const char *signet_token_name(const signet_token *token) {
        return token->properties.name;
}

const char *signet_token_state(const signet_token *token) {
        return token->properties.state;
}

const char *signet_token_label(const signet_token *token) {
        return token->properties.label;
}

const char *signet_token_serial(const signet_token *token _unused_) {
        return "0123456789abcdef and more";
}

const char *signet_token_model(const signet_token *token _unused_) {
        return "fake";
}

const char *signet_token_manufacturer(const signet_token *token _unused_) {
        return "nobody";
}

int signet_token_may_unlock(const signet_token *token) {
        return token->properties.may_unlock;
}

/* As signet-worker does: to the end, without one newline. */
int signet_token_unlock(signet_token *token, int pin_fd) {
        char pin[512];
        ssize_t n = 0, k;

        while ((k = read(pin_fd, pin + n, sizeof(pin) - (size_t) n)) > 0)
                n += k;
        if (n > 0 && pin[n - 1] == '\n')
                n--;
        fake_tokens.tries++;
        if ((size_t) n != strlen(fake_tokens.pin) || memcmp(pin, fake_tokens.pin, (size_t) n) != 0)
                return error_set(SIGNET_E_PIN_INCORRECT, "the PIN is wrong");
        fake_tokens.tokens[token->index].state = "ready";
        return 0;
}

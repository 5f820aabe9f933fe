/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens: what they are, unlocking and locking them. Fed by signetd's answers; the PIN never comes here, only a
 * descriptor that it can be read from. */
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

#include "call.h"
#include "common/buffer.h"
#include "error.h"
#include "objects.h"
#include "token.h"
#include "wire.h"

#define TOKEN_NAME_MAX 64

typedef struct TokenProperties {
        char *name, *state, *message, *label, *serial, *model, *manufacturer;
        uint32_t workers, workers_configured;
        bool may_unlock;
} TokenProperties;

struct signet_token {
        atomic_uint n_ref;
        signet_client *client; /* a reference */
        char *path;
        TokenProperties properties;
};

static const WireField token_fields[] = {
        { "Name", WIRE_STRING, WIRE_REQUIRED, offsetof(TokenProperties, name) },
        { "State", WIRE_STRING, WIRE_REQUIRED, offsetof(TokenProperties, state) },
        { "Message", WIRE_STRING, WIRE_REQUIRED, offsetof(TokenProperties, message) },
        { "Label", WIRE_STRING, WIRE_REQUIRED, offsetof(TokenProperties, label) },
        { "Serial", WIRE_STRING, WIRE_REQUIRED, offsetof(TokenProperties, serial) },
        { "Model", WIRE_STRING, WIRE_REQUIRED, offsetof(TokenProperties, model) },
        { "Manufacturer", WIRE_STRING, WIRE_REQUIRED, offsetof(TokenProperties, manufacturer) },
        { "Workers", WIRE_U32, WIRE_REQUIRED, offsetof(TokenProperties, workers) },
        { "WorkersConfigured", WIRE_U32, WIRE_REQUIRED, offsetof(TokenProperties, workers_configured) },
        { "MayUnlock", WIRE_BOOL, WIRE_REQUIRED, offsetof(TokenProperties, may_unlock) },
};

int token_new_from_message(signet_client *client, const char *path, sd_bus_message *m, signet_token **ret) {
        _cleanup_(signet_token_unrefp) signet_token *token = NULL;
        int r;

        token = calloc(1, sizeof(*token));
        if (!token)
                return error_no_memory();
        atomic_init(&token->n_ref, 1);
        token->client = signet_client_ref(client);
        token->path = strdup(path);
        if (!token->path)
                return error_no_memory();
        r = wire_read_dict(m, "a token", token_fields, ELEMENTSOF(token_fields), &token->properties);
        if (r != 0)
                return r;

        *ret = TAKE_PTR(token);
        return 0;
}

void signet_token_unref(signet_token *token) {
        TokenProperties *p;

        if (!token || atomic_fetch_sub(&token->n_ref, 1) != 1)
                return;
        p = &token->properties;
        free(p->name);
        free(p->state);
        free(p->message);
        free(p->label);
        free(p->serial);
        free(p->model);
        free(p->manufacturer);
        free(token->path);
        signet_client_unref(token->client);
        free(token);
}

void signet_tokens_free(signet_token **tokens, size_t count) {
        for (size_t i = 0; tokens && i < count; i++)
                signet_token_unref(tokens[i]);
        free(tokens);
}

typedef struct TokenList {
        signet_client *client;
        signet_token **tokens;
        size_t n;
} TokenList;

static void token_list_done(TokenList *l) {
        signet_tokens_free(l->tokens, l->n);
}

static int list_read(const char *path, sd_bus_message *m, void *userdata) {
        TokenList *l = userdata;
        signet_token **larger;
        int r;

        if (l->n >= TOKENS_MAX)
                return error_set(SIGNET_E_PROTOCOL, "signetd answered with more than %d tokens", TOKENS_MAX);
        larger = realloc(l->tokens, (l->n + 1) * sizeof(*larger));
        if (!larger)
                return error_no_memory();
        l->tokens = larger;
        r = token_new_from_message(l->client, path, m, &l->tokens[l->n]);
        if (r == 0)
                l->n++;
        return r;
}

int signet_find_tokens(signet_client *client, signet_token ***ret_tokens, size_t *ret_count) {
        _cleanup_(token_list_done) TokenList l = { .client = client };
        ObjectReader reader = { .interface = SIGNET_TOKEN, .read = list_read, .userdata = &l };
        int r;

        if (!client || !ret_tokens || !ret_count)
                return error_set(-EINVAL,
                                 "signet_find_tokens() needs a client and places for the tokens and their number");
        r = objects_fetch(client, &reader, 1, client_deadline(client));
        if (r != 0)
                return r;
        if (!l.tokens) {
                l.tokens = calloc(1, sizeof(*l.tokens)); /* an empty list, not NULL */
                if (!l.tokens)
                        return error_no_memory();
        }

        *ret_count = l.n;
        *ret_tokens = TAKE_PTR(l.tokens);
        l.n = 0;
        return 0;
}

int signet_find_token(signet_client *client, const char *name, signet_token **ret_token) {
        _cleanup_(token_list_done) TokenList l = { .client = client };
        ObjectReader reader = { .interface = SIGNET_TOKEN, .read = list_read, .userdata = &l };
        _cleanup_free_ char *path = NULL;
        int r;

        if (!client || !name || !ret_token)
                return error_set(-EINVAL, "signet_find_token() needs a client, a name and a place for the token");
        if (name[0] == '\0' || strlen(name) > TOKEN_NAME_MAX || !utf8_is_valid(name, strlen(name)))
                return error_set(SIGNET_E_INVALID_INPUT,
                                 "a token's name has 1 to %d characters; list them with: signetctl tokens",
                                 TOKEN_NAME_MAX);
        r = sd_bus_path_encode(SIGNET_TOKEN_PATH, name, &path);
        if (r < 0)
                return error_set_errno(r, "cannot write the token's name");
        r = object_fetch(client, path, &reader, client_deadline(client));
        if (r == SIGNET_E_NO_SUCH_KEY)
                return error_set(r, "no token that you may see is called \"%s\"; list them with: signetctl tokens",
                                 name);
        if (r != 0)
                return r;

        *ret_token = TAKE_PTR(l.tokens[0]);
        return 0;
}

static int unlock_write(sd_bus_message *m, const void *input) {
        return sd_bus_message_append(m, "h", *(const int *) input);
}

int signet_token_unlock(signet_token *token, int pin_fd) {
        Call call = { .interface = SIGNET_TOKEN,
                      .member = "Unlock",
                      .repeat = CALL_ONCE,
                      .write = unlock_write,
                      .input = &pin_fd };

        if (!token)
                return error_set(-EINVAL, "signet_token_unlock() needs a token");
        if (fcntl(pin_fd, F_GETFD) < 0)
                return error_set_errno(-errno, "signet_token_unlock() needs an open descriptor to read the PIN from");
        call.path = token->path;
        return call_run(token->client, &call, client_deadline(token->client));
}

int signet_token_lock(signet_token *token) {
        Call call = { .interface = SIGNET_TOKEN, .member = "Lock" };

        if (!token)
                return error_set(-EINVAL, "signet_token_lock() needs a token");
        call.path = token->path;
        return call_run(token->client, &call, client_deadline(token->client));
}

const char *signet_token_name(const signet_token *token) {
        return token->properties.name;
}

const char *signet_token_state(const signet_token *token) {
        return token->properties.state;
}

const char *signet_token_message(const signet_token *token) {
        return token->properties.message;
}

const char *signet_token_label(const signet_token *token) {
        return token->properties.label;
}

const char *signet_token_serial(const signet_token *token) {
        return token->properties.serial;
}

const char *signet_token_model(const signet_token *token) {
        return token->properties.model;
}

const char *signet_token_manufacturer(const signet_token *token) {
        return token->properties.manufacturer;
}

unsigned int signet_token_workers(const signet_token *token) {
        return token->properties.workers;
}

unsigned int signet_token_workers_configured(const signet_token *token) {
        return token->properties.workers_configured;
}

int signet_token_may_unlock(const signet_token *token) {
        return token->properties.may_unlock;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Using a key: sign, sign many, decrypt, derive. Fed by the application on one side and by signetd's answers on the
 * other; a mistake here returns something that is not the signature or the secret that was asked for. */
#include <string.h>

#include "call.h"
#include "common/buffer.h"
#include "common/secret.h"
#include "error.h"
#include "key.h"
#include "options.h"
#include "use.h"

#define DATA_MAX      (1024 * 1024)      /* bytes of one input */
#define DATA_MANY_MAX (16 * 1024 * 1024) /* of all inputs of one call: a bus hangs up on messages over its limit */
#define MANY_MAX      256                /* inputs of one call */
#define ANSWER_MAX    1024               /* bytes of a signature or plaintext: RSA-8192 */

static int inputs_check(const Use *u) {
        size_t total = 0;

        for (size_t i = 0; i < u->n; i++) {
                if (!u->inputs[i].data && u->inputs[i].size > 0)
                        return error_set(-EINVAL, "input %zu is NULL but has a size", i);
                if (u->inputs[i].size > DATA_MAX)
                        return error_set(SIGNET_E_INVALID_INPUT,
                                         "input %zu has %zu bytes, more than the %d of one request; a large message is "
                                         "signed by its digest",
                                         i, u->inputs[i].size, DATA_MAX);
                total += u->inputs[i].size;
        }
        if (total > DATA_MANY_MAX)
                return error_set(SIGNET_E_INVALID_INPUT,
                                 "the inputs have %zu bytes together, more than the %d of one request; send fewer",
                                 total, DATA_MANY_MAX);
        return 0;
}

/* Fills u->options and checks all that the application said. */
static int use_prepare(Use *u, const signet_options *options) {
        if (strlen(u->purpose) > 64 || !utf8_is_valid(u->purpose, strlen(u->purpose)))
                return error_set(SIGNET_E_INVALID_INPUT, "the purpose is not a word that signetd could know");
        int r = inputs_check(u);
        return r != 0 ? r : options_read(options, u->kind, &u->options);
}

static int append_blob(sd_bus_message *m, Blob b) {
        return sd_bus_message_append_array(m, 'y', b.data, b.size);
}

static int one_write(sd_bus_message *m, const void *input) {
        const Use *u = input;
        int r;

        r = sd_bus_message_append_basic(m, 's', u->purpose);
        if (r < 0)
                return r;
        r = append_blob(m, u->inputs[0]);
        if (r < 0)
                return r;
        return options_write(&u->options, u->kind, m);
}

static int many_write(sd_bus_message *m, const void *input) {
        const Use *u = input;
        int r;

        r = sd_bus_message_append_basic(m, 's', u->purpose);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'a', "ay");
        for (size_t i = 0; r >= 0 && i < u->n; i++)
                r = append_blob(m, u->inputs[i]);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        return options_write(&u->options, u->kind, m);
}

static int signature_read(sd_bus_message *reply, void *output) {
        int r;

        r = wire_read_bytes(reply, "the signature", output);
        return r != 0 ? r : wire_finish(reply, "the signature");
}

static int signatures_read(sd_bus_message *reply, void *output) {
        int r;

        r = wire_read_bytes_list(reply, "the list of signatures", MANY_MAX, output);
        return r != 0 ? r : wire_finish(reply, "the list of signatures");
}

static int secret_read(sd_bus_message *reply, void *output) {
        int r;

        r = wire_read_secret(reply, "the answer", output);
        return r != 0 ? r : wire_finish(reply, "the answer");
}

/* A signature that cannot be one is caught here, before a mail is sent with it. */
static int signature_check(const signet_key *key, const Bytes *b) {
        const KeyProperties *p = &key->properties;
        bool right = b->size > 0 && b->size <= ANSWER_MAX;

        if (strcmp(p->algorithm, "rsa") == 0)
                right = right && b->size == ((size_t) p->bits + 7) / 8;
        else if (strcmp(p->algorithm, "ed25519") == 0)
                right = b->size == 64;
        if (!right)
                return error_set(SIGNET_E_PROTOCOL,
                                 "signetd answered with %zu bytes, which is no signature of an %s key", b->size,
                                 p->algorithm);
        return 0;
}

static int secret_check(const Use *u, const Bytes *b) {
        bool exact = u->options.key_length > 0 && (u->kind == OPTIONS_DERIVE || strcmp(u->purpose, "cms") == 0);

        if (b->size > ANSWER_MAX || (exact && b->size != u->options.key_length))
                return error_set(SIGNET_E_PROTOCOL, "signetd answered with %zu bytes where %u were asked for", b->size,
                                 u->options.key_length);
        return 0;
}

int signet_sign(signet_key *key, const char *purpose, const unsigned char *data, size_t data_size,
                const signet_options *options, unsigned char **ret_signature, size_t *ret_size) {
        _cleanup_(bytes_done) Bytes signature = { 0 };
        Blob input = { data, data_size };
        Use use = { .purpose = purpose, .inputs = &input, .n = 1, .kind = OPTIONS_SIGN };
        Call call = { .interface = SIGNET_KEY,
                      .member = "Sign",
                      .write = one_write,
                      .input = &use,
                      .read = signature_read,
                      .frame = use_frame,
                      .read_frame = use_read_frame,
                      .output = &signature };
        int r;

        if (!key || !purpose || !ret_signature || !ret_size)
                return error_set(-EINVAL,
                                 "signet_sign() needs a key, a purpose and places for the signature and its size");
        r = use_prepare(&use, options);
        if (r != 0)
                return r;
        call.path = key->path;
        r = call_run(key->client, &call, client_deadline(key->client));
        if (r != 0)
                return r;
        r = signature_check(key, &signature);
        if (r != 0)
                return r;

        *ret_size = signature.size;
        *ret_signature = TAKE_PTR(signature.data);
        return 0;
}

/* Turns a list into the two arrays of the public interface. */
static int list_split(BytesList *l, unsigned char ***ret_data, size_t **ret_sizes) {
        _cleanup_free_ unsigned char **data = calloc(l->n, sizeof(*data));
        _cleanup_free_ size_t *sizes = calloc(l->n, sizeof(*sizes));

        if (!data || !sizes)
                return error_no_memory();
        for (size_t i = 0; i < l->n; i++) {
                sizes[i] = l->items[i].size;
                data[i] = TAKE_PTR(l->items[i].data);
        }

        *ret_data = TAKE_PTR(data);
        *ret_sizes = TAKE_PTR(sizes);
        return 0;
}

static int sign_many(signet_key *key, const Use *use, BytesList *ret) {
        _cleanup_(bytes_list_done) BytesList signatures = { 0 };
        Call call = { .path = key->path,
                      .interface = SIGNET_KEY,
                      .member = "SignMany",
                      .write = many_write,
                      .input = use,
                      .read = signatures_read,
                      .frame = use_frame,
                      .read_frame = use_read_frames,
                      .output = &signatures };
        int r;

        r = call_run(key->client, &call, client_deadline(key->client));
        if (r != 0)
                return r;
        if (signatures.n != use->n)
                return error_set(SIGNET_E_PROTOCOL, "signetd answered with %zu signatures where %zu were asked for",
                                 signatures.n, use->n);
        for (size_t i = 0; i < signatures.n; i++) {
                r = signature_check(key, &signatures.items[i]);
                if (r != 0)
                        return r;
        }

        *ret = signatures;
        signatures = (BytesList){ 0 };
        return 0;
}

int signet_sign_many(signet_key *key, const char *purpose, const unsigned char *const *data, const size_t *data_sizes,
                     size_t count, const signet_options *options, unsigned char ***ret_signatures, size_t **ret_sizes) {
        _cleanup_(bytes_list_done) BytesList signatures = { 0 };
        _cleanup_free_ Blob *inputs = NULL;
        Use use = { .purpose = purpose, .n = count, .kind = OPTIONS_SIGN };
        int r;

        if (!key || !purpose || !data || !data_sizes || !ret_signatures || !ret_sizes)
                return error_set(-EINVAL, "signet_sign_many() needs a key, a purpose, inputs and places for the "
                                          "signatures and their sizes");
        if (count == 0 || count > MANY_MAX)
                return error_set(SIGNET_E_INVALID_INPUT, "signet_sign_many() takes 1 to %d inputs, not %zu", MANY_MAX,
                                 count);
        inputs = calloc(count, sizeof(*inputs));
        if (!inputs)
                return error_no_memory();
        for (size_t i = 0; i < count; i++)
                inputs[i] = (Blob){ data[i], data_sizes[i] };
        use.inputs = inputs;
        r = use_prepare(&use, options);
        if (r != 0)
                return r;
        r = sign_many(key, &use, &signatures);
        if (r != 0)
                return r;
        return list_split(&signatures, ret_signatures, ret_sizes);
}

/* Decrypt and Derive: one input, one secret. */
static int secret_get(signet_key *key, const char *member, Use *use, const signet_options *options, unsigned char **ret,
                      size_t *ret_size) {
        _cleanup_(bytes_done) Bytes secret = { 0 };
        Call call = { .path = key->path,
                      .interface = SIGNET_KEY,
                      .member = member,
                      .write = one_write,
                      .input = use,
                      .read = secret_read,
                      .frame = use_frame,
                      .read_frame = use_read_frame,
                      .output = &secret };
        int r;

        r = use_prepare(use, options);
        if (r != 0)
                return r;
        r = call_run(key->client, &call, client_deadline(key->client));
        if (r != 0)
                return r;
        r = secret_check(use, &secret);
        if (r != 0)
                return r;

        *ret_size = secret.size;
        *ret = TAKE_PTR(secret.data);
        return 0;
}

int signet_decrypt(signet_key *key, const char *purpose, const unsigned char *ciphertext, size_t ciphertext_size,
                   const signet_options *options, unsigned char **ret_plaintext, size_t *ret_size) {
        Blob input = { ciphertext, ciphertext_size };
        Use use = { .purpose = purpose, .inputs = &input, .n = 1, .kind = OPTIONS_DECRYPT };

        if (!key || !purpose || !ret_plaintext || !ret_size)
                return error_set(-EINVAL,
                                 "signet_decrypt() needs a key, a purpose and places for the plaintext and its size");
        return secret_get(key, "Decrypt", &use, options, ret_plaintext, ret_size);
}

int signet_derive(signet_key *key, const char *purpose, const unsigned char *peer, size_t peer_size,
                  const signet_options *options, unsigned char **ret_secret, size_t *ret_size) {
        Blob input = { peer, peer_size };
        Use use = { .purpose = purpose, .inputs = &input, .n = 1, .kind = OPTIONS_DERIVE };

        if (!key || !purpose || !ret_secret || !ret_size)
                return error_set(-EINVAL,
                                 "signet_derive() needs a key, a purpose and places for the secret and its size");
        return secret_get(key, "Derive", &use, options, ret_secret, ret_size);
}

void signet_free(unsigned char *data, size_t size) {
        if (data)
                secret_wipe(data, size);
        free(data);
}

void signet_free_many(unsigned char **data, size_t *sizes, size_t count) {
        for (size_t i = 0; data && i < count; i++)
                signet_free(data[i], sizes ? sizes[i] : 0);
        free(data);
        free(sizes);
}

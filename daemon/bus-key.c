/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.signetd.Signet1.Key: decodes and passes on. Fed by bus clients who may see the key. */
#include <stdio.h>
#include <time.h>

#include "access.h"
#include "bus-options.h"
#include "bus-vtable.h"
#include "manager.h"
#include "use.h"

static int read_bytes(sd_bus_message *m, Blob *ret) {
        const void *data;
        size_t size;
        int r;

        r = sd_bus_message_read_array(m, 'y', &data, &size);
        if (r < 0)
                return r;
        *ret = (Blob){ size > 0 ? data : NULL, size };
        return 0;
}

static int read_many(sd_bus_message *m, Blob *data, unsigned *ret_n, Failure *f) {
        unsigned n = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "ay");
        while (r >= 0 && (r = sd_bus_message_at_end(m, 0)) == 0) {
                if (n >= INPUT_MANY_MAX)
                        return failure_set(f, OUTCOME_INVALID_INPUT, "data has more than %d inputs; split them",
                                           INPUT_MANY_MAX);
                r = read_bytes(m, &data[n++]);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        *ret_n = n;
        return r < 0 ? r : 0;
}

static int method_use(sd_bus_message *m, const View *view, RequestKind kind, RequestReply reply) {
        Use use = { .manager = view->manager, .peer = view->peer, .key = view->key, .kind = kind, .reply = reply };
        Blob inputs[INPUT_MANY_MAX];
        Origin origin;
        Failure f;
        int r;

        use.inputs = inputs;
        use.n_inputs = 1;
        r = sd_bus_message_read_basic(m, 's', &use.purpose);
        if (r >= 0)
                r = reply == REQUEST_REPLY_MANY ? read_many(m, inputs, &use.n_inputs, &f) : read_bytes(m, &inputs[0]);
        if (r == 0)
                r = bus_options_read(m, &use.options, &f);
        if (r != 0)
                return bus_reply_failure(m, r, &f);

        origin = origin_from_message(m);
        use_submit(&use, &origin);
        manager_dispatch_now(use.manager);
        return 1;
}

static int method_sign(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        return method_use(m, userdata, REQUEST_SIGN, REQUEST_REPLY_ONE);
}

static int method_sign_many(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        return method_use(m, userdata, REQUEST_SIGN, REQUEST_REPLY_MANY);
}

static int method_decrypt(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        return method_use(m, userdata, REQUEST_DECRYPT, REQUEST_REPLY_ONE);
}

static int method_derive(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        return method_use(m, userdata, REQUEST_DERIVE, REQUEST_REPLY_ONE);
}

#define GETTER(name)                                                                                                   \
        static int name(_unused_ sd_bus *bus, _unused_ const char *path, _unused_ const char *interface,               \
                        _unused_ const char *property, sd_bus_message *reply, void *userdata,                          \
                        _unused_ sd_bus_error *error)

GETTER(get_id) {
        const View *v = userdata;
        return sd_bus_message_append_basic(reply, 's', v->key->id.hex);
}

GETTER(get_algorithm) {
        const View *v = userdata;
        return sd_bus_message_append_basic(reply, 's', key_type_to_string(v->key->type));
}

GETTER(get_bits) {
        const View *v = userdata;
        uint32_t bits = v->key->bits;
        return sd_bus_message_append_basic(reply, 'u', &bits);
}

GETTER(get_label) {
        const View *v = userdata;
        return sd_bus_message_append_basic(reply, 's', v->key->label);
}

GETTER(get_public_key) {
        const View *v = userdata;
        return bus_append_bytes(reply, v->key->spki, v->key->spki_size);
}

GETTER(get_certificates) {
        const View *v = userdata;
        Certificate *const *certificates;
        size_t n;
        int r;

        certificates = key_certificates(v->key, time(NULL), &n);
        r = sd_bus_message_open_container(reply, 'a', "ay");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = bus_append_bytes(reply, certificates[i]->der, certificates[i]->size);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

GETTER(get_chain) {
        const View *v = userdata;
        const Certificate *chain[KEY_CHAIN_MAX];
        Certificate *const *certificates;
        size_t n;
        int r;

        certificates = key_certificates(v->key, time(NULL), &n);
        n = n > 0 ? key_table_chain(v->manager->keys, certificates[0], chain) : 0;
        r = sd_bus_message_open_container(reply, 'a', "ay");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = bus_append_bytes(reply, chain[i]->der, chain[i]->size);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

GETTER(get_addresses) {
        const View *v = userdata;
        return bus_append_strings(reply, v->key->addresses, v->key->n_addresses);
}

GETTER(get_uris) {
        const View *v = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (size_t i = 0; r >= 0 && i < v->key->n_instances; i++) {
                _cleanup_free_ char *uri = NULL;

                r = key_instance_uri(&v->key->instances[i], &uri);
                if (r >= 0)
                        r = sd_bus_message_append_basic(reply, 's', uri);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

GETTER(get_tokens) {
        const View *v = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "o");
        for (size_t i = 0; r >= 0 && i < v->key->n_instances; i++)
                r = sd_bus_message_append_basic(reply, 'o', v->key->instances[i].token->path);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

GETTER(get_operations) {
        const View *v = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (Purpose p = PURPOSE_NONE + 1; r >= 0 && p < _PURPOSE_MAX; p++) {
                Operation operation = purpose_operation(p);
                char text[64];

                if (!access_may_ever(v->manager->policy, v->peer, v->key, operation, p))
                        continue;
                (void) snprintf(text, sizeof(text), "%s:%s", operation_to_string(operation), purpose_to_string(p));
                r = sd_bus_message_append_basic(reply, 's', text);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

const sd_bus_vtable bus_key_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Sign", SD_BUS_ARGS("s", purpose, "ay", data, "a{sv}", options),
                                SD_BUS_RESULT("ay", signature), method_sign, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SignMany", SD_BUS_ARGS("s", purpose, "aay", data, "a{sv}", options),
                                SD_BUS_RESULT("aay", signatures), method_sign_many, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Decrypt", SD_BUS_ARGS("s", purpose, "ay", ciphertext, "a{sv}", options),
                                SD_BUS_RESULT("ay", plaintext), method_decrypt,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("Derive", SD_BUS_ARGS("s", purpose, "ay", peer, "a{sv}", options),
                                SD_BUS_RESULT("ay", secret), method_derive,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_PROPERTY("Id", "s", get_id, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Algorithm", "s", get_algorithm, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Bits", "u", get_bits, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Label", "s", get_label, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("PublicKey", "ay", get_public_key, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Certificates", "aay", get_certificates, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Chain", "aay", get_chain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Addresses", "as", get_addresses, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Uris", "as", get_uris, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Tokens", "ao", get_tokens, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Operations", "as", get_operations, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and their instances. Fed by inventories. */
#include "key.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

int key_new(Token *token, Inventory *inventory, const InventoryKey *i, Key **ret) {
        _cleanup_(key_unrefp) Key *k = calloc(1, sizeof(*k));
        int r;

        if (!k)
                return -ENOMEM;
        k->n_ref = 1;
        k->id = i->id;
        k->type = i->type;
        k->bits = i->bits;
        k->spki = i->spki;
        k->spki_size = i->spki_size;
        k->label = i->label;
        r = key_add_instance(k, token, inventory, i);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(k);
        return 0;
}

Key *key_ref(Key *k) {
        k->n_ref++;
        return k;
}

Key *key_unref(Key *k) {
        if (!k || --k->n_ref > 0)
                return NULL;
        for (size_t i = 0; i < k->n_instances; i++) {
                inventory_unref(k->instances[i].inventory);
                free(k->instances[i].addresses);
        }
        for (size_t i = 0; i < k->n_certificates; i++)
                certificate_unref(k->certificates[i]);
        free(k->instances);
        free(k->policy_instances);
        free(k->certificates);
        free(k->addresses);
        free(k);
        return NULL;
}

static const char *null_if_empty(const char *s) {
        return *s ? s : NULL;
}

int key_add_instance(Key *k, Token *token, Inventory *inventory, const InventoryKey *i) {
        PolicyInstance *policy;
        KeyInstance *instances;

        instances = reallocarray(k->instances, k->n_instances + 1, sizeof(*instances));
        if (!instances)
                return -ENOMEM;
        k->instances = instances;
        policy = reallocarray(k->policy_instances, k->n_instances + 1, sizeof(*policy));
        if (!policy)
                return -ENOMEM;
        k->policy_instances = policy;

        instances[k->n_instances] = (KeyInstance){ .token = token, .inventory = inventory_ref(inventory), .key = i };
        policy[k->n_instances] = (PolicyInstance){
                .token = null_if_empty(inventory->label),
                .serial = null_if_empty(inventory->serial),
                .model = null_if_empty(inventory->model),
                .manufacturer = null_if_empty(inventory->manufacturer),
                .object = null_if_empty(i->label),
                .id = i->ckaid_size > 0 ? i->ckaid : NULL,
                .id_size = i->ckaid_size,
        };
        k->n_instances++;
        k->flags |= i->flags;
        return 0;
}

static bool has_address(const char *const *addresses, size_t n, const char *address) {
        for (size_t i = 0; i < n; i++)
                if (strcasecmp(addresses[i], address) == 0)
                        return true;
        return false;
}

static int add_addresses(const char ***addresses, size_t *n, const Certificate *c) {
        const char **more = reallocarray(*addresses, *n + c->n_addresses + 1, sizeof(*more));

        if (!more)
                return -ENOMEM;
        *addresses = more;
        for (size_t i = 0; i < c->n_addresses; i++)
                if (!has_address(more, *n, c->addresses[i]))
                        more[(*n)++] = c->addresses[i];
        return 0;
}

int key_add_certificate(Key *k, const Inventory *inventory, Certificate *c) {
        Certificate **certificates;

        for (size_t i = 0; i < k->n_instances; i++) {
                KeyInstance *instance = &k->instances[i];

                if (instance->inventory == inventory &&
                    add_addresses(&instance->addresses, &instance->n_addresses, c) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < k->n_certificates; i++)
                if (k->certificates[i]->size == c->size && memcmp(k->certificates[i]->der, c->der, c->size) == 0)
                        return 0;

        certificates = reallocarray(k->certificates, k->n_certificates + 1, sizeof(*certificates));
        if (!certificates)
                return -ENOMEM;
        k->certificates = certificates;
        certificates[k->n_certificates++] = certificate_ref(c);
        return add_addresses(&k->addresses, &k->n_addresses, c);
}

static int compare_certificates(const void *a, const void *b, void *now) {
        return certificate_compare(*(Certificate *const *) a, *(Certificate *const *) b, *(int64_t *) now);
}

Certificate *const *key_certificates(Key *k, int64_t now, size_t *ret_n) {
        /* Which one is valid changes with time, so the order is made anew for each question. */
        if (k->n_certificates > 1)
                qsort_r(k->certificates, k->n_certificates, sizeof(*k->certificates), compare_certificates, &now);
        *ret_n = k->n_certificates;
        return k->certificates;
}

size_t key_octets(const Key *k) {
        return (k->bits + 7) / 8;
}

static bool can_sign(const Key *k) {
        switch (k->type) {
        case KEY_TYPE_RSA:
        case KEY_TYPE_EC_P256:
        case KEY_TYPE_EC_P384:
        case KEY_TYPE_EC_P521:
        case KEY_TYPE_ED25519:
                return k->flags & FRAME_KEY_SIGN;
        default:
                return false;
        }
}

static bool can_decrypt(const Key *k) {
        if (k->type == KEY_TYPE_RSA)
                return k->flags & FRAME_KEY_DECRYPT;
        if (key_type_is_ec(k->type) || k->type == KEY_TYPE_X25519)
                return k->flags & FRAME_KEY_DERIVE;
        return false;
}

bool key_can(const Key *k, Operation operation, Purpose purpose) {
        if (purpose != PURPOSE_NONE && purpose_operation(purpose) != operation)
                return false;
        if (purpose == PURPOSE_DKIM)
                return false;
        switch (operation) {
        case OPERATION_SIGN:
                return can_sign(k);
        case OPERATION_DECRYPT:
                return can_decrypt(k);
        default:
                return operation == OPERATION_NONE;
        }
}

static bool instance_equal(const KeyInstance *a, const KeyInstance *b) {
        if (a->n_addresses != b->n_addresses)
                return false;
        for (size_t i = 0; i < a->n_addresses; i++)
                if (!has_address(b->addresses, b->n_addresses, a->addresses[i]))
                        return false;
        return a->token == b->token && strcmp(a->inventory->label, b->inventory->label) == 0 &&
               strcmp(a->key->label, b->key->label) == 0 && a->key->flags == b->key->flags &&
               a->key->ckaid_size == b->key->ckaid_size &&
               memcmp(a->key->ckaid, b->key->ckaid, a->key->ckaid_size) == 0;
}

static bool has_certificate(const Key *k, const Certificate *c) {
        for (size_t i = 0; i < k->n_certificates; i++)
                if (k->certificates[i]->size == c->size && memcmp(k->certificates[i]->der, c->der, c->size) == 0)
                        return true;
        return false;
}

bool key_equal(const Key *a, const Key *b) {
        if (a->n_instances != b->n_instances || a->n_certificates != b->n_certificates)
                return false;
        for (size_t i = 0; i < a->n_instances; i++)
                if (!instance_equal(&a->instances[i], &b->instances[i]))
                        return false;
        for (size_t i = 0; i < a->n_certificates; i++)
                if (!has_certificate(b, a->certificates[i]))
                        return false;
        return true;
}

/* Everything but RFC 3986's unreserved characters as %XX. */
static void write_encoded(FILE *f, const void *data, size_t n, bool every) {
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
        const uint8_t *p = data;

        for (size_t i = 0; i < n; i++)
                if (!every && p[i] != 0 && strchr(plain, p[i]))
                        (void) fputc(p[i], f);
                else
                        (void) fprintf(f, "%%%02X", p[i]);
}

int key_instance_uri(const KeyInstance *i, char **ret) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        (void) fputs("pkcs11:token=", f);
        write_encoded(f, i->inventory->label, strlen(i->inventory->label), false);
        if (i->key->ckaid_size > 0) {
                (void) fputs(";id=", f);
                write_encoded(f, i->key->ckaid, i->key->ckaid_size, true);
        }
        if (*i->key->label) {
                (void) fputs(";object=", f);
                write_encoded(f, i->key->label, strlen(i->key->label), false);
        }
        (void) fputs(";type=private", f);
        if (fclose(f) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collects and checks what a worker tells. Fed by worker processes, which run vendor code: bounded in number and in
 * bytes, and nothing is believed that can be computed here. */
#include "inventory.h"

#include <string.h>

#include "common/ossl.h"
#include "spki.h"

/* Text of a token. One that cannot be shown is none. */
static int read_text(Blob b, char **ret) {
        int r = blob_to_string(b, ret);

        if (r != -EBADMSG)
                return r;
        *ret = strdup("");
        return *ret ? 0 : -ENOMEM;
}

int inventory_new(const FrameHello *hello, Inventory **ret) {
        _cleanup_(inventory_unrefp) Inventory *i = calloc(1, sizeof(*i));
        int r;

        if (!i)
                return -ENOMEM;
        i->n_ref = 1;
        i->code = hello->code;
        if ((r = blob_to_string(hello->label, &i->label)) < 0 || (r = read_text(hello->serial, &i->serial)) < 0 ||
            (r = read_text(hello->model, &i->model)) < 0 ||
            (r = read_text(hello->manufacturer, &i->manufacturer)) < 0 ||
            (r = read_text(hello->message, &i->message)) < 0)
                return r;

        *ret = TAKE_PTR(i);
        return 0;
}

Inventory *inventory_ref(Inventory *i) {
        i->n_ref++;
        return i;
}

static void key_done(InventoryKey *k) {
        OPENSSL_free(k->spki);
        free(k->label);
        free(k->ckaid);
        *k = (InventoryKey){};
}

Inventory *inventory_unref(Inventory *i) {
        if (!i || --i->n_ref > 0)
                return NULL;
        for (size_t k = 0; k < i->n_keys; k++)
                key_done(&i->keys[k]);
        for (size_t k = 0; k < i->n_certificates; k++)
                certificate_unref(i->certificates[k]);
        free(i->keys);
        free(i->certificates);
        free(i->label);
        free(i->serial);
        free(i->model);
        free(i->manufacturer);
        free(i->message);
        free(i);
        return NULL;
}

static int count(Inventory *i, size_t *told, size_t bytes) {
        if (i->n_told_keys + i->n_told_certificates >= FRAME_OBJECTS_MAX || bytes > INVENTORY_BYTES_MAX - i->bytes)
                return -EMSGSIZE;
        i->bytes += bytes;
        (*told)++;
        return 0;
}

/* Makes room for one more in an array that grows by doubling. */
static int grow(void *array, size_t n, size_t size) {
        void **p = array;
        void *more;

        if (n > 0 && (n & (n - 1)) != 0)
                return 0;
        more = reallocarray(*p, n > 0 ? n * 2 : 1, size);
        if (!more)
                return -ENOMEM;
        *p = more;
        return 0;
}

static int key_init(InventoryKey *k, const FrameKey *frame) {
        _cleanup_(spki_info_done) SpkiInfo info = {};
        int r;

        r = spki_parse(frame->spki.data, frame->spki.size, &info);
        if (r != 0)
                return r;
        /* A worker that names another type than the key shows has misread something: the key is left alone. */
        k->type = info.type == frame->type ? info.type : KEY_TYPE_UNKNOWN;
        k->id = info.id;
        k->bits = info.bits;
        k->flags = frame->flags;
        k->handle = frame->handle;
        k->spki = TAKE_PTR(info.der);
        k->spki_size = info.size;

        r = read_text(frame->label, &k->label);
        if (r < 0)
                return r;
        k->ckaid = malloc(MAX(frame->ckaid.size, 1U));
        if (!k->ckaid)
                return -ENOMEM;
        if (frame->ckaid.size > 0)
                memcpy(k->ckaid, frame->ckaid.data, frame->ckaid.size);
        k->ckaid_size = frame->ckaid.size;
        return 0;
}

int inventory_add_key(Inventory *i, const FrameKey *frame) {
        InventoryKey key = {};
        int r;

        r = count(i, &i->n_told_keys, frame->spki.size + frame->label.size + frame->ckaid.size);
        if (r < 0)
                return r;
        if (frame->spki.size == 0) {
                i->n_unknown++;
                return 0;
        }
        /* A public key alone, on a token that would show the private one. */
        if (i->code == WORKER_OK && !(frame->flags & FRAME_KEY_PRIVATE))
                return 0;

        r = key_init(&key, frame);
        if (r == 0)
                r = grow(&i->keys, i->n_keys, sizeof(*i->keys));
        if (r == 0)
                i->keys[i->n_keys++] = key;
        else
                key_done(&key);
        if (r == SPKI_E_MALFORMED) {
                i->n_malformed++;
                return 0;
        }
        return r;
}

int inventory_add_certificate(Inventory *i, const FrameCert *frame) {
        _cleanup_(certificate_unrefp) Certificate *c = NULL;
        int r;

        r = count(i, &i->n_told_certificates, frame->der.size + frame->label.size + frame->ckaid.size);
        if (r < 0)
                return r;
        r = certificate_new(frame->der.data, frame->der.size, &c);
        if (r == CERTIFICATE_E_MALFORMED) {
                i->n_malformed++;
                return 0;
        }
        if (r == 0)
                r = grow(&i->certificates, i->n_certificates, sizeof(*i->certificates));
        if (r == 0)
                i->certificates[i->n_certificates++] = TAKE_PTR(c);
        return r;
}

static int compare_keys(const void *a, const void *b) {
        const InventoryKey *x = a, *y = b;
        int d = strcmp(x->id.hex, y->id.hex);

        return d != 0 ? d : (x->handle > y->handle) - (x->handle < y->handle);
}

int inventory_finish(Inventory *i, uint32_t told_keys, uint32_t told_certificates) {
        size_t n = 0;

        if (told_keys != i->n_told_keys || told_certificates != i->n_told_certificates)
                return -EBADMSG;
        if (i->n_keys == 0)
                return 0;
        qsort(i->keys, i->n_keys, sizeof(*i->keys), compare_keys);
        for (size_t k = 1; k < i->n_keys; k++) {
                if (strcmp(i->keys[n].id.hex, i->keys[k].id.hex) != 0) {
                        if (++n != k)
                                i->keys[n] = i->keys[k];
                        continue;
                }
                key_done(&i->keys[k]);
        }
        i->n_keys = n + 1;
        return 0;
}

static int compare_id(const void *id, const void *key) {
        return strcmp(id, ((const InventoryKey *) key)->id.hex);
}

const InventoryKey *inventory_find(const Inventory *i, const char *id) {
        if (i->n_keys == 0)
                return NULL;
        return bsearch(id, i->keys, i->n_keys, sizeof(*i->keys), compare_id);
}

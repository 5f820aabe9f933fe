/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a hijacked worker tells of its token: packets, each behind two bytes of length, from HELLO to READY; then all
 * that signetd does with keys and certificates afterwards. */
#include "key-find.h"
#include "key-table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int handle(Inventory **i, const uint8_t *packet, size_t n) {
        FrameHeader header;
        FrameHello hello;
        FrameKey key;
        FrameCert cert;
        uint32_t keys, certificates;
        Reader body;

        if (frame_decode_header(packet, n, &header, &body) < 0)
                return -EBADMSG;
        if (!*i)
                return header.type == FRAME_HELLO && frame_decode_hello(&body, &hello) == 0 ? inventory_new(&hello, i)
                                                                                            : -EBADMSG;
        switch (header.type) {
        case FRAME_KEY:
                return frame_decode_key(&body, &key) < 0 ? -EBADMSG : inventory_add_key(*i, &key);
        case FRAME_CERT:
                return frame_decode_cert(&body, &cert) < 0 ? -EBADMSG : inventory_add_certificate(*i, &cert);
        case FRAME_READY:
                if (frame_decode_ready(&body, &keys, &certificates) < 0 || inventory_finish(*i, keys, certificates) < 0)
                        return -EBADMSG;
                return 1;
        default:
                return -EBADMSG;
        }
}

static void use(Inventory *i) {
        const KeySource sources[] = { { (Token *) 1, i }, { (Token *) 2, i } };
        _cleanup_(key_table_freep) KeyTable *t = NULL;
        const Certificate *chain[KEY_CHAIN_MAX];

        if (key_table_new(sources, ELEMENTSOF(sources), &t) < 0)
                return;
        for (size_t k = 0; k < key_table_size(t); k++) {
                Key *key = key_table_get(t, k);
                _cleanup_(key_name_freep) KeyName *name = NULL;
                _cleanup_free_ char *uri = NULL;
                Certificate *const *certificates;
                Failure f;
                size_t n;

                if (key_table_find(t, key->id.hex) != key || key->n_instances != 2)
                        abort();
                certificates = key_certificates(key, 0, &n);
                if (n > 0)
                        (void) key_table_chain(t, certificates[0], chain);
                /* What is said of a key must lead back to it. */
                if (key_instance_uri(&key->instances[0], &uri) < 0 || key_name_parse(uri, &name, &f) < 0)
                        continue;
                if (name && !key_name_matches(name, key, OPERATION_NONE, 0))
                        abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        _cleanup_(inventory_unrefp) Inventory *i = NULL;

        while (n >= 2) {
                size_t size = (size_t) data[0] << 8 | data[1];
                int r;

                data += 2;
                n -= 2;
                if (size > n)
                        return 0;
                r = handle(&i, data, size);
                if (r < 0)
                        return 0;
                if (r > 0) {
                        use(i);
                        return 0;
                }
                data += size;
                n -= size;
        }
        return 0;
}

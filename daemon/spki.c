/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads public keys. Fed by workers, whose tokens may lie; what it says decides which key a request is for. */
#include "spki.h"

#include <openssl/err.h>
#include <string.h>

#include "common/ossl.h"

void spki_info_done(SpkiInfo *info) {
        OPENSSL_free(info->der);
        *info = (SpkiInfo){};
}

static KeyType ec_type(const EVP_PKEY *pkey) {
        static const struct {
                const char *group;
                KeyType type;
        } groups[] = {
                { "prime256v1", KEY_TYPE_EC_P256 },
                { "secp384r1", KEY_TYPE_EC_P384 },
                { "secp521r1", KEY_TYPE_EC_P521 },
        };
        char name[64];

        if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), NULL) != 1)
                return KEY_TYPE_UNKNOWN;
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (strcmp(groups[i].group, name) == 0)
                        return groups[i].type;
        return KEY_TYPE_UNKNOWN;
}

static KeyType type_of(const EVP_PKEY *pkey) {
        if (EVP_PKEY_is_a(pkey, "RSA"))
                return KEY_TYPE_RSA;
        if (EVP_PKEY_is_a(pkey, "EC"))
                return ec_type(pkey);
        if (EVP_PKEY_is_a(pkey, "ED25519"))
                return KEY_TYPE_ED25519;
        if (EVP_PKEY_is_a(pkey, "X25519"))
                return KEY_TYPE_X25519;
        return KEY_TYPE_UNKNOWN;
}

int spki_from_pkey(const EVP_PKEY *pkey, SpkiInfo *ret) {
        SpkiInfo info = {};
        int n, r;

        n = i2d_PUBKEY(pkey, &info.der);
        if (n <= 0) {
                ERR_clear_error();
                return SPKI_E_MALFORMED;
        }
        info.size = (size_t) n;
        info.type = type_of(pkey);
        info.bits = (unsigned) MAX(EVP_PKEY_get_bits(pkey), 0);
        r = key_id_from_spki(info.der, info.size, &info.id);
        if (r < 0) {
                spki_info_done(&info);
                return r;
        }
        *ret = info;
        return 0;
}

int spki_parse(const uint8_t *der, size_t n, SpkiInfo *ret) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;
        const uint8_t *p = der;

        pkey = d2i_PUBKEY(NULL, &p, (long) n);
        if (!pkey || p != der + n) {
                ERR_clear_error();
                return SPKI_E_MALFORMED;
        }
        return spki_from_pkey(pkey, ret);
}

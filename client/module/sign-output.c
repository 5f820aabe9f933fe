/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signatures as PKCS#11 wants them. Fed by signetd; what passes here goes to the host. */
#include <string.h>

#include "common/der.h"
#include "sign.h"

size_t sign_output_size(KeyType type, size_t octets) {
        if (type == KEY_TYPE_RSA)
                return octets;
        if (key_type_is_ec(type))
                return 2 * octets;
        return type == KEY_TYPE_ED25519 ? 64 : 0;
}

/* der_check() has seen to minimal contents; a sign has no place here. */
static bool write_integer(Blob number, uint8_t *ret, size_t octets) {
        if (number.size == 0 || number.data[0] & 0x80)
                return false;
        if (number.data[0] == 0 && number.size > 1)
                number = (Blob){ number.data + 1, number.size - 1 };
        if (number.size > octets)
                return false;
        memset(ret, 0, octets - number.size);
        memcpy(ret + octets - number.size, number.data, number.size);
        return true;
}

static bool write_ecdsa(size_t octets, const uint8_t *made, size_t n, uint8_t *ret) {
        Der d = { .p = made, .left = n };
        DerItem sequence, r, s;

        if (!der_check(made, n) || !der_expect(&d, DER_SEQUENCE, &sequence))
                return false;
        d = der_of(sequence.content);
        return der_expect(&d, DER_INTEGER, &r) && der_expect(&d, DER_INTEGER, &s) && d.left == 0 &&
               write_integer(r.content, ret, octets) && write_integer(s.content, ret + octets, octets);
}

CK_RV sign_output(KeyType type, size_t octets, const uint8_t *made, size_t n, uint8_t *ret) {
        if (key_type_is_ec(type))
                return write_ecdsa(octets, made, n, ret)
                               ? CKR_OK
                               : module_refuse(CKR_DEVICE_ERROR, "signetd gave no DER Ecdsa-Sig-Value of this curve");
        if (n != sign_output_size(type, octets))
                return module_refuse(CKR_DEVICE_ERROR, "signetd gave a signature of another size");
        memcpy(ret, made, n);
        return CKR_OK;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks the bytes of a request. Fed by bus clients; what passes here is signed or decrypted. */
#include "input.h"

#include <openssl/evp.h>
#include <string.h>

#include "common/digest.h"

#define CIPHERTEXT_MAX 2048 /* bytes */

void input_done(Input *i) {
        purpose_csr_done(&i->csr);
        free(i->domains);
        *i = (Input){};
}

static int audit_digest(Input *i, Blob bytes) {
        return EVP_Digest(bytes.data, bytes.size, i->audited, NULL, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
}

static int check_size(Blob bytes, size_t max, const char *what, Failure *f) {
        if (bytes.size == 0)
                return failure_set(f, OUTCOME_INVALID_INPUT, "%s is empty", what);
        if (bytes.size > max)
                return failure_set(f, OUTCOME_INVALID_INPUT, "%s has %zu bytes; at most %zu are taken", what,
                                   bytes.size, max);
        return 0;
}

static int set_domains(Input *i) {
        i->domains = calloc(MAX(i->csr.n_addresses, 1U), sizeof(char *));
        if (!i->domains)
                return -ENOMEM;
        for (size_t k = 0; k < i->csr.n_addresses; k++) {
                const char *at = strrchr(i->csr.addresses[k], '@');

                if (at && at[1])
                        i->domains[i->n_domains++] = at + 1;
        }
        return 0;
}

static int check_smime(const SignOptions *o, Blob bytes, int64_t now, Failure *f) {
        /* RFC 8419 section 3: with Ed25519 the message digest is SHA-512. */
        Hash hash = o->hash == HASH_NONE ? HASH_SHA512 : o->hash;
        const char *why = NULL;
        int r;

        r = check_size(bytes, PURPOSE_SMIME_MAX, "data (SignedAttributes)", f);
        if (r == 0)
                r = purpose_check_smime(bytes.data, bytes.size, hash, now, &why);
        if (r == PURPOSE_E_INVALID)
                return failure_set(f, OUTCOME_INVALID_INPUT, "data is not what purpose \"smime\" signs: %s", why);
        return r;
}

static int check_csr(Input *i, const Key *key, Blob bytes, Failure *f) {
        const char *why = NULL;
        int r;

        r = check_size(bytes, PURPOSE_CSR_MAX, "data (CertificationRequestInfo)", f);
        if (r != 0)
                return r;
        r = purpose_check_csr(bytes.data, bytes.size, key->spki, key->spki_size, &i->csr, &why);
        if (r == PURPOSE_E_INVALID)
                return failure_set(f, OUTCOME_INVALID_INPUT, "data is not what purpose \"csr\" signs: %s", why);
        return r < 0 ? r : set_domains(i);
}

static int check_digest(const SignOptions *o, Blob bytes, Failure *f) {
        if (o->hash == HASH_NONE) {
                if (bytes.size > FRAME_DATA_MAX)
                        return failure_set(f, OUTCOME_INVALID_INPUT,
                                           "data has %zu bytes; an Ed25519 key signs at most %d", bytes.size,
                                           FRAME_DATA_MAX);
                return 0;
        }
        if (bytes.size != hash_size(o->hash))
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "data has %zu bytes and a %s digest has %zu; purpose \"digest\" "
                                   "takes the digest, not the message",
                                   bytes.size, hash_to_string(o->hash), hash_size(o->hash));
        return 0;
}

int input_for_sign(Input *i, const Key *key, Purpose purpose, const SignOptions *o, Blob bytes, int64_t now,
                   Failure *f) {
        int r;

        r = audit_digest(i, bytes);
        if (r < 0)
                return r;
        switch (purpose) {
        case PURPOSE_SMIME:
                r = check_smime(o, bytes, now, f);
                break;
        case PURPOSE_CSR:
                r = check_csr(i, key, bytes, f);
                break;
        case PURPOSE_DIGEST:
                r = check_digest(o, bytes, f);
                break;
        default:
                return -EINVAL;
        }
        if (r != 0)
                return r;

        i->data = bytes;
        if (purpose == PURPOSE_DIGEST || o->hash == HASH_NONE)
                return 0;
        if (EVP_Digest(bytes.data, bytes.size, i->digest, NULL, hash_to_md(o->hash), NULL) != 1)
                return -ENOMEM;
        i->data = (Blob){ i->digest, hash_size(o->hash) };
        return 0;
}

int input_for_decrypt(Input *i, const Key *key, Blob ciphertext, Failure *f) {
        int r;

        r = audit_digest(i, ciphertext);
        if (r == 0)
                r = check_size(ciphertext, MIN(key_octets(key), (size_t) CIPHERTEXT_MAX), "ciphertext", f);
        if (r == 0)
                i->data = ciphertext;
        return r;
}

/* The size and first octet of a public key of the same kind; whether it is a point of the curve is for the worker. */
static int check_peer(const Key *key, Blob peer, Failure *f) {
        size_t octets = key_octets(key);

        if (key->type == KEY_TYPE_X25519) {
                if (peer.size == 32)
                        return 0;
                return failure_set(f, OUTCOME_INVALID_INPUT, "peer has %zu bytes; an X25519 public key has 32",
                                   peer.size);
        }
        if (peer.size == 2 * octets + 1 && peer.data[0] == 4)
                return 0;
        if (peer.size == octets + 1 && (peer.data[0] == 2 || peer.data[0] == 3))
                return 0;
        return failure_set(f, OUTCOME_INVALID_INPUT,
                           "peer is no point of %s: %zu bytes that begin with 04, or %zu that begin with 02 or 03",
                           key_type_to_string(key->type), 2 * octets + 1, octets + 1);
}

int input_for_derive(Input *i, const Key *key, Purpose purpose, const DeriveOptions *o, Blob peer, Failure *f) {
        const char *why = NULL;
        int r;

        r = audit_digest(i, peer);
        if (r == 0)
                r = check_peer(key, peer, f);
        if (r != 0)
                return r;
        if (purpose == PURPOSE_CMS) {
                if (o->shared_info.size == 0)
                        return failure_set(f, OUTCOME_INVALID_INPUT,
                                           "option \"shared-info\" is missing: purpose \"cms\" needs a "
                                           "DER ECC-CMS-SharedInfo (RFC 5753)");
                r = purpose_check_shared_info(o->shared_info.data, o->shared_info.size, o->length, &why);
                if (r == PURPOSE_E_INVALID)
                        return failure_set(f, OUTCOME_INVALID_INPUT, "option \"shared-info\": %s", why);
                if (r < 0)
                        return r;
        }
        i->data = peer;
        return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private and public keys as objects (PKCS#11 2.40 sections 4.8 and 4.9; 3.0 for Edwards and Montgomery curves). Fed
 * with signetd's properties of a key; a wrong use here makes a host try what policy refuses, or not try what it may. */
#include <string.h>

#include "common/hex.h"
#include "common/key-id.h"
#include "mechanism.h"
#include "object-draft.h"
#include "spki.h"

#define POINT_MAX      256
#define MECHANISMS_MAX 64

/* What a key is, from signetd's word for it and from its public half. */
typedef struct KeyFacts {
        signet_key *key;
        CK_KEY_TYPE type;
        Blob info; /* DER SubjectPublicKeyInfo */
        Spki spki;
        unsigned char id[DRAFT_DIGEST_SIZE];
        unsigned char point[POINT_MAX]; /* DER OCTET STRING */
        size_t point_size;
        Blob subject;
        bool sign, decrypt, derive;
        CK_MECHANISM_TYPE mechanisms[MECHANISMS_MAX];
        size_t n_mechanisms;
} KeyFacts;

static bool key_type_of(const char *algorithm, CK_KEY_TYPE *ret) {
        static const struct {
                const char *algorithm;
                CK_KEY_TYPE type;
        } types[] = {
                { "rsa", CKK_RSA },    { "ec-p256", CKK_EC },         { "ec-p384", CKK_EC },
                { "ec-p521", CKK_EC }, { "ed25519", CKK_EC_EDWARDS }, { "x25519", CKK_EC_MONTGOMERY },
        };

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (strcmp(types[i].algorithm, algorithm) == 0) {
                        *ret = types[i].type;
                        return true;
                }
        return false;
}

/* CKA_EC_POINT is an OCTET STRING in DER for all curves: so SoftHSM, OpenSC and their hosts have it for Edwards curves,
 * too, where 3.0 first left it open. */
static bool wrap_point(KeyFacts *f) {
        Blob bits = f->spki.bits;
        size_t header = bits.size < 0x80 ? 2 : 3;

        if (bits.size + header > sizeof(f->point) || bits.size > 0xff)
                return false;
        f->point[0] = DER_OCTET_STRING;
        if (header == 3)
                f->point[1] = 0x81;
        f->point[header - 1] = (unsigned char) bits.size;
        memcpy(f->point + header, bits.data, bits.size);
        f->point_size = header + bits.size;
        return true;
}

/* A purpose that the module can use is enough: it asks for a typed one where the input allows it. */
static void read_uses(KeyFacts *f) {
        bool sign = signet_key_may(f->key, "sign:smime") || signet_key_may(f->key, "sign:csr") ||
                    signet_key_may(f->key, "sign:digest");
        bool open = signet_key_may(f->key, "decrypt:cms") || signet_key_may(f->key, "decrypt:raw");

        f->sign = sign && f->type != CKK_EC_MONTGOMERY;
        f->decrypt = open && f->type == CKK_RSA;
        f->derive = open && (f->type == CKK_EC || f->type == CKK_EC_MONTGOMERY);
}

/* Those that the module does with this kind of key and that the caller's rights leave some use for. */
static void list_mechanisms(KeyFacts *f) {
        CK_FLAGS uses = (f->sign ? CKF_SIGN : 0) | (f->decrypt ? CKF_DECRYPT : 0) | (f->derive ? CKF_DERIVE : 0);
        const Mechanism *table;
        size_t n;

        table = mechanism_table(&n);
        for (size_t i = 0; i < n && f->n_mechanisms < MECHANISMS_MAX; i++)
                if ((table[i].flags & uses) && mechanism_takes(&table[i], f->type))
                        f->mechanisms[f->n_mechanisms++] = table[i].type;
}

static bool read_facts(signet_key *key, KeyFacts *f) {
        const char *id = signet_key_id(key);
        Certificate certificate;
        Blob first = { 0 };

        *f = (KeyFacts){ .key = key };
        f->info.data = signet_key_public(key, &f->info.size);
        if (!key_type_of(signet_key_algorithm(key), &f->type) || strlen(id) != KEY_ID_LENGTH ||
            hex_decode(id, KEY_ID_LENGTH, f->id) < 0 || !spki_parse(f->info, &f->spki))
                return false;
        if ((f->type == CKK_RSA) != (f->spki.modulus.size > 0) || (f->type != CKK_RSA && !wrap_point(f)))
                return false;

        first.data = signet_key_certificate(key, 0, &first.size);
        if (first.data && certificate_parse(first, &certificate))
                f->subject = certificate.subject;
        read_uses(f);
        list_mechanisms(f);
        return true;
}

/* What private and public keys share. */
static void draft_key(Draft *d, const ObjectPlace *place, const KeyFacts *f, CK_OBJECT_CLASS class) {
        draft_token_object(d, class);
        draft_ulong(d, CKA_KEY_TYPE, f->type);
        draft_bytes(d, CKA_ID, place->id, place->id_size);
        draft_text(d, CKA_LABEL, place->label);
        draft_blob(d, CKA_SUBJECT, f->subject);
        draft_bytes(d, CKA_START_DATE, NULL, 0);
        draft_bytes(d, CKA_END_DATE, NULL, 0);
        draft_blob(d, CKA_PUBLIC_KEY_INFO, f->info);
        /* Where the key was made is not known; what is not local has no mechanism (section 4.7). */
        draft_bool(d, CKA_LOCAL, false);
        draft_ulong(d, CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION);
        if (f->type == CKK_RSA) {
                draft_blob(d, CKA_MODULUS, f->spki.modulus);
                draft_blob(d, CKA_PUBLIC_EXPONENT, f->spki.exponent);
        } else {
                /* Hosts that find no public key take these from the private one. */
                draft_blob(d, CKA_EC_PARAMS, f->spki.curve);
                draft_bytes(d, CKA_EC_POINT, f->point, f->point_size);
        }
}

static CK_RV finish_key(const Draft *d, const ObjectPlace *place, const KeyFacts *f, CK_OBJECT_CLASS class,
                        Object **ret) {
        _cleanup_(object_unrefp) Object *o = NULL;
        CK_RV rv;

        rv = draft_finish(d, class, &o);
        if (rv != CKR_OK)
                return rv;
        rv = draft_handle(place, class, f->id, &o->handle);
        if (rv != CKR_OK)
                return rv;
        o->key_type = f->type;
        o->key = signet_key_ref(f->key);
        *ret = TAKE_PTR(o);
        return CKR_OK;
}

CK_RV object_new_private(const ObjectPlace *place, signet_key *key, Object **ret) {
        Draft d = { 0 };
        KeyFacts f;

        if (!read_facts(key, &f))
                return CKR_GENERAL_ERROR;
        draft_key(&d, place, &f, CKO_PRIVATE_KEY);
        draft_bool(&d, CKA_SENSITIVE, true);
        draft_bool(&d, CKA_EXTRACTABLE, false);
        draft_bool(&d, CKA_ALWAYS_SENSITIVE, false); /* not known, as for CKA_LOCAL */
        draft_bool(&d, CKA_NEVER_EXTRACTABLE, false);
        draft_bool(&d, CKA_ALWAYS_AUTHENTICATE, false);
        draft_bool(&d, CKA_WRAP_WITH_TRUSTED, false);
        draft_bool(&d, CKA_SIGN, f.sign);
        draft_bool(&d, CKA_SIGN_RECOVER, false);
        draft_bool(&d, CKA_DECRYPT, f.decrypt);
        draft_bool(&d, CKA_DERIVE, f.derive);
        draft_bool(&d, CKA_UNWRAP,
                   false); /* unwrapped keys would have to stay on the token: content is decrypted here */
        draft_bytes(&d, CKA_ALLOWED_MECHANISMS, f.mechanisms, f.n_mechanisms * sizeof(*f.mechanisms));
        if (f.type == CKK_RSA)
                draft_ulong(&d, CKA_MODULUS_BITS, signet_key_bits(key));
        return finish_key(&d, place, &f, CKO_PRIVATE_KEY, ret);
}

CK_RV object_new_public(const ObjectPlace *place, signet_key *key, Object **ret) {
        Draft d = { 0 };
        KeyFacts f;

        if (!read_facts(key, &f))
                return CKR_GENERAL_ERROR;
        draft_key(&d, place, &f, CKO_PUBLIC_KEY);
        draft_bool(&d, CKA_TRUSTED, false);
        /* What the key is for, as hosts read it from the public half; they do this part themselves. */
        draft_bool(&d, CKA_VERIFY, f.sign);
        draft_bool(&d, CKA_VERIFY_RECOVER, false);
        draft_bool(&d, CKA_ENCRYPT, f.decrypt);
        draft_bool(&d, CKA_WRAP, false);
        draft_bool(&d, CKA_DERIVE, false);
        if (f.type == CKK_RSA)
                draft_ulong(&d, CKA_MODULUS_BITS, signet_key_bits(key));
        return finish_key(&d, place, &f, CKO_PUBLIC_KEY, ret);
}

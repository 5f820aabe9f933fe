/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ECDH (PKCS#11 2.40 section 5.13): gives a session key whose value signetd computed. Fed by hosts.
 *
 * With a KDF it does what most tokens cannot: the KDF of CMS runs behind signetd, and the shared secret stays there. */
#include <string.h>

#include "common/purpose.h"
#include "operation.h"
#include "params.h"
#include "session.h"
#include "template.h"

#define DERIVED_MAX 64 /* bytes, with a KDF; as signetd gives */

typedef struct Derivation {
        signet_key *key;
        EcdhParams params;
        CK_KEY_TYPE wanted_type;
        size_t wanted; /* bytes; 0: as many as the shared secret has */
} Derivation;

/* Without a key type it is a generic secret (2.40, ECDH mechanisms). */
static CK_RV read_template(const CK_ATTRIBUTE *template, CK_ULONG n, Derivation *d) {
        CK_ULONG length = 0;

        d->wanted_type = CKK_GENERIC_SECRET;
        if (template_find(template, n, CKA_KEY_TYPE) && !template_ulong(template, n, CKA_KEY_TYPE, &d->wanted_type))
                return CKR_ATTRIBUTE_VALUE_INVALID;
        if (template_find(template, n, CKA_VALUE_LEN) &&
            (!template_ulong(template, n, CKA_VALUE_LEN, &length) || length == 0))
                return CKR_ATTRIBUTE_VALUE_INVALID;
        d->wanted = length;
        return CKR_OK;
}

static CK_RV check_length(Derivation *d, size_t octets) {
        if (d->params.kdf == KDF_NONE)
                return d->wanted > octets
                               ? module_refuse(CKR_ATTRIBUTE_VALUE_INVALID, "the shared secret is shorter than the key")
                               : CKR_OK;
        if (d->wanted == 0)
                return module_refuse(CKR_TEMPLATE_INCOMPLETE, "a KDF needs to know CKA_VALUE_LEN");
        if (d->wanted > DERIVED_MAX)
                return module_refuse(CKR_ATTRIBUTE_VALUE_INVALID, "a KDF gives at most 64 bytes");
        return CKR_OK;
}

/* A key-encryption key for a mail says so in its shared data, and goes under the purpose that says so too, unless the
 * caller has the other right alone. */
static int ask(const Derivation *d, unsigned char **ret, size_t *ret_size) {
        const EcdhParams *p = &d->params;
        bool may_cms = signet_key_may(d->key, "decrypt:cms"), may_raw = signet_key_may(d->key, "decrypt:raw"), cms;
        signet_options options = SIGNET_OPTIONS_INIT;
        const char *why;
        int r;

        options.kdf = kdf_to_string(p->kdf);
        if (p->kdf == KDF_X963) {
                options.hash = hash_to_string(p->hash);
                options.key_length = (unsigned int) d->wanted;
                options.shared_info = p->shared_info.data;
                options.shared_info_size = p->shared_info.size;
        }

        cms = p->kdf == KDF_X963 && (d->wanted == 16 || d->wanted == 24 || d->wanted == 32) &&
              purpose_check_shared_info(p->shared_info.data, p->shared_info.size, d->wanted, &why) == 0;
        if (cms && (may_cms || !may_raw)) {
                r = signet_derive(d->key, "cms", p->peer.data, p->peer.size, &options, ret, ret_size);
                if (r != SIGNET_E_NOT_AUTHORIZED || !may_raw)
                        return r;
        }
        return signet_derive(d->key, "raw", p->peer.data, p->peer.size, &options, ret, ret_size);
}

/* Where the key is shorter than the shared secret, the leading bytes are cut off (2.40, ECDH mechanisms). */
static CK_RV derive(const Derivation *d, Secret **ret) {
        unsigned char *made = NULL;
        size_t n = 0, wanted;
        CK_RV rv;
        int r;

        r = ask(d, &made, &n);
        if (r != 0)
                return module_status(r, "derive");
        wanted = d->wanted > 0 ? d->wanted : n;
        if (n == 0 || n > SECRET_MAX || wanted > n || (d->params.kdf == KDF_X963 && wanted != n))
                rv = module_refuse(CKR_DEVICE_ERROR, "signetd gave a secret of another size");
        else if (secret_new(wanted, ret) != 0)
                rv = CKR_HOST_MEMORY;
        else {
                memcpy(secret_bytes(*ret), made + n - wanted, wanted);
                rv = CKR_OK;
        }
        signet_free(made, n);
        return rv;
}

static CK_RV derive_key(const Call *c, const CK_MECHANISM *m, CK_OBJECT_HANDLE base, const CK_ATTRIBUTE *template,
                        CK_ULONG n, CK_OBJECT_HANDLE *ret) {
        _cleanup_(object_unrefp) Object *key = NULL, *derived = NULL;
        _cleanup_(secret_freep) Secret *value = NULL;
        const Mechanism *mechanism;
        Derivation d = {};
        KeyType type;
        size_t octets;
        CK_RV rv;

        rv = call_key(c, base, &key);
        if (rv == CKR_OK)
                rv = mechanism_choose(m, CKF_DERIVE, key, &mechanism);
        if (rv != CKR_OK)
                return rv;

        type = remote_key_type(key->key);
        octets = type == KEY_TYPE_X25519 ? 32 : remote_key_octets(key->key);
        d.key = key->key;
        rv = params_ecdh(m, type, octets, &d.params);
        if (rv == CKR_OK)
                rv = read_template(template, n, &d);
        if (rv == CKR_OK)
                rv = check_length(&d, octets);
        if (rv == CKR_OK)
                rv = derive(&d, &value);
        if (rv == CKR_OK)
                rv = object_new_secret(c->module->names, d.wanted_type, value, template, n, &derived);
        if (rv != CKR_OK)
                return rv;
        (void) TAKE_PTR(value);
        rv = call_add_object(c, derived);
        if (rv == CKR_OK)
                *ret = derived->handle;
        return rv;
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base,
                  CK_ATTRIBUTE_PTR template, CK_ULONG n, CK_OBJECT_HANDLE_PTR key) {
        _cleanup_(call_end) Call c = {};
        CK_RV rv;

        rv = call_begin(session, &c);
        if (rv != CKR_OK)
                return rv;
        if (!key)
                return module_refuse(CKR_ARGUMENTS_BAD, "there is no place for the key's handle");
        rv = template_check(template, n, true);
        return rv == CKR_OK ? derive_key(&c, mechanism, base, template, n, key) : rv;
}

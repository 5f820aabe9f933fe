/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection to signetd, its errors in mail's words, and the certificates of its keys. signetd decides what the
 * caller may see and use; what it answers is trusted as far as a wrong answer can only make a signature or a decryption
 * fail. */
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "common/key-id.h"
#include "keyring-internal.h"

static MailError error_of_status(int status) {
        switch (status) {
        case SIGNET_E_NO_SUCH_KEY:
                return MAIL_E_NO_SUCH_KEY;
        case SIGNET_E_NOT_AUTHORIZED:
        case SIGNET_E_REVOKED:
                return MAIL_E_NOT_AUTHORIZED;
        case SIGNET_E_AMBIGUOUS:
                return MAIL_E_AMBIGUOUS;
        case SIGNET_E_NOT_SUPPORTED:
                return MAIL_E_NOT_SUPPORTED;
        case SIGNET_E_DECRYPTION_FAILED:
                return MAIL_E_DECRYPTION_FAILED;
        case SIGNET_E_INVALID_INPUT:
                return MAIL_E_INVALID_INPUT;
        case SIGNET_E_TOKEN_LOCKED:
        case SIGNET_E_TOKEN_UNAVAILABLE:
        case SIGNET_E_RATE_LIMITED:
        case SIGNET_E_BUSY:
        case SIGNET_E_TIMEOUT:
        case SIGNET_E_UNAVAILABLE:
                return MAIL_E_UNAVAILABLE;
        default:
                return MAIL_E_FAILED;
        }
}

int keyring_fault(Fault *f, int status) {
        const char *why = signet_error_message();

        return fault_set(f, error_of_status(status), "%s", *why ? why : signet_status_name(status));
}

int keyring_new(const char *bus, const char *passphrase, Keyring **ret, Fault *f) {
        _cleanup_(keyring_freep) Keyring *k = calloc(1, sizeof(*k));
        int r;

        if (!k)
                return fault_set_errno(f, ENOMEM, "cannot start");
        k->passphrase = passphrase;
        r = signet_client_new(bus, &k->client);
        if (r != 0)
                return keyring_fault(f, r);
        *ret = TAKE_PTR(k);
        return 0;
}

Keyring *keyring_free(Keyring *k) {
        if (k) {
                signet_client_unref(k->client);
                free(k);
        }
        return NULL;
}

/* Appends DER certificates; what does not parse is passed over: one bad object on a token hides no other. */
int keyring_add_der(STACK_OF(X509) *to, const unsigned char *der, size_t size) {
        X509 *x = d2i_X509(NULL, &der, (long) size);
        int r = x ? certificates_add(to, x) : 0;

        X509_free(x);
        return r;
}

int keyring_key_certificates(signet_key *key, STACK_OF(X509) *to) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < signet_key_certificate_count(key); i++) {
                size_t size;
                const unsigned char *der = signet_key_certificate(key, i, &size);
                r = keyring_add_der(to, der, size);
        }
        return r;
}

int keyring_provider_fault(Fault *f, MailError otherwise, const char *what) {
        char reason[256] = "";
        const char *data;
        unsigned long e;
        int flags;

        /* Reasons below 64 of the provider "signet" are libsignet's own numbers, and come with its sentence. */
        while ((e = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
                const char *library = ERR_lib_error_string(e);
                bool has_text = (flags & ERR_TXT_STRING) && data && *data;

                if (library && strcmp(library, "signet") == 0 && ERR_GET_REASON(e) < 64 && has_text)
                        (void) fault_set(f, error_of_status(ERR_GET_REASON(e)), "%s", data);
                if (!reason[0])
                        (void) snprintf(reason, sizeof(reason), ": %s", has_text ? data : ERR_reason_error_string(e) ?: "unknown error");
        }
        return fault_set(f, otherwise, "%s%s", what, reason);
}

bool keyring_names_file(const char *name) {
        return strncmp(name, "pkcs11:", 7) != 0 && (strchr(name, '/') || access(name, F_OK) == 0);
}

int certificate_key_id(X509 *certificate, char *ret_id, Fault *f) {
        unsigned char *der = NULL;
        int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
        KeyId id;
        int r = n > 0 ? key_id_from_spki(der, (size_t) n, &id) : -ENOMEM;

        OPENSSL_free(der);
        if (r < 0)
                return fault_set_errno(f, r, "cannot read the certificate's public key");
        memcpy(ret_id, id.hex, KEY_ID_LENGTH + 1);
        return 0;
}

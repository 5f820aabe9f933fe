/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key files that name a key: PEM with the label SIGNET KEY around a URI as plain text. They let programs that know only
 * key files (nginx, Postfix) use a key of signetd's. A key file is no secret, but whoever may write it chooses the key.
 *
 * OpenSSL's file store wants DER from a PEM decoder, so the URI goes on to the second decoder as a UTF8String. */
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <string.h>

#include "provider.h"

#define KEYFILE_STRUCTURE "SignetKey"

DEFINE_CLEANUP(ASN1_UTF8STRING *, ASN1_UTF8STRING_free)

static void *decoder_new(void *provctx) {
        return provctx;
}

static void decoder_free(void *ctx _unused_) {
}

/* --- PEM to DER --------------------------------------------------------------------------------------- */

/* The URI between the lines; one newline at its end is what `echo URI | base64` leaves. */
static int check_text(Provider *p, const unsigned char *data, long size, char ret_uri[PROVIDER_NAME_MAX + 1]) {
        if (size > 0 && data[size - 1] == '\n')
                size--;
        if (size <= 0 || size > PROVIDER_NAME_MAX)
                return provider_raise(p, PROVIDER_R_BAD_NAME, "the key file holds no URI of 1 to %d bytes",
                                      PROVIDER_NAME_MAX);
        for (long i = 0; i < size; i++)
                if (data[i] <= ' ' || data[i] == 0x7f)
                        return provider_raise(p, PROVIDER_R_BAD_NAME, "the key file holds no URI");

        memcpy(ret_uri, data, (size_t) size);
        ret_uri[size] = '\0';
        return 1;
}

static int give_uri(const char *uri, OSSL_CALLBACK *callback, void *arg) {
        _cleanup_(ASN1_UTF8STRING_freep) ASN1_UTF8STRING *string = NULL;
        unsigned char *der = NULL;
        int type = OSSL_OBJECT_PKEY, n, ok;
        OSSL_PARAM params[4];

        string = ASN1_UTF8STRING_new();
        if (!string || !ASN1_STRING_set(string, uri, -1))
                return 0;
        n = i2d_ASN1_UTF8STRING(string, &der);
        if (n <= 0)
                return 0;

        params[0] = OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type);
        params[1] = OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE, (char *) KEYFILE_STRUCTURE, 0);
        params[2] = OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der, (size_t) n);
        params[3] = OSSL_PARAM_construct_end();
        ok = callback(params, arg);
        OPENSSL_free(der);
        return ok;
}

/* Called for every PEM file that the program reads. What is not ours is passed over: 1 without a call back. */
static int decode_pem(void *ctx, OSSL_CORE_BIO *in, int selection _unused_, OSSL_CALLBACK *callback, void *arg,
                      OSSL_PASSPHRASE_CALLBACK *passphrase _unused_, void *passphrase_arg _unused_) {
        Provider *p = ctx;
        _cleanup_(BIO_free_allp) BIO *bio = BIO_new_from_core_bio(p->soft, in);
        _cleanup_(signet_key_unrefp) signet_key *key = NULL;
        char uri[PROVIDER_NAME_MAX + 1], *label = NULL, *header = NULL;
        unsigned char *data = NULL;
        long size = 0;
        int ok = 1;

        if (!bio)
                return 0;

        ERR_set_mark();
        if (PEM_read_bio(bio, &label, &header, &data, &size) != 1)
                label = NULL;
        ERR_pop_to_mark();

        /* The key is looked up here for the sake of the error: what the second decoder raises, the file store throws
         * away. */
        if (label && strcmp(label, PROVIDER_KEYFILE_LABEL) == 0)
                ok = check_text(p, data, size, uri) && provider_find_one(p, uri, &key) && give_uri(uri, callback, arg);

        /* It may have been anybody's key. */
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t) size);
        return ok;
}

/* --- DER to key --------------------------------------------------------------------------------------- */

static int give_key(Provider *p, const char *uri, OSSL_CALLBACK *callback, void *arg) {
        _cleanup_(provider_key_unrefp) ProviderKey *key = NULL;
        _cleanup_(signet_key_unrefp) signet_key *remote = NULL;
        int type = OSSL_OBJECT_PKEY;
        OSSL_PARAM params[4];

        if (!provider_find_one(p, uri, &remote) || !provider_key_from_remote(p, remote, &key))
                return 0;

        params[0] = OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type);
        params[1] = OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE,
                                                     (char *) provider_kind_name(key->kind), 0);
        params[2] = OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &key, sizeof(key));
        params[3] = OSSL_PARAM_construct_end();
        return callback(params, arg);
}

/* Called with DER of every sort, too. The first of the decoders below that is asked answers for keys of all types. */
static int decode_der(void *ctx, OSSL_CORE_BIO *in, int selection _unused_, OSSL_CALLBACK *callback, void *arg,
                      OSSL_PASSPHRASE_CALLBACK *passphrase _unused_, void *passphrase_arg _unused_) {
        Provider *p = ctx;
        _cleanup_(BIO_free_allp) BIO *bio = BIO_new_from_core_bio(p->soft, in);
        _cleanup_(ASN1_UTF8STRING_freep) ASN1_UTF8STRING *string = NULL;
        unsigned char der[PROVIDER_NAME_MAX + 8];
        const unsigned char *end = der;
        char uri[PROVIDER_NAME_MAX + 1];
        int n;

        if (!bio)
                return 0;

        ERR_set_mark();
        n = BIO_read(bio, der, sizeof(der));
        if (n > 0)
                string = d2i_ASN1_UTF8STRING(NULL, &end, n);
        ERR_pop_to_mark();
        OPENSSL_cleanse(der, sizeof(der)); /* it may have been anybody's key */
        if (!string || end != der + n)
                return 1;

        if (!check_text(p, ASN1_STRING_get0_data(string), ASN1_STRING_length(string), uri))
                return 0;
        return give_key(p, uri, callback, arg);
}

static int export_object(void *ctx _unused_, const void *reference _unused_, size_t size _unused_,
                         OSSL_CALLBACK *callback _unused_, void *arg _unused_) {
        return 0;
}

static const OSSL_DISPATCH pem_functions[] = {
        PROVIDER_FUNCTION(OSSL_FUNC_DECODER_NEWCTX, decoder_new),
        PROVIDER_FUNCTION(OSSL_FUNC_DECODER_FREECTX, decoder_free),
        PROVIDER_FUNCTION(OSSL_FUNC_DECODER_DECODE, decode_pem),
        { 0, NULL },
};

static const OSSL_DISPATCH der_functions[] = {
        PROVIDER_FUNCTION(OSSL_FUNC_DECODER_NEWCTX, decoder_new),
        PROVIDER_FUNCTION(OSSL_FUNC_DECODER_FREECTX, decoder_free),
        PROVIDER_FUNCTION(OSSL_FUNC_DECODER_DECODE, decode_der),
        PROVIDER_FUNCTION(OSSL_FUNC_DECODER_EXPORT_OBJECT, export_object),
        { 0, NULL },
};

#define DER_PROPERTIES PROVIDER_PROPERTIES ",input=der,structure=" KEYFILE_STRUCTURE

const OSSL_ALGORITHM provider_decoder[] = {
        { "DER", PROVIDER_PROPERTIES ",input=pem", pem_functions, "Key files of Signet" },
        { PROVIDER_NAMES_RSA, DER_PROPERTIES, der_functions, "Key files of Signet" },
        { PROVIDER_NAMES_EC, DER_PROPERTIES, der_functions, "Key files of Signet" },
        { PROVIDER_NAMES_ED25519, DER_PROPERTIES, der_functions, "Key files of Signet" },
        { PROVIDER_NAMES_X25519, DER_PROPERTIES, der_functions, "Key files of Signet" },
        { NULL, NULL, NULL, NULL },
};

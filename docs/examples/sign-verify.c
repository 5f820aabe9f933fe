/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shows: signing a file with a key on a token by libsignet, verifying the signature with the key's public half by
 * OpenSSL, and what a program says when something fails. RSA and elliptic curves; the signature goes to standard
 * output.
 *
 *     cc sign-verify.c -o sign-verify $(pkg-config --cflags --libs libsignet libcrypto)
 *     ./sign-verify alice@example.org <FILE >FILE.sig
 *     signetctl keys alice@example.org --public >alice.pub
 *     openssl dgst -sha256 -verify alice.pub -signature FILE.sig FILE
 */
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <signet.h>

/* 1 when the signature over the digest is the key's. */
static int verify(const signet_key *key, const unsigned char *digest, size_t digest_size,
                  const unsigned char *signature, size_t size) {
        size_t n;
        const unsigned char *der = signet_key_public(key, &n);
        EVP_PKEY *public = d2i_PUBKEY(NULL, &der, (long) n);
        EVP_PKEY_CTX *ctx = public ? EVP_PKEY_CTX_new(public, NULL) : NULL;
        int good = ctx && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
                   EVP_PKEY_verify(ctx, signature, size, digest, digest_size) == 1;

        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(public);
        return good;
}

int main(int argc, char **argv) {
        unsigned char text[65536], digest[EVP_MAX_MD_SIZE], *signature = NULL;
        signet_client *client = NULL;
        signet_key *key = NULL;
        unsigned int digest_size;
        size_t n, size = 0;
        int r, good = 0;

        if (argc != 2) {
                fprintf(stderr, "usage: sign-verify KEY <FILE >SIGNATURE\n");
                return 2;
        }
        n = fread(text, 1, sizeof(text), stdin);
        if (!EVP_Digest(text, n, digest, &digest_size, EVP_sha256(), NULL))
                return 1;

        r = signet_client_new(NULL, &client);
        if (r == 0)
                r = signet_find_key(client, argv[1], "sign", &key);
        if (r == 0)
                r = signet_sign(key, "digest", digest, digest_size, NULL, &signature, &size);
        if (r == 0)
                good = verify(key, digest, digest_size, signature, size);
        if (r != 0)
                fprintf(stderr, "sign-verify: %s: %s\n", signet_status_name(r), signet_error_message());
        else if (good && fwrite(signature, 1, size, stdout) == size)
                fprintf(stderr, "signed with %s key \"%s\", and verified\n", signet_key_algorithm(key),
                        signet_key_label(key));

        signet_free(signature, size);
        signet_key_unref(key);
        signet_client_unref(client);
        return good ? 0 : 1;
}

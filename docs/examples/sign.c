/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signs a digest with a key on a token and writes the signature to standard output:
 *
 *     cc sign.c -o sign $(pkg-config --cflags --libs libsignet)
 *     openssl dgst -sha256 -binary FILE | ./sign 'pkcs11:object=alice-rsa' >FILE.sig
 */
#include <stdio.h>

#include <signet.h>

int main(int argc, char **argv) {
        unsigned char digest[64], *signature = NULL;
        signet_client *client = NULL;
        signet_key *key = NULL;
        size_t digest_size, signature_size = 0;
        int r;

        if (argc != 2) {
                fprintf(stderr, "usage: sign KEY <DIGEST >SIGNATURE\n");
                return 2;
        }
        digest_size = fread(digest, 1, sizeof(digest), stdin);

        r = signet_client_new(NULL, &client);
        if (r == 0)
                r = signet_find_key(client, argv[1], "sign", &key);
        if (r == 0)
                r = signet_sign(key, "digest", digest, digest_size, NULL, &signature, &signature_size);
        if (r == 0)
                fwrite(signature, 1, signature_size, stdout);
        else
                fprintf(stderr, "sign: %s\n", signet_error_message());

        signet_free(signature, signature_size);
        signet_key_unref(key);
        signet_client_unref(client);
        return r == 0 ? 0 : 1;
}

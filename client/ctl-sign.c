/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl sign: one signature, for scripts and for trying things out. Fed with what people want to have signed; what
 * it breaks signs something else. */
#include <string.h>

#include "ctl-digest.h"
#include "ctl-io.h"
#include "ctl.h"

enum {
        SIGN_KEY,
        SIGN_PURPOSE,
        SIGN_HASH,
        SIGN_PADDING,
        SIGN_SALT,
        SIGN_DIGEST,
        SIGN_IN,
        SIGN_OUT,
        SIGN_BASE64,
        _SIGN_MAX
};

static const CtlOption options[] = {
        [SIGN_KEY] = { "key", "KEY", "the key: address, PKCS#11 URI, or digits of its id", NULL },
        [SIGN_PURPOSE] = { "purpose", "PURPOSE", "smime, csr, or digest (default)", "smime csr digest" },
        [SIGN_HASH] = { "hash", "HASH", "sha224, sha256 (default), sha384, sha512", "sha224 sha256 sha384 sha512" },
        [SIGN_PADDING] = { "padding", "PADDING", "RSA: pkcs1 (default) or pss", "pkcs1 pss" },
        [SIGN_SALT] = { "salt-length", "BYTES", "PSS: default as long as the hash", NULL },
        [SIGN_DIGEST] = { "digest", NULL, "the input is a digest already: octets or hex", NULL },
        [SIGN_IN] = { "in", "FILE", "what to sign; default standard input", NULL },
        [SIGN_OUT] = { "out", "FILE", "the signature; default standard output", NULL },
        [SIGN_BASE64] = { "base64", NULL, "write base64 text instead of octets", NULL },
        [_SIGN_MAX] = { NULL, NULL, NULL, NULL },
};

/* The bytes to send: the input as it is for typed purposes and for Ed25519, which hashes itself; else a digest. */
static int read_input(Ctl *ctl, const CtlArguments *a, const signet_key *key, const char *purpose, const char *hash,
                      unsigned char **ret, size_t *ret_size) {
        const char *in = a->values[SIGN_IN];
        bool ed25519 = strcmp(signet_key_algorithm(key), "ed25519") == 0;

        if (strcmp(purpose, "digest") != 0) {
                if (a->values[SIGN_DIGEST])
                        return ctl_error(ctl, CTL_USAGE, "--digest goes with --purpose digest, not with %s", purpose);
                return io_read(ctl, in, ret, ret_size);
        }
        if (ed25519 && a->values[SIGN_DIGEST])
                return ctl_error(ctl, CTL_USAGE, "an Ed25519 key signs the message itself: leave --digest out");
        if (ed25519)
                return io_read(ctl, in, ret, ret_size);
        return a->values[SIGN_DIGEST] ? digest_read(ctl, in, hash, ret, ret_size)
                                      : digest_make(ctl, in, hash, ret, ret_size);
}

static int answer(Ctl *ctl, const signet_key *key, const char *purpose, const char *hash,
                  const unsigned char *signature, size_t n) {
        _cleanup_free_ char *text = io_base64(signature, n);
        struct json_object *o = json_object_new_object();

        ctl_json_string(o, "key", signet_key_id(key));
        ctl_json_string(o, "algorithm", signet_key_algorithm(key));
        ctl_json_string(o, "purpose", purpose);
        if (strcmp(signet_key_algorithm(key), "ed25519") != 0)
                ctl_json_string(o, "hash", hash);
        ctl_json_string(o, "signature", text);
        return ctl_answer(ctl, o);
}

/* With --json the answer is on standard output, and --out gets its file all the same. */
static int deliver(Ctl *ctl, const CtlArguments *a, const signet_key *key, const char *purpose, const char *hash,
                   const unsigned char *signature, size_t n) {
        int e = CTL_DONE;

        if (!ctl->globals.json || a->values[SIGN_OUT])
                e = io_write(ctl, a->values[SIGN_OUT], 0666, signature, n, a->values[SIGN_BASE64]);
        return e == CTL_DONE && ctl->globals.json ? answer(ctl, key, purpose, hash, signature, n) : e;
}

static int run_sign(Ctl *ctl, const CtlArguments *a) {
        const char *purpose = a->values[SIGN_PURPOSE] ?: "digest", *hash = a->values[SIGN_HASH] ?: "sha256";
        signet_options how = SIGNET_OPTIONS_INIT;
        _cleanup_(signet_key_unrefp) signet_key *key = NULL;
        unsigned char *input, *signature;
        size_t input_size, signature_size;
        uint64_t salt = 0;
        int e, r;

        if (!a->values[SIGN_KEY])
                return ctl_error(ctl, CTL_USAGE,
                                 "sign wants --key KEY; see which there are with: signetctl keys --operation sign");
        if (a->values[SIGN_SALT] && ctl_parse_number(a->values[SIGN_SALT], 1, 512, &salt) < 0)
                return ctl_error(ctl, CTL_USAGE, "--salt-length wants a number of bytes from 1 to 512");
        e = io_check_output(ctl, a->values[SIGN_OUT], a->values[SIGN_BASE64]);
        if (e == CTL_DONE)
                e = ctl_find_key(ctl, a->values[SIGN_KEY], "sign", &key);
        if (e == CTL_DONE)
                e = read_input(ctl, a, key, purpose, hash, &input, &input_size);
        if (e != CTL_DONE)
                return e;

        how.hash = strcmp(signet_key_algorithm(key), "ed25519") == 0 && !a->values[SIGN_HASH] ? NULL : hash;
        how.padding = a->values[SIGN_PADDING];
        how.salt_length = (unsigned) salt;
        r = signet_sign(key, purpose, input, input_size, &how, &signature, &signature_size);
        signet_free(input, input_size);
        if (r != 0)
                return ctl_error_signet(ctl, r);

        e = deliver(ctl, a, key, purpose, hash, signature, signature_size);
        signet_free(signature, signature_size);
        return e;
}

const CtlCommand ctl_sign_command = {
        .name = "sign",
        .arguments = "--key KEY",
        .summary = "sign a file, a digest or SignedAttributes",
        .more = "smime: DER SignedAttributes; csr: DER CertificationRequestInfo; digest: any\n"
                "file, hashed here, or a digest with --digest. For a whole mail: signet-smime(1).\n",
        .options = options,
        .run = run_sign,
};

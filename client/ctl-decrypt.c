/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl decrypt: one RSA ciphertext, such as the encrypted content key of a mail. Fed with hostile ciphertext; what
 * it breaks shows a plaintext to others. */
#include <string.h>

#include "ctl-io.h"
#include "ctl.h"

enum {
        DECRYPT_KEY,
        DECRYPT_PURPOSE,
        DECRYPT_PADDING,
        DECRYPT_HASH,
        DECRYPT_MGF_HASH,
        DECRYPT_LABEL,
        DECRYPT_LENGTH,
        DECRYPT_IN,
        DECRYPT_OUT,
        DECRYPT_BASE64,
        _DECRYPT_MAX
};

#define HASHES "sha1 sha224 sha256 sha384 sha512"

static const CtlOption options[] = {
        [DECRYPT_KEY] = { "key", "KEY", "the key: address, PKCS#11 URI, or digits of its id", NULL },
        [DECRYPT_PURPOSE] = { "purpose", "PURPOSE", "cms (default): a content key; raw: any plaintext", "cms raw" },
        [DECRYPT_PADDING] = { "padding", "PADDING", "pkcs1 (default) or oaep", "pkcs1 oaep" },
        [DECRYPT_HASH] = { "hash", "HASH", "OAEP: sha1 (default) to sha512", HASHES },
        [DECRYPT_MGF_HASH] = { "mgf-hash", "HASH", "OAEP: default as --hash", HASHES },
        [DECRYPT_LABEL] = { "label", "TEXT", "OAEP: default empty", NULL },
        [DECRYPT_LENGTH] = { "key-length", "BYTES", "cms: 16, 24 or 32; default any of them", "16 24 32" },
        [DECRYPT_IN] = { "in", "FILE", "the ciphertext; default standard input", NULL },
        [DECRYPT_OUT] = { "out", "FILE", "the plaintext, for you alone; default stdout", NULL },
        [DECRYPT_BASE64] = { "base64", NULL, "write base64 text instead of octets", NULL },
        [_DECRYPT_MAX] = { NULL, NULL, NULL, NULL },
};

static int check(Ctl *ctl, const CtlArguments *a) {
        bool oaep = a->values[DECRYPT_PADDING] && strcmp(a->values[DECRYPT_PADDING], "oaep") == 0;

        if (!a->values[DECRYPT_KEY])
                return ctl_error(
                        ctl, CTL_USAGE,
                        "decrypt wants --key KEY; see which there are with: signetctl keys --operation decrypt");
        if (!oaep && (a->values[DECRYPT_HASH] || a->values[DECRYPT_MGF_HASH] || a->values[DECRYPT_LABEL]))
                return ctl_error(ctl, CTL_USAGE, "--hash, --mgf-hash and --label go with --padding oaep");
        return io_check_output(ctl, a->values[DECRYPT_OUT], a->values[DECRYPT_BASE64]);
}

static void set_options(const CtlArguments *a, signet_options *how) {
        uint64_t length = 0;

        how->hash = a->values[DECRYPT_HASH];
        how->padding = a->values[DECRYPT_PADDING];
        how->mgf_hash = a->values[DECRYPT_MGF_HASH];
        how->label = (const unsigned char *) a->values[DECRYPT_LABEL];
        how->label_size = a->values[DECRYPT_LABEL] ? strlen(a->values[DECRYPT_LABEL]) : 0;
        if (a->values[DECRYPT_LENGTH] && ctl_parse_number(a->values[DECRYPT_LENGTH], 1, 32, &length) == 0)
                how->key_length = (unsigned) length;
}

static int answer(Ctl *ctl, const signet_key *key, const char *purpose, const unsigned char *plaintext, size_t n) {
        char *text = plaintext ? io_base64(plaintext, n) : NULL;
        struct json_object *o = json_object_new_object();

        ctl_json_string(o, "key", signet_key_id(key));
        ctl_json_string(o, "purpose", purpose);
        ctl_json_string(o, "plaintext", text);
        signet_free((unsigned char *) text, text ? strlen(text) : 0);
        return ctl_answer(ctl, o);
}

/* A plaintext goes to its file or into the JSON answer, not to both: it need not stand in two places. */
static int deliver(Ctl *ctl, const CtlArguments *a, const signet_key *key, const char *purpose,
                   const unsigned char *plaintext, size_t n) {
        int e;

        if (ctl->globals.json && !a->values[DECRYPT_OUT])
                return answer(ctl, key, purpose, plaintext, n);
        e = io_write(ctl, a->values[DECRYPT_OUT], 0600, plaintext, n, a->values[DECRYPT_BASE64]);
        return e == CTL_DONE && ctl->globals.json ? answer(ctl, key, purpose, NULL, 0) : e;
}

static int run_decrypt(Ctl *ctl, const CtlArguments *a) {
        const char *purpose = a->values[DECRYPT_PURPOSE] ?: "cms";
        signet_options how = SIGNET_OPTIONS_INIT;
        _cleanup_(signet_key_unrefp) signet_key *key = NULL;
        unsigned char *input, *plaintext;
        size_t input_size, plaintext_size;
        int e, r;

        e = check(ctl, a);
        if (e == CTL_DONE)
                e = ctl_find_key(ctl, a->values[DECRYPT_KEY], "decrypt", &key);
        if (e == CTL_DONE)
                e = io_read(ctl, a->values[DECRYPT_IN], &input, &input_size);
        if (e != CTL_DONE)
                return e;

        set_options(a, &how);
        r = signet_decrypt(key, purpose, input, input_size, &how, &plaintext, &plaintext_size);
        signet_free(input, input_size);
        if (r != 0)
                return ctl_error_signet(ctl, r);

        e = deliver(ctl, a, key, purpose, plaintext, plaintext_size);
        signet_free(plaintext, plaintext_size);
        return e;
}

const CtlCommand ctl_decrypt_command = {
        .name = "decrypt",
        .arguments = "--key KEY",
        .summary = "decrypt an RSA ciphertext such as a content key",
        .more = "cms with pkcs1 padding never fails for bad padding: it then gives a pseudo-\n"
                "random key, the same for the same ciphertext. For a whole mail: signet-smime(1).\n",
        .options = options,
        .run = run_decrypt,
};

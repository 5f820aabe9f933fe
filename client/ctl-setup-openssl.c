/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl setup openssl: an openssl.cnf that loads the provider, and a key file and certificate for each key
 * (docs/OPENSSL.md). Fed with the system's openssl.cnf, which it includes; what it breaks leaves programs without their
 * algorithms. */
#include <ctype.h>
#include <string.h>

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "config-values.h"
#include "ctl-io.h"
#include "ctl-setup-file.h"
#include "ctl-setup-run.h"
#include "ctl-setup-test.h"
#include "ctl-setup.h"

#define CONFIG          "signet/openssl.cnf"
#define ID_DIGITS       16 /* of a key's id in the name of its files */
#define OPENSSL_SPECIAL "\"'`$\\#"

DEFINE_CLEANUP(CONF *, NCONF_free)

/* --- openssl.cnf ------------------------------------------------------------------------------------------------- */

/* The file that OpenSSL would read otherwise: the system's, or the one of a person who has OPENSSL_CONF set, unless
 * that is ours already. Free it; NULL: there is none that can be read. */
static char *base_file(const char *ours, CONF **ret) {
        const char *named = getenv("OPENSSL_CONF"), *directory = OPENSSL_info(OPENSSL_INFO_CONFIG_DIR);
        _cleanup_(NCONF_freep) CONF *conf = NCONF_new(NULL);
        char *path = NULL;
        long line;

        if (named && *named && strcmp(named, ours) != 0)
                path = strdup(named);
        else if (asprintf(&path, "%s/openssl.cnf", directory ?: "/etc/ssl") < 0)
                path = NULL;
        if (path && conf && NCONF_load(conf, path, &line) == 1) {
                *ret = TAKE_PTR(conf);
                return path;
        }
        ERR_clear_error();
        free(path);
        return NULL;
}

static const char *get(CONF *conf, const char *section, const char *name) {
        const char *value = conf ? NCONF_get_string(conf, section, name) : NULL;

        ERR_clear_error();
        return value;
}

/* NULL: OpenSSL finds the provider by its name. */
static int provider_file(Setup *s, char **ret) {
        const char *directory = OPENSSL_info(OPENSSL_INFO_MODULES_DIR), *named = s->module;
        _cleanup_free_ char *standard = NULL, *real = NULL;

        *ret = NULL;
        if (asprintf(&standard, "%s/signet.so", directory ?: "") < 0) {
                standard = NULL;
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        }
        if (!named && access(standard, R_OK) == 0)
                return CTL_DONE;
        real = realpath(named ?: SIGNET_OPENSSL_MODULE, NULL);
        if (!real)
                return ctl_error(s->ctl, CTL_FAILURE,
                                 "%s: %s; OpenSSL's provider is needed, --module FILE says where it is",
                                 named ?: SIGNET_OPENSSL_MODULE, setup_file_error(-errno));
        *ret = TAKE_PTR(real);
        return setup_check_name(s, *ret, OPENSSL_SPECIAL);
}

/* Sections of the included file are added to by their own names, so that what it sets stays. */
static void write_sections(Setup *s, FILE *f, CONF *conf, const char *provider) {
        const char *init = get(conf, NULL, "openssl_conf");
        const char *providers = init ? get(conf, init, "providers") : NULL;
        const char *standard = providers ? get(conf, providers, "default") : NULL;

        if (!init)
                fputs("[default]\nopenssl_conf = signet_init\n\n", f);
        if (!providers)
                fprintf(f, "[%s]\nproviders = signet_providers\n\n", init ?: "signet_init");
        fprintf(f, "[%s]\n%ssignet = signet_provider\n\n", providers ?: "signet_providers",
                standard ? "" : "default = signet_default\n");
        if (!standard || !get(conf, standard, "activate"))
                fprintf(f, "[%s]\nactivate = 1\n\n", standard ?: "signet_default");
        fputs("[signet_provider]\nactivate = 1\n", f);
        if (provider)
                fprintf(f, "module = %s\n", provider);
        if (s->ctl->globals.address)
                fprintf(f, "bus-address = %s\n", s->ctl->globals.address);
}

static int plan_config(Setup *s, const char *path) {
        _cleanup_free_ char *provider = NULL, *base = NULL, *text = NULL;
        _cleanup_(NCONF_freep) CONF *conf = NULL;
        size_t size;
        FILE *f;
        int e = provider_file(s, &provider);

        if (e != CTL_DONE)
                return e;
        base = base_file(path, &conf);
        e = setup_check_name(s, base ?: "", OPENSSL_SPECIAL);
        if (e == CTL_DONE)
                e = setup_check_name(s, s->ctl->globals.address ?: "", OPENSSL_SPECIAL);
        if (e != CTL_DONE)
                return e;
        f = open_memstream(&text, &size);
        if (!f)
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        fputs("# OpenSSL with the keys that signetd has: provider signet. Written by signetctl setup openssl.\n\n", f);
        if (base)
                fprintf(f, ".include %s\n\n", base);
        write_sections(s, f, conf, provider);
        if (fclose(f) != 0)
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        return plan_write(&s->plan, path, text, 0644, SETUP_OWN);
}

/* --- key files --------------------------------------------------------------------------------------------------- */

static bool is_beginning(const char *label, const char *id) {
        return strlen(label) == ID_DIGITS && strncmp(label, id, ID_DIGITS) == 0;
}

/* The label where it makes a name for a file that no other key has, else the beginning of the id. */
static void file_name(const signet_key *key, const Keys *keys, char name[64]) {
        const char *label = signet_key_label(key);
        bool good = isalnum((unsigned char) label[0]) && strlen(label) < 40;

        for (const char *c = label; *c; c++)
                good = good && (isalnum((unsigned char) *c) || strchr("._-@+", *c));
        for (size_t i = 0; good && i < keys->n; i++)
                good = keys->items[i] == key || (strcmp(signet_key_label(keys->items[i]), label) != 0 &&
                                                 !is_beginning(label, signet_key_id(keys->items[i])));
        snprintf(name, 64, "%.*s", good ? 63 : ID_DIGITS, good ? label : signet_key_id(key));
}

/* The key is named by its whole id, which never fits another one. */
static char *key_file(const signet_key *key) {
        _cleanup_free_ char *name = NULL, *base64 = NULL;
        char *text = NULL;

        if (asprintf(&name, "signet:%s", signet_key_id(key)) < 0)
                return name = NULL;
        base64 = io_base64((const unsigned char *) name, strlen(name));
        if (!base64 || asprintf(&text, "-----BEGIN SIGNET KEY-----\n%.64s\n%s%s-----END SIGNET KEY-----\n", base64,
                                strlen(base64) > 64 ? base64 + 64 : "", strlen(base64) > 64 ? "\n" : "") < 0)
                return NULL;
        return text;
}

/* The certificate to use and its issuers; NULL when there is none. */
static char *chain_file(const signet_key *key) {
        char *text = test_certificate(key);

        for (size_t i = 0; text && i < signet_key_chain_count(key); i++) {
                size_t n;
                const unsigned char *der = signet_key_chain(key, i, &n);
                _cleanup_free_ char *pem = certificate_pem("CERTIFICATE", der, n), *before = text;

                if (asprintf(&text, "%s%s", before, pem ?: "") < 0)
                        return NULL;
        }
        return text;
}

static int plan_file(Setup *s, const char *name, const char *suffix, const char *text) {
        _cleanup_free_ char *file = NULL, *path = NULL;
        int e;

        if (asprintf(&file, "signet/keys/%s%s", name, suffix) < 0) {
                file = NULL;
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        }
        e = plan_path(&s->plan, s->plan.config, file, &path);
        return e == CTL_DONE ? plan_write(&s->plan, path, text, 0600, SETUP_OWN) : e;
}

static int plan_key(Setup *s, const signet_key *key, const Keys *keys) {
        _cleanup_free_ char *text = key_file(key), *chain = chain_file(key);
        char name[64];
        int e;

        if (!text)
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        file_name(key, keys, name);
        e = plan_file(s, name, ".key", text);
        return e == CTL_DONE && chain ? plan_file(s, name, ".pem", chain) : e;
}

static int find_all(Setup *s, Keys *ret) {
        signet_client *client;
        int r = ctl_client(s->ctl, &client);

        if (r == 0)
                r = signet_find_keys(client, s->key, NULL, &ret->items, &ret->n);
        if (r != 0)
                return ctl_error_signet(s->ctl, r);
        if (ret->n > 0)
                return CTL_DONE;
        return ctl_error(s->ctl, CTL_NO_SUCH_KEY, "there is no key that you may use%s%s; see: signetctl keys",
                         s->key ? " and that is called " : "", s->key ?: "");
}

static int plan(Setup *s) {
        _cleanup_free_ char *path = NULL;
        Keys keys = { 0 };
        int e = plan_path(&s->plan, s->plan.config, CONFIG, &path);

        if (e == CTL_DONE)
                e = plan_config(s, path);
        if (e == CTL_DONE)
                e = find_all(s, &keys);
        for (size_t i = 0; e == CTL_DONE && i < keys.n; i++)
                e = plan_key(s, keys.items[i], &keys);
        signet_keys_free(keys.items, keys.n);
        if (e != CTL_DONE)
                return e;
        setup_next(s, "export OPENSSL_CONF=%s   # in ~/.profile, or in front of one program", path);
        setup_next(s, "Give programs the key files and certificates in %s/signet/keys.", s->plan.config);
        return CTL_DONE;
}

/* --- the self-test ----------------------------------------------------------------------------------------------- */

/* `openssl cms` cannot sign with Ed25519, so another key is tried where there is one. */
static signet_key *key_to_test(const Keys *keys) {
        for (size_t i = 0; i < keys->n; i++)
                if (signet_key_certificate_count(keys->items[i]) > 0 && key_may_any(keys->items[i], "sign") &&
                    strcmp(signet_key_algorithm(keys->items[i]), "ed25519") != 0)
                        return keys->items[i];
        return NULL;
}

static int sign(Setup *s, const char *config, const char *scratch, const signet_key *key, const Keys *keys) {
        _cleanup_free_ char *in = NULL, *out = NULL, *inkey = NULL, *signer = NULL, *variable = NULL, *output = NULL;
        const char *where = s->plan.config;
        char name[64];
        int r;

        file_name(key, keys, name);
        if (asprintf(&in, "%s/text", scratch) < 0 || asprintf(&out, "%s/signed", scratch) < 0 ||
            asprintf(&inkey, "%s/signet/keys/%s.key", where, name) < 0 ||
            asprintf(&signer, "%s/signet/keys/%s.pem", where, name) < 0 ||
            asprintf(&variable, "OPENSSL_CONF=%s", config) < 0)
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        const char *const argv[] = { "openssl", "cms",     "-sign", "-binary",  "-md", "sha256", "-in", in,  "-inkey",
                                     inkey,     "-signer", signer,  "-outform", "DER", "-out",   out,   NULL };
        r = run_program(argv, variable, &output);
        if (r != 0)
                return test_failed(s, "openssl cms", r, output);
        r = test_verify(s, out, key);
        if (r == CTL_DONE)
                setup_tested(s, "openssl cms signed with key %s, and the signature is good", signet_key_label(key));
        return r;
}

static int run_test(Setup *s, const char *config, Keys *keys) {
        _cleanup_free_ char *program = run_find("openssl"), *scratch = NULL;
        signet_key *key = key_to_test(keys);
        int e;

        if (!program || !key) {
                e = test_by_library(s, key ?: keys->items[0]);
                if (e == CTL_DONE)
                        setup_tested(s, "a signature by libsignet is good; openssl cms was not tried: %s",
                                     program ? "no key with a certificate fits it" : "it is not installed");
                return e;
        }
        e = test_scratch(s, &scratch);
        if (e != CTL_DONE)
                return e;
        e = sign(s, config, scratch, key, keys);
        scratch_remove(scratch);
        return e;
}

static int test(Setup *s) {
        _cleanup_free_ char *path = NULL;
        Keys keys = { 0 };
        int e = plan_path(&s->plan, s->plan.config, CONFIG, &path);

        if (e == CTL_DONE && access(path, R_OK) < 0)
                return ctl_error(s->ctl, CTL_NO, "%s is not there; set it up first with: signetctl setup openssl",
                                 path);
        if (e == CTL_DONE)
                e = find_all(s, &keys);
        if (e == CTL_DONE)
                e = run_test(s, path, &keys);
        signet_keys_free(keys.items, keys.n);
        return e;
}

const SetupProgram setup_openssl = { .name = "openssl", .plan = plan, .test = test };

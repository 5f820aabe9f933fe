/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl setup gnupg: gpgsm, and with it KMail, Claws Mail and whatever uses GPGME, through gnupg-pkcs11-scd, which
 * stands in for GnuPG's own smart card daemon. RSA keys only: it knows no others. Fed with the person's GnuPG
 * configuration; what it breaks leaves GnuPG without cards. */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "ctl-setup-run.h"
#include "ctl-setup-test.h"
#include "ctl-setup.h"

#define PROVIDER "signet"

DEFINE_CLEANUP(X509 *, X509_free)

static int home(Setup *s, const char **ret) {
        const char *named = getenv("GNUPGHOME");
        static const char standard[] = ".gnupg";
        _cleanup_free_ char *path = NULL;
        int e;

        if (named && *named)
                return plan_add_root(&s->plan, named, ret);
        if (asprintf(&path, "%s/%s", s->plan.home, standard) < 0) {
                path = NULL;
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        }
        e = plan_add_root(&s->plan, path, ret);
        return e;
}

/* --- lines "WORD VALUE" ------------------------------------------------------------------------------------------ */

/* The line that begins with this word; NULL: none. *ret_size: without its newline. */
static const char *find_line(const char *text, const char *word, size_t *ret_size) {
        size_t n = strlen(word);

        for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
                const char *q = p + strspn(p, " \t");
                if (strncmp(q, word, n) == 0 && strchr(" \t\n", q[n])) {
                        *ret_size = strcspn(p, "\n");
                        return p;
                }
        }
        return NULL;
}

/* Has the file say "WORD VALUE", instead of what it says for that word now. */
static int set_line(Setup *s, const char *path, const char *word, const char *value) {
        _cleanup_free_ char *line = NULL, *changed = NULL;
        const char *text, *old;
        size_t n;
        bool exists;
        int e = plan_text(&s->plan, path, &text, &exists);

        if (e != CTL_DONE)
                return e;
        if (asprintf(&line, "%s %s", word, value) < 0) {
                line = NULL;
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        }
        old = find_line(text, word, &n);
        if (!old)
                return plan_append(&s->plan, path, line, 0600, SETUP_OWN);
        if (asprintf(&changed, "%.*s%s%s", (int) (old - text), text, line, old + n) < 0) {
                changed = NULL;
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        }
        return plan_write(&s->plan, path, changed, 0600, SETUP_OWN);
}

/* Other tokens that gnupg-pkcs11-scd has been given stay. */
static int plan_providers(Setup *s, const char *path) {
        const char *text, *line;
        _cleanup_free_ char *value = NULL;
        bool exists;
        size_t n;
        int e = plan_text(&s->plan, path, &text, &exists);

        if (e != CTL_DONE)
                return e;
        line = find_line(text, "providers", &n);
        if (!line)
                return set_line(s, path, "providers", PROVIDER);
        value = strndup(line, n);
        if (!value)
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        char *list = strstr(value, "providers") + strlen("providers"), *save = NULL;
        _cleanup_free_ char *words = strdup(list), *more = NULL;
        for (char *word = words ? strtok_r(words, ", \t\r", &save) : NULL; word; word = strtok_r(NULL, ", \t\r", &save))
                if (strcmp(word, PROVIDER) == 0)
                        return CTL_DONE;
        list += strspn(list, " \t");
        if (asprintf(&more, "%s%s%s", list, *list ? "," : "", PROVIDER) < 0) {
                more = NULL;
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        }
        return set_line(s, path, "providers", more);
}

/* --- the plan ---------------------------------------------------------------------------------------------------- */

static int need(Setup *s, const char *program, const char *package, char **ret) {
        *ret = run_find(program);
        if (*ret)
                return CTL_DONE;
        return ctl_error(s->ctl, CTL_FAILURE, "%s is not installed (Debian package %s)", program, package);
}

static int plan_files(Setup *s, const char *daemon, const char *module) {
        _cleanup_free_ char *agent = NULL, *scd = NULL;
        const char *directory;
        int e = home(s, &directory);

        if (e == CTL_DONE)
                e = plan_path(&s->plan, directory, "gpg-agent.conf", &agent);
        if (e == CTL_DONE)
                e = plan_path(&s->plan, directory, "gnupg-pkcs11-scd.conf", &scd);
        if (e == CTL_DONE)
                e = set_line(s, agent, "scdaemon-program", daemon);
        if (e == CTL_DONE)
                e = plan_providers(s, scd);
        return e == CTL_DONE ? set_line(s, scd, "provider-" PROVIDER "-library", module) : e;
}

static int plan(Setup *s) {
        _cleanup_free_ char *daemon = NULL, *gpgsm = NULL, *module = NULL;
        Keys keys = { 0 };
        int e = need(s, "gnupg-pkcs11-scd", "gnupg-pkcs11-scd", &daemon);

        if (e == CTL_DONE)
                e = need(s, "gpgsm", "gpgsm", &gpgsm);
        if (e == CTL_DONE)
                e = setup_module(s, &module);
        if (e == CTL_DONE)
                e = setup_keys(s, "sign", "rsa", &keys);
        signet_keys_free(keys.items, keys.n);
        if (e == CTL_DONE)
                e = plan_files(s, daemon, module);
        if (e != CTL_DONE)
                return e;
        setup_next(s, "gpgsm --list-secret-keys   # RSA keys only: gnupg-pkcs11-scd knows no elliptic curves");
        setup_next(
                s,
                "gpgsm trusts no authority by itself: import yours (gpgsm --import ca.pem), and say yes when it asks.");
        setup_next(s, "While this is set up, GnuPG does not see OpenPGP cards and YubiKeys in card readers.");
        return CTL_DONE;
}

/* The agent goes, and comes back with the new configuration when it is needed. */
static void changed(Setup *s, SetupDone done) {
        static const char *const kill_agent[] = { "gpgconf", "--kill", "gpg-agent", NULL }, *const learn[] = {
                "gpgsm", "--batch", "--disable-dirmngr", "--learn-card", NULL
        };
        _cleanup_free_ char *output = NULL, *learnt = NULL;
        int r = run_program(kill_agent, NULL, &output);

        if (r != 0)
                setup_next(s, "gpgconf --kill gpg-agent failed; do it by hand, or log in again.");
        if (done == SETUP_UNDONE) {
                setup_next(s, "What gpgsm learnt of the certificates is still in its key box; gpgsm --delete-keys "
                              "removes it.");
                return;
        }
        r = run_program(learn, NULL, &learnt);
        if (r != 0)
                setup_next(s, "gpgsm --learn-card failed; look with: gpg-connect-agent 'SCD LEARN --force' /bye");
}

/* --- the self-test ----------------------------------------------------------------------------------------------- */

static int fingerprint(const signet_key *key, char text[2 * EVP_MAX_MD_SIZE + 1]) {
        _cleanup_(X509_freep) X509 *certificate = NULL;
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        size_t size;
        const unsigned char *der = signet_key_certificate(key, 0, &size);

        certificate = d2i_X509(NULL, &der, (long) size);
        if (!certificate || X509_digest(certificate, EVP_sha1(), digest, &n) != 1)
                return -EBADMSG;
        for (unsigned i = 0; i < n; i++)
                snprintf(text + 2 * i, 3, "%02X", digest[i]);
        return 0;
}

/* gpg-agent 2.2 takes the signature of a card for a number and puts an octet of 0 in front of every second one. gpgsm
 * does not mind; OpenSSL does. */
static int verify(Setup *s, const char *in, const char *out, const signet_key *key) {
        const char *const argv[] = { "gpgsm", "--batch", "--disable-crl-checks", "--disable-dirmngr", "--verify", out,
                                     in,      NULL };
        _cleanup_free_ char *output = NULL;
        int r = run_program(argv, NULL, &output);

        if (r != 0)
                return test_failed(s, "gpgsm --verify", r, output);
        if (test_is_long(out, key)) {
                setup_next(s, "gpg-agent put an octet of 0 in front of the signature, as it does with every second one "
                              "that a "
                              "card makes: gpgsm accepts that, programs on OpenSSL do not.");
        } else {
                r = test_verify(s, out, key);
                if (r != CTL_DONE)
                        return r;
        }
        setup_tested(s, "gpgsm signed with key %s, and the signature is good", signet_key_label(key));
        return CTL_DONE;
}

static int sign(Setup *s, const char *scratch, const signet_key *key) {
        _cleanup_free_ char *in = NULL, *out = NULL, *output = NULL;
        char user[2 * EVP_MAX_MD_SIZE + 1];
        int r;

        if (fingerprint(key, user) < 0)
                return ctl_error(s->ctl, CTL_FAILURE, "the certificate of key %s cannot be read",
                                 signet_key_label(key));
        if (asprintf(&in, "%s/text", scratch) < 0 || asprintf(&out, "%s/signed", scratch) < 0)
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        const char *const argv[] = { "gpgsm",
                                     "--batch",
                                     "--disable-crl-checks",
                                     "--disable-dirmngr",
                                     "--local-user",
                                     user,
                                     "--output",
                                     out,
                                     "--detach-sign",
                                     in,
                                     NULL };
        r = run_program(argv, NULL, &output);
        if (r != 0) {
                if (output && (strstr(output, "trusted") || strstr(output, "issuer certificate")))
                        return ctl_error(
                                s->ctl, CTL_NO,
                                "gpgsm does not trust the authority that made your certificate; import it (gpgsm "
                                "--import "
                                "ca.pem), answer its question, and try again: signetctl setup gnupg --test");
                return test_failed(s, "gpgsm", r, output);
        }
        return verify(s, in, out, key);
}

static int test(Setup *s) {
        _cleanup_free_ char *gpgsm = NULL, *scratch = NULL;
        Keys keys = { 0 };
        int e = need(s, "gpgsm", "gpgsm", &gpgsm);

        if (e == CTL_DONE)
                e = setup_keys(s, "sign", "rsa", &keys);
        if (e == CTL_DONE)
                e = test_may_digest(s, keys.items[0], "gnupg-pkcs11-scd");
        if (e == CTL_DONE)
                e = test_scratch(s, &scratch);
        if (e == CTL_DONE) {
                e = sign(s, scratch, keys.items[0]);
                scratch_remove(scratch);
        }
        signet_keys_free(keys.items, keys.n);
        return e;
}

const SetupProgram setup_gnupg = { .name = "gnupg", .plan = plan, .changed = changed, .test = test };

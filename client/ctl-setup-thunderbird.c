/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl setup thunderbird: the PKCS#11 module in a profile's list of modules, and the certificates of the
 * identities whose addresses they carry. Fed with the profile as Thunderbird left it; what it breaks is where a
 * person's mail is.
 *
 * NSS's modutil writes the same lines into pkcs11.txt as this; they are written here, so that they can be shown before
 * and undone after. */
#include <string.h>

#include <openssl/x509.h>

#include "ctl-io.h"
#include "ctl-setup-prefs.h"
#include "ctl-setup-profile.h"
#include "ctl-setup-run.h"
#include "ctl-setup-test.h"
#include "ctl-setup.h"
#include "ctl-uri.h"

#define MODULE_NAME "Signet"

DEFINE_CLEANUP(X509 *, X509_free)

static int out_of_memory(Setup *s) {
        return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
}

/* --- identities -------------------------------------------------------------------------------------------------- */

/* What a profile's certificate is called in preferences: base64 of 8 octets of zero, the lengths of serial number and
 * issuer, and these two as they stand in the certificate. Free it; NULL: unreadable. */
static char *certificate_key(const signet_key *key) {
        _cleanup_(X509_freep) X509 *certificate = NULL;
        _cleanup_free_ unsigned char *serial = NULL, *issuer = NULL, *data = NULL;
        size_t size;
        const unsigned char *der = signet_key_certificate(key, 0, &size);

        certificate = d2i_X509(NULL, &der, (long) size);
        if (!certificate)
                return NULL;
        int n = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);
        int m = i2d_X509_NAME(X509_get_issuer_name(certificate), &issuer);
        if (n < 3 || n > 129 || m < 2) /* one octet of length */
                return NULL;
        size_t serial_size = (size_t) n - 2, issuer_size = (size_t) m;
        data = calloc(1, 16 + serial_size + issuer_size);
        if (!data)
                return NULL;
        data[11] = (unsigned char) serial_size;
        for (int i = 0; i < 4; i++)
                data[12 + i] = (unsigned char) (issuer_size >> (24 - 8 * i));
        memcpy(data + 16, serial + 2, serial_size);
        memcpy(data + 16 + serial_size, issuer, issuer_size);
        return io_base64(data, 16 + serial_size + issuer_size);
}

/* "TOKEN:LABEL", as NSS calls certificates of other modules. */
static char *nickname(const signet_key *key) {
        _cleanup_free_ char *token = uri_token(signet_key_uri(key, 0) ?: "");
        char *name = NULL;

        return token && asprintf(&name, "%s:%s", token, signet_key_label(key)) >= 0 ? name : NULL;
}

typedef struct Identities {
        Setup *s;
        const char *user; /* user.js, which wins */
        char *prefs;      /* prefs.js as it will be */
        unsigned n, n_set;
        char *addresses; /* of all of them */
} Identities;

static int set_one(Identities *i, const char *identity, const char *what, const char *value) {
        _cleanup_free_ char *name = NULL, *old = i->prefs, *forced = NULL;

        i->prefs = NULL;
        if (asprintf(&name, "mail.identity.%s.%s", identity, what) < 0) {
                name = NULL;
                return out_of_memory(i->s);
        }
        forced = prefs_get(i->user, name);
        if (forced && strcmp(forced, value) != 0)
                return ctl_error(i->s->ctl, CTL_FAILURE,
                                 "user.js in the profile sets %s to something else, and wins; take that line out first",
                                 name);
        i->prefs = prefs_set(old, name, value);
        return i->prefs ? CTL_DONE : out_of_memory(i->s);
}

static int set_certificate(Identities *i, const char *identity, const char *use, const signet_key *key) {
        _cleanup_free_ char *dbkey = certificate_key(key), *name = nickname(key);
        char what[64];
        int e;

        if (!dbkey || !name)
                return ctl_error(i->s->ctl, CTL_FAILURE, "the certificate of key %s cannot be read",
                                 signet_key_label(key));
        snprintf(what, sizeof(what), "%s_cert_name", use);
        e = set_one(i, identity, what, name);
        snprintf(what, sizeof(what), "%s_cert_dbkey", use);
        return e == CTL_DONE ? set_one(i, identity, what, dbkey) : e;
}

/* --key chooses among the keys of an address. */
static int find_pair(Identities *i, const char *address, SetupPair *pair) {
        int e = setup_pair_of(i->s, address, pair);

        if (e != CTL_DONE || !i->s->key)
                return e;
        SetupPair named = { 0 };
        e = setup_pair(i->s, NULL, &named);
        if (e != CTL_DONE)
                return e;
        setup_pair_done(pair);
        *pair = named;
        for (size_t k = 0; k < signet_key_address_count(pair->sign); k++)
                if (strcasecmp(signet_key_address(pair->sign, k), address) == 0)
                        return CTL_DONE;
        return CTL_NO_SUCH_KEY; /* the key is somebody else's */
}

static int note_address(Identities *i, const char *address) {
        _cleanup_free_ char *before = i->addresses;

        i->n++;
        if (asprintf(&i->addresses, "%s%s%s", before ?: "", before ? ", " : "", address) < 0) {
                i->addresses = NULL;
                return out_of_memory(i->s);
        }
        return CTL_DONE;
}

/* `rest`: "id1.useremail". */
static int take_identity(const char *rest, const char *address, void *data) {
        Identities *i = data;
        _cleanup_(setup_pair_done) SetupPair pair = { 0 };
        const char *dot = strchr(rest, '.');
        char identity[64];
        int e;

        if (!dot || strcmp(dot, ".useremail") != 0 || !address || dot - rest >= (ptrdiff_t) sizeof(identity))
                return 0;
        snprintf(identity, sizeof(identity), "%.*s", (int) (dot - rest), rest);
        e = note_address(i, address);
        if (e == CTL_DONE)
                e = find_pair(i, address, &pair);
        if (e == CTL_NO_SUCH_KEY)
                return 0;
        if (e == CTL_DONE)
                e = set_certificate(i, identity, "signing", pair.sign);
        if (e == CTL_DONE)
                e = set_certificate(i, identity, "encryption", pair.decrypt ?: pair.sign);
        if (e == CTL_DONE) {
                i->n_set++;
                setup_next(i->s, "Start Thunderbird and write as %s: in the menu Security, choose S/MIME and sign.",
                           address);
        }
        return e;
}

static int plan_identities(Setup *s, const char *profile) {
        _cleanup_free_ char *prefs_path = NULL, *user_path = NULL;
        Identities i = { .s = s };
        const char *prefs = "", *user = "";
        bool exists;
        int e = plan_path(&s->plan, profile, "prefs.js", &prefs_path);

        if (e == CTL_DONE)
                e = plan_path(&s->plan, profile, "user.js", &user_path);
        if (e == CTL_DONE)
                e = plan_text(&s->plan, prefs_path, &prefs, &exists);
        if (e == CTL_DONE)
                e = plan_text(&s->plan, user_path, &user, &exists);
        if (e != CTL_DONE)
                return e;
        i.prefs = strdup(prefs);
        i.user = user;
        if (!i.prefs)
                return out_of_memory(s);
        e = prefs_each(prefs, "mail.identity.", take_identity, &i);
        if (e == CTL_DONE && i.n_set == 0)
                e = prefs_each(user, "mail.identity.", take_identity, &i);
        if (e == CTL_DONE && i.n_set == 0)
                e = ctl_error(s->ctl, CTL_NO_SUCH_KEY,
                              i.n == 0
                                      ? "the profile has no identity%s yet; make your account in Thunderbird first"
                                      : "no key that you may use has a certificate for an identity of the profile (%s)",
                              i.n == 0 ? "" : i.addresses);
        if (e == CTL_DONE)
                e = plan_write(&s->plan, prefs_path, i.prefs, 0600, SETUP_SHARED);
        free(i.prefs);
        free(i.addresses);
        return e;
}

/* --- the plan ---------------------------------------------------------------------------------------------------- */

static int plan_module(Setup *s, const char *profile) {
        _cleanup_free_ char *path = NULL, *module = NULL, *text = NULL;
        const char *old;
        bool exists;
        int e = setup_module(s, &module);

        if (e == CTL_DONE)
                e = plan_path(&s->plan, profile, "pkcs11.txt", &path);
        if (e == CTL_DONE)
                e = plan_text(&s->plan, path, &old, &exists);
        if (e != CTL_DONE)
                return e;
        if (!exists)
                return ctl_error(
                        s->ctl, CTL_FAILURE,
                        "%s has no pkcs11.txt, so it is no profile that Thunderbird has used; start Thunderbird once",
                        profile);
        text = modules_set(old, MODULE_NAME, module);
        return text ? plan_write(&s->plan, path, text, 0600, SETUP_OWN) : out_of_memory(s);
}

/* Thunderbird writes its files when it ends, over whatever is there. */
static int ready(Setup *s) {
        for (size_t i = 0; i < s->plan.n; i++) {
                const char *path = s->plan.changes[i].path;
                _cleanup_free_ char *profile = strndup(path, (size_t) (strrchr(path, '/') - path));

                if (!profile)
                        return out_of_memory(s);
                if (change_is_any(&s->plan.changes[i]) && profile_runs(profile))
                        return ctl_error(
                                s->ctl, CTL_AGAIN,
                                "Thunderbird runs with the profile %s, and would overwrite it; quit Thunderbird first",
                                profile);
        }
        return CTL_DONE;
}

static int plan(Setup *s) {
        const char *profile = NULL;
        int e = profile_find(s, &profile);

        if (e == CTL_DONE)
                e = plan_module(s, profile);
        if (e == CTL_DONE)
                e = plan_identities(s, profile);
        if (e == CTL_DONE)
                setup_next(s, "If your authority is a private one: Settings, Privacy & Security, Manage Certificates, "
                              "Authorities, Import; trust it for mail.");
        return e;
}

/* --- the self-test ----------------------------------------------------------------------------------------------- */

static int no_token(Setup *s, const char *profile, const signet_key *key) {
        _cleanup_free_ char *token = uri_token(signet_key_uri(key, 0) ?: "");

        return ctl_error(s->ctl, CTL_NO,
                         "NSS does not see the token \"%s\" in the profile %s; set it up first with: signetctl setup "
                         "thunderbird",
                         token ?: "", profile);
}

/* NSS reads the profile as Thunderbird does, the module included. */
static int sign(Setup *s, const char *profile, const char *scratch, const signet_key *key) {
        _cleanup_free_ char *in = NULL, *out = NULL, *database = NULL, *output = NULL, *name = nickname(key);
        int r;

        if (!name || asprintf(&in, "%s/text", scratch) < 0 || asprintf(&out, "%s/signed", scratch) < 0 ||
            asprintf(&database, "sql:%s", profile) < 0)
                return out_of_memory(s);
        const char *const argv[] = { "cmsutil", "-S", "-G",        "-H", "SHA256", "-d", database, "-N",
                                     name,      "-f", "/dev/null", "-i", in,       "-o", out,      NULL };
        r = run_program(argv, NULL, &output);
        if (r != 0 && output && strstr(output, "ISSUER"))
                return ctl_error(
                        s->ctl, CTL_NO,
                        "the profile does not trust the authority that made your certificate, so Thunderbird will not "
                        "sign either; import it (Settings, Privacy & Security, Manage Certificates, Authorities), and "
                        "try again: signetctl setup thunderbird --test");
        if (r != 0 && output && strstr(output, "SEC_ERROR_NO_TOKEN"))
                return no_token(s, profile, key);
        if (r != 0)
                return test_failed(s, "NSS's cmsutil", r, output);
        r = test_verify(s, out, key);
        if (r == CTL_DONE)
                setup_tested(s, "NSS signed with key %s in the profile, and the signature is good",
                             signet_key_label(key));
        return r;
}

static int test_in(Setup *s, const char *profile, const signet_key *key) {
        _cleanup_free_ char *scratch = NULL;
        int e = test_scratch(s, &scratch);

        if (e == CTL_DONE) {
                e = sign(s, profile, scratch, key);
                scratch_remove(scratch);
        }
        return e;
}

/* Where NSS's tool must not sign, as it hands over digests and Thunderbird does not: it shows the token at least. */
static int look(Setup *s, const char *profile, signet_key *key) {
        _cleanup_free_ char *program = run_find("modutil"), *database = NULL,
                            *token = uri_token(signet_key_uri(key, 0) ?: ""), *wanted = NULL, *output = NULL;
        int r = test_by_library(s, key);

        if (r != CTL_DONE)
                return r;
        if (!program) {
                setup_tested(s, "a signature by libsignet is good; NSS was not tried (Debian package libnss3-tools)");
                return CTL_DONE;
        }
        if (asprintf(&database, "sql:%s", profile) < 0 || asprintf(&wanted, "token: %s\n", token ?: "") < 0)
                return out_of_memory(s);
        const char *const argv[] = { "modutil", "-dbdir", database, "-list", NULL };
        r = run_program(argv, NULL, &output);
        if (r != 0)
                return test_failed(s, "NSS's modutil", r, output);
        if (!strstr(output, wanted))
                return no_token(s, profile, key);
        setup_tested(s, "a signature by libsignet is good, and NSS sees the token %s in the profile", token);
        return CTL_DONE;
}

static int test(Setup *s) {
        _cleanup_(setup_pair_done) SetupPair pair = { 0 };
        _cleanup_free_ char *program = run_find("cmsutil");
        const char *profile = NULL;
        int e = profile_find(s, &profile);

        if (e == CTL_DONE)
                e = setup_pair(s, NULL, &pair);
        if (e != CTL_DONE)
                return e;
        return program && signet_key_may(pair.sign, "sign:digest") ? test_in(s, profile, pair.sign)
                                                                   : look(s, profile, pair.sign);
}

const SetupProgram setup_thunderbird = { .name = "thunderbird", .plan = plan, .ready = ready, .test = test };

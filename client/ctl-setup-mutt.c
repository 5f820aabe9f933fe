/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl setup mutt: a file of ours that loads the shipped smime.rc and names the certificates, a line in the muttrc
 * that loads it, and the certificates where mutt looks for them. NeoMutt reads the same. Fed with the person's mutt
 * files; what it breaks leaves mutt unable to start. */
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "config-values.h"
#include "ctl-setup-file.h"
#include "ctl-setup-run.h"
#include "ctl-setup-test.h"
#include "ctl-setup.h"

#define OUR_FILE     "signet/mutt.rc"
#define MUTT_SPECIAL " \"'`$\\#;|" /* a backquote runs what follows it */

DEFINE_CLEANUP(X509 *, X509_free)

/* Where the two programs look first, in that order; "@" stands for the configuration directory. */
static const char *const mutt_files[] = { ".muttrc", ".mutt/muttrc", "@mutt/muttrc", NULL };
static const char *const neomutt_files[] = { "@neomutt/neomuttrc", "@neomutt/muttrc", ".neomutt/neomuttrc",
                                             ".neomuttrc", NULL };

static int path_of(Setup *s, const char *name, char **ret) {
        return name[0] == '@' ? plan_path(&s->plan, s->plan.config, name + 1, ret)
                              : plan_path(&s->plan, s->plan.home, name, ret);
}

/* The first of the files that is there; NULL in *ret: none. */
static int first_file(Setup *s, const char *const *names, char **ret) {
        *ret = NULL;
        for (; *names; names++) {
                _cleanup_free_ char *path = NULL;
                int e = path_of(s, *names, &path);

                if (e != CTL_DONE)
                        return e;
                if (access(path, F_OK) == 0) {
                        *ret = TAKE_PTR(path);
                        return CTL_DONE;
                }
        }
        return CTL_DONE;
}

static int named_file(Setup *s, char **ret) {
        _cleanup_free_ char *directory = NULL;
        const char *slash = strrchr(s->muttrc, '/'), *root = NULL;
        int e;

        directory = slash ? strndup(s->muttrc, (size_t) (slash - s->muttrc)) : strdup(".");
        if (!directory)
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        e = plan_add_root(&s->plan, *directory ? directory : "/", &root);
        return e == CTL_DONE ? plan_path(&s->plan, root, slash ? slash + 1 : s->muttrc, ret) : e;
}

static int plan_source(Setup *s, const char *muttrc, const char *ours) {
        _cleanup_free_ char *shown = plan_display(&s->plan, ours), *line = NULL;
        int e = setup_check_name(s, ours, "");

        if (e == CTL_DONE)
                e = setup_check_name(s, shown ?: ours, MUTT_SPECIAL);
        if (e != CTL_DONE)
                return e;
        if (asprintf(&line, "source %s", shown ?: ours) < 0) {
                line = NULL;
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        }
        return plan_append(&s->plan, muttrc, line, 0600, SETUP_OWN);
}

/* NeoMutt reads mutt's files when it has none of its own. */
static int plan_muttrc(Setup *s, const char *ours) {
        _cleanup_free_ char *mutt = NULL, *neomutt = NULL, *has_mutt = run_find("mutt");
        int e;

        if (s->muttrc) {
                e = named_file(s, &mutt);
                return e == CTL_DONE ? plan_source(s, mutt, ours) : e;
        }
        e = first_file(s, neomutt_files, &neomutt);
        if (e == CTL_DONE)
                e = first_file(s, mutt_files, &mutt);
        if (e == CTL_DONE && !mutt && (has_mutt || !neomutt))
                e = path_of(s, mutt_files[0], &mutt);
        if (e == CTL_DONE && neomutt)
                e = plan_source(s, neomutt, ours);
        return e == CTL_DONE && mutt ? plan_source(s, mutt, ours) : e;
}

/* --- certificates ------------------------------------------------------------------------------------------------ */

/* A file named as OpenSSL names certificates, by a hash of the subject and a number; mutt calls it by that. */
static int plan_certificate(Setup *s, const signet_key *key, char name[32]) {
        _cleanup_free_ char *pem = test_certificate(key);
        _cleanup_(X509_freep) X509 *certificate = NULL;
        size_t n;
        const unsigned char *der = signet_key_certificate(key, 0, &n);

        certificate = d2i_X509(NULL, &der, (long) n);
        if (!certificate || !pem)
                return ctl_error(s->ctl, CTL_FAILURE, "the certificate of key %s cannot be read",
                                 signet_key_label(key));
        for (unsigned i = 0;; i++) {
                _cleanup_free_ char *path = NULL;
                const char *text;
                char file[64];
                bool exists;
                int e;

                if (i == 100)
                        return ctl_error(s->ctl, CTL_FAILURE, "~/.smime/certificates has too many of one subject");
                snprintf(name, 32, "%08lx.%u", X509_subject_name_hash(certificate), i);
                snprintf(file, sizeof(file), ".smime/certificates/%s", name);
                e = plan_path(&s->plan, s->plan.home, file, &path);
                if (e == CTL_DONE)
                        e = plan_text(&s->plan, path, &text, &exists);
                if (e != CTL_DONE)
                        return e;
                if (exists && strcmp(text, pem) != 0)
                        continue;
                return plan_write(&s->plan, path, pem, 0644, SETUP_OWN);
        }
}

static int plan_at_home(Setup *s, const char *file, const char *text) {
        _cleanup_free_ char *path = NULL;
        const char *old;
        bool exists;
        int e = plan_path(&s->plan, s->plan.home, file, &path);

        if (e == CTL_DONE)
                e = plan_text(&s->plan, path, &old, &exists);
        if (e != CTL_DONE || exists)
                return e;
        return plan_write(&s->plan, path, text, 0600, SETUP_OWN);
}

static int plan_index(Setup *s, const char *file, const char *line) {
        _cleanup_free_ char *path = NULL;
        int e = plan_path(&s->plan, s->plan.home, file, &path);

        return e == CTL_DONE ? plan_append(&s->plan, path, line, 0600, SETUP_SHARED) : e;
}

/* mutt wants a key file of the same name, though it may be empty, and the certificate listed for both. */
static int plan_entry(Setup *s, const signet_key *key, const char *address, char name[32]) {
        _cleanup_free_ char *line = NULL;
        char file[64];
        int e = plan_certificate(s, key, name);

        if (e != CTL_DONE)
                return e;
        if (strpbrk(address, " \t\n") || asprintf(&line, "%s %s signet ? t es", address, name) < 0) {
                line = NULL;
                return ctl_error(s->ctl, CTL_FAILURE, "mutt cannot list the address %s", address);
        }
        snprintf(file, sizeof(file), ".smime/keys/%s", name);
        e = plan_at_home(s, file, "");
        if (e == CTL_DONE)
                e = plan_index(s, ".smime/certificates/.index", line);
        return e == CTL_DONE ? plan_index(s, ".smime/keys/.index", line) : e;
}

/* --- the plan ---------------------------------------------------------------------------------------------------- */

static int plan_ours(Setup *s, const char *path, const char *sign, const char *decrypt) {
        const char *rc = s->smime_rc ?: SIGNET_SMIME_RC;
        _cleanup_free_ char *text = NULL, *real = realpath(rc, NULL);

        const char *name = rc[0] == '/' ? rc : real;
        int e;

        if (!real)
                return ctl_error(s->ctl, CTL_FAILURE, "%s: %s; --smime-rc FILE says where the shipped smime.rc is", rc,
                                 setup_file_error(-errno));
        e = setup_check_name(s, name, MUTT_SPECIAL);
        if (e != CTL_DONE)
                return e;
        if (asprintf(&text,
                     "# S/MIME in mutt with the keys that signetd has. Written by signetctl setup mutt.\n"
                     "source %s\n"
                     "set smime_sign_as = \"%s\"\n"
                     "set smime_default_key = \"%s\"\n",
                     name, sign, decrypt) < 0) {
                text = NULL;
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        }
        return plan_write(&s->plan, path, text, 0600, SETUP_OWN);
}

static int plan_pair(Setup *s, const SetupPair *pair) {
        _cleanup_free_ char *ours = NULL;
        char sign[32], decrypt[32];
        int e = plan_path(&s->plan, s->plan.config, OUR_FILE, &ours);

        if (e == CTL_DONE)
                e = plan_entry(s, pair->sign, pair->address, sign);
        if (e == CTL_DONE)
                e = plan_entry(s, pair->decrypt ?: pair->sign, pair->address, decrypt);
        if (e == CTL_DONE)
                e = plan_ours(s, ours, sign, decrypt);
        return e == CTL_DONE ? plan_muttrc(s, ours) : e;
}

static int plan(Setup *s) {
        _cleanup_free_ char *mutt = run_find("mutt"), *neomutt = run_find("neomutt");
        _cleanup_(setup_pair_done) SetupPair pair = { 0 };
        int e;

        if (s->changing && !mutt && !neomutt)
                return ctl_error(s->ctl, CTL_FAILURE,
                                 "neither mutt nor neomutt is installed (Debian packages of these names)");
        e = setup_pair(s, NULL, &pair);
        if (e == CTL_DONE)
                e = plan_pair(s, &pair);
        if (e != CTL_DONE)
                return e;
        setup_next(s, "Write a mail as %s and press S, then s, before you send it: mutt signs it.", pair.address);
        setup_next(s, "When mutt asks for a passphrase, press Enter: signetd knows who you are.");
        return CTL_DONE;
}

/* --- the self-test ----------------------------------------------------------------------------------------------- */

/* What mutt says that a variable is: name="value", with backslashes before quotes. */
static char *parse_answer(const char *output, const char *name) {
        size_t n = strlen(name), k = 0;
        char *value;

        for (const char *p = output; *p; p += strcspn(p, "\n"), p += *p == '\n') {
                if (strncmp(p, "set ", 4) == 0)
                        p += 4;
                if (strncmp(p, name, n) != 0)
                        continue;
                p += n + strspn(p + n, " =");
                if (*p != '"' || !(value = strdup(p + 1)))
                        return NULL;
                for (p++; *p && *p != '"' && *p != '\n'; p++)
                        value[k++] = *p == '\\' && p[1] ? *++p : *p;
                value[k] = '\0';
                return value;
        }
        return NULL;
}

static int ask_mutt(Setup *s, const char *mutt, const char *name, char **ret) {
        const char *const argv[] = { mutt, "-Q", name, NULL }, *const named[] = { mutt, "-F", s->muttrc,
                                                                                  "-Q", name, NULL };
        _cleanup_free_ char *output = NULL;
        int r = run_program(s->muttrc ? named : argv, NULL, &output);

        if (r != 0)
                return test_failed(s, mutt, r, output);
        *ret = parse_answer(output, name);
        if (*ret && **ret)
                return CTL_DONE;
        free(*ret);
        *ret = NULL;
        return ctl_error(s->ctl, CTL_NO, "mutt has no %s; set it up first with: signetctl setup mutt", name);
}

/* The command as mutt runs it, with its %-letters filled in. NULL: out of memory. */
static char *fill_in(const char *command, const char *certificate, const char *key, const char *file) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        for (const char *p = command; *p; p++) {
                if (*p != '%' || !p[1]) {
                        fputc(*p, f);
                        continue;
                }
                switch (*++p) {
                case 'c':
                case 'i':
                        fprintf(f, "'%s'", certificate);
                        break;
                case 'k':
                        fprintf(f, "'%s'", key);
                        break;
                case 'f':
                        fprintf(f, "'%s'", file);
                        break;
                case 'd':
                        fputs("sha256", f);
                        break;
                default:
                        fputc(*p, f);
                }
        }
        return fclose(f) == 0 ? text : NULL;
}

static int sign(Setup *s, const char *mutt, const char *scratch, const signet_key *key) {
        _cleanup_free_ char *command = NULL, *name = NULL, *certificate = NULL, *private = NULL, *in = NULL,
                            *filled = NULL, *shell = NULL, *out = NULL, *output = NULL;
        int e = ask_mutt(s, mutt, "smime_sign_command", &command);

        if (e == CTL_DONE)
                e = ask_mutt(s, mutt, "smime_sign_as", &name);
        if (e != CTL_DONE)
                return e;
        if (asprintf(&certificate, "%s/.smime/certificates/%s", s->plan.home, name) < 0 ||
            asprintf(&private, "%s/.smime/keys/%s", s->plan.home, name) < 0 || asprintf(&in, "%s/text", scratch) < 0 ||
            asprintf(&out, "%s/signed", scratch) < 0 || !(filled = fill_in(command, certificate, private, in)) ||
            asprintf(&shell, "%s >'%s'", filled, out) < 0)
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        const char *const argv[] = { "sh", "-c", shell, NULL };
        e = run_program(argv, NULL, &output);
        if (e != 0)
                return test_failed(s, "mutt's smime_sign_command", e, output);
        e = test_verify(s, out, key);
        if (e == CTL_DONE)
                setup_tested(s, "%s's smime_sign_command signed with key %s, and the signature is good", mutt,
                             signet_key_label(key));
        return e;
}

static int test(Setup *s) {
        _cleanup_free_ char *mutt = run_find("mutt"), *neomutt = run_find("neomutt"), *scratch = NULL;
        _cleanup_(setup_pair_done) SetupPair pair = { 0 };
        int e;

        if (!mutt && !neomutt)
                return ctl_error(s->ctl, CTL_FAILURE,
                                 "neither mutt nor neomutt is installed (Debian packages of these names)");
        e = setup_pair(s, NULL, &pair);
        if (e == CTL_DONE)
                e = test_scratch(s, &scratch);
        if (e != CTL_DONE)
                return e;
        e = sign(s, mutt ? "mutt" : "neomutt", scratch, pair.sign);
        scratch_remove(scratch);
        return e;
}

const SetupProgram setup_mutt = { .name = "mutt", .plan = plan, .test = test };

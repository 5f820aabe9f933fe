/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl setup p11-kit: a .module file, by which every program on p11-kit (GnuTLS, GNOME, curl...) finds the PKCS#11
 * module. Fed with p11-kit's configuration; what it breaks lets such programs start without the module. */
#include <string.h>

#include "ctl-setup-file.h"
#include "ctl-setup-run.h"
#include "ctl-setup-test.h"
#include "ctl-setup.h"
#include "ctl-uri.h"

#define MODULE_FILE "pkcs11/modules/signet.module"

/* Where the system's administrator or the package can have made it known. */
static const char *const system_files[] = {
        "/usr/share/p11-kit/modules/signet.module",
        "/etc/pkcs11/modules/signet.module",
};

static const char *system_file(void) {
        for (size_t i = 0; i < ELEMENTSOF(system_files); i++)
                if (access(system_files[i], R_OK) == 0)
                        return system_files[i];
        return NULL;
}

static int plan(Setup *s) {
        _cleanup_free_ char *module = NULL, *path = NULL, *text = NULL;
        int e;

        if (!s->module && system_file()) {
                setup_next(s, "Nothing: %s makes the module known to everybody on this machine.", system_file());
                return CTL_DONE;
        }
        if (geteuid() == 0)
                return ctl_error(s->ctl, CTL_FAILURE,
                                 "p11-kit reads no files in the home of root; for the whole machine, write the line "
                                 "\"module: FILE\" into %s",
                                 system_files[1]);
        e = setup_module(s, &module);
        if (e == CTL_DONE)
                e = plan_path(&s->plan, s->plan.config, MODULE_FILE, &path);
        if (e != CTL_DONE)
                return e;
        if (asprintf(&text,
                     "# The keys that signetd has. Written by signetctl setup p11-kit.\n"
                     "module: %s\n"
                     "priority: 10\n"
                     "trust-policy: no\n",
                     module) < 0) {
                text = NULL;
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        }
        setup_next(s, "p11tool --list-all 'pkcs11:library-manufacturer=Signet'   # or any program on p11-kit");
        return plan_write(&s->plan, path, text, 0644, SETUP_OWN);
}

/* --- the self-test ----------------------------------------------------------------------------------------------- */

static int listed(Setup *s) {
        static const char *const argv[] = { "p11-kit", "list-modules", NULL };
        _cleanup_free_ char *program = run_find(argv[0]), *output = NULL;
        int r;

        if (!program)
                return CTL_DONE;
        r = run_program(argv, NULL, &output);
        if (r != 0)
                return test_failed(s, "p11-kit list-modules", r, output);
        if (strncmp(output, "signet:", 7) == 0 || strstr(output, "\nsignet:") || strstr(output, "\nmodule: signet"))
                return CTL_DONE;
        return ctl_error(
                s->ctl, CTL_NO,
                "p11-kit does not list the module signet; set it up with: signetctl setup p11-kit. If it is: does "
                "/etc/pkcs11/pkcs11.conf say user-config: none?");
}

static int sign(Setup *s, signet_key *key) {
        _cleanup_free_ char *program = run_find("p11tool"), *name = uri_short(signet_key_uri(key, 0) ?: ""),
                            *uri = NULL, *output = NULL;
        int r;

        if (!program || !name) {
                r = test_by_library(s, key);
                if (r == CTL_DONE)
                        setup_tested(s, "a signature by libsignet is good; p11tool (Debian package gnutls-bin) is not "
                                        "installed");
                return r;
        }
        if (asprintf(&uri, "%s;library-manufacturer=Signet;type=private", name) < 0) {
                uri = NULL;
                return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
        }
        r = test_may_digest(s, key, "GnuTLS");
        if (r != CTL_DONE)
                return r;
        const char *const argv[] = { "p11tool", "--batch", "--test-sign", uri, NULL };
        r = run_program(argv, NULL, &output);
        if (r != 0)
                return test_failed(s, "p11tool --test-sign", r, output);
        setup_tested(s, "p11tool signed with key %s and verified it", signet_key_label(key));
        return CTL_DONE;
}

static int test(Setup *s) {
        Keys keys = { 0 };
        int e = listed(s);

        if (e == CTL_DONE)
                e = setup_keys(s, "sign", NULL, &keys);
        if (e == CTL_DONE)
                e = sign(s, keys.items[0]);
        signet_keys_free(keys.items, keys.n);
        return e;
}

const SetupProgram setup_p11_kit = { .name = "p11-kit", .plan = plan, .test = test };

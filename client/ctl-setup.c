/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl setup: makes other programs find the keys that signetd has, and takes that back. Fed by people, once for
 * each program; what it breaks is the configuration of the program that their mail is in. */
#include "ctl-setup.h"

#include <stdarg.h>
#include <string.h>

#include "common/text.h"
#include "config-values.h"
#include "ctl-setup-record.h"

enum {
        SETUP_KEY,
        SETUP_PROFILE,
        SETUP_MUTTRC,
        SETUP_MODULE,
        SETUP_SMIME_RC,
        SETUP_PRINT,
        SETUP_YES,
        SETUP_UNDO,
        SETUP_TEST,
        SETUP_NO_TEST,
        _SETUP_MAX
};

static const CtlOption options[] = {
        [SETUP_KEY] = { "key", "KEY", "the key: address, PKCS#11 URI, or digits of its id", NULL },
        [SETUP_PROFILE] = { "profile", "DIR", "Thunderbird: the profile's directory", NULL },
        [SETUP_MUTTRC] = { "muttrc", "FILE", "mutt: the file that is to load ours", NULL },
        [SETUP_MODULE] = { "module", "FILE", "signet-pkcs11.so or signet.so, if elsewhere", NULL },
        [SETUP_SMIME_RC] = { "smime-rc", "FILE", "mutt: smime.rc, if elsewhere", NULL },
        [SETUP_PRINT] = { "print", NULL, "only show what would be changed", NULL },
        [SETUP_YES] = { "yes", NULL, "do not ask", NULL },
        [SETUP_UNDO] = { "undo", NULL, "put back what was there before", NULL },
        [SETUP_TEST] = { "test", NULL, "change nothing; sign and verify", NULL },
        [SETUP_NO_TEST] = { "no-test", NULL, "do not sign and verify afterwards", NULL },
        [_SETUP_MAX] = { NULL, NULL, NULL, NULL },
};

static const SetupProgram *const programs[] = {
        &setup_thunderbird, &setup_mutt, &setup_gnupg, &setup_openssl, &setup_p11_kit,
};

/* A line of text: labels and addresses are what tokens and certificates say, and must not steer a terminal. Free it;
 * NULL: out of memory. */
static char *sentence(const char *format, va_list ap) {
        _cleanup_free_ char *text = NULL;

        if (vasprintf(&text, format, ap) < 0)
                return text = NULL;
        return text_clean(text);
}

void setup_next(Setup *s, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = sentence(format, ap);
        va_end(ap);
        fprintf(s->next, "%s\n", text ?: "out of memory");
}

void setup_tested(Setup *s, const char *format, ...) {
        va_list ap;

        free(s->tested);
        va_start(ap, format);
        s->tested = sentence(format, ap);
        va_end(ap);
}

/* --- answering --------------------------------------------------------------------------------------------------- */

static struct json_object *files_json(const Setup *s) {
        struct json_object *files = json_object_new_array();

        for (size_t i = 0; i < s->plan.n; i++) {
                const SetupChange *c = &s->plan.changes[i];
                struct json_object *o;

                if (!change_is_any(c))
                        continue;
                o = json_object_new_object();
                ctl_json_string(o, "path", c->path);
                ctl_json_string(o, "change", !c->before ? "create" : c->after ? "change" : "remove");
                ctl_json_string(o, "before", c->before);
                ctl_json_string(o, "after", c->after);
                json_object_array_add(files, o);
        }
        return files;
}

static int answer_json(Setup *s, const char *done) {
        struct json_object *o = json_object_new_object(), *next = json_object_new_array();

        ctl_json_string(o, "program", s->program->name);
        ctl_json_string(o, "done", done);
        json_object_object_add(o, "files", files_json(s));
        ctl_json_string(o, "test", s->tested);
        for (char *line = s->next_text, *end; line && *line; line = end) {
                end = line + strcspn(line, "\n");
                if (*end)
                        *end++ = '\0';
                json_object_array_add(next, json_object_new_string(line));
        }
        json_object_object_add(o, "next", next);
        return ctl_answer(s->ctl, o);
}

/* `done`: the word for programs; `said`: the sentence for people. */
static int answer(Setup *s, const char *done, const char *said) {
        fflush(s->next);
        if (s->ctl->globals.json)
                return answer_json(s, done);
        printf("%s%s\n", s->program->name, said);
        if (strcmp(done, "applied") == 0)
                printf("To take it back: signetctl setup %s --undo\n", s->program->name);
        if (s->tested)
                printf("Tested: %s.\n", s->tested);
        if (*s->next_text)
                printf("\n%s:\n%s", strcmp(done, "printed") == 0 ? "Once that is done" : "Next", s->next_text);
        return CTL_DONE;
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

static int ask(Setup *s, const char *question) {
        char reply[16] = "";

        if (s->ctl->globals.json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
                return ctl_error(s->ctl, CTL_USAGE,
                                 "nobody can be asked here: --print shows what would be changed, and --yes changes it");
        printf("\n%s [y/N] ", question);
        fflush(stdout);
        if (!fgets(reply, sizeof(reply), stdin))
                putchar('\n');
        if (reply[0] == 'y' || reply[0] == 'Y')
                return CTL_DONE;
        return ctl_error(s->ctl, CTL_NO, "nothing was changed");
}

static int is_ready(Setup *s) {
        return s->program->ready ? s->program->ready(s) : CTL_DONE;
}

/* With --yes it is shown all the same, unless the answer is a JSON document. */
static int agree(Setup *s, bool yes, const char *question) {
        int e = is_ready(s);

        if (e != CTL_DONE)
                return e;
        if (!s->ctl->globals.json)
                plan_show(&s->plan, stdout);
        if (!yes)
                e = ask(s, question);
        /* Whoever is asked takes his time. */
        if (!yes && e == CTL_DONE)
                e = is_ready(s);
        return e == CTL_DONE ? plan_check(&s->plan) : e;
}

/* --- doing ------------------------------------------------------------------------------------------------------- */

static int run_test(Setup *s) {
        int e = s->program->test(s);

        if (e != CTL_DONE || s->tested)
                return e;
        return ctl_error(s->ctl, CTL_FAILURE, "out of memory");
}

static int run_apply(Setup *s, const CtlArguments *a) {
        bool any;
        int e = s->program->plan(s);

        any = plan_count(&s->plan) > 0;
        if (e == CTL_DONE && any && a->values[SETUP_PRINT] && !s->ctl->globals.json)
                plan_show(&s->plan, stdout);
        if (e == CTL_DONE && a->values[SETUP_PRINT])
                return answer(s, any ? "printed" : "already", any ? ": nothing was changed." : " is set up already.");
        if (e == CTL_DONE && any)
                e = agree(s, a->values[SETUP_YES], "Change this?");
        if (e == CTL_DONE && any)
                e = record_apply(&s->plan, s->program->name);
        if (e == CTL_DONE && any && s->program->changed)
                s->program->changed(s, SETUP_APPLIED);
        if (e == CTL_DONE && !a->values[SETUP_NO_TEST]) {
                e = run_test(s);
                if (e != CTL_DONE && any && !s->ctl->globals.json)
                        fprintf(stderr,
                                "%s is set up, but the self-test failed. Again: signetctl setup %s --test; to take it "
                                "back: "
                                "--undo\n",
                                s->program->name, s->program->name);
        }
        return e == CTL_DONE ? answer(s, any ? "applied" : "already", any ? " is set up." : " is set up already.") : e;
}

static int run_undo(Setup *s, const CtlArguments *a) {
        size_t left = 0;
        int e = record_plan_undo(&s->plan, s->program->name, &left);

        if (left > 0)
                setup_next(s, "%zu lines that setup wrote were changed since, and were left as they are.", left);
        if (e == CTL_DONE && a->values[SETUP_PRINT]) {
                if (!s->ctl->globals.json)
                        plan_show(&s->plan, stdout);
                return answer(s, "printed", ": nothing was changed.");
        }
        if (e == CTL_DONE)
                e = agree(s, a->values[SETUP_YES], "Put this back?");
        if (e == CTL_DONE)
                e = record_undo(&s->plan, s->program->name);
        if (e == CTL_DONE && s->program->changed)
                s->program->changed(s, SETUP_UNDONE);
        return e == CTL_DONE ? answer(s, "undone", " is as it was before.") : e;
}

static int run_mode(Setup *s, const CtlArguments *a) {
        int e;

        if (a->values[SETUP_UNDO])
                return run_undo(s, a);
        if (!a->values[SETUP_TEST])
                return run_apply(s, a);
        e = run_test(s);
        return e == CTL_DONE ? answer(s, "tested", " works.") : e;
}

static const SetupProgram *find_program(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(programs); i++)
                if (strcmp(programs[i]->name, name) == 0)
                        return programs[i];
        if (strcmp(name, "neomutt") == 0)
                return &setup_mutt;
        return strcmp(name, "gpgsm") == 0 ? &setup_gnupg : NULL;
}

static int check_options(Ctl *ctl, const CtlArguments *a, const SetupProgram *program) {
        static const struct {
                int option;
                const SetupProgram *program;
        } own[] = {
                { SETUP_PROFILE, &setup_thunderbird },
                { SETUP_MUTTRC, &setup_mutt },
                { SETUP_SMIME_RC, &setup_mutt },
        };
        unsigned modes = !!a->values[SETUP_UNDO] + !!a->values[SETUP_TEST] + !!a->values[SETUP_NO_TEST];

        if (modes > 1 || (a->values[SETUP_TEST] && a->values[SETUP_PRINT]))
                return ctl_error(ctl, CTL_USAGE,
                                 "--undo, --test, --no-test and --print with --test exclude one another");
        for (size_t i = 0; i < ELEMENTSOF(own); i++)
                if (a->values[own[i].option] && own[i].program != program)
                        return ctl_error(ctl, CTL_USAGE, "--%s is for %s", options[own[i].option].name,
                                         own[i].program->name);
        return CTL_DONE;
}

static int run_setup(Ctl *ctl, const CtlArguments *a) {
        const SetupProgram *program = find_program(a->words[0]);
        int e;

        if (!program)
                return ctl_error(ctl, CTL_USAGE,
                                 "setup knows thunderbird, mutt, gnupg, openssl and p11-kit, and not \"%s\"",
                                 a->words[0]);
        e = check_options(ctl, a, program);
        if (e != CTL_DONE)
                return e;
        Setup s = {
                .ctl = ctl,
                .program = program,
                .key = a->values[SETUP_KEY],
                .profile = a->values[SETUP_PROFILE],
                .muttrc = a->values[SETUP_MUTTRC],
                .smime_rc = a->values[SETUP_SMIME_RC],
                .module = a->values[SETUP_MODULE],
                .changing = !a->values[SETUP_PRINT] && !a->values[SETUP_TEST],
        };
        s.next = open_memstream(&s.next_text, &s.next_size);
        if (!s.next)
                return ctl_error(ctl, CTL_FAILURE, "out of memory");
        e = plan_init(&s.plan, ctl);
        if (e == CTL_DONE)
                e = run_mode(&s, a);

        plan_done(&s.plan);
        fclose(s.next);
        free(s.next_text);
        free(s.tested);
        return e;
}

const CtlCommand ctl_setup_command = {
        .name = "setup",
        .arguments = "PROGRAM",
        .summary = "have other programs use the keys",
        .more = "PROGRAM: thunderbird, mutt (and NeoMutt), gnupg, openssl or p11-kit. Shows what\n"
                "will be changed in your files, asks, changes it, and signs and verifies.\n",
        .completes = "=thunderbird mutt gnupg openssl p11-kit",
        .min_words = 1,
        .max_words = 1,
        .options = options,
        .run = run_setup,
};

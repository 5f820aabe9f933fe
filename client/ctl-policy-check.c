/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetctl policy check: finds every mistake before signetd does, with the very code that signetd loads policy with.
 * It asks no daemon. Fed with files that people wrote; what it breaks passes a bad policy. */
#include <sys/stat.h>

#include "ctl-text.h"
#include "ctl.h"
#include "policy/policy.h"

static bool is_directory(const char *path) {
        struct stat st;

        return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void print_problem(const Problem *p) {
        _cleanup_free_ char *file = text_clean(p->file), *text = text_clean(p->text);

        if (p->line > 0)
                printf("%s:%u: %s\n", file ?: "?", p->line, text ?: "?");
        else
                printf("%s: %s\n", file ?: "?", text ?: "?");
}

static struct json_object *problem_json(const Problem *p) {
        struct json_object *o = json_object_new_object();
        _cleanup_free_ char *file = text_clean(p->file), *text = text_clean(p->text);

        ctl_json_string(o, "file", file);
        ctl_json_number(o, "line", p->line);
        ctl_json_string(o, "text", text);
        return o;
}

/* Adds to *rules, and to `mistakes` or to standard output. 0 or -errno for what is no mistake in a file. */
static int check_path(const char *path, struct json_object *mistakes, size_t *rules, bool *bad) {
        _cleanup_(problems_done) Problems problems = { 0 };
        _cleanup_(policy_unrefp) Policy *policy = NULL;
        _cleanup_free_ char *clean = text_clean(path);
        int r;

        r = is_directory(path) ? policy_load(path, &problems, &policy) : policy_load_file(path, &problems, &policy);
        if (r < 0 && !problems_any(&problems))
                return r;
        for (size_t i = 0; i < problems.n; i++)
                if (mistakes)
                        json_object_array_add(mistakes, problem_json(&problems.items[i]));
                else
                        print_problem(&problems.items[i]);
        if (problems.overflow && !mistakes)
                printf("%s: more mistakes than are listed here\n", clean ?: "?");
        if (r < 0)
                *bad = true;
        else
                *rules += policy_rule_count(policy);
        return 0;
}

static int report(Ctl *ctl, size_t rules, bool bad, struct json_object *mistakes) {
        if (ctl->globals.json) {
                struct json_object *answer = json_object_new_object();

                json_object_object_add(answer, "ok", json_object_new_boolean(!bad));
                ctl_json_number(answer, "rules", rules);
                json_object_object_add(answer, "mistakes", json_object_get(mistakes));
                int e = ctl_answer(ctl, answer);
                if (e != CTL_DONE)
                        return e;
        } else if (!bad) {
                printf("No mistakes; %zu rule%s%s.\n", rules, rules == 1 ? "" : "s",
                       rules == 0 ? ", so nobody may use any key" : "");
        }
        return bad ? CTL_NO : CTL_DONE;
}

static int run_check(Ctl *ctl, const CtlArguments *a) {
        _cleanup_(json_object_putp) struct json_object *mistakes = ctl->globals.json ? json_object_new_array() : NULL;
        _cleanup_free_ char *directory = NULL;
        size_t rules = 0;
        bool bad = false;

        if (asprintf(&directory, "%s/policy.d", ctl->globals.config) < 0)
                return ctl_error(ctl, CTL_FAILURE, "out of memory");
        for (unsigned i = 0; i < MAX(a->n_words, 1u); i++) {
                const char *path = a->n_words > 0 ? a->words[i] : directory;
                int r = access(path, R_OK) < 0 ? -errno : check_path(path, mistakes, &rules, &bad);

                if (r < 0)
                        return ctl_error_errno(ctl, r, path);
        }
        return report(ctl, rules, bad, mistakes);
}

const CtlCommand ctl_policy_check_command = {
        .name = "policy check",
        .arguments = "[FILE|DIR...]",
        .summary = "find every mistake in policy files",
        .more = "Without arguments: policy.d of signetd's configuration. Prints FILE:LINE: and\n"
                "what is wrong, and ends with 1 when there is anything. signetd is not asked,\n"
                "and nothing is changed.\n",
        .completes = "files",
        .max_words = CTL_WORDS_MAX,
        .run = run_check,
};

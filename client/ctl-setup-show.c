/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Showing a plan to the person who is asked. Fed with configuration files; what it breaks has somebody agree to
 * something else than what happens. */
#include <string.h>

#include "common/text.h"
#include "ctl-setup-diff.h"
#include "ctl-setup-plan.h"

static void show_line(const SetupPlan *p, FILE *f, char sign, const Lines *l, size_t i) {
        _cleanup_free_ char *line = strndup(l->items[i], l->sizes[i]);
        bool colours = f == stdout;

        for (char *c = line; c && *c; c++)
                if (*c == '\t')
                        *c = ' ';
        if (line)
                text_clean_in_place(line);
        fprintf(f, "%s    %c %s%s\n", colours ? ctl_colour(p->ctl, sign == '+' ? CTL_GREEN : CTL_RED) : "", sign,
                line ?: "", colours ? ctl_colour(p->ctl, CTL_PLAIN) : "");
}

static bool is_line(const Lines *l, size_t i, const char *text) {
        return l->sizes[i] == strlen(text) && strncmp(l->items[i], text, l->sizes[i]) == 0;
}

/* A certificate's lines tell a person nothing, and hide the others. */
static void show_lines(const SetupPlan *p, FILE *f, char sign, const Lines *l, size_t first, size_t n) {
        for (size_t i = first; i < first + n; i++) {
                bool certificate = is_line(l, i, "-----BEGIN CERTIFICATE-----");

                while (certificate && i + 1 < first + n && !is_line(l, i, "-----END CERTIFICATE-----"))
                        i++;
                if (certificate)
                        fprintf(f, "    %c (a certificate in PEM)\n", sign);
                else
                        show_line(p, f, sign, l, i);
        }
}

static void show_change(const SetupPlan *p, const SetupChange *c, FILE *f) {
        _cleanup_free_ char *name = plan_display(p, c->path);
        _cleanup_(lines_done) Lines before = { 0 }, after = { 0 };
        _cleanup_free_ DiffHunk *hunks = NULL;
        size_t n = 0;

        fprintf(f, "%s  (%s)\n", name ?: c->path, !c->before ? "new file" : c->after ? "changed" : "removed");
        if (lines_split(c->before, &before) < 0 || lines_split(c->after, &after) < 0 ||
            diff_lines(&before, &after, &hunks, &n) < 0)
                return;
        for (const DiffHunk *h = hunks; h < hunks + n; h++) {
                show_lines(p, f, '-', &before, h->old_first, h->old_count);
                show_lines(p, f, '+', &after, h->new_first, h->new_count);
        }
}

void plan_show(const SetupPlan *p, FILE *f) {
        for (size_t i = 0; i < p->n; i++)
                if (change_is_any(&p->changes[i]))
                        show_change(p, &p->changes[i], f);
}

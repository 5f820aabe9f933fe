/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the control file. Written by tests; a mistake in it is the test's, and loud. */
#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX      6
#define LINE_MAX_BYTES 256
#define BLANKS         " \t\r\n"

static const struct {
        const char *word;
        bool argument;
} actions[_ACTION_MAX] = {
        [ACTION_HANG] = { "hang" },         [ACTION_HANG_DEAF] = { "hang-deaf" },   [ACTION_CRASH] = { "crash" },
        [ACTION_ABORT] = { "abort" },       [ACTION_EXIT] = { "exit", true },       [ACTION_DELAY] = { "delay", true },
        [ACTION_ERROR] = { "error", true }, [ACTION_GARBAGE] = { "garbage" },       [ACTION_SHORT] = { "short" },
        [ACTION_FLAGS] = { "flags", true }, [ACTION_WITHOUT] = { "without", true },
};

typedef struct Line {
        const char *call;
        unsigned long from, to; /* 0: no limit */
        Action action;
        unsigned long argument;
} Line;

static _Noreturn void mistake(const char *path, unsigned number, const char *what) {
        (void) fprintf(stderr, "faulty-module: %s:%u: %s\n", path, number, what);
        _Exit(120);
}

static bool parse_number(const char *s, unsigned long *ret) {
        char *end;

        if (!s)
                return false;
        *ret = strtoul(s, &end, 0);
        return end != s && *end == '\0';
}

static Action parse_action(const char *word) {
        for (int i = ACTION_NONE + 1; word && i < _ACTION_MAX; i++)
                if (strcmp(actions[i].word, word) == 0)
                        return (Action) i;

        return ACTION_NONE;
}

/* False for a line with nothing on it. `text` is cut into words. */
static bool parse_line(const char *path, unsigned number, char *text, Line *ret) {
        const char *words[WORDS_MAX + 1] = { NULL };
        size_t n = 0, i = 1;
        char *save = NULL;

        text[strcspn(text, "#")] = '\0';
        for (char *w = strtok_r(text, BLANKS, &save); w && n < WORDS_MAX; w = strtok_r(NULL, BLANKS, &save))
                words[n++] = w;
        if (n == 0)
                return false;

        *ret = (Line){ .call = words[0] };
        if (words[1] && (strcmp(words[1], "from") == 0 || strcmp(words[1], "only") == 0)) {
                if (!parse_number(words[2], &ret->from))
                        mistake(path, number, "\"from\" and \"only\" want a number");
                ret->to = words[1][0] == 'o' ? ret->from : 0;
                i = 3;
        }
        ret->action = parse_action(words[i]);
        if (ret->action == ACTION_NONE)
                mistake(path, number, "an action was expected");
        i++;
        if (actions[ret->action].argument && !parse_number(words[i++], &ret->argument))
                mistake(path, number, "this action wants a number");
        if (words[i])
                mistake(path, number, "a word too many");
        return true;
}

static bool is_call(const char *word, const char *const *calls, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(word, calls[i]) == 0)
                        return true;

        return false;
}

static bool fits(const Line *l, const char *call, unsigned long n) {
        return strcmp(l->call, call) == 0 && n >= l->from && (l->to == 0 || n <= l->to);
}

Fault control_look_up(const char *path, const char *call, unsigned long n, const char *const *calls, size_t n_calls) {
        char text[LINE_MAX_BYTES];
        Fault fault = { ACTION_NONE, 0, 0, 0 };
        unsigned number = 0;
        FILE *f = path ? fopen(path, "re") : NULL;

        while (f && fgets(text, sizeof(text), f)) {
                Line l;

                if (!parse_line(path, ++number, text, &l))
                        continue;
                if (!is_call(l.call, calls, n_calls))
                        mistake(path, number, "this call cannot be faulted");
                if (!fits(&l, call, n))
                        continue;
                if (l.action == ACTION_DELAY)
                        fault.delay_ms += l.argument;
                else if (l.action == ACTION_FLAGS)
                        fault.flags |= l.argument;
                else if (l.action != ACTION_WITHOUT && fault.action == ACTION_NONE) {
                        fault.action = l.action;
                        fault.argument = l.argument;
                }
        }
        if (f)
                (void) fclose(f);
        return fault;
}

bool control_without(const char *path, unsigned long mechanism) {
        char text[LINE_MAX_BYTES];
        unsigned number = 0;
        bool without = false;
        FILE *f = path ? fopen(path, "re") : NULL;

        while (f && fgets(text, sizeof(text), f)) {
                Line l;

                if (parse_line(path, ++number, text, &l) && l.action == ACTION_WITHOUT && l.argument == mechanism)
                        without = true;
        }
        if (f)
                (void) fclose(f);
        return without;
}

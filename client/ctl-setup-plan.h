/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a set-up is going to change: files with their whole text before and after, read and checked, nothing written
 * yet. */
#pragma once

#include "ctl.h"

#define SETUP_CHANGES_MAX 64

typedef enum SetupSharing {
        SETUP_OWN,    /* undone as a whole, if nobody has changed it since */
        SETUP_SHARED, /* another program writes to it all the time: undone line by line */
} SetupSharing;

typedef enum SetupDone { SETUP_APPLIED, SETUP_UNDONE } SetupDone;

typedef struct SetupChange {
        char *path;   /* absolute, no links in it */
        char *before; /* NULL: there is no file */
        char *after;  /* NULL: there will be none */
        mode_t mode;
        SetupSharing sharing;
} SetupChange;

typedef struct SetupPlan {
        Ctl *ctl;
        char *home, *config, *state; /* directories, absolute, no links in them; home is the caller's own */
        char *roots[4];              /* changes stay below one of these */
        size_t n_roots;
        SetupChange changes[SETUP_CHANGES_MAX]; /* also files that were only read */
        size_t n;
        struct json_object *directories; /* paths that do not exist yet and will be made, outermost first */
} SetupPlan;

/* Finds out where the caller's files are. Refuses in a home that is another's. */
int plan_init(SetupPlan *p, Ctl *ctl) _must_check_;
void plan_done(SetupPlan *p);

/* A directory that the caller named: changes may go there, too. It must be his own. The path is p's. */
int plan_add_root(SetupPlan *p, const char *path, const char **ret_path) _must_check_;

/* "DIRECTORY/NAME" as the plan would read it: links followed as long as they stay below a root. Free it. */
int plan_path(SetupPlan *p, const char *directory, const char *name, char **ret) _must_check_;

/* The text of the file as it would be if the plan were carried out, "" when there is none, valid until the next
 * change of it; *ret_exists whether there is one. Text files of at most 4 MiB that belong to the caller. */
int plan_text(SetupPlan *p, const char *path, const char **ret, bool *ret_exists) _must_check_;

/* Adds a change, or changes one that is there. `mode` is for a new file; an old
 * one keeps its own. `text` NULL: the file goes. Refuses what could not be written. `path` comes from plan_path(). */
int plan_write(SetupPlan *p, const char *path, const char *text, mode_t mode, SetupSharing sharing) _must_check_;

/* Appends `line` (without its newline) unless one that is the same but for blanks around it is there. */
int plan_append(SetupPlan *p, const char *path, const char *line, mode_t mode, SetupSharing sharing) _must_check_;

/* How many files will be changed; whether this one will. */
size_t plan_count(const SetupPlan *p);
bool change_is_any(const SetupChange *c);

/* Notes the directories above the path that are not there, to be made. */
int plan_note_directories(SetupPlan *p, const char *path) _must_check_;

/* Shows the changes, as lines that go and lines that come. */
void plan_show(const SetupPlan *p, FILE *f);

/* Refuses when a file that is to be changed is not as the plan found it any more. */
int plan_check(SetupPlan *p) _must_check_;

/* Makes the directories and writes the files, each at once or not at all. When one fails, those before it are put
 * back. */
int plan_apply(SetupPlan *p) _must_check_;

/* The path for people: "~/.muttrc". Free it; NULL: out of memory. */
char *plan_display(const SetupPlan *p, const char *path);

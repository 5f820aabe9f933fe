/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict reading of libconfig files: every setting is declared, unknown ones and wrong types are Problems.
 * The only header that shows libconfig; link config_dep. */
#pragma once

#include <libconfig.h>

#include "problems.h"

/* Reads one file into `config` (config_init()ed here, config_destroy()ed by the caller, on failure too).
 * Refuses files over 1 MiB, @include, and files that group or others may write. Mistakes go to `problems`; returns 0
 * or -EINVAL when the file cannot be used at all (also reported in problems). */
int config_load(const char *path, config_t *config, Problems *problems) _must_check_;

/* The same for `n` bytes that are in memory already; `path` is what mistakes call them. */
int config_load_text(const char *path, const char *text, size_t n, config_t *config, Problems *problems) _must_check_;

/* Typed look-ups in a group. Absent settings leave *ret untouched and return 0; mistakes are added to problems and
 * return 0 as well: the caller asks problems_any() at the end. 1 when *ret was set. Strings are borrowed from config;
 * an empty one, and one that is not UTF-8, is a mistake. */
int config_string(const config_setting_t *group, const char *name, Problems *p, const char **ret);
int config_unsigned(const config_setting_t *group, const char *name, unsigned min, unsigned max, Problems *p,
                    unsigned *ret);
int config_word(const config_setting_t *group, const char *name, const char *const *words, size_t n, Problems *p,
                size_t *ret_index);

/* Reports each setting of `group` whose name is not in `names`, with what was probably meant. */
void config_refuse_unknown(const config_setting_t *group, const char *const *names, size_t n, Problems *p);

/* File and line of a setting, for problems_add(). */
const char *config_file_of(const config_setting_t *s);
unsigned config_line_of(const config_setting_t *s);

/* The names of regular files in `directory` that end in ".conf", sorted by strcmp, whole paths; hidden files and names
 * with other characters than [A-Za-z0-9._-] are passed over. Free each and the array. A missing directory is an empty
 * list. */
int config_list(const char *directory, char ***ret_paths, size_t *ret_n) _must_check_;

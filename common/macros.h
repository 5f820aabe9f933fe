/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cleanup attributes and the few macros that every part uses. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f)   __attribute__((cleanup(f)))
#define _must_check_   __attribute__((warn_unused_result))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_       __attribute__((unused))
#define _noreturn_     __attribute__((noreturn))

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))
#ifndef MIN /* GLib defines the same two */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif

/* Hands the value over and leaves NULL (or -EBADF) behind, so that a cleanup attribute has nothing to do. */
#define TAKE_PTR(p)                                                                                                    \
        ({                                                                                                             \
                __typeof__(p) *_pp = &(p);                                                                             \
                __typeof__(p) _v = *_pp;                                                                               \
                *_pp = NULL;                                                                                           \
                _v;                                                                                                    \
        })

static inline int take_fd(int *fd) {
        int v = *fd;
        *fd = -EBADF;
        return v;
}
#define TAKE_FD(fd) take_fd(&(fd))

/* Defines FUNCp() for _cleanup_(FUNCp): calls FUNC on what the variable holds, unless that is NULL. */
#define DEFINE_CLEANUP(type, func)                                                                                     \
        static inline _unused_ void func##p(type *p) {                                                                 \
                if (*p)                                                                                                \
                        func(*p);                                                                                      \
        }

static inline void freep(void *p) {
        free(*(void **) p);
}

static inline void closep(int *fd) {
        if (*fd >= 0)
                close(*fd);
}
#define _cleanup_free_  _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

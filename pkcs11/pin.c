/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeping the PIN. What breaks here locks somebody's card or shows the PIN to other users. */
#include "pin.h"

#include <fcntl.h>
#include <string.h>

#define READ_TIMEOUT_MS 5000

static const char *const state_names[] = {
        [PIN_NONE] = "none",       [PIN_FROM_FILE] = "from-file", [PIN_GIVEN] = "given",
        [PIN_REFUSED] = "refused", [PIN_FORGOTTEN] = "forgotten",
};

const char *pin_state_to_string(PinState s) {
        return (size_t) s < ELEMENTSOF(state_names) ? state_names[s] : NULL;
}

void pin_init(Pin *pin, const TokenConfig *config) {
        *pin = (Pin){ .config = config };
}

void pin_done(Pin *pin) {
        secret_free(pin->secret);
        *pin = (Pin){};
}

static void drop(Pin *pin, PinState state) {
        pin->secret = secret_free(pin->secret);
        pin->state = state;
        pin->refusal = (Reason){};
        pin->generation++;
}

/* A credential that systemd passes is readable for this service alone by an access list, whose mask stands where the
 * group's bits are. */
static bool is_credential(const char *path) {
        const char *directory = getenv("CREDENTIALS_DIRECTORY");
        size_t n = directory ? strlen(directory) : 0;

        return n > 0 && strncmp(path, directory, n) == 0 && path[n] == '/' && !strstr(path + n, "/../");
}

static int check_file(const char *token, const char *path, const struct stat *st, Reason *reason) {
        mode_t others = is_credential(path) ? S_IRWXO | S_IWGRP : S_IRWXO | S_IRWXG;

        if (!S_ISREG(st->st_mode))
                return reason_set(reason, WORKER_LOCKED,
                                  "token \"%s\": PIN file %s is no regular file; correct \"pin-file\"", token, path);
        if (st->st_uid != 0 && st->st_uid != geteuid())
                return reason_set(reason, WORKER_LOCKED,
                                  "token \"%s\": PIN file %s belongs to user %u, who could change it; chown root %s",
                                  token, path, (unsigned) st->st_uid, path);
        if ((st->st_mode & others) != 0)
                return reason_set(reason, WORKER_LOCKED, "token \"%s\": PIN file %s is open to others; chmod 600 %s",
                                  token, path, path);
        return 0;
}

int pin_read_file(const char *token, const char *path, struct stat *ret_stat, Reason *reason, Secret **ret) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        int r;

        memset(ret_stat, 0, sizeof(*ret_stat));
        if (fd < 0 || fstat(fd, ret_stat) < 0)
                return reason_set(
                        reason, WORKER_LOCKED,
                        "token \"%s\": cannot read PIN file %s: %s; correct it or unlock with: signetctl unlock %s",
                        token, path, strerrordesc_np(errno), token);
        r = check_file(token, path, ret_stat, reason);
        if (r != 0)
                return r;

        r = secret_read_fd(fd, START_PIN_MAX, READ_TIMEOUT_MS, ret);
        if (r == 0 || r == -ENOMEM)
                return r;
        return reason_set(reason, WORKER_LOCKED, "token \"%s\": PIN file %s %s; unlock with: signetctl unlock %s",
                          token, path,
                          r == -ENODATA    ? "is empty"
                          : r == -EMSGSIZE ? "is longer than any PIN"
                                           : "cannot be read",
                          token);
}

static bool same_file(const struct stat *a, const struct stat *b) {
        return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
               a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
               a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

void pin_refresh(Pin *pin) {
        const TokenConfig *config = pin->config;
        Secret *secret = NULL;
        Reason reason = {};
        struct stat st;

        if (!config->pin_file || pin->state == PIN_GIVEN || pin->state == PIN_FORGOTTEN)
                return;
        if (pin->seen.st_ino != 0 && stat(config->pin_file, &st) == 0 && same_file(&st, &pin->seen))
                return;
        if (pin_read_file(config->name, config->pin_file, &st, &reason, &secret) == 0) {
                drop(pin, PIN_FROM_FILE);
                pin->secret = secret;
                pin->seen = st;
                return;
        }

        /* A file that is gone or cannot be used says nothing about the PIN that was read from it before, be that good
         * or refused. */
        if (pin->state == PIN_FROM_FILE || (st.st_ino == 0 && pin->seen.st_ino != 0))
                return;
        drop(pin, PIN_REFUSED);
        pin->refusal = reason;
        pin->seen = st;
}

void pin_give(Pin *pin, Secret *secret) {
        drop(pin, PIN_GIVEN);
        pin->secret = secret;
}

void pin_refuse(Pin *pin, WorkerCode code, const char *text) {
        drop(pin, PIN_REFUSED);
        (void) reason_set(&pin->refusal, code, "%s", text);
}

void pin_forget(Pin *pin) {
        drop(pin, PIN_FORGOTTEN);
}

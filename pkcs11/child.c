/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child from birth to _exit(). Everything that may hang in the module runs under a deadline. */
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/log.h"
#include "common/socket.h"
#include "deadline.h"
#include "harden.h"
#include "serve.h"
#include "spawn.h"

const char *child_exit_to_string(int status) {
        switch (status) {
        case CHILD_EXIT_DEADLINE:
                return "a call into the module took longer than allowed";
        case CHILD_EXIT_PROTOCOL:
                return "signetd sent a malformed frame";
        case CHILD_EXIT_DEVICE:
                return "the token failed";
        case CHILD_EXIT_FAILED:
                return "memory or descriptors ran out";
        default:
                return NULL;
        }
}

static Blob text_blob(const char *s) {
        return (Blob){ s[0] ? (const uint8_t *) s : NULL, strlen(s) };
}

static int send_frame(int fd, const uint8_t *packet, ssize_t n) {
        return n < 0 ? (int) n : socket_send(fd, packet, (size_t) n, -1);
}

/* Tells the supervisor, which lets the next child start, and forgets a PIN that was tried and refused. */
static void report(int code, const Reason *reason, bool pin_tried, uint8_t *room) {
        FrameResult status = { .code = (WorkerCode) code, .message = text_blob(code == 0 ? "" : reason->text) };

        (void) !send_frame(
                CHILD_FD_REPORT, room,
                frame_encode_result(FRAME_STATUS, pin_tried ? REPORT_PIN_TRIED : REPORT_PIN_UNTRIED, &status, room));
}

/* A text of the token's for people: what is no clean UTF-8 becomes '?'. `field` is ours to change. */
static Blob clean_field(CK_UTF8CHAR *field, size_t size) {
        Blob b = token_field(field, size);
        bool utf8 = b.size > 0 && utf8_is_valid(b.data, b.size);

        for (size_t i = 0; i < b.size; i++)
                if (field[i] < ' ' || field[i] == 0x7f || (field[i] > 0x7f && !utf8))
                        field[i] = '?';
        return b;
}

static int send_hello(int code, const Reason *reason, const Token *t, uint8_t *room) {
        FrameHello hello = { .code = (WorkerCode) code, .message = text_blob(code == 0 ? "" : reason->text) };
        CK_TOKEN_INFO info;

        if (t) {
                info = t->info;
                hello.label = clean_field(info.label, sizeof(info.label));
                hello.serial = clean_field(info.serialNumber, sizeof(info.serialNumber));
                hello.model = clean_field(info.model, sizeof(info.model));
                hello.manufacturer = clean_field(info.manufacturerID, sizeof(info.manufacturerID));
                hello.pin_tries = token_pin_tries(t);
        }
        return send_frame(CHILD_FD_LINK, room, frame_encode_hello(&hello, room));
}

static int send_inventory(const Inventory *inv, uint8_t *room) {
        int r;

        for (size_t i = 0; i < inv->n_keys; i++) {
                const Object *o = &inv->keys[i].object;
                FrameKey key = { .handle = (uint32_t) i + 1,
                                 .type = o->type,
                                 .flags = o->flags,
                                 .spki = o->type == KEY_TYPE_UNKNOWN ? (Blob){} : bytes_blob(&o->spki),
                                 .label = bytes_blob(&o->label),
                                 .ckaid = bytes_blob(&o->ckaid) };

                r = send_frame(CHILD_FD_LINK, room, frame_encode_key(&key, room));
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < inv->n_certificates; i++) {
                const Object *o = &inv->certificates[i];
                FrameCert cert = { bytes_blob(&o->der), bytes_blob(&o->label), bytes_blob(&o->ckaid) };

                r = send_frame(CHILD_FD_LINK, room, frame_encode_cert(&cert, room));
                if (r < 0)
                        return r;
        }
        return send_frame(CHILD_FD_LINK, room,
                          frame_encode_ready((uint32_t) inv->n_keys, (uint32_t) inv->n_certificates, room));
}

/* Opens the token and logs in, with at most one try. */
static int open_token(Start *start, Reason *reason, Token **ret) {
        TokenChoice choice = { .name = start->name,
                               .module = start->module,
                               .label = start->label,
                               .serial = start->serial,
                               .init_args = start->init_args };
        int r;

        r = token_open(&choice, reason, ret);
        if (r != 0)
                return r;
        r = token_login(*ret, start->pin, reason);
        start->pin = secret_free(start->pin);

        /* Without a PIN the token says that it is locked; the supervisor may know more about why. */
        if (r == WORKER_LOCKED && start->refusal.code != WORKER_OK) {
                *reason = start->refusal;
                return (int) reason->code;
        }
        return r;
}

/* What would end this process waits while the token is opened: see link_end(). */
static int open_token_undisturbed(Start *start, Reason *reason, Token **ret) {
        sigset_t ends, before;
        int r;

        sigemptyset(&ends);
        sigaddset(&ends, SIGTERM);
        sigaddset(&ends, SIGINT);
        sigaddset(&ends, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &ends, &before) < 0)
                return -errno;
        r = open_token(start, reason, ret);
        if (sigprocmask(SIG_SETMASK, &before, NULL) < 0)
                return -errno;

        /* A supervisor that died meanwhile has ended us in the line above. From here on nothing is lost by a kill. */
        return process_bind_to_parent(SIGKILL, getppid()) ? r : -ECHILD;
}

static bool token_usable(int code) {
        return code == 0 || code == WORKER_LOCKED || code == WORKER_PIN_INCORRECT || code == WORKER_PIN_LAST_TRY ||
               code == WORKER_PIN_LOCKED;
}

/* What is on the token, to signetd. Returns 0 or CHILD_EXIT_*. */
static int introduce(int code, Token *t, Reason *reason, uint8_t *room, Inventory **ret) {
        Reason other = {};
        int r;

        if (token_usable(code)) {
                r = inventory_read(t, &other, ret);
                if (r < 0)
                        return CHILD_EXIT_FAILED;
                if (r > 0) {
                        code = r;
                        *reason = other;
                }
        }
        if (send_hello(code, reason, t, room) < 0)
                return CHILD_EXIT_FAILED;
        if (!token_usable(code))
                return CHILD_EXIT_DEVICE;
        return send_inventory(*ret, room) < 0 ? CHILD_EXIT_FAILED : 0;
}

static int live(Start *start, uint8_t *in, uint8_t *out) {
        Service service = { .link = CHILD_FD_LINK, .deadline_ms = start->deadline * 1000, .in = in, .out = out };
        Reason reason = {}, refused = {};
        Inventory *inventory = NULL;
        Token *token = NULL;
        int r;

        r = open_token_undisturbed(start, &reason, &token);
        if (r < 0)
                return CHILD_EXIT_FAILED;
        report(r, &reason, token && token->pin_tried, out);
        if (start->probe)
                return CHILD_EXIT_OK;
        r = introduce(r, token, &reason, out, &inventory);
        deadline_disarm();
        if (r != 0)
                return r;

        service.ops = (Operations){ .token = token,
                                    .inventory = inventory,
                                    .shared_secret = { secret_bytes(start->shared), secret_size(start->shared) } };

        /* A reason of its own: why the login failed was told already, and was no try where nothing was tried. */
        r = service_run(&service, &refused);
        if (refused.code == WORKER_PIN_INCORRECT || refused.code == WORKER_PIN_LOCKED)
                report((int) refused.code, &refused, true, out);
        return r;
}

void child_run(void) {
        uint8_t *in = malloc(FRAME_MAX), *out = malloc(FRAME_MAX);
        Start start = {};
        int r;

        process_harden();
        (void) prctl(PR_SET_NAME, "signet-worker", 0, 0, 0);
        for (int fd = CHILD_FD_LINK; fd <= CHILD_FD_REPORT; fd++)
                (void) fcntl(fd, F_SETFD, FD_CLOEXEC);

        r = deadline_init();
        if (r == 0)
                r = start_read(CHILD_FD_START, &start);
        if (r < 0) {
                log_error_errno(r, "a worker child cannot start; \"--child\" is for signet-worker itself");
                _exit(CHILD_EXIT_FAILED);
        }
        close(CHILD_FD_START);
        if (!in || !out)
                _exit(CHILD_EXIT_FAILED);
        deadline_arm(start.start_deadline * 1000);
        _exit(live(&start, in, out));
}

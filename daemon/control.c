/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unlock and Lock. Fed by the supervisor's answer; the PIN passes through as a descriptor that is never read here. */
#include "control.h"

#include <string.h>
#include <sys/epoll.h>

#include "common/log.h"
#include "common/socket.h"
#include "manager.h"

#define TIMER_ACCURACY_US 100000
#define GRACE_US          (5 * 1000000ULL) /* beyond the token's start-deadline, which the supervisor keeps itself */

typedef enum ControlState {
        CONTROL_ASKED,    /* the supervisor has it */
        CONTROL_SETTLING, /* done; the workers are being started afresh */
        CONTROL_ANSWERED,
} ControlState;

struct Control {
        Token *token;
        ControlState state;
        FrameType type;
        Peer *peer;
        sd_bus_message *message;
        char *rule;
        int fd;
        sd_event_source *io, *timer;
        uint64_t started_us;
};

static const char *operation_of(const Control *c) {
        return c->type == FRAME_UNLOCK ? "unlock" : "lock";
}

static Control *control_destroy(Control *c) {
        sd_event_source_disable_unref(c->io);
        sd_event_source_disable_unref(c->timer);
        if (c->fd >= 0)
                close(c->fd);
        sd_bus_message_unref(c->message);
        peer_unref(c->peer);
        free(c->rule);
        free(c);
        return NULL;
}

/* The one place where the call is answered, after it was written down. f NULL: it is done. */
static void answer(Control *c, const Failure *f) {
        Manager *m = c->token->manager;
        Failure written;
        int r;

        if (c->state == CONTROL_ANSWERED)
                return;
        c->state = CONTROL_ANSWERED;
        r = manager_audit(m,
                          &(AuditEntry){
                                  .peer = c->peer,
                                  .operation = operation_of(c),
                                  .token = c->token->config->name,
                                  .rule = c->rule,
                                  .verdict = "allow",
                                  .result = f ? f->outcome : OUTCOME_OK,
                                  .reason = f ? f->text : NULL,
                                  .duration_us = manager_now_us(m) - c->started_us,
                          },
                          &written);
        if (f || r != 0)
                (void) bus_reply_failure(c->message, 1, f ?: &written);
        else if (sd_bus_reply_method_return(c->message, NULL) < 0)
                log_debug("a reply was not sent");
}

Control *control_free(Control *c) {
        Failure f;

        if (!c)
                return NULL;
        (void) failure_set(&f, OUTCOME_TOKEN_UNAVAILABLE, "signetd is stopping");
        answer(c, &f);
        c->token->control = NULL;
        return control_destroy(c);
}

bool control_is_for(const Control *c, const Peer *peer) {
        return c->peer == peer;
}

void control_settled(Control *c) {
        Token *t = c->token;
        Failure f;

        if (c->state != CONTROL_SETTLING)
                return;
        if (c->type == FRAME_UNLOCK && t->state != TOKEN_READY) {
                (void) failure_set(&f, OUTCOME_TOKEN_UNAVAILABLE, "the PIN was right, but the token is %s: %s",
                                   token_state_to_string(t->state), t->message ?: "see signetd's log");
                answer(c, &f);
        } else
                answer(c, NULL);
        control_free(c);
}

static void fail(Control *c, Outcome outcome, const char *text) {
        Failure f;

        (void) token_failure(c->token, outcome, text, &f);
        answer(c, &f);
        control_free(c);
}

static int on_deadline(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *userdata) {
        fail(userdata, OUTCOME_TIMEOUT, "its supervisor did not answer in time; see signetd's log");
        return 0;
}

static Outcome outcome_of(WorkerCode code) {
        switch (code) {
        case WORKER_PIN_INCORRECT:
                return OUTCOME_PIN_INCORRECT;
        case WORKER_PIN_LAST_TRY:
        case WORKER_PIN_LOCKED:
                return OUTCOME_PIN_LOCKED;
        case WORKER_INVALID_INPUT:
                return OUTCOME_INVALID_INPUT;
        case WORKER_NOT_SUPPORTED:
                return OUTCOME_NOT_SUPPORTED;
        case WORKER_LOCKED:
                return OUTCOME_TOKEN_LOCKED;
        default:
                return OUTCOME_TOKEN_UNAVAILABLE;
        }
}

static int receive_status(int fd, uint8_t *packet, FrameResult *ret) {
        ssize_t n = socket_receive(fd, packet, FRAME_MAX, NULL);
        FrameHeader header;
        Reader body;
        int r;

        if (n <= 0)
                return n < 0 ? (int) n : -ECONNRESET;
        r = frame_decode_header(packet, (size_t) n, &header, &body);
        if (r == 0)
                r = header.type == FRAME_STATUS ? frame_decode_result(&body, ret) : -EBADMSG;
        return r;
}

static int on_io(_unused_ sd_event_source *s, int fd, _unused_ uint32_t events, void *userdata) {
        _cleanup_free_ char *text = NULL;
        Control *c = userdata;
        Token *t = c->token;
        FrameResult status;
        int r;

        r = receive_status(fd, t->packet, &status);
        if (r == -EAGAIN)
                return 0;
        if (r == 0)
                r = blob_to_string(status.message, &text);
        if (r < 0) {
                (void) log_error_errno(r, "token \"%s\": its supervisor did not answer as it should", t->config->name);
                fail(c, OUTCOME_TOKEN_UNAVAILABLE, "its supervisor did not answer as it should; see signetd's log");
                return 0;
        }
        if (status.code != WORKER_OK) {
                fail(c, outcome_of(status.code), *text ? text : worker_code_to_string(status.code));
                return 0;
        }
        c->io = sd_event_source_disable_unref(c->io);
        c->state = CONTROL_SETTLING;
        token_restart_workers(t);
        return 0;
}

static int control_open(Control *c, int pin_fd) {
        Token *t = c->token;
        sd_event *event = t->manager->event;
        uint64_t deadline_us = c->started_us + t->config->start_deadline * 1000000ULL + GRACE_US;
        ssize_t n;
        int r;

        r = socket_connect(t->config->socket ?: t->socket, &c->fd);
        if (r < 0)
                return r;
        n = frame_encode_empty(c->type, 0, t->packet);
        r = n < 0 ? (int) n : socket_send(c->fd, t->packet, (size_t) n, pin_fd);
        if (r >= 0)
                r = sd_event_add_io(event, &c->io, c->fd, EPOLLIN, on_io, c);
        if (r >= 0)
                r = sd_event_add_time(event, &c->timer, CLOCK_MONOTONIC, deadline_us, TIMER_ACCURACY_US, on_deadline,
                                      c);
        return r < 0 ? r : 0;
}

int control_start(Token *t, FrameType type, int pin_fd, Peer *peer, sd_bus_message *message, const char *rule) {
        Control *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->fd = -EBADF;
        c->token = t;
        c->type = type;
        c->started_us = manager_now_us(t->manager);
        c->peer = peer_ref(peer);
        c->message = sd_bus_message_ref(message);
        c->rule = rule ? strdup(rule) : NULL;
        r = rule && !c->rule ? -ENOMEM : control_open(c, pin_fd);
        if (r < 0) {
                control_destroy(c);
                return r;
        }
        t->control = c;
        return 0;
}

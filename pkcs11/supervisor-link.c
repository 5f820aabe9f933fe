/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a connection, seen from the supervisor. */
#include "supervisor-link.h"

#include <signal.h>
#include <string.h>

#include "common/socket.h"

static const char *const state_names[_LINK_STATE_MAX] = {
        [LINK_FREE] = "free",       [LINK_NEW] = "new",           [LINK_READING] = "reading",
        [LINK_WAITING] = "waiting", [LINK_STARTING] = "starting", [LINK_SERVING] = "serving",
        [LINK_ENDING] = "ending",
};

const char *link_state_to_string(LinkState s) {
        return (size_t) s < ELEMENTSOF(state_names) ? state_names[s] : NULL;
}

static void hang_up(Link *l) {
        if (l->fd >= 0)
                close(l->fd);
        l->fd = -EBADF;
}

void link_clear(Link *l) {
        hang_up(l);
        if (l->report >= 0)
                close(l->report);
        secret_free(l->pin);
        *l = (Link){ .fd = -EBADF, .report = -EBADF };
}

void link_kill(Link *l) {
        hang_up(l);
        l->pin = secret_free(l->pin);
        l->deadline = 0;
        if (l->pid == 0) {
                link_clear(l);
                return;
        }
        (void) kill(l->pid, SIGKILL); /* not reaped yet, so the number is still its own */
        l->state = LINK_ENDING;
}

/* SoftHSM writes its token's file anew at each login: a process that is killed in the midst of one leaves an empty
 * file, and the keys are lost. The child holds SIGTERM back until that is over; if it never is, the deadline of its
 * start, which stays, kills it. */
void link_end(Link *l) {
        if (l->pid == 0 || !l->opening) {
                link_kill(l);
                return;
        }
        hang_up(l);
        l->pin = secret_free(l->pin);
        (void) kill(l->pid, SIGTERM);
        l->state = LINK_ENDING;
}

void link_answer(Link *l, uint32_t id, WorkerCode code, const char *text) {
        FrameResult status = { .code = code };
        uint8_t packet[FRAME_MAX];
        ssize_t n;

        if (code != WORKER_OK)
                status.message = (Blob){ (const uint8_t *) text, strlen(text) };
        n = frame_encode_result(FRAME_STATUS, id, &status, packet);
        if (n > 0 && l->fd >= 0)
                (void) !socket_send(l->fd, packet, (size_t) n, -1);
        hang_up(l);
}

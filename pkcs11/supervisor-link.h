/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection to a supervisor and the process that works for it. Shared by the supervisor's own files. */
#pragma once

#include "pin.h"
#include "supervisor.h"

typedef enum LinkState {
        LINK_FREE,
        LINK_NEW,      /* accepted; the first frame is awaited */
        LINK_READING,  /* UNLOCK: a process reads the PIN */
        LINK_WAITING,  /* for its turn to start a child */
        LINK_STARTING, /* its child opens the token */
        LINK_SERVING,  /* its child serves it */
        LINK_ENDING,   /* its process was killed or is done, and will be reaped */
        _LINK_STATE_MAX,
} LinkState;

typedef struct Link {
        LinkState state;
        bool unlock;         /* UNLOCK; else ATTACH */
        bool opening;        /* its process may be in the midst of opening the token; until reported or reaped */
        int fd;              /* the connection, -EBADF once we hung up; a serving child has its own */
        int report;          /* what its process says: FRAME_STATUS, or the PIN in LINK_READING */
        pid_t pid;           /* 0: none */
        uint32_t id;         /* of the UNLOCK frame */
        int64_t deadline;    /* CLOCK_MONOTONIC, ms; 0: none */
        uint64_t order;      /* of arrival */
        unsigned generation; /* of the PIN that its child was given */
        Secret *pin;         /* UNLOCK: the one to try */
} Link;

struct Supervisor {
        const TokenConfig *config;
        const uid_t *uids;
        size_t n_uids;
        int listen_fd, signal_fd;
        Pin pin;
        Secret *shared; /* START_SHARED_BYTES */
        Link *links;
        size_t n_links; /* room; fixed */
        uint64_t arrivals;
        bool stopping;
};

const char *link_state_to_string(LinkState s);

/* Frees what the link holds. Its process must be gone. */
void link_clear(Link *l);

/* Hangs up and kills the link's process; the link stays until that is reaped, or is free at once when there is none. */
void link_kill(Link *l);

/* The same, but a process that is in the midst of opening the token may finish that first, within its deadline. */
void link_end(Link *l);

/* Answers an UNLOCK or LOCK, and hangs up. */
void link_answer(Link *l, uint32_t id, WorkerCode code, const char *text);

/* --- supervisor-child.c: the processes --- */

/* Starts the next child that waits, if none is opening the token and a place is free. */
void supervisor_start_next(Supervisor *s);

/* The first frame of a connection is there. */
void supervisor_first_frame(Supervisor *s, Link *l);

/* A link's process said something, or closed its end. */
void supervisor_report(Supervisor *s, Link *l);

/* Reaps every process that ended. */
void supervisor_reap(Supervisor *s);

int64_t supervisor_now(void); /* CLOCK_MONOTONIC, ms */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A signet-worker of one's own: a directory with a store and a configuration, a running supervisor, and connections to
 * it that speak the worker link as signetd would. What must not fail ends the test. */
#pragma once

#include "common/frame.h"
#include "common/secret.h"
#include "token-maker.h"

#define LAB_KEYS_MAX 128

typedef struct WorkerLab {
        char directory[64]; /* in /tmp: sockets want short paths */
        char socket[96], config[96], pin_file[96], control[96], log[96], errors[96];
        const char *option; /* one more of signet-worker's, or NULL */
        pid_t supervisor;   /* 0: not running */
} WorkerLab;

/* A new directory with an empty store; false where SoftHSM is missing. */
bool lab_begin(WorkerLab *lab);
void lab_end(WorkerLab *lab); /* stops the supervisor, removes the directory */

/* Writes the token's file: `module` is NULL for SoftHSM itself, LAB_FAULTY for the faulty module before it. `more` is
 * put at its end. The PIN file holds `pin`; NULL: none. */
#define LAB_FAULTY ((const char *) 1)
void lab_configure(WorkerLab *lab, const char *label, const char *module, const char *pin, const char *more);
void lab_write(const char *path, const char *text);         /* mode 0600 */
void lab_control(WorkerLab *lab, const char *text);         /* the faulty module's control file */
unsigned lab_count_calls(WorkerLab *lab, const char *call); /* lines of the faulty module's log that end so */
bool lab_logged(WorkerLab *lab, const char *text);          /* whether the supervisor's standard error holds it */

void lab_start(WorkerLab *lab);
void lab_stop(WorkerLab *lab);

/* The supervisor's processes, dead ones that it has not reaped included; the first `room` of them in ret. */
size_t lab_children(WorkerLab *lab, pid_t *ret, size_t room);
bool lab_wait_children(WorkerLab *lab, size_t n); /* whether there are n of them within a few seconds */
bool lab_gone(pid_t pid);                         /* whether a process that is not ours ends within a few seconds */

/* One connection with its inventory. */
typedef struct LabKey {
        uint32_t handle;
        KeyType type;
        uint8_t flags;
        EVP_PKEY *public; /* NULL when the type is unknown */
        char label[64];
} LabKey;

typedef struct LabLink {
        int fd;
        WorkerCode code;
        char message[FRAME_STRING_MAX + 1], label[64];
        uint32_t pin_tries;
        LabKey keys[LAB_KEYS_MAX];
        size_t n_keys; /* all that came; only the first LAB_KEYS_MAX are kept */
        size_t n_certs;
        uint32_t next_id;
} LabLink;

/* Connects and attaches; reads to READY, or to the end where the HELLO says that nothing follows. False when the
 * connection ends before a HELLO. */
bool link_attach(WorkerLab *lab, LabLink *l);
void link_close(LabLink *l);
const LabKey *link_key(const LabLink *l, const char *label); /* ends the test when it is not there */

/* One answer. */
typedef struct LabAnswer {
        bool lost; /* the worker hung up instead */
        WorkerCode code;
        uint8_t data[FRAME_DATA_MAX];
        size_t size;
        char message[FRAME_STRING_MAX + 1];
} LabAnswer;

/* deadline_ms 0 becomes 10 s. Returns the code; -1 when the worker hung up. */
int link_sign(LabLink *l, const FrameSign *request, LabAnswer *ret);
int link_decrypt(LabLink *l, const FrameDecrypt *request, LabAnswer *ret);
int link_derive(LabLink *l, const FrameDerive *request, LabAnswer *ret);
bool link_ended(LabLink *l, int timeout_ms); /* whether the worker hangs up within that time */

/* The supervisor's own operations, each on a connection of its own. The answer's code; -1 when it hung up without one.
 */
int lab_unlock(WorkerLab *lab, const char *pin, LabAnswer *ret);
int lab_lock(WorkerLab *lab, LabAnswer *ret);

int lab_connect(WorkerLab *lab); /* a bare connection, blocking */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One method call to signetd with everything around it: connection, deadline, repeat, error. */
#pragma once

#include "client.h"
#include "common/channel-frame.h"

#define SIGNET_PATH       "/org/signetd/Signet1"
#define SIGNET_KEY_PATH   SIGNET_PATH "/key"
#define SIGNET_TOKEN_PATH SIGNET_PATH "/token"
#define SIGNET_MANAGER    "org.signetd.Signet1.Manager"
#define SIGNET_KEY        "org.signetd.Signet1.Key"
#define SIGNET_TOKEN      "org.signetd.Signet1.Token"

typedef enum CallRepeat {
        CALL_REPEATABLE, /* carrying it out twice does no harm */
        CALL_ONCE,       /* a PIN is tried once */
} CallRepeat;

typedef struct Call Call;
struct Call {
        const char *path, *interface, *member;
        CallRepeat repeat;
        int (*write)(sd_bus_message *m,
                     const void *input); /* appends the arguments: 0 or -errno; NULL: there are none */
        const void *input;
        int (*read)(sd_bus_message *reply,
                    void *output); /* 0, or a status with its sentence set; NULL: nothing is expected */
        /* The same request and answer as frames of a channel; NULL: the bus alone carries it. */
        void (*frame)(const Call *call, ChannelCall *ret);
        int (*read_frame)(const ChannelResult *result, void *output);
        void *output; /* untouched unless read() succeeded */
};

/* 0, or a status with its sentence set. A public function that needs several calls gives all of them the one deadline
 * of client_deadline(). */
int call_run(signet_client *client, const Call *call, uint64_t deadline) _must_check_;

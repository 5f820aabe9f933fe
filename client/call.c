/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Carries one request to signetd and its answer back. Fed by the library's own functions on one side and by whoever
 * owns signetd's name on the other; a mistake here tries a PIN twice or loses a signature when signetd restarts. */
#include <stdio.h>
#include <string.h>

#include "bus-error.h"
#include "call.h"
#include "channel.h"
#include "common/hex.h"
#include "deadline.h"
#include "error.h"
#include "wire.h"

#define WAITS_MAX 8 /* times that signetd may come and go again during one call */

static int call_write(const Call *call, sd_bus *bus, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, SIGNET_BUS_NAME, call->path, call->interface, call->member);
        if (r < 0)
                return error_set_errno(r, "cannot write the request");
        if (call->write) {
                r = call->write(m, call->input);
                if (r < 0)
                        return error_set_errno(r, "cannot write the request");
        }

        *ret = TAKE_PTR(m);
        return 0;
}

static int too_late(void) {
        return error_set(SIGNET_E_TIMEOUT, "signetd did not answer within the time that the call may take");
}

/* The reply must be what read() expects and nothing more. */
static int call_read(const Call *call, sd_bus_message *reply) {
        return call->read ? call->read(reply, call->output) : wire_finish(reply, call->member);
}

/* One try over a link that is ready. */
static int call_by_bus(signet_client *client, const Call *call, Link *l, uint64_t deadline, BusOutcome *ret_outcome) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        int r;

        r = call_write(call, l->bus, &m);
        if (r < 0)
                return r;
        r = link_call(l, m, deadline, &reply);
        if (r == -ENOMEM)
                return error_no_memory();
        if (r == -ETIMEDOUT)
                return too_late();
        if (r < 0) {
                *ret_outcome = BUS_LOST;
                return error_set(SIGNET_E_UNAVAILABLE, "the bus hung up during the call");
        }
        if (sd_bus_message_is_method_error(reply, NULL))
                return bus_error_status(sd_bus_message_get_error(reply), ret_outcome);

        client_expect_service(client, true);
        return call_read(call, reply);
}

/* An answer over the channel that is an error: the same sentence as over the bus. */
static int channel_status(const ChannelResult *result) {
        char name[sizeof(SIGNET_ERROR_PREFIX) + CHANNEL_WORD_MAX];
        BusOutcome outcome;

        (void) snprintf(name, sizeof(name), "%s%s", SIGNET_ERROR_PREFIX, result->error);
        return bus_error_status(&SD_BUS_ERROR_MAKE_CONST(name, result->message), &outcome);
}

static int channel_answer(const Call *call, const ChannelResult *result) {
        return result->error[0] ? channel_status(result) : call->read_frame(result, call->output);
}

/* NOT_CARRIED when the channel did not take it, which then is the bus's to carry. */
#define NOT_CARRIED 1000

static int call_by_channel(const Call *call, Link *l, uint64_t deadline, BusOutcome *ret_outcome) {
        uint8_t id[CHANNEL_ID_SIZE];
        ChannelResult result;
        ChannelCall frame;
        int r;

        if (hex_decode(call->path + strlen(SIGNET_KEY_PATH "/"), 2 * sizeof(id), id) < 0)
                return NOT_CARRIED;
        call->frame(call, &frame);
        frame.key = id;
        r = channel_call(l, &frame, deadline, &result);
        if (r == -EMSGSIZE || r == -EPIPE)
                return NOT_CARRIED;
        if (r == -ENOMEM)
                return error_no_memory();
        if (r == -ETIMEDOUT)
                return too_late();
        if (r < 0) {
                *ret_outcome = BUS_LOST;
                return error_set(SIGNET_E_UNAVAILABLE, "signetd hung up during the call");
        }
        r = strcmp(result.error, CHANNEL_TOO_LARGE) == 0 ? NOT_CARRIED : channel_answer(call, &result);
        channel_read(l);
        return r;
}

static int call_try(signet_client *client, const Call *call, Link *l, uint64_t deadline, BusOutcome *ret_outcome) {
        int r = NOT_CARRIED;

        if (call->frame && channel_ready(l, deadline))
                r = call_by_channel(call, l, deadline, ret_outcome);
        return r == NOT_CARRIED ? call_by_bus(client, call, l, deadline, ret_outcome) : r;
}

static int call_attempt(signet_client *client, const Call *call, uint64_t deadline, BusOutcome *ret_outcome) {
        Link *l;
        int r;

        *ret_outcome = BUS_ANSWERED;
        r = client_acquire(client, deadline, &l);
        if (r != 0)
                return r;
        r = call_try(client, call, l, deadline, ret_outcome);
        client_release(client, l);
        return r;
}

static int call_await_service(signet_client *client, uint64_t deadline) {
        Link *l;
        int r;

        r = client_acquire(client, deadline, &l);
        if (r != 0)
                return r;
        r = link_await_service(l, deadline);
        client_release(client, l);
        if (r != 0)
                client_expect_service(client,
                                      false); /* who waited in vain does not make the next caller wait as well */
        return r;
}

int call_run(signet_client *client, const Call *call, uint64_t deadline) {
        unsigned waits = 0, repeats = 0;

        for (;;) {
                BusOutcome outcome;
                int r;

                r = call_attempt(client, call, deadline, &outcome);
                if (outcome == BUS_UNSENT && client_expects_service(client) && waits++ < WAITS_MAX) {
                        r = call_await_service(client, deadline);
                        if (r != 0)
                                return r;
                } else if (outcome != BUS_LOST || call->repeat == CALL_ONCE || repeats++ > 0)
                        return r;
        }
}

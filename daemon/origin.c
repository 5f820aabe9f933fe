/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers on the bus and on channels. Nothing is decided here. */
#include "origin.h"

#include "bus-object.h"
#include "bus.h"
#include "channel.h"
#include "common/log.h"

Origin origin_from_message(sd_bus_message *message) {
        return (Origin){ .message = sd_bus_message_ref(message) };
}

Origin origin_from_frame(Channel *channel, uint32_t id, uint8_t *packet) {
        return (Origin){ .channel = channel_ref(channel), .id = id, .packet = packet };
}

void origin_done(Origin *o) {
        sd_bus_message_unref(o->message);
        channel_unref(o->channel);
        free(o->packet);
        *o = (Origin){};
}

bool origin_is_open(const Origin *o) {
        return o->message || o->channel;
}

void origin_fail(Origin *o, int r, const Failure *f) {
        if (o->message)
                (void) bus_reply_failure(o->message, r, f);
        else if (o->channel)
                channel_answer(o->channel,
                               &(ChannelResult){
                                       .id = o->id,
                                       .error = outcome_to_string(r < 0 ? OUTCOME_BUSY : f->outcome),
                                       .message = r < 0 ? "signetd ran short of something; try again" : f->text,
                               });
        origin_done(o);
}

static int append_outputs(sd_bus_message *reply, const OriginResult *result) {
        int r;

        if (!result->many)
                return bus_append_bytes(reply, result->outputs[0].data, result->outputs[0].size);
        r = sd_bus_message_open_container(reply, 'a', "ay");
        for (unsigned i = 0; r >= 0 && i < result->n; i++)
                r = bus_append_bytes(reply, result->outputs[i].data, result->outputs[i].size);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int reply_on_bus(sd_bus_message *call, const OriginResult *result) {
        _cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0 && result->secret)
                r = sd_bus_message_sensitive(reply);
        if (r >= 0)
                r = append_outputs(reply, result);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void reply_on_channel(const Origin *o, const OriginResult *result) {
        ChannelResult frame = { .id = o->id, .error = "", .message = "", .n_outputs = result->n };

        for (unsigned i = 0; i < result->n; i++)
                frame.outputs[i] = result->outputs[i];
        channel_answer(o->channel, &frame);
}

void origin_succeed(Origin *o, const OriginResult *result) {
        int r = 0;

        if (o->message)
                r = reply_on_bus(o->message, result);
        else if (o->channel)
                reply_on_channel(o, result);
        if (r < 0)
                log_debug("a reply was not sent: %s", strerrordesc_np(-r));
        origin_done(o);
}

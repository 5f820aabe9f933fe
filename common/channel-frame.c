/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Encoding and decoding of the channel's frames. signetd decodes what any user sent, libsignet what somebody says that
 * signetd sent. Pure. */
#include "channel-frame.h"

#include <string.h>

static void begin(Writer *w, uint8_t *room, ChannelType type, uint32_t id) {
        writer_init(w, room, CHANNEL_FRAME_MAX);
        writer_u8(w, CHANNEL_VERSION);
        writer_u8(w, (uint8_t) type);
        writer_u16(w, 0);
        writer_u32(w, id);
}

/* With its NUL, so that the other side need not copy it. */
static void write_string(Writer *w, const char *s) {
        writer_blob(w, s, strlen(s) + 1);
}

static void write_blob(Writer *w, Blob b) {
        writer_blob(w, b.data, b.size);
}

static const char *read_string(Reader *r, size_t max) {
        Blob b = reader_blob(r, max);

        if (b.size > 0 && b.data[b.size - 1] == '\0' && memchr(b.data, '\0', b.size) == &b.data[b.size - 1] &&
            utf8_is_interchangeable(b.data, b.size - 1))
                return (const char *) b.data;
        r->failed = true;
        return "";
}

static void read_begin(Reader *r, const void *packet, size_t n, ChannelType type, uint32_t *ret_id) {
        reader_init(r, packet, n);
        if (n > CHANNEL_FRAME_MAX || reader_u8(r) != CHANNEL_VERSION || reader_u8(r) != type || reader_u16(r) != 0)
                r->failed = true;
        *ret_id = reader_u32(r);
}

/* A list's length, at least 1 where `least` says so. */
static unsigned read_count(Reader *r, unsigned least, unsigned max) {
        unsigned n = reader_u16(r);

        if (n >= least && n <= max)
                return n;
        r->failed = true;
        return 0;
}

static void write_option(Writer *w, const ChannelOption *o) {
        write_string(w, o->name);
        writer_u8(w, (uint8_t) o->type);
        switch (o->type) {
        case CHANNEL_OPTION_STRING:
                write_string(w, o->string);
                break;
        case CHANNEL_OPTION_NUMBER:
                writer_u32(w, o->number);
                break;
        default:
                write_blob(w, o->bytes);
                break;
        }
}

static void read_option(Reader *r, ChannelOption *ret) {
        ret->name = read_string(r, CHANNEL_WORD_MAX);
        ret->type = (ChannelOptionType) reader_u8(r);
        switch (ret->type) {
        case CHANNEL_OPTION_STRING:
                ret->string = read_string(r, CHANNEL_WORD_MAX);
                break;
        case CHANNEL_OPTION_NUMBER:
                ret->number = reader_u32(r);
                break;
        case CHANNEL_OPTION_BYTES:
                ret->bytes = reader_blob(r, CHANNEL_FRAME_MAX);
                break;
        default:
                r->failed = true;
                break;
        }
}

ssize_t channel_encode_call(const ChannelCall *c, uint8_t *ret) {
        Writer w;

        begin(&w, ret, CHANNEL_CALL, c->id);
        writer_blob(&w, c->key, CHANNEL_ID_SIZE);
        writer_u8(&w, (uint8_t) c->method);
        write_string(&w, c->purpose);
        writer_u16(&w, (uint16_t) c->n_options);
        for (unsigned i = 0; i < c->n_options; i++)
                write_option(&w, &c->options[i]);
        writer_u16(&w, (uint16_t) c->n_inputs);
        for (unsigned i = 0; i < c->n_inputs; i++)
                write_blob(&w, c->inputs[i]);
        return writer_finish(&w);
}

int channel_decode_call(const void *packet, size_t n, ChannelCall *ret) {
        Reader r;
        Blob key;

        read_begin(&r, packet, n, CHANNEL_CALL, &ret->id);
        key = reader_blob(&r, CHANNEL_ID_SIZE);
        ret->key = key.data;
        ret->method = (ChannelMethod) reader_u8(&r);
        if (key.size != CHANNEL_ID_SIZE || ret->method < CHANNEL_SIGN || ret->method >= _CHANNEL_METHOD_MAX)
                r.failed = true;
        ret->purpose = read_string(&r, CHANNEL_WORD_MAX);
        ret->n_options = read_count(&r, 0, CHANNEL_OPTIONS_MAX);
        for (unsigned i = 0; i < ret->n_options; i++) {
                ret->options[i] = (ChannelOption){ 0 };
                read_option(&r, &ret->options[i]);
        }
        ret->n_inputs = read_count(&r, 1, ret->method == CHANNEL_SIGN_MANY ? CHANNEL_INPUTS_MAX : 1);
        for (unsigned i = 0; i < ret->n_inputs; i++)
                ret->inputs[i] = reader_blob(&r, CHANNEL_FRAME_MAX);
        return reader_finish(&r);
}

ssize_t channel_encode_result(const ChannelResult *c, uint8_t *ret) {
        Writer w;

        begin(&w, ret, CHANNEL_RESULT, c->id);
        write_string(&w, c->error);
        write_string(&w, c->message);
        writer_u16(&w, (uint16_t) c->n_outputs);
        for (unsigned i = 0; i < c->n_outputs; i++)
                write_blob(&w, c->outputs[i]);
        return writer_finish(&w);
}

int channel_decode_result(const void *packet, size_t n, ChannelResult *ret) {
        Reader r;

        read_begin(&r, packet, n, CHANNEL_RESULT, &ret->id);
        ret->error = read_string(&r, CHANNEL_WORD_MAX);
        ret->message = read_string(&r, CHANNEL_TEXT_MAX);
        ret->n_outputs = read_count(&r, ret->error[0] == '\0' ? 1 : 0, ret->error[0] == '\0' ? CHANNEL_INPUTS_MAX : 0);
        for (unsigned i = 0; i < ret->n_outputs; i++)
                ret->outputs[i] = reader_blob(&r, CHANNEL_FRAME_MAX);
        return reader_finish(&r);
}

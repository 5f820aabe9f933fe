/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and answers frames. Fed by any local user who may talk to signetd: a frame is decoded as a stranger's, its key
 * is looked up for the caller as the bus's objects are, and the rest is use.c's business. */
#include "channel.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "common/hex.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/socket.h"
#include "manager.h"
#include "use.h"

#define ANSWER_OVERHEAD 64 /* bytes: more than an answer has beside its outputs */

struct Channel {
        unsigned n_ref; /* the manager's list, and each answer that is owed */
        Manager *manager;
        Peer *peer;
        int fd; /* -EBADF: ended */
        sd_event_source *io;
        Channel *previous, *next;
};

Channel *channel_ref(Channel *c) {
        c->n_ref++;
        return c;
}

void channel_unref(Channel *c) {
        if (!c || --c->n_ref > 0)
                return;
        peer_unref(c->peer);
        free(c);
}

/* Out of the manager's list; answers that are still owed go nowhere. */
static void end(Channel *c) {
        Manager *m = c->manager;

        if (c->fd < 0)
                return;
        c->io = sd_event_source_disable_unref(c->io);
        close(c->fd);
        c->fd = -EBADF;
        *(c->previous ? &c->previous->next : &m->channels) = c->next;
        if (c->next)
                c->next->previous = c->previous;
        channel_unref(c);
}

void channel_close_all(Manager *m, const Peer *peer) {
        Channel *next;

        for (Channel *c = m->channels; c; c = next) {
                next = c->next;
                if (!peer || c->peer == peer)
                        end(c);
        }
}

/* --- calls --- */

static const struct {
        RequestKind kind;
        RequestReply reply;
} methods[_CHANNEL_METHOD_MAX] = {
        [CHANNEL_SIGN] = { REQUEST_SIGN, REQUEST_REPLY_ONE },
        [CHANNEL_SIGN_MANY] = { REQUEST_SIGN, REQUEST_REPLY_MANY },
        [CHANNEL_DECRYPT] = { REQUEST_DECRYPT, REQUEST_REPLY_ONE },
        [CHANNEL_DERIVE] = { REQUEST_DERIVE, REQUEST_REPLY_ONE },
};

static int read_option(const ChannelOption *o, Options *options, Failure *f) {
        static const OptionType types[_CHANNEL_OPTION_TYPE_MAX] = {
                [CHANNEL_OPTION_STRING] = OPTION_STRING,
                [CHANNEL_OPTION_NUMBER] = OPTION_NUMBER,
                [CHANNEL_OPTION_BYTES] = OPTION_BYTES,
        };
        OptionName name = OPTION_HASH;
        int r;

        r = options_find(options, o->name, &name, f);
        if (r != 0)
                return r;
        if (option_type(name) != types[o->type])
                return failure_set(f, OUTCOME_INVALID_INPUT, "option \"%s\" has another type on the channel", o->name);
        options->set[name] = true;
        options->string[name] = o->string;
        options->number[name] = o->number;
        options->bytes[name] = o->bytes;
        return 0;
}

static int read_options(const ChannelCall *call, Options *ret, Failure *f) {
        int r = 0;

        *ret = (Options){};
        for (unsigned i = 0; r == 0 && i < call->n_options; i++)
                r = read_option(&call->options[i], ret, f);
        return r;
}

/* Whether the answer to SignMany fits a packet: known before anything is signed. */
static bool answer_fits(const Key *key, const ChannelCall *call) {
        size_t octets = key_octets(key), each = 4 + (key->type == KEY_TYPE_RSA ? octets : 2 * octets + 16);

        return call->method != CHANNEL_SIGN_MANY || ANSWER_OVERHEAD + call->n_inputs * each <= CHANNEL_FRAME_MAX;
}

static void answer_too_large(Channel *c, Origin *origin) {
        channel_answer(c, &(ChannelResult){ .id = origin->id,
                                            .error = CHANNEL_TOO_LARGE,
                                            .message = "the answer fits no packet; call over the bus" });
        origin_done(origin);
}

static void serve(Channel *c, const ChannelCall *call, Origin *origin) {
        Use use = { .manager = c->manager,
                    .peer = c->peer,
                    .kind = methods[call->method].kind,
                    .reply = methods[call->method].reply,
                    .purpose = call->purpose,
                    .inputs = call->inputs,
                    .n_inputs = call->n_inputs };
        Operation operation = use.kind == REQUEST_SIGN ? OPERATION_SIGN : OPERATION_DECRYPT;
        char id[2 * CHANNEL_ID_SIZE + 1];
        Failure f;
        int r = 0;

        hex_encode(call->key, CHANNEL_ID_SIZE, id);
        use.key = bus_find_key(c->manager, c->peer, id, operation_to_string(operation), &f);
        if (!use.key)
                r = (int) f.outcome;
        if (r == 0)
                r = read_options(call, &use.options, &f);
        if (r != 0)
                origin_fail(origin, r, &f);
        else if (!answer_fits(use.key, call))
                answer_too_large(c, origin);
        else
                use_submit(&use, origin);
}

/* One frame, so that other channels have their turn. Negative when the channel has to end. */
static int receive(Channel *c) {
        uint8_t *room = c->manager->channel_room;
        ChannelCall call;
        Origin origin;
        uint8_t *packet;
        ssize_t n;

        n = socket_receive(c->fd, room, CHANNEL_FRAME_MAX, NULL);
        if (n == -EAGAIN)
                return 0;
        if (n <= 0)
                return n < 0 ? (int) n : -ECONNRESET;

        /* The request borrows from it until it is answered. */
        packet = malloc((size_t) n);
        if (!packet)
                return -ENOMEM;
        memcpy(packet, room, (size_t) n);
        if (channel_decode_call(packet, (size_t) n, &call) < 0) {
                free(packet);
                return -EBADMSG;
        }
        origin = origin_from_frame(c, call.id, packet);
        serve(c, &call, &origin);
        return 0;
}

static int on_io(_unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t events, void *userdata) {
        Channel *c = channel_ref(userdata);
        int r = receive(c);

        if (r == -EBADMSG) /* not for everybody's log: any user may send as many as he likes */
                log_debug("user %u sent a malformed frame on a channel; it was closed", (unsigned) c->peer->uid);
        if (r < 0)
                end(c);
        manager_dispatch_now(c->manager);
        channel_unref(c);
        return 0;
}

void channel_answer(Channel *c, const ChannelResult *result) {
        uint8_t *room = c->manager->channel_room;
        ssize_t n;
        int r;

        if (c->fd < 0)
                return;
        n = channel_encode_result(result, room);
        r = n < 0 ? (int) n : socket_send(c->fd, room, (size_t) n, -1);
        if (n > 0)
                secret_wipe(room, (size_t) n);
        if (r < 0) {
                log_debug("a channel of user %u was closed: %s", (unsigned) c->peer->uid, strerrordesc_np(-r));
                end(c);
        }
}

/* --- opening --- */

/* Half of the descriptors that signetd may have: workers, tokens and the audit need some whoever opens channels. */
static unsigned channels_max(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur / 2 >= CHANNELS_MAX)
                return CHANNELS_MAX;
        return (unsigned) limit.rlim_cur / 2;
}

static int check_room(const Manager *m, const Peer *peer, Failure *f) {
        unsigned all = 0, own = 0;

        for (const Channel *c = m->channels; c; c = c->next) {
                all++;
                own += c->peer->uid == peer->uid;
        }
        if (own >= CHANNELS_PER_USER_MAX)
                return failure_set(f, OUTCOME_BUSY, "this user has %u channels open; close some", own);
        if (all >= channels_max())
                return failure_set(f, OUTCOME_BUSY, "signetd has %u channels open; use the bus", all);
        return 0;
}

static int make_pair(int *ret_ours, int *ret_theirs) {
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
                return -errno;
        *ret_ours = fds[0];
        *ret_theirs = fds[1];
        return 0;
}

int channel_open(Manager *m, Peer *peer, int *ret_fd, Failure *f) {
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF;
        _cleanup_free_ Channel *c = NULL;
        int r;

        r = check_room(m, peer, f);
        if (r == 0)
                r = make_pair(&ours, &theirs);
        if (r != 0)
                return r;
        if (!m->channel_room && !(m->channel_room = malloc(CHANNEL_FRAME_MAX)))
                return -ENOMEM;
        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        r = sd_event_add_io(m->event, &c->io, ours, EPOLLIN, on_io, c);
        if (r < 0)
                return r;

        c->n_ref = 1;
        c->manager = m;
        c->peer = peer_ref(peer);
        c->fd = TAKE_FD(ours);
        c->next = m->channels;
        if (c->next)
                c->next->previous = c;
        m->channels = TAKE_PTR(c);
        *ret_fd = TAKE_FD(theirs);
        return 0;
}

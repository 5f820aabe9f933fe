/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The conversation with one worker process. Fed by a process that runs vendor code: any frame that does not fit its
 * place ends the worker, and signetd goes on. */
#include "worker.h"

#include <string.h>
#include <sys/epoll.h>

#include "common/log.h"
#include "common/secret.h"
#include "common/socket.h"
#include "manager.h"

#define TIMER_ACCURACY_US 10000
#define FRAMES_PER_TURN   32 /* so that a long inventory leaves time for others */
#define START_SLACK_US    200000
#define GRACE_MS          1000 /* the worker's own deadline lies behind signetd's, so that signetd's decides */

static int on_io(sd_event_source *s, int fd, uint32_t events, void *userdata);
static int on_deadline(sd_event_source *s, uint64_t usec, void *userdata);

static int set_deadline(Worker *w, uint64_t seconds) {
        int r;

        if (seconds == 0)
                return sd_event_source_set_enabled(w->timer, SD_EVENT_OFF);
        r = sd_event_source_set_time(w->timer, manager_now_us(w->token->manager) + seconds * 1000000);
        return r < 0 ? r : sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
}

static int send_frame(Worker *w, ssize_t size) {
        if (size < 0)
                return (int) size;
        return socket_send(w->fd, w->token->packet, (size_t) size, -EBADF);
}

int worker_new(Token *token, int fd, Worker **ret) {
        _cleanup_(worker_freep) Worker *w = calloc(1, sizeof(*w));
        sd_event *event = token->manager->event;
        int r;

        if (!w)
                return -ENOMEM;
        w->fd = -EBADF;
        w->token = token;
        w->started_us = manager_now_us(token->manager);
        r = sd_event_add_io(event, &w->io, fd, EPOLLIN, on_io, w);
        if (r >= 0)
                r = sd_event_add_time(event, &w->timer, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_US, on_deadline, w);
        if (r >= 0)
                r = set_deadline(w, token->config->start_deadline);
        if (r < 0)
                return r;
        w->fd = fd;
        r = send_frame(w, frame_encode_empty(FRAME_ATTACH, 0, token->packet));
        if (r < 0) {
                w->fd = -EBADF;
                return r;
        }
        *ret = TAKE_PTR(w);
        return 0;
}

Worker *worker_free(Worker *w) {
        if (!w)
                return NULL;
        sd_event_source_disable_unref(w->io);
        sd_event_source_disable_unref(w->timer);
        if (w->fd >= 0)
                close(w->fd);
        inventory_unref(w->inventory);
        if (w->job)
                job_lost(w->job, w->token, JOB_LOST_CRASH);
        free(w);
        return NULL;
}

int worker_find_key(const Worker *w, const Key *key, uint32_t *ret_handle) {
        const InventoryKey *k = inventory_find(w->inventory, key->id.hex);

        if (!k)
                return -ENOENT;
        *ret_handle = k->handle;
        return 0;
}

static ssize_t encode_job(const Worker *w, const Job *job, uint32_t handle) {
        const Request *r = job->request;
        uint32_t deadline_ms = w->token->config->deadline * 1000 + GRACE_MS;

        switch (r->kind) {
        case REQUEST_SIGN:
                return frame_encode_sign(w->job_id,
                                         &(FrameSign){ .handle = handle,
                                                       .deadline_ms = deadline_ms,
                                                       .padding = r->sign.padding,
                                                       .hash = r->sign.hash,
                                                       .salt_length = r->sign.salt_length,
                                                       .data = job->input.data },
                                         w->token->packet);
        case REQUEST_DECRYPT:
                return frame_encode_decrypt(w->job_id,
                                            &(FrameDecrypt){ .handle = handle,
                                                             .deadline_ms = deadline_ms,
                                                             .padding = r->decrypt.padding,
                                                             .hash = r->decrypt.hash,
                                                             .mgf_hash = r->decrypt.mgf_hash,
                                                             .content_key = r->purpose == PURPOSE_CMS,
                                                             .key_length = r->decrypt.key_length,
                                                             .label = r->decrypt.label,
                                                             .ciphertext = job->input.data },
                                            w->token->packet);
        case REQUEST_DERIVE:
                return frame_encode_derive(w->job_id,
                                           &(FrameDerive){ .handle = handle,
                                                           .deadline_ms = deadline_ms,
                                                           .kdf = r->derive.kdf,
                                                           .hash = r->derive.hash,
                                                           .length = r->derive.length,
                                                           .shared_info = r->derive.shared_info,
                                                           .peer = job->input.data },
                                           w->token->packet);
        }
        return -EINVAL;
}

void worker_submit(Worker *w, Job *job, uint32_t handle) {
        int r;

        w->job = job;
        w->job_id++;
        w->state = WORKER_STATE_BUSY;
        job_started(job);
        r = set_deadline(w, w->token->config->deadline);
        if (r >= 0)
                r = send_frame(w, encode_job(w, job, handle));
        if (r < 0) {
                (void) log_error_errno(r, "token \"%s\": cannot hand a request to its worker", w->token->config->name);
                token_worker_ended(w->token, w, WORKER_END_CRASH);
        }
}

static int on_deadline(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *userdata) {
        Worker *w = userdata;

        token_worker_ended(w->token, w, WORKER_END_DEADLINE);
        return 0;
}

/* Whether it is the token that was configured. Rules go by label and serial number: a worker that could choose them
 * would choose its rules. */
static bool is_configured(const Inventory *i, const TokenConfig *c) {
        if (i->code == WORKER_TOKEN_ABSENT || i->code == WORKER_MODULE_FAILED)
                return true;
        return strcmp(i->label, c->label) == 0 && (!c->serial || strcmp(i->serial, c->serial) == 0);
}

static int handle_hello(Worker *w, Reader *body) {
        FrameHello hello;
        int r;

        r = frame_decode_hello(body, &hello);
        if (r == 0)
                r = inventory_new(&hello, &w->inventory);
        if (r < 0)
                return r;
        if (!is_configured(w->inventory, w->token->config))
                return -EBADMSG;
        w->state = WORKER_STATE_LISTING;
        return 0;
}

static int handle_ready(Worker *w, Reader *body) {
        uint32_t keys, certificates;
        int r;

        r = frame_decode_ready(body, &keys, &certificates);
        if (r == 0)
                r = inventory_finish(w->inventory, keys, certificates);
        if (r == 0)
                r = set_deadline(w, 0);
        if (r < 0)
                return r;
        w->ready_us = manager_now_us(w->token->manager);
        w->state = w->inventory->code == WORKER_OK ? WORKER_STATE_IDLE : WORKER_STATE_HELD;
        token_worker_ready(w->token, w);
        return 0;
}

static int handle_listing(Worker *w, FrameType type, Reader *body) {
        FrameCert cert;
        FrameKey key;
        int r;

        switch (type) {
        case FRAME_KEY:
                r = frame_decode_key(body, &key);
                return r < 0 ? r : inventory_add_key(w->inventory, &key);
        case FRAME_CERT:
                r = frame_decode_cert(body, &cert);
                return r < 0 ? r : inventory_add_certificate(w->inventory, &cert);
        case FRAME_READY:
                return handle_ready(w, body);
        default:
                return -EBADMSG;
        }
}

enum { WORKER_E_ENDED = 1 }; /* the worker is gone */

static int handle_result(Worker *w, uint32_t id, Reader *body) {
        _cleanup_free_ char *message = NULL;
        Job *job = w->job;
        FrameResult result;
        int r;

        r = frame_decode_result(body, &result);
        if (r == 0 &&
            (id != w->job_id || (result.code == WORKER_OK && !request_result_fits(job->request, result.data))))
                r = -EBADMSG;
        if (r == 0)
                r = blob_to_string(result.message, &message);
        if (r == 0)
                r = set_deadline(w, 0);
        if (r < 0)
                return r;
        w->job = NULL;
        w->state = WORKER_STATE_IDLE;
        if (result.code == WORKER_OK)
                w->token->failures = 0;
        job_answered(job, w, result.code, result.data, message);
        if (result.code == WORKER_DEVICE_ERROR) {
                /* It ends itself after this: nothing more may be given to it. */
                token_worker_ended(w->token, w, WORKER_END_CRASH);
                return WORKER_E_ENDED;
        }
        manager_dispatch_soon(w->token->manager);
        return 0;
}

static int handle_frame(Worker *w, size_t size) {
        FrameHeader header;
        Reader body;
        int r;

        r = frame_decode_header(w->token->packet, size, &header, &body);
        if (r < 0)
                return r;
        if (w->state == WORKER_STATE_STARTING && header.type == FRAME_HELLO)
                return handle_hello(w, &body);
        if (w->state == WORKER_STATE_LISTING)
                return handle_listing(w, header.type, &body);
        if (w->state == WORKER_STATE_BUSY && header.type == FRAME_RESULT)
                return handle_result(w, header.id, &body);
        return -EBADMSG;
}

/* It hung up. A worker that said in its HELLO why it cannot work ends like that, too, and one whose module hangs at the
 * start may notice that itself just before signetd does. */
static WorkerEnd end_of(const Worker *w) {
        uint64_t deadline_us = w->started_us + w->token->config->start_deadline * 1000000ULL;

        if (w->state == WORKER_STATE_LISTING && w->inventory->code != WORKER_OK)
                return WORKER_END_TOKEN;
        if (w->ready_us == 0 && manager_now_us(w->token->manager) + START_SLACK_US >= deadline_us)
                return WORKER_END_DEADLINE;
        return WORKER_END_CRASH;
}

static int on_io(_unused_ sd_event_source *s, int fd, _unused_ uint32_t events, void *userdata) {
        Worker *w = userdata;
        uint8_t *packet = w->token->packet;

        for (int i = 0; i < FRAMES_PER_TURN; i++) {
                ssize_t n = socket_receive(fd, packet, FRAME_MAX, NULL);
                int r;

                if (n == -EAGAIN)
                        return 0;
                if (n == 0 || n == -ECONNRESET) {
                        token_worker_ended(w->token, w, end_of(w));
                        return 0;
                }
                r = n < 0 ? (int) n : handle_frame(w, (size_t) n);
                /* It may have been a content key. */
                if (n > 0)
                        secret_wipe(packet, (size_t) n);
                if (r == WORKER_E_ENDED)
                        return 0;
                if (r < 0) {
                        (void) log_error_errno(r, "token \"%s\": its worker sent what no worker sends",
                                               w->token->config->name);
                        token_worker_ended(w->token, w, WORKER_END_PROTOCOL);
                        return 0;
                }
                /* One answer brings one more job at most, and the next frame is not here yet. */
                if (w->state != WORKER_STATE_LISTING) {
                        manager_dispatch_now(w->token->manager);
                        return 0;
                }
        }
        return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Noticing that keys or tokens may have changed, on a connection of its own that is read only when the application
 * asks. Fed by signetd's signals and by everybody who sends to this connection; a mistake here leaves a program with
 * keys that are gone, or makes it ask signetd again and again.
 *
 * signetd sends its signals to callers that it knows, so each signetd is called once, before anything else is heard of
 * it: the bus keeps the order of what one connection sends, and signetd answers in order. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "bus-error.h"
#include "call.h"
#include "error.h"

#define MESSAGES_MAX 1024 /* read in one call; what may be left then counts as a change */
#define NAME_SIZE    256  /* of a name on the bus, with the NUL */

#define SIGNAL_MATCH "type='signal',sender='" SIGNET_BUS_NAME "',path_namespace='" SIGNET_PATH "'"

struct signet_watch {
        pid_t pid;
        atomic_bool service;
        pthread_mutex_t lock; /* of what follows */
        Link link;
        bool changed;
        bool failed;           /* signetd cannot be told that somebody listens */
        char owner[NAME_SIZE]; /* signetd's unique name, or "" */
};

static void set_owner(signet_watch *w, const char *owner) {
        (void) snprintf(w->owner, sizeof(w->owner), "%s", owner);
        atomic_store(&w->service, owner[0] != '\0');
}

/* The smallest call that makes this connection known to signetd. It does not have the bus start signetd: who watches
 * wants nothing of it yet. */
static int hello_new(sd_bus *bus, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, SIGNET_BUS_NAME, SIGNET_PATH, "org.freedesktop.DBus.Properties",
                                           "GetAll");
        if (r < 0)
                return r;
        r = sd_bus_message_set_auto_start(m, false);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", SIGNET_MANAGER);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(m);
        return 0;
}

/* signetd was gone before it could answer: NameOwnerChanged says the rest. */
static bool is_gone(sd_bus_message *reply) {
        BusOutcome outcome;

        (void) bus_error_status(sd_bus_message_get_error(reply), &outcome);
        return outcome == BUS_UNSENT || outcome == BUS_LOST;
}

/* A change once more: what happened between the new signetd's first signal and this call was told to nobody. */
static int on_hello(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *error) {
        signet_watch *w = userdata;

        if (!sd_bus_message_is_method_error(reply, NULL))
                w->changed = true;
        else if (!is_gone(reply))
                w->failed = true;
        return 0;
}

static int on_owner_changed(sd_bus_message *signal, void *userdata, _unused_ sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *name, *old_owner, *new_owner;
        signet_watch *w = userdata;
        int r;

        if (sd_bus_message_read(signal, "sss", &name, &old_owner, &new_owner) < 0)
                return 0;
        set_owner(w, new_owner);
        if (new_owner[0] == '\0')
                return 0;
        w->changed = true;
        r = hello_new(w->link.bus, &m);
        if (r >= 0)
                r = sd_bus_call_async(w->link.bus, NULL, m, on_hello, w, UINT64_MAX);
        if (r < 0)
                w->failed = true;
        return 0;
}

/* Anybody may send a signal that looks like signetd's. */
static int on_signal(sd_bus_message *signal, void *userdata, _unused_ sd_bus_error *error) {
        const char *sender = sd_bus_message_get_sender(signal);
        signet_watch *w = userdata;

        if (sender && strcmp(sender, w->owner) == 0)
                w->changed = true;
        return 0;
}

/* The slots belong to the bus, which may never be touched again: see link_abandon(). */
static int subscribe(signet_watch *w) {
        int r;

        r = sd_bus_add_match_async(w->link.bus, NULL, LINK_OWNER_MATCH, on_owner_changed, NULL, w);
        if (r < 0)
                return r;
        r = sd_bus_add_match_async(w->link.bus, NULL, SIGNAL_MATCH, on_signal, NULL, w);
        return r < 0 ? r : 0;
}

/* The bus works through requests in order: with the answer, the matches are in place. */
static int begin(signet_watch *w, uint64_t deadline) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        BusOutcome outcome;
        int r;

        r = subscribe(w);
        if (r >= 0)
                r = hello_new(w->link.bus, &m);
        if (r >= 0)
                r = link_call(&w->link, m, deadline, &reply);
        if (r == -ENOMEM)
                return error_no_memory();
        if (r == -ETIMEDOUT)
                return error_set(SIGNET_E_TIMEOUT, "signetd did not answer within the time that the call may take");
        if (r < 0)
                return error_set(SIGNET_E_UNAVAILABLE, "the bus hung up while the watch was set up");

        if (!sd_bus_message_is_method_error(reply, NULL))
                set_owner(w, sd_bus_message_get_sender(reply) ?: "");
        else if (!is_gone(reply))
                return bus_error_status(sd_bus_message_get_error(reply), &outcome);
        return 0;
}

DEFINE_CLEANUP(signet_watch *, signet_watch_free)

int signet_watch_new(signet_client *client, signet_watch **ret_watch) {
        _cleanup_(signet_watch_freep) signet_watch *w = NULL;
        uint64_t deadline;
        int r;

        if (!client || !ret_watch)
                return error_set(-EINVAL, "signet_watch_new() needs a client and a place for the watch");
        deadline = client_deadline(client);
        w = calloc(1, sizeof(*w));
        if (!w)
                return error_no_memory();
        w->pid = getpid();
        w->link.fd = -EBADF;
        r = pthread_mutex_init(&w->lock, NULL);
        if (r != 0) {
                free(TAKE_PTR(w));
                return error_set_errno(-r, "cannot prepare a watch");
        }
        r = link_open(&w->link, client_address(client), LINK_NOW, deadline);
        if (r == 0)
                r = begin(w, deadline);
        if (r != 0)
                return r;

        *ret_watch = TAKE_PTR(w);
        return 0;
}

/* Made by another process, that is: by the parent, before a fork. Nothing but this and freeing is for the child: the
 * lock may be held by a thread that does not exist here. */
static bool is_inherited(const signet_watch *w) {
        return w->pid != getpid();
}

void signet_watch_free(signet_watch *watch) {
        if (!watch)
                return;
        if (is_inherited(watch))
                link_abandon(&watch->link);
        else {
                link_close(&watch->link);
                (void) pthread_mutex_destroy(&watch->lock);
        }
        free(watch);
}

static int look(signet_watch *w) {
        int r;

        r = link_drain(&w->link, MESSAGES_MAX);
        if (r >= 0 && w->failed) {
                link_close(&w->link);
                r = -ENOTCONN;
        }
        if (r < 0) {
                set_owner(w, "");
                return error_set(r, "the watch has lost its connection to the bus; make a new one");
        }
        if (r > 0)
                w->changed = true;
        if (!w->changed || w->owner[0] == '\0') /* a change while nobody is there shows when somebody is */
                return 0;
        w->changed = false;
        return 1;
}

int signet_watch_changed(signet_watch *watch) {
        int r;

        if (!watch)
                return error_set(-EINVAL, "signet_watch_changed() needs a watch");
        if (is_inherited(watch))
                return error_set(-ECHILD, "the watch is of the process that this one was forked from; make a new one");
        pthread_mutex_lock(&watch->lock);
        r = look(watch);
        pthread_mutex_unlock(&watch->lock);
        return r;
}

int signet_watch_service(const signet_watch *watch) {
        return !is_inherited(watch) && atomic_load(&watch->service);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client object: reference count, timeout and a pool of connections that follows the process through fork(). Fed by
 * the application's threads; a mistake here shares a connection between two processes. */
#include <string.h>

#include "client.h"
#include "config-values.h"
#include "deadline.h"
#include "error.h"
#include "pool.h"

#define SYSTEM_BUS_ADDRESS "unix:path=/run/dbus/system_bus_socket"

struct signet_client {
        atomic_uint n_ref;
        atomic_uint timeout_ms;
        atomic_bool expects_service;
        _Atomic(Pool *) pool; /* of the process that used the client last */
        char *address;
};

int signet_client_new(const char *address, signet_client **ret_client) {
        _cleanup_(signet_client_unrefp) signet_client *client = NULL;
        Pool *pool;
        int r;

        if (!ret_client)
                return error_set(-EINVAL, "signet_client_new() needs a place for the client");
        if (!address)
                address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
        if (!address || address[0] == '\0')
                address = SYSTEM_BUS_ADDRESS;

        client = calloc(1, sizeof(*client));
        if (!client)
                return error_no_memory();
        atomic_init(&client->n_ref, 1);
        atomic_init(&client->timeout_ms, CLIENT_TIMEOUT_MS);
        client->address = strdup(address);
        if (!client->address)
                return error_no_memory();
        r = pool_new(&pool);
        if (r < 0)
                return error_set_errno(r, "cannot prepare connections");
        atomic_init(&client->pool, pool);

        *ret_client = TAKE_PTR(client);
        return 0;
}

signet_client *signet_client_ref(signet_client *client) {
        if (client)
                atomic_fetch_add(&client->n_ref, 1);
        return client;
}

void signet_client_unref(signet_client *client) {
        if (!client || atomic_fetch_sub(&client->n_ref, 1) != 1)
                return;
        pool_free(atomic_load(&client->pool));
        free(client->address);
        free(client);
}

void signet_client_set_timeout(signet_client *client, unsigned int milliseconds) {
        if (client)
                atomic_store(&client->timeout_ms, milliseconds > 0 ? milliseconds : CLIENT_TIMEOUT_MS);
}

uint64_t client_deadline(const signet_client *client) {
        return deadline_in(atomic_load(&client->timeout_ms));
}

const char *client_address(const signet_client *client) {
        return client->address;
}

bool client_expects_service(const signet_client *client) {
        return atomic_load(&client->expects_service);
}

void client_expect_service(signet_client *client, bool expect) {
        atomic_store(&client->expects_service, expect);
}

/* This process's pool. In a child of fork() the first thread that comes here puts a new one in the place of the
 * parent's. */
static int client_pool(signet_client *client, Pool **ret) {
        Pool *pool = atomic_load(&client->pool), *fresh;
        int r;

        if (!pool_is_inherited(pool)) {
                *ret = pool;
                return 0;
        }

        r = pool_new(&fresh);
        if (r < 0)
                return error_set_errno(r, "cannot prepare connections");
        if (atomic_compare_exchange_strong(&client->pool, &pool, fresh)) {
                pool_replace(fresh, pool);
                *ret = fresh;
        } else { /* another thread was faster, and `pool` is what it put there */
                pool_free(fresh);
                *ret = pool;
        }
        return 0;
}

int client_acquire(signet_client *client, uint64_t deadline, Link **ret) {
        LinkPatience patience = client_expects_service(client) ? LINK_AWAIT_BUS : LINK_NOW;
        Pool *pool = NULL;
        Link *l;
        int r;

        r = client_pool(client, &pool);
        if (r != 0)
                return r;
        r = pool_take(pool, deadline, &l);
        if (r < 0)
                return error_set(SIGNET_E_TIMEOUT,
                                 "all %d connections to the bus were busy until the call's time was over", POOL_SIZE);

        link_refresh(l);
        if (!l->bus) {
                r = link_open(l, client->address, patience, deadline);
                if (r != 0) {
                        client_expect_service(client, false);
                        pool_give(pool, l);
                        return r;
                }
        }

        *ret = l;
        return 0;
}

void client_release(signet_client *client, Link *l) {
        if (sd_bus_is_ready(l->bus) <= 0)
                link_close(l);
        pool_give(atomic_load(&client->pool), l);
}

const char *signet_version(void) {
        return SIGNET_VERSION;
}

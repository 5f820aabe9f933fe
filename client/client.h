/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client behind signet_client: an address, a timeout and the connections of this process. */
#pragma once

#include <stdatomic.h>

#include "link.h"
#include "signet.h"

#define CLIENT_TIMEOUT_MS 30000

/* When a call of this client that starts now must be over. */
uint64_t client_deadline(const signet_client *client);

/* Of the bus; belongs to the client. */
const char *client_address(const signet_client *client);

/* Lends a connection that is ready; one that was lost is opened again, waiting for the bus where the service is
 * expected. SIGNET_E_UNAVAILABLE, SIGNET_E_TIMEOUT (all connections busy) or -errno, with the sentence set. Give it
 * back with client_release(). */
int client_acquire(signet_client *client, uint64_t deadline, Link **ret) _must_check_;
void client_release(signet_client *client, Link *l);

/* Whether signetd was there when this client last heard of it: if it is not now, it is likely to come back. */
bool client_expects_service(const signet_client *client);
void client_expect_service(signet_client *client, bool expect);

DEFINE_CLEANUP(signet_client *, signet_client_unref)

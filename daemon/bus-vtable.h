/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interfaces of docs/org.signetd.Signet1.xml, each in a file of its own. */
#pragma once

#include <systemd/sd-bus.h>

#define BUS_INTERFACE_MANAGER "org.signetd.Signet1.Manager"
#define BUS_INTERFACE_KEY     "org.signetd.Signet1.Key"
#define BUS_INTERFACE_TOKEN   "org.signetd.Signet1.Token"

extern const sd_bus_vtable bus_manager_vtable[]; /* userdata: Manager */
extern const sd_bus_vtable bus_key_vtable[];     /* userdata: View with peer and key */
extern const sd_bus_vtable bus_token_vtable[];   /* userdata: View with peer and token */

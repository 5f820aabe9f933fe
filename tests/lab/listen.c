/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listen NAME ROOT: asks the service NAME for its objects, as a client that wants to follow them does, prints
 * "listening", and then every signal that it gets from it, a line each: the member, the object's path, and what the
 * signal names. Ends when it is killed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

/* The keys of a dictionary, in one line. */
static void print_keys(sd_bus_message *m, const char *entry, const char *value) {
        const char *key;

        if (sd_bus_message_enter_container(m, 'a', entry) < 0)
                return;
        while (sd_bus_message_enter_container(m, 'e', value) > 0) {
                if (sd_bus_message_read_basic(m, 's', &key) < 0 || sd_bus_message_skip(m, value + 1) < 0)
                        return;
                printf(" %s", key);
                (void) sd_bus_message_exit_container(m);
        }
        (void) sd_bus_message_exit_container(m);
}

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *member = sd_bus_message_get_member(m), *path = sd_bus_message_get_path(m), *text;

        (void) userdata;
        (void) error;
        printf("%s", member);
        if (strcmp(member, "InterfacesAdded") == 0 && sd_bus_message_read_basic(m, 'o', &text) > 0) {
                printf(" %s", text);
                print_keys(m, "{sa{sv}}", "sa{sv}");
        } else if (strcmp(member, "InterfacesRemoved") == 0 && sd_bus_message_read_basic(m, 'o', &text) > 0)
                printf(" %s", text);
        else if (strcmp(member, "PropertiesChanged") == 0 && sd_bus_message_read_basic(m, 's', &text) > 0) {
                printf(" %s", path);
                print_keys(m, "{sv}", "sv");
        }
        printf("\n");
        return 0;
}

static void must(int r, const char *what) {
        if (r >= 0)
                return;
        fprintf(stderr, "listen: %s: %s\n", what, strerror(-r));
        exit(EXIT_FAILURE);
}

int main(int argc, char *argv[]) {
        sd_bus_message *reply = NULL;
        sd_bus *bus = NULL;
        char match[256];
        int r;

        if (argc != 3)
                must(-1, "NAME ROOT are wanted");
        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        must(sd_bus_open_system(&bus), "the bus");
        (void) snprintf(match, sizeof(match), "type='signal',sender='%s'", argv[1]);
        must(sd_bus_add_match(bus, NULL, match, on_signal, NULL), "a match");
        must(sd_bus_call_method(bus, argv[1], argv[2], "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL,
                                &reply, NULL),
             "GetManagedObjects");
        sd_bus_message_unref(reply);
        printf("listening\n");
        for (;;) {
                r = sd_bus_process(bus, NULL);
                must(r, "a message");
                if (r == 0)
                        must(sd_bus_wait(bus, UINT64_MAX), "waiting");
        }
}

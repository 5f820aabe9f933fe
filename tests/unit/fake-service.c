/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers for signetd, well or badly. Fed by libsignet under test. */
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include <openssl/sha.h>

#include "fake-channel.h"
#include "fake-service.h"

#define ROOT           "/org/signetd/Signet1"
#define MANAGER        "org.signetd.Signet1.Manager"
#define KEY            "org.signetd.Signet1.Key"
#define TOKEN          "org.signetd.Signet1.Token"
#define SENDERS        64
#define KEY_INDEX_NONE UINT32_MAX

typedef struct Service {
        FakeState *state;
        FakeMode mode; /* during one call */
        char senders[SENDERS][32];
} Service;

static int append_bytes(sd_bus_message *m, const void *data, size_t n) {
        return sd_bus_message_append_array(m, 'y', data, n);
}

static int append_size(sd_bus_message *m, size_t n) {
        static const unsigned char zeros[100000];

        return append_bytes(m, zeros, n);
}

/* The number whose type or presence a mode spoils. */
static int append_number(sd_bus_message *m, FakeMode mode, const char *name) {
        switch (mode) {
        case FAKE_WRONG_TYPE:
                return sd_bus_message_append(m, "{sv}", name, "s", "2048");
        case FAKE_MISSING:
                return 0;
        case FAKE_TWICE:
                return sd_bus_message_append(m, "{sv}{sv}", name, "u", 2048U, name, "u", 2048U);
        case FAKE_UNKNOWN:
                return sd_bus_message_append(m, "{sv}{sv}{sv}", name, "u", 2048U, "Novelty", "(sa{sv})", "x", 1, "y",
                                             "t", UINT64_C(1), "Bytes", "ay", 2, 1, 2);
        default:
                return sd_bus_message_append(m, "{sv}", name, "u", 2048U);
        }
}

static int append_entry_bytes(sd_bus_message *m, const char *name, const void *data, size_t n) {
        sd_bus_message_open_container(m, 'e', "sv");
        sd_bus_message_append(m, "s", name);
        sd_bus_message_open_container(m, 'v', "ay");
        append_bytes(m, data, n);
        sd_bus_message_close_container(m);
        return sd_bus_message_close_container(m);
}

static int append_entry_list(sd_bus_message *m, const char *name, size_t n, size_t size) {
        sd_bus_message_open_container(m, 'e', "sv");
        sd_bus_message_append(m, "s", name);
        sd_bus_message_open_container(m, 'v', "aay");
        sd_bus_message_open_container(m, 'a', "ay");
        for (size_t i = 0; i < n; i++)
                append_size(m, size);
        sd_bus_message_close_container(m);
        sd_bus_message_close_container(m);
        return sd_bus_message_close_container(m);
}

static int append_key(sd_bus_message *m, const Service *s, unsigned i) {
        unsigned char public_key[FAKE_PUBLIC_SIZE];
        char label[8192] = "key", uri[64];

        if (s->mode == FAKE_LONG_LABEL)
                memset(label, 'x', sizeof(label) - 1);
        snprintf(uri, sizeof(uri), "pkcs11:token=fake;object=key%u", i);
        fake_public_key(s->mode == FAKE_FOREIGN_KEY ? i + 1 : i, public_key);

        sd_bus_message_open_container(m, 'a', "{sv}");
        append_number(m, s->mode, "Bits");
        sd_bus_message_append(m, "{sv}{sv}{sv}", "Id", "s", s->state->ids[s->mode == FAKE_FOREIGN_ID ? i + 1 : i].hex,
                              "Algorithm", "s", "rsa", "Label", "s", label);
        append_entry_bytes(m, "PublicKey", public_key, sizeof(public_key));
        append_entry_list(m, "Certificates", s->mode == FAKE_MANY_CERTIFICATES ? 2000 : 2,
                          s->mode == FAKE_LARGE_CERTIFICATE   ? 100000
                          : s->mode == FAKE_USUAL_CERTIFICATE ? 1500
                                                              : 3);
        append_entry_list(m, "Chain", 1, s->mode == FAKE_USUAL_CERTIFICATE ? 1500 : 5);
        sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "Addresses", "as", 1, "alice@example.org", "Uris", "as", 1, uri,
                              "Tokens", "ao", 1, ROOT "/token/fake", "Operations", "as", 2, "sign:smime",
                              "decrypt:cms");
        return sd_bus_message_close_container(m);
}

static int append_token(sd_bus_message *m, const Service *s) {
        sd_bus_message_open_container(m, 'a', "{sv}");
        append_number(m, s->mode, "Workers");
        sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "Name", "s", "fake", "State", "s", "ready", "Message", "s", "",
                              "Label", "s", "Fake");
        sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}", "Serial", "s", "1", "Model", "s", "none", "Manufacturer", "s",
                              "us", "WorkersConfigured", "u", 2U, "MayUnlock", "b", 1);
        return sd_bus_message_close_container(m);
}

static int append_manager(sd_bus_message *m, const Service *s) {
        sd_bus_message_open_container(m, 'a', "{sv}");
        append_number(m, s->mode, "Pending");
        sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "Version", "s", "0.1.0", "PolicyGeneration", "t",
                              UINT64_C(3), "StartTime", "t", UINT64_C(4), "Done", "t", UINT64_C(5), "Refused", "t",
                              UINT64_C(6), "AuditSequence", "t", UINT64_C(0), "AuditHead", "s", "");
        return sd_bus_message_close_container(m);
}

static unsigned key_index(const Service *s, const char *path) {
        if (strncmp(path, ROOT "/key/", strlen(ROOT "/key/")) == 0)
                for (unsigned i = 0; i < FAKE_KEYS_MAX; i++)
                        if (strcmp(path + strlen(ROOT "/key/"), s->state->ids[i].hex) == 0)
                                return i;
        return KEY_INDEX_NONE;
}

/* --- methods --- */

static int answer_find(Service *s, sd_bus_message *call, sd_bus_message *m) {
        unsigned n = atomic_load(&s->state->keys), total = s->mode == FAKE_MANY_PATHS ? 70000 : n;
        char path[128];

        (void) call;
        sd_bus_message_open_container(m, 'a', "o");
        for (unsigned i = 0; i < total; i++) {
                snprintf(path, sizeof(path), "%s/key/%s", ROOT, s->state->ids[i % FAKE_KEYS_MAX].hex);
                sd_bus_message_append(m, "o", s->mode == FAKE_BAD_PATH ? ROOT "/token/fake" : path);
        }
        return sd_bus_message_close_container(m);
}

static int answer_get_all(Service *s, sd_bus_message *call, sd_bus_message *m) {
        unsigned i = key_index(s, sd_bus_message_get_path(call));

        if (i != KEY_INDEX_NONE)
                return s->mode == FAKE_GONE ? -ENOENT : append_key(m, s, i);
        if (strcmp(sd_bus_message_get_path(call), ROOT) == 0)
                return append_manager(m, s);
        if (strcmp(sd_bus_message_get_path(call), ROOT "/token/fake") == 0)
                return append_token(m, s);
        return -ENOENT;
}

static int append_object(sd_bus_message *m, const Service *s, const char *path, const char *interface, unsigned key) {
        sd_bus_message_open_container(m, 'e', "oa{sa{sv}}");
        sd_bus_message_append(m, "o", path);
        sd_bus_message_open_container(m, 'a', "{sa{sv}}");
        if (s->mode == FAKE_UNKNOWN)
                sd_bus_message_append(m, "{sa{sv}}", "org.example.Unknown", 1, "A", "(ss)", "b", "c");
        sd_bus_message_open_container(m, 'e', "sa{sv}");
        sd_bus_message_append(m, "s", interface);
        if (key != KEY_INDEX_NONE)
                append_key(m, s, key);
        else
                append_token(m, s);
        sd_bus_message_close_container(m);
        sd_bus_message_close_container(m);
        return sd_bus_message_close_container(m);
}

static int answer_managed(Service *s, sd_bus_message *call, sd_bus_message *m) {
        unsigned n = atomic_load(&s->state->keys);
        char path[128];

        (void) call;
        sd_bus_message_open_container(m, 'a', "{oa{sa{sv}}}");
        if (s->mode == FAKE_UNKNOWN)
                sd_bus_message_append(m, "{oa{sa{sv}}}", "/org/example/Unknown", 1, "org.example.Unknown", 0);
        append_object(m, s, ROOT "/token/fake", TOKEN, KEY_INDEX_NONE);
        if (s->mode == FAKE_REPEATED && n == 0)
                append_object(m, s, ROOT "/token/fake", TOKEN, KEY_INDEX_NONE);
        for (unsigned i = 0; i < n && s->mode != FAKE_GONE; i++) {
                snprintf(path, sizeof(path), "%s/key/%s", ROOT,
                         s->state->ids[n - 1 - i].hex); /* another order than FindKeys */
                append_object(m, s, path, KEY, n - 1 - i);
                if (s->mode == FAKE_REPEATED)
                        append_object(m, s, path, KEY, n - 1 - i);
        }
        return sd_bus_message_close_container(m);
}

static int append_signature(sd_bus_message *m, const Service *s, const void *data, size_t n) {
        unsigned char signature[FAKE_SIGNATURE_SIZE] = { 0 };

        if (s->mode == FAKE_LARGE)
                return append_size(m, 100000);
        if (s->mode == FAKE_NOTHING)
                return append_size(m, 0);
        SHA256(data, n, signature);
        return append_bytes(m, signature, s->mode == FAKE_SHORT ? sizeof(signature) - 1 : sizeof(signature));
}

static int answer_sign(Service *s, sd_bus_message *call, sd_bus_message *m) {
        const char *purpose;
        const void *data;
        size_t n;

        if (sd_bus_message_read(call, "s", &purpose) < 0 || sd_bus_message_read_array(call, 'y', &data, &n) < 0)
                return -EINVAL;
        return append_signature(m, s, data, n);
}

static int answer_sign_many(Service *s, sd_bus_message *call, sd_bus_message *m) {
        const char *purpose;
        const void *data;
        size_t n;

        if (sd_bus_message_read(call, "s", &purpose) < 0 || sd_bus_message_enter_container(call, 'a', "ay") < 0)
                return -EINVAL;
        sd_bus_message_open_container(m, 'a', "ay");
        if (s->mode == FAKE_SHORT && sd_bus_message_skip(call, "ay") < 0)
                return -EINVAL;
        while (sd_bus_message_read_array(call, 'y', &data, &n) > 0)
                append_signature(m, s, data, n);
        return sd_bus_message_close_container(m);
}

static int answer_secret(Service *s, sd_bus_message *call, sd_bus_message *m) {
        (void) call;
        return append_size(m, s->mode == FAKE_SHORT     ? 15
                              : s->mode == FAKE_LARGE   ? 100000
                              : s->mode == FAKE_NOTHING ? 0
                                                        : 16);
}

static int answer_explain(Service *s, sd_bus_message *call, sd_bus_message *m) {
        (void) call;
        sd_bus_message_open_container(m, 'a', "{sv}");
        append_number(m, s->mode, "line");
        sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "effect", "s", "deny", "rule", "s", "office-hours", "file", "s",
                              "a.conf", "reason", "s", "It is Sunday.");
        return sd_bus_message_close_container(m);
}

static void send_signals(const Service *s, sd_bus *bus) {
        unsigned n = atomic_load(&s->state->senders);

        for (unsigned i = 0; i < n * atomic_load(&s->state->signals); i++) {
                sd_bus_message *signal;

                if (sd_bus_message_new_signal(bus, &signal, ROOT, "org.freedesktop.DBus.ObjectManager",
                                              "InterfacesRemoved") < 0)
                        return;
                sd_bus_message_append(signal, "oas", ROOT "/key/x", 1, KEY);
                sd_bus_send_to(bus, signal, s->senders[i % n], NULL);
                sd_bus_message_unref(signal);
        }
}

static int answer_generation(Service *s, sd_bus_message *call, sd_bus_message *m) {
        send_signals(s, sd_bus_message_get_bus(call));
        return sd_bus_message_append(m, "t", UINT64_C(7));
}

static int answer_nothing(Service *s, sd_bus_message *call, sd_bus_message *m) {
        (void) m;
        if (strcmp(sd_bus_message_get_member(call), "Unlock") == 0)
                atomic_fetch_add(&s->state->unlocks, 1);
        return 0;
}

static int answer_channel(Service *s, sd_bus_message *call, sd_bus_message *m) {
        int fd, r = fake_channel_open(s->mode, &fd);

        (void) call;
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "h", fd); /* duplicates it */
        close(fd);
        return r;
}

typedef struct Method {
        const char *name;
        int (*answer)(Service *s, sd_bus_message *call, sd_bus_message *m);
} Method;

static const Method methods[] = {
        { "FindKeys", answer_find },  { "GetAll", answer_get_all },     { "GetManagedObjects", answer_managed },
        { "Sign", answer_sign },      { "SignMany", answer_sign_many }, { "Decrypt", answer_secret },
        { "Derive", answer_secret },  { "Explain", answer_explain },    { "ReloadPolicy", answer_generation },
        { "Unlock", answer_nothing }, { "Lock", answer_nothing },       { "OpenChannel", answer_channel },
};

static const Method *method_named(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(methods); i++)
                if (strcmp(methods[i].name, name) == 0)
                        return &methods[i];
        return NULL;
}

/* --- calls --- */

static void count_sender(Service *s, const char *sender) {
        unsigned n = atomic_load(&s->state->senders);

        for (unsigned i = 0; i < n && i < SENDERS; i++)
                if (strcmp(s->senders[i], sender) == 0)
                        return;
        if (n < SENDERS) {
                snprintf(s->senders[n], sizeof(s->senders[n]), "%s", sender);
                atomic_store(&s->state->senders, n + 1);
        }
}

/* Answers as it should be, but for what s->mode spoils within. */
static int answer(Service *s, sd_bus_message *call) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const Method *method = method_named(sd_bus_message_get_member(call));
        int r;

        if (!method)
                return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_UNKNOWN_METHOD, "unknown");
        r = sd_bus_message_new_method_return(call, &m);
        if (r < 0)
                return r;
        if (s->mode == FAKE_STRING)
                r = sd_bus_message_append(m, "s", "surprise");
        else if (s->mode != FAKE_EMPTY)
                r = method->answer(s, call, m);
        if (r == -ENOTSUP)
                return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_UNKNOWN_METHOD, "unknown");
        if (r == -ENOENT)
                return sd_bus_reply_method_errorf(call, "org.signetd.Signet1.Error.NoSuchKey", "No such key.");
        if (s->mode == FAKE_TRAILING)
                r = sd_bus_message_append(m, "s", "surprise");
        return r < 0 ? r : sd_bus_send(NULL, m, NULL);
}

static int on_message(sd_bus_message *call, void *userdata, _unused_ sd_bus_error *error) {
        Service *s = userdata;

        if (!sd_bus_message_is_method_call(call, NULL, NULL))
                return 0;
        atomic_fetch_add(&s->state->calls, 1);
        count_sender(s, sd_bus_message_get_sender(call));
        s->mode = atomic_load(&s->state->mode);
        switch (s->mode) {
        case FAKE_DIE_ONCE:
                atomic_store(&s->state->mode, FAKE_GOOD);
                _exit(0);
        case FAKE_DIE:
                _exit(0);
        case FAKE_SILENT:
                return 1;
        case FAKE_SLOW:
                usleep(100000);
                return answer(s, call);
        case FAKE_ERROR:
                return sd_bus_reply_method_errorf(call, s->state->error_name, "%s", s->state->error_text);
        default:
                return answer(s, call);
        }
}

int fake_service_run(const char *address, FakeState *state, int ready_fd) {
        static Service service;
        sd_bus *bus;
        int r;

        service.state = state;
        if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, address) < 0 || sd_bus_set_bus_client(bus, true) < 0 ||
            sd_bus_start(bus) < 0 || sd_bus_add_filter(bus, NULL, on_message, &service) < 0 ||
            sd_bus_request_name(bus, "org.signetd.Signet1", 0) < 0 || write(ready_fd, "!", 1) != 1)
                return 1;
        close(ready_fd);

        for (;;) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
                if (r < 0)
                        return 1;
        }
}

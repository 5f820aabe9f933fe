/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading D-Bus answers with limits. Fed by whoever owns signetd's name on the bus; a mistake here lets it fill the
 * memory of an application or hand it a string where bytes belong. sd-bus has checked the message's form and that
 * strings are UTF-8. */
#include <string.h>

#include "common/secret.h"
#include "error.h"
#include "signet.h"
#include "wire.h"

static const char *const signatures[_WIRE_TYPE_MAX] = {
        [WIRE_STRING] = "s", [WIRE_U32] = "u",          [WIRE_U64] = "t",      [WIRE_BOOL] = "b",
        [WIRE_BYTES] = "ay", [WIRE_BYTES_LIST] = "aay", [WIRE_STRINGS] = "as",
};

int wire_failed(int r, const char *what) {
        if (r == -ENOMEM)
                return error_no_memory();
        return error_set(SIGNET_E_PROTOCOL, "signetd's answer cannot be read: %s is malformed or of another type",
                         what);
}

int wire_unexpected(const char *what, const char *wanted, const char *found) {
        return error_set(SIGNET_E_PROTOCOL, "signetd's answer cannot be read: %s should be %s, not \"%s\"", what,
                         wanted, found ? found : "");
}

static int wire_too_large(const char *what) {
        return error_set(SIGNET_E_PROTOCOL, "signetd's answer cannot be read: %s is too large", what);
}

void bytes_done(Bytes *b) {
        if (b->data)
                secret_wipe(b->data, b->size);
        free(b->data);
        *b = (Bytes){ 0 };
}

void bytes_list_done(BytesList *l) {
        for (size_t i = 0; i < l->n; i++)
                bytes_done(&l->items[i]);
        free(l->items);
        *l = (BytesList){ 0 };
}

void string_list_done(StringList *l) {
        for (size_t i = 0; i < l->n; i++)
                free(l->items[i]);
        free(l->items);
        *l = (StringList){ 0 };
}

static int copy_string(const char *s, const char *what, char **ret) {
        char *copy;

        if (strlen(s) > WIRE_STRING_MAX)
                return wire_too_large(what);
        copy = strdup(s);
        if (!copy)
                return error_no_memory();
        *ret = copy;
        return 0;
}

int wire_read_string(sd_bus_message *m, const char *what, char **ret) {
        const char *s;
        int r;

        r = sd_bus_message_read_basic(m, 's', &s);
        return r > 0 ? copy_string(s, what, ret) : wire_failed(r, what);
}

int wire_read_bytes(sd_bus_message *m, const char *what, Bytes *ret) {
        const void *data;
        Bytes b;
        size_t n;
        int r;

        r = sd_bus_message_read_array(m, 'y', &data, &n);
        if (r <= 0)
                return wire_failed(r, what);
        if (n > WIRE_BYTES_MAX)
                return wire_too_large(what);

        b = (Bytes){ .data = malloc(MAX(n, 1U)), .size = n };
        if (!b.data)
                return error_no_memory();
        if (n > 0)
                memcpy(b.data, data, n);
        *ret = b;
        return 0;
}

int wire_read_secret(sd_bus_message *m, const char *what, Bytes *ret) {
        const void *data;
        size_t n;
        int r;

        r = wire_read_bytes(m, what, ret);
        if (r != 0)
                return r;

        /* sd_bus_message_sensitive() does not reach the buffer of a message that was received. It is ours alone: wipe
         * it in place. */
        if (sd_bus_message_rewind(m, true) >= 0 && sd_bus_message_read_array(m, 'y', &data, &n) > 0 && n > 0)
                secret_wipe((void *) (uintptr_t) data, n);
        return 0;
}

/* Makes room for one more item in an array whose room doubles whenever n reaches a power of two. */
static int array_grow(void **items, size_t n, size_t size) {
        void *larger;

        if (n & (n - 1)) /* not 0, 1, 2, 4...: there is room */
                return 0;
        larger = realloc(*items, MAX(2 * n, 1U) * size);
        if (!larger)
                return error_no_memory();
        *items = larger;
        return 0;
}

static int read_bytes_items(sd_bus_message *m, const char *what, size_t max, BytesList *l) {
        int r;

        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                if (l->n >= max)
                        return wire_too_large(what);
                r = array_grow((void **) &l->items, l->n, sizeof(*l->items));
                if (r != 0)
                        return r;
                r = wire_read_bytes(m, what, &l->items[l->n]);
                if (r != 0)
                        return r;
                l->n++;
        }
        return r < 0 ? wire_failed(r, what) : 0;
}

int wire_read_bytes_list(sd_bus_message *m, const char *what, size_t max, BytesList *ret) {
        _cleanup_(bytes_list_done) BytesList l = { 0 };
        int r;

        r = sd_bus_message_enter_container(m, 'a', "ay");
        if (r <= 0)
                return wire_failed(r, what);
        r = read_bytes_items(m, what, max, &l);
        if (r != 0)
                return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return wire_failed(r, what);

        *ret = l;
        l = (BytesList){ 0 };
        return 0;
}

static int read_string_items(sd_bus_message *m, char type, const char *what, size_t max, StringList *l) {
        const char *s;
        int r;

        while ((r = sd_bus_message_read_basic(m, type, &s)) > 0) {
                if (l->n >= max)
                        return wire_too_large(what);
                r = array_grow((void **) &l->items, l->n, sizeof(*l->items));
                if (r != 0)
                        return r;
                r = copy_string(s, what, &l->items[l->n]);
                if (r != 0)
                        return r;
                l->n++;
        }
        return r < 0 ? wire_failed(r, what) : 0;
}

static int read_strings(sd_bus_message *m, char type, const char *what, size_t max, StringList *ret) {
        _cleanup_(string_list_done) StringList l = { 0 };
        int r;

        r = sd_bus_message_enter_container(m, 'a', (char[]){ type, '\0' });
        if (r <= 0)
                return wire_failed(r, what);
        r = read_string_items(m, type, what, max, &l);
        if (r != 0)
                return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return wire_failed(r, what);

        *ret = l;
        l = (StringList){ 0 };
        return 0;
}

int wire_read_paths(sd_bus_message *m, const char *what, size_t max, StringList *ret) {
        return read_strings(m, 'o', what, max, ret);
}

static int read_bool(sd_bus_message *m, const char *what, bool *ret) {
        int b, r;

        r = sd_bus_message_read_basic(m, 'b', &b);
        if (r <= 0)
                return wire_failed(r, what);
        *ret = b;
        return 0;
}

static int read_number(sd_bus_message *m, char type, const char *what, void *ret) {
        int r;

        r = sd_bus_message_read_basic(m, type, ret);
        return r > 0 ? 0 : wire_failed(r, what);
}

static int read_value(sd_bus_message *m, const WireField *f, void *to) {
        switch (f->type) {
        case WIRE_STRING:
                return wire_read_string(m, f->name, to);
        case WIRE_U32:
                return read_number(m, 'u', f->name, to);
        case WIRE_U64:
                return read_number(m, 't', f->name, to);
        case WIRE_BOOL:
                return read_bool(m, f->name, to);
        case WIRE_BYTES:
                return wire_read_bytes(m, f->name, to);
        case WIRE_BYTES_LIST:
                return wire_read_bytes_list(m, f->name, WIRE_LIST_MAX, to);
        case WIRE_STRINGS:
                return read_strings(m, 's', f->name, WIRE_LIST_MAX, to);
        default:
                return -EINVAL;
        }
}

static int read_variant(sd_bus_message *m, const WireField *f, void *base) {
        const char *found;
        int r;

        r = sd_bus_message_peek_type(m, NULL, &found);
        if (r <= 0)
                return wire_failed(r, f->name);
        if (strcmp(found, signatures[f->type]) != 0)
                return wire_unexpected(f->name, signatures[f->type], found);
        r = sd_bus_message_enter_container(m, 'v', found);
        if (r <= 0)
                return wire_failed(r, f->name);
        r = read_value(m, f, (char *) base + f->offset);
        if (r != 0)
                return r;
        r = sd_bus_message_exit_container(m);
        return r < 0 ? wire_failed(r, f->name) : 0;
}

static size_t field_index(const WireField *fields, size_t n, const char *name) {
        size_t i = 0;

        while (i < n && strcmp(fields[i].name, name) != 0)
                i++;
        return i;
}

/* One {sv}; *seen has a bit for each field that was there. */
static int read_entry(sd_bus_message *m, const char *what, const WireField *fields, size_t n, void *base,
                      uint32_t *seen) {
        const char *name;
        size_t i;
        int r;

        r = sd_bus_message_read_basic(m, 's', &name);
        if (r <= 0)
                return wire_failed(r, what);
        i = field_index(fields, n, name);
        if (i == n)
                r = sd_bus_message_skip(m, "v");
        else if (*seen & (UINT32_C(1) << i))
                return wire_unexpected(what, "without repetitions", name);
        else {
                r = read_variant(m, &fields[i], base);
                if (r != 0)
                        return r;
                *seen |= UINT32_C(1) << i;
        }
        return r < 0 ? wire_failed(r, what) : 0;
}

static int read_entries(sd_bus_message *m, const char *what, const WireField *fields, size_t n, void *base,
                        uint32_t *seen) {
        int r;

        for (size_t entries = 0; (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0; entries++) {
                if (entries >= WIRE_DICT_MAX)
                        return wire_too_large(what);
                r = read_entry(m, what, fields, n, base, seen);
                if (r != 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return wire_failed(r, what);
        }
        return r < 0 ? wire_failed(r, what) : 0;
}

int wire_read_dict(sd_bus_message *m, const char *what, const WireField *fields, size_t n, void *base) {
        uint32_t seen = 0;
        int r;

        if (n > 32)
                return error_set_errno(-EINVAL, "too many fields"); /* bits in `seen` */
        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r <= 0)
                return wire_failed(r, what);
        r = read_entries(m, what, fields, n, base, &seen);
        if (r != 0)
                return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return wire_failed(r, what);

        for (size_t i = 0; i < n; i++)
                if (fields[i].presence == WIRE_REQUIRED && !(seen & (UINT32_C(1) << i)))
                        return error_set(SIGNET_E_PROTOCOL, "signetd's answer cannot be read: %s has no %s", what,
                                         fields[i].name);
        return 0;
}

int wire_finish(sd_bus_message *m, const char *what) {
        int r;

        r = sd_bus_message_at_end(m, true);
        if (r < 0)
                return wire_failed(r, what);
        return r > 0 ? 0 : wire_unexpected(what, "shorter", sd_bus_message_get_signature(m, true));
}

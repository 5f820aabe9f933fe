/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decodes options. Fed by bus clients; sd-bus has checked the message's form, nothing else. */
#include "bus-options.h"

#include <string.h>

static const char *const type_signatures[] = {
        [OPTION_STRING] = "s",
        [OPTION_NUMBER] = "u",
        [OPTION_BYTES] = "ay",
};

static int read_value(sd_bus_message *m, OptionName n, Options *o) {
        const void *data;
        int r;

        switch (option_type(n)) {
        case OPTION_STRING:
                return sd_bus_message_read_basic(m, 's', &o->string[n]);
        case OPTION_NUMBER:
                return sd_bus_message_read_basic(m, 'u', &o->number[n]);
        case OPTION_BYTES:
                r = sd_bus_message_read_array(m, 'y', &data, &o->bytes[n].size);
                o->bytes[n].data = r >= 0 && o->bytes[n].size > 0 ? data : NULL;
                return r;
        }
        return -EINVAL;
}

static int read_option(sd_bus_message *m, Options *o, Failure *f) {
        const char *word, *signature, *wanted;
        OptionName n = OPTION_HASH;
        int r;

        r = sd_bus_message_read_basic(m, 's', &word);
        if (r < 0)
                return r;
        r = options_find(o, word, &n, f);
        if (r != 0)
                return r;
        wanted = type_signatures[option_type(n)];
        r = sd_bus_message_peek_type(m, NULL, &signature);
        if (r < 0)
                return r;
        if (strcmp(signature, wanted) != 0)
                return failure_set(f, OUTCOME_INVALID_INPUT,
                                   "option \"%s\" has the D-Bus type \"%.20s\"; it must be \"%s\"", word, signature,
                                   wanted);

        r = sd_bus_message_enter_container(m, 'v', wanted);
        if (r >= 0)
                r = read_value(m, n, o);
        if (r < 0)
                return r;
        o->set[n] = true;
        r = sd_bus_message_exit_container(m);
        return r < 0 ? r : 0;
}

int bus_options_read(sd_bus_message *m, Options *ret, Failure *f) {
        Options o = {};
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_option(m, &o, f);
                if (r != 0)
                        return r;
                r = sd_bus_message_exit_container(m);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        *ret = o;
        return 0;
}

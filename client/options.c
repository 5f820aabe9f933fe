/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of operations. Fed by applications that may have been compiled against another version of the header; a
 * mistake here drops an option in silence, and a signature comes out in another way than was asked for. */
#include <string.h>

#include "common/buffer.h"
#include "error.h"
#include "options.h"

#define OPTION_STRING_MAX 64    /* bytes of a hash's name and the like */
#define OPTION_BYTES_MAX  65536 /* bytes of a label or shared info */

typedef struct OptionState {
        const char *name;
        unsigned uses; /* OptionsUse that it belongs to */
        bool set;
} OptionState;

static int check_uses(const signet_options *o, OptionsUse use) {
        const OptionState states[] = {
                { "padding", OPTIONS_SIGN | OPTIONS_DECRYPT, o->padding },
                { "mgf_hash", OPTIONS_DECRYPT, o->mgf_hash },
                { "salt_length", OPTIONS_SIGN, o->salt_length > 0 },
                { "label", OPTIONS_DECRYPT, o->label || o->label_size > 0 },
                { "key_length", OPTIONS_DECRYPT | OPTIONS_DERIVE, o->key_length > 0 },
                { "kdf", OPTIONS_DERIVE, o->kdf },
                { "shared_info", OPTIONS_DERIVE, o->shared_info || o->shared_info_size > 0 },
        };
        const char *doing = use == OPTIONS_SIGN ? "signing" : use == OPTIONS_DECRYPT ? "decrypting" : "deriving";

        for (size_t i = 0; i < ELEMENTSOF(states); i++)
                if (states[i].set && !(states[i].uses & use))
                        return error_set(SIGNET_E_INVALID_INPUT, "option %s means nothing for %s; leave it unset",
                                         states[i].name, doing);
        return 0;
}

static int check_word(const char *name, const char *value) {
        if (value && (strlen(value) > OPTION_STRING_MAX || !utf8_is_valid(value, strlen(value))))
                return error_set(SIGNET_E_INVALID_INPUT, "option %s is not a word that signetd could know", name);
        return 0;
}

static int check_bytes(const char *name, const unsigned char *data, size_t size) {
        if (!data && size > 0)
                return error_set(-EINVAL, "option %s is NULL but has a size", name);
        if (size > OPTION_BYTES_MAX)
                return error_set(SIGNET_E_INVALID_INPUT, "option %s has %zu bytes, more than the %d allowed", name,
                                 size, OPTION_BYTES_MAX);
        return 0;
}

static int check_values(const signet_options *o) {
        int r;

        r = check_word("hash", o->hash);
        if (r == 0)
                r = check_word("padding", o->padding);
        if (r == 0)
                r = check_word("mgf_hash", o->mgf_hash);
        if (r == 0)
                r = check_word("kdf", o->kdf);
        if (r == 0)
                r = check_bytes("label", o->label, o->label_size);
        if (r == 0)
                r = check_bytes("shared_info", o->shared_info, o->shared_info_size);
        return r;
}

/* A program compiled against a newer header has more members; that is fine as long as it leaves them alone. */
static int check_size(const signet_options *options) {
        const unsigned char *p = (const unsigned char *) options;

        if (options->size < sizeof(*options))
                return error_set(-EINVAL, "options.size is %zu: initialise options with SIGNET_OPTIONS_INIT",
                                 options->size);
        if (options->size > 4096)
                return error_set(-EINVAL, "options.size is %zu: initialise options with SIGNET_OPTIONS_INIT",
                                 options->size);
        for (size_t i = sizeof(*options); i < options->size; i++)
                if (p[i] != 0)
                        return error_set(SIGNET_E_NOT_SUPPORTED, "an option is set that libsignet %s does not know",
                                         signet_version());
        return 0;
}

int options_read(const signet_options *options, OptionsUse use, signet_options *ret) {
        signet_options o = SIGNET_OPTIONS_INIT;
        int r;

        if (options) {
                r = check_size(options);
                if (r != 0)
                        return r;
                o = *options;
        }
        r = check_uses(&o, use);
        if (r != 0)
                return r;
        r = check_values(&o);
        if (r != 0)
                return r;

        *ret = o;
        return 0;
}

static int write_string(sd_bus_message *m, const char *name, const char *value) {
        return value ? sd_bus_message_append(m, "{sv}", name, "s", value) : 0;
}

static int write_number(sd_bus_message *m, const char *name, unsigned value) {
        return value > 0 ? sd_bus_message_append(m, "{sv}", name, "u", (uint32_t) value) : 0;
}

static int write_bytes(sd_bus_message *m, const char *name, const unsigned char *data, size_t size) {
        int r;

        if (!data)
                return 0;
        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(m, 's', name);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'v', "ay");
        if (r < 0)
                return r;
        r = sd_bus_message_append_array(m, 'y', data, size);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

int options_write(const signet_options *o, OptionsUse use, sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = write_string(m, "hash", o->hash);
        if (r >= 0)
                r = write_string(m, "padding", o->padding);
        if (r >= 0)
                r = write_string(m, "mgf-hash", o->mgf_hash);
        if (r >= 0)
                r = write_number(m, "salt-length", o->salt_length);
        if (r >= 0)
                r = write_bytes(m, "label", o->label, o->label_size);
        if (r >= 0)
                r = write_number(m, use == OPTIONS_DERIVE ? "length" : "key-length", o->key_length);
        if (r >= 0 && use == OPTIONS_DERIVE)
                r = write_string(m, "kdf", o->kdf ? o->kdf : "x963");
        if (r >= 0)
                r = write_bytes(m, "shared-info", o->shared_info, o->shared_info_size);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : 0;
}

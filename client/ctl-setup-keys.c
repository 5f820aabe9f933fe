/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which keys a program is set up for. Fed with the keys that signetd shows the caller; what it breaks has a person sign
 * with the wrong one. */
#include <string.h>
#include <strings.h>

#include "config-values.h"
#include "ctl-setup-file.h"
#include "ctl-setup.h"

static int find_keys(Setup *s, const char *name, const char *operation, Keys *ret) {
        signet_client *client;
        int r = ctl_client(s->ctl, &client);

        if (r == 0)
                r = signet_find_keys(client, name, operation, &ret->items, &ret->n);
        return r != 0 ? ctl_error_signet(s->ctl, r) : CTL_DONE;
}

/* Drops keys without a certificate, and of other algorithms. */
static void keep_fit(Keys *keys, const char *algorithm) {
        size_t kept = 0;

        for (size_t i = 0; i < keys->n; i++)
                if (signet_key_certificate_count(keys->items[i]) > 0 &&
                    (!algorithm || strcmp(signet_key_algorithm(keys->items[i]), algorithm) == 0))
                        keys->items[kept++] = keys->items[i];
                else
                        signet_key_unref(keys->items[i]);
        keys->n = kept;
}

int setup_keys(Setup *s, const char *operation, const char *algorithm, Keys *ret) {
        Keys keys = { 0 };
        int e = find_keys(s, s->key, operation, &keys);

        if (e != CTL_DONE)
                return e;
        keep_fit(&keys, algorithm);
        if (keys.n == 0) {
                signet_keys_free(keys.items, 0);
                return ctl_error(
                        s->ctl, CTL_NO_SUCH_KEY,
                        "there is no %s%skey with a certificate that you may use to %s%s%s; see: signetctl keys",
                        algorithm ?: "", algorithm ? " " : "", operation, s->key ? " and that is called " : "",
                        s->key ?: "");
        }

        *ret = keys;
        return CTL_DONE;
}

/* The first key that fits, taken out of the list; NULL: none. */
static signet_key *take_first(Keys *keys) {
        signet_key *key = keys->n > 0 ? signet_key_ref(keys->items[0]) : NULL;

        signet_keys_free(keys->items, keys->n);
        return key;
}

/* Of several addresses a person has to choose. */
static int one_address(Setup *s, const Keys *keys, const char **ret) {
        const char *found = NULL;

        for (size_t i = 0; i < keys->n; i++) {
                const char *address = signet_key_address(keys->items[i], 0);
                if (address && found && strcasecmp(address, found) != 0)
                        return ctl_error(
                                s->ctl, CTL_AMBIGUOUS,
                                "you have keys for several addresses, %s and %s among them: choose with --key ADDRESS",
                                found, address);
                found = found ?: address;
        }
        if (!found)
                return ctl_error(s->ctl, CTL_NO_SUCH_KEY, "no certificate of the key carries a mail address");

        *ret = found;
        return CTL_DONE;
}

static int fill_pair(Setup *s, const char *name, const char *algorithm, SetupPair *pair) {
        Keys keys = { 0 };
        int e = find_keys(s, name, "sign", &keys);

        if (e != CTL_DONE)
                return e;
        keep_fit(&keys, algorithm);
        pair->sign = take_first(&keys);
        keys = (Keys){ 0 };
        e = find_keys(s, name, "decrypt", &keys);
        if (e != CTL_DONE)
                return e;
        keep_fit(&keys, algorithm);
        pair->decrypt = take_first(&keys);
        return pair->sign ? CTL_DONE : CTL_NO_SUCH_KEY;
}

int setup_pair(Setup *s, const char *algorithm, SetupPair *ret) {
        SetupPair pair = { 0 };
        const char *address = NULL;
        Keys keys = { 0 };
        int e = setup_keys(s, "sign", algorithm, &keys);

        if (e != CTL_DONE)
                return e;
        e = one_address(s, &keys, &address);
        if (e == CTL_DONE) {
                pair.address = strdup(address);
                e = fill_pair(s, s->key ?: address, algorithm, &pair);
        }
        signet_keys_free(keys.items, keys.n);
        if (e != CTL_DONE) {
                setup_pair_done(&pair);
                return e;
        }

        *ret = pair;
        return CTL_DONE;
}

int setup_pair_of(Setup *s, const char *address, SetupPair *ret) {
        SetupPair pair = { .address = strdup(address) };
        int e = fill_pair(s, address, NULL, &pair);

        if (e != CTL_DONE) {
                setup_pair_done(&pair);
                return e;
        }

        *ret = pair;
        return CTL_DONE;
}

void setup_pair_done(SetupPair *pair) {
        signet_key_unref(pair->sign);
        signet_key_unref(pair->decrypt);
        free(pair->address);
}

int setup_check_name(Setup *s, const char *name, const char *special) {
        const char *c = name;

        while (*c && (unsigned char) *c >= ' ' && *c != 0x7f && !strchr(special, *c))
                c++;
        return *c ? ctl_error(s->ctl, CTL_FAILURE, "%s: configuration files cannot hold this name", name) : CTL_DONE;
}

int setup_module(Setup *s, char **ret) {
        const char *path = s->module ?: SIGNET_PKCS11_MODULE;
        _cleanup_free_ char *real = realpath(path, NULL);
        int e;

        if (!real)
                return ctl_error(s->ctl, CTL_FAILURE,
                                 "%s: %s; the PKCS#11 module is needed, --module FILE says where it is", path,
                                 setup_file_error(-errno));
        /* The name as given: an update may lead a link elsewhere. */
        e = setup_check_name(s, path[0] == '/' ? path : real, "\"'");
        if (e != CTL_DONE)
                return e;
        *ret = path[0] == '/' ? strdup(path) : TAKE_PTR(real);
        return *ret ? CTL_DONE : ctl_error(s->ctl, CTL_FAILURE, "out of memory");
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The set-up check. It runs vendors' code in the caller's process, as any PKCS#11 tool does: it is no daemon. */
#include "check.h"

#include <stdio.h>

#include "common/key-id.h"
#include "inventory.h"
#include "pin.h"

#define LABEL_WIDTH 64

/* A label as text: what is not printable ASCII or clean UTF-8 becomes '?'. */
static void print_text(const char *before, Blob b) {
        bool utf8 = utf8_is_valid(b.data, b.size);

        (void) fputs(before, stdout);
        for (size_t i = 0; i < b.size && i < LABEL_WIDTH; i++) {
                uint8_t c = b.data[i];

                (void) putchar(c < ' ' || c == 0x7f || (c > 0x7f && !utf8) ? '?' : c);
        }
}

static void print_token(const Token *t) {
        static const char *const tries[] = { "none or unknown", "1", "few", "all" };

        print_text("token         ", token_field(t->info.label, sizeof(t->info.label)));
        print_text("\nserial        ", token_field(t->info.serialNumber, sizeof(t->info.serialNumber)));
        print_text("\nmodel         ", token_field(t->info.model, sizeof(t->info.model)));
        print_text("\nmanufacturer  ", token_field(t->info.manufacturerID, sizeof(t->info.manufacturerID)));
        printf("\nslot          %lu\n", t->slot_id);
        if (!(t->info.flags & CKF_LOGIN_REQUIRED))
                printf("PIN           not needed\n");
        else if (t->info.flags & CKF_USER_PIN_LOCKED)
                printf("PIN           locked\n");
        else
                printf("PIN           needed; tries left: %s\n", tries[token_pin_tries(t)]);
}

static void print_mechanisms(const Token *t) {
        static const struct {
                CK_MECHANISM_TYPE mechanism;
                const char *with, *without;
        } wanted[] = {
                { CKM_RSA_PKCS, "RSA signatures", NULL },
                { CKM_RSA_X_509, "raw RSA: decryption shows the token no padding",
                  "no raw RSA: decryption trusts the token's own unpadding" },
                { CKM_RSA_PKCS_PSS, "RSA-PSS", NULL },
                { CKM_ECDSA, "ECDSA", NULL },
                { CKM_ECDH1_DERIVE, "ECDH", NULL },
                { CKM_EDDSA, "Ed25519", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                bool has = token_has_mechanism(t, wanted[i].mechanism);

                if (has || wanted[i].without)
                        printf("can           %s\n", has ? wanted[i].with : wanted[i].without);
        }
}

static int print_inventory(Token *t, Reason *reason) {
        _cleanup_(inventory_freep) Inventory *inv = NULL;
        int r = inventory_read(t, reason, &inv);

        if (r != 0)
                return r;
        for (size_t i = 0; i < inv->n_keys; i++) {
                const Object *o = &inv->keys[i].object;
                KeyId id = {};

                if (o->type != KEY_TYPE_UNKNOWN && key_id_from_spki(o->spki.data, o->spki.size, &id) < 0)
                        return -ENOMEM;
                printf("key           %-8s %.16s ", key_type_to_string(o->type), id.hex);
                print_text("", bytes_blob(&o->label));
                (void) putchar('\n');
        }
        for (size_t i = 0; i < inv->n_certificates; i++) {
                print_text("certificate   ", bytes_blob(&inv->certificates[i].label));
                (void) putchar('\n');
        }
        printf("without login %zu keys, %zu certificates; private keys show after a login\n", inv->n_keys,
               inv->n_certificates);
        return 0;
}

static int print_pin_file(const TokenConfig *config, Reason *reason) {
        _cleanup_(secret_freep) Secret *pin = NULL;
        struct stat st;
        int r;

        if (!config->pin_file) {
                printf("pin-file      none: unlock with: signetctl unlock %s\n", config->name);
                return 0;
        }
        r = pin_read_file(config->name, config->pin_file, &st, reason, &pin);
        if (r == 0)
                printf("pin-file      %s can be used; the PIN was not tried\n", config->pin_file);
        return r;
}

int check_token(const TokenConfig *config) {
        TokenChoice choice = { .name = config->name,
                               .module = config->module,
                               .label = config->label,
                               .serial = config->serial,
                               .init_args = config->init_args };
        _cleanup_(token_freep) Token *t = NULL;
        Reason reason = {};
        int r, pin;

        r = token_open(&choice, &reason, &t);
        if (r == 0) {
                print_token(t);
                print_mechanisms(t);
                r = print_inventory(t, &reason);
        }
        if (r != 0)
                (void) fprintf(stderr, "%s\n", r > 0 ? reason.text : "out of memory");
        (void) fflush(stdout);
        pin = print_pin_file(config, &reason);
        if (pin != 0)
                (void) fprintf(stderr, "%s\n", pin > 0 ? reason.text : "out of memory");
        return r == 0 && pin == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

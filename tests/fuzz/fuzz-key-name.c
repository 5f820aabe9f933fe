/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a bus client may call a key: text that sd-bus has found to be UTF-8. */
#include <string.h>

#include "common/buffer.h"
#include "key-find.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static Key *some_key(void) {
        static char mail[] = "mail", serial[] = "1", model[] = "m", manufacturer[] = "f", alice[] = "alice";
        static uint8_t id[] = { 1 };
        static Inventory inventory = {
                .n_ref = 1, .label = mail, .serial = serial, .model = model, .manufacturer = manufacturer
        };
        static InventoryKey one = { .label = alice, .ckaid = id, .ckaid_size = 1 };
        static KeyInstance instance = { .inventory = &inventory, .key = &one };
        static Key key = { .n_ref = 1, .label = alice, .instances = &instance, .n_instances = 1 };

        return &key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        _cleanup_(key_name_freep) KeyName *name = NULL;
        _cleanup_free_ char *text = NULL;
        Failure f;
        int r;

        if (blob_to_string((Blob){ n > 0 ? data : NULL, n }, &text) < 0)
                return 0;
        r = key_name_parse(text, &name, &f);
        if (r == OUTCOME_INVALID_INPUT && !utf8_is_valid(f.text, strlen(f.text)))
                abort();
        if (r != 0)
                return 0;
        (void) key_name_matches(name, some_key(), OPERATION_SIGN, 0);
        (void) key_name_matches_token(name, some_key()->instances[0].inventory);
        return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a key does for a request. One answer for each reason, whatever the token says.
 *
 * All return 0, a WorkerCode with its sentence in `reason`, or -ENOMEM. After WORKER_DEVICE_ERROR and WORKER_PIN_* the
 * worker has to end. Requests come decoded but not checked against the key. */
#pragma once

#include "inventory.h"

typedef struct Operations {
        Token *token;
        Inventory *inventory;
        Blob shared_secret; /* for rejection_secret_shared() */
} Operations;

#define SIGNATURE_MAX 1024 /* bytes */

/* *ret_n is the room on entry, at least SIGNATURE_MAX, and the size on return. */
int operation_sign(Operations *ops, const FrameSign *q, Reason *reason, uint8_t *ret, size_t *ret_n) _must_check_;
int operation_decrypt(Operations *ops, const FrameDecrypt *q, Reason *reason, Secret **ret) _must_check_;
int operation_derive(Operations *ops, const FrameDerive *q, Reason *reason, Secret **ret) _must_check_;

/* The key that a request names, with `flag` among its uses. WORKER_NO_SUCH_KEY, WORKER_LOCKED or WORKER_NOT_SUPPORTED.
 */
int operation_find_key(Operations *ops, uint32_t handle, uint8_t flag, Reason *reason, Key **ret) _must_check_;

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Channel frames from any user, and from somebody who says that he is signetd. What decodes must encode to the same
 * bytes. */
#include <string.h>

#include "common/channel-frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint8_t again[CHANNEL_FRAME_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static ChannelCall call;
        static ChannelResult result;
        ssize_t size = -1;

        if (channel_decode_call(data, n, &call) == 0)
                size = channel_encode_call(&call, again);
        else if (channel_decode_result(data, n, &result) == 0)
                size = channel_encode_result(&result, again);
        else
                return 0;
        if (size != (ssize_t) n || memcmp(again, data, n) != 0)
                abort();
        return 0;
}

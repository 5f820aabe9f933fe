/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spools as GMime streams. */
#pragma once

#include <gmime/gmime.h>

#include "spool.h"

/* For any GObject: _cleanup_(gobject_unrefp) GMimeStream *stream = NULL; */
static inline void gobject_unrefp(void *p) {
        if (*(void **) p)
                g_object_unref(*(void **) p);
}

/* A stream that reads the slice. It has a descriptor of its own, but the spool must not change while it is used. */
int mime_stream_read(Slice slice, GMimeStream **ret) _must_check_;

/* A stream that writes to an empty spool; spool_refresh() it when the stream is flushed and gone. */
int mime_stream_write(Spool *spool, GMimeStream **ret) _must_check_;

/* Reads on: how many bytes, 0 at the end, -1 on an error. (GMime's own reading function takes the end of a slice for an
 * error.) */
ssize_t mime_stream_next(GMimeStream *stream, void *buffer, size_t n) _must_check_;

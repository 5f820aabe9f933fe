/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An audit file that somebody else has written. What is taken up must be taken up again in the same way, and what is
 * left of the file must be whole lines. */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "audit-tail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        _cleanup_close_ int fd = memfd_create("audit", MFD_CLOEXEC);
        AuditHead head, again;
        const char *why = NULL;
        size_t cut = 0, cut_again = 0;
        struct stat st;
        char last;

        if (fd < 0 || write(fd, data, n) != (ssize_t) n)
                return 0;
        if (audit_tail_read(fd, &head, &cut, &why) != 0)
                return 0;
        if (fstat(fd, &st) < 0 || (size_t) st.st_size + cut != n)
                abort();
        if (st.st_size > 0 && (pread(fd, &last, 1, st.st_size - 1) != 1 || last != '\n'))
                abort();
        if (audit_tail_read(fd, &again, &cut_again, &why) != 0 || cut_again != 0 || again.sequence != head.sequence ||
            strcmp(again.hash, head.hash) != 0)
                abort();
        return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What clients want signed or derived, through every purpose's check. What a check accepts must be what it says it is.
 */
#include <string.h>

#include "common/der.h"
#include "common/purpose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define NOW INT64_C(1795312984)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        const char *why = NULL;
        PurposeCsr csr = {};
        Purpose guess = purpose_guess(data, n);

        if (purpose_check_smime(data, n, HASH_SHA256, NOW, &why) == 0 && guess != PURPOSE_SMIME)
                abort();
        if (purpose_check_shared_info(data, n, 16, &why) == 0 && !der_check(data, n))
                abort();

        /* The key that the request names is taken from the request, so that the rest of the check is reached. */
        Der d = { .p = data, .left = n };
        DerItem item;
        if (!der_expect(&d, DER_SEQUENCE, &item))
                return 0;
        d = der_of(item.content);
        if (!der_expect(&d, DER_INTEGER, &item) || !der_expect(&d, DER_SEQUENCE, &item) ||
            !der_expect(&d, DER_SEQUENCE, &item))
                return 0;
        if (purpose_check_csr(data, n, item.whole.data, item.whole.size, &csr, &why) == 0)
                for (size_t i = 0; i < csr.n_addresses; i++)
                        if (!strchr(csr.addresses[i], '@'))
                                abort();
        purpose_csr_done(&csr);
        return 0;
}

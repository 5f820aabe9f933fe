/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loadable module signet.so: the one name that OpenSSL looks up in it. */
#include "provider.h"

__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                                                              const OSSL_DISPATCH **out, void **provctx) {
        return provider_init(handle, in, out, provctx);
}

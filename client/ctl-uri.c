/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* URIs for show. Fed with those that signetd makes; what it breaks misnames a key. */
#include "ctl-uri.h"

#include <string.h>

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "common/macros.h"

DEFINE_CLEANUP(P11KitUri *, p11_kit_uri_free)

static P11KitUri *uri_parse(const char *text) {
        P11KitUri *uri = p11_kit_uri_new();

        if (uri && p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri) != P11_KIT_URI_OK) {
                p11_kit_uri_free(uri);
                uri = NULL;
        }
        return uri;
}

char *uri_token(const char *uri) {
        _cleanup_(p11_kit_uri_freep) P11KitUri *parsed = uri_parse(uri);
        const CK_TOKEN_INFO *info;

        if (!parsed)
                return NULL;
        info = p11_kit_uri_get_token_info(parsed);
        size_t n = p11_kit_space_strlen(info->label, sizeof(info->label));
        if (n == 0 || info->label[0] == '\0') /* p11-kit leaves what is not named zeroed, not blank */
                return NULL;
        return strndup((const char *) info->label, n);
}

char *uri_short(const char *uri) {
        _cleanup_(p11_kit_uri_freep) P11KitUri *parsed = uri_parse(uri), *less = p11_kit_uri_new();
        char *formatted = NULL;
        CK_ATTRIBUTE *label;

        if (!parsed || !less)
                return NULL;
        memcpy(p11_kit_uri_get_token_info(less)->label, p11_kit_uri_get_token_info(parsed)->label,
               sizeof(((CK_TOKEN_INFO *) NULL)->label));
        label = p11_kit_uri_get_attribute(parsed, CKA_LABEL);
        if (label && p11_kit_uri_set_attribute(less, label) != P11_KIT_URI_OK)
                return NULL;
        if (p11_kit_uri_format(less, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, &formatted) != P11_KIT_URI_OK)
                return NULL;
        return formatted;
}

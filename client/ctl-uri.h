/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PKCS#11 URIs (RFC 7512) as people want to see and type them. */
#pragma once

/* The label of the token that the URI names (to be freed); NULL when it names none, or memory ran out. */
char *uri_token(const char *uri);

/* The URI with nothing but the token's and the object's label, as far as it has them; to be freed. NULL: it is no URI,
 * or memory ran out. */
char *uri_short(const char *uri);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the self-tests of the set-ups share: a text to sign, certificates in files, and a judge. */
#pragma once

#include "ctl-setup.h"

#define TEST_TEXT "Signed by signetctl setup, to see that it works.\r\n"

/* A directory of its own with the text in it, named "text". Release with scratch_remove() and free(). */
int test_scratch(Setup *s, char **ret) _must_check_;

/* The key's first certificate in PEM. Free it; NULL: out of memory. */
char *test_certificate(const signet_key *key);

/* Whether the CMS in the file, DER, is a signature by the key of this certificate over TEST_TEXT,
 * detached or not. Who trusts the certificate is not asked. Tells what is wrong. */
int test_verify(Setup *s, const char *path, const signet_key *key) _must_check_;

/* Whether the RSA signature in the CMS has an octet of 0 in front, which makes it too long for OpenSSL. */
bool test_is_long(const char *path, const signet_key *key);

/* Tells that the program failed, and what it said. Returns CTL_NO. */
int test_failed(Setup *s, const char *program, int status, const char *output);

/* Whether policy lets the caller have digests signed, which `who` needs; tells that it does not. */
int test_may_digest(Setup *s, const signet_key *key, const char *who) _must_check_;

/* Where no program is at hand: signs with the key through libsignet, as for a mail where the key has a certificate, and
 * has OpenSSL verify it. */
int test_by_library(Setup *s, signet_key *key) _must_check_;

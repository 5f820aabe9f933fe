/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host program as the tests play it: loads a module by path, finds what is on it, and compares what functions return
 * with what PKCS#11 2.40 and 3.0 allow.
 *
 * The same tests run on SoftHSM, to see that a module can pass them: there the host is "reference" and a test leaves
 * out, or expects otherwise, where that module is known to depart from the specification. */
#pragma once

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "cryptoki3.h"

typedef struct Host {
        const char *path;
        void *library;
        bool reference;
        const char *pin; /* for C_Login; NULL: none is needed */
        CK_SLOT_ID slot; /* the token under test, after host_start() */
} Host;
extern Host host;
extern CK_FUNCTION_LIST *p11; /* its functions, 2.40 */
extern T3Functions *p11v3;    /* 3.0; NULL: the module has none (the reference) */

/* Loads the module; exits with a sentence when that cannot be. */
void host_load(const char *path);

/* For cmocka's set-up and tear-down: C_Initialize and the slot of a token with objects; C_Finalize. */
int host_start(void **state);
int host_stop(void **state);

/* A session, read-only, logged in where a PIN is needed. */
CK_SESSION_HANDLE host_open(void);
void host_close(CK_SESSION_HANDLE session);

/* The objects that fit a template (a list ended by none; n attributes); returns how many, at most max. */
size_t host_find(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *ret, size_t max);

/* The first private or public key of a type; 0 when there is none. */
CK_OBJECT_HANDLE host_key(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, CK_KEY_TYPE type);
/* The public key that goes with a private one, by CKA_ID. */
CK_OBJECT_HANDLE host_partner(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_OBJECT_CLASS class);

/* The value of one attribute in `buffer`; its length, or -1 when there is none. */
ssize_t host_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *buffer,
                       size_t size);
CK_ULONG host_ulong(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

/* OpenSSL's idea of a public key, from its attributes; the caller's. */
EVP_PKEY *host_public(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public);

/* --- expectations --- */

#define RV_END            ((CK_RV) -2)
#define expect(call, ...) expect_rv(#call, __FILE__, __LINE__, (call), (const CK_RV[]){ __VA_ARGS__, RV_END })
CK_RV expect_rv(const char *what, const char *file, int line, CK_RV rv, const CK_RV *allowed);

const char *rv_name(CK_RV rv);

/* Values that no module gave out, and lengths that nothing has. */
extern const CK_ULONG strange_handles[], absurd_lengths[];
extern const size_t n_strange_handles, n_absurd_lengths;

/* Memory of which the host says more than there is would be read: pointers that are not to be touched. */
#define WILD ((void *) 16)

/* The groups of tests, a file each; 0 when all went well. */
int test_general(void);
int test_interface(void);
int test_walk(void);
int test_slot(void);
int test_session(void);
int test_find(void);
int test_object(void);
int test_sign(void);
int test_sign_state(void);
int test_decrypt(void);
int test_derive(void);
int test_digest(void);
int test_threads(void);
int test_process(void);

/* Those for special circumstances (test-special.c). */
int test_empty(void);
int test_hanging(void);
int test_restart(void);
int test_many(void);

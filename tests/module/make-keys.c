/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes many P-256 keys on a token in one process, for tests with very many.
 *
 * Usage: make-keys MODULE LABEL PIN NUMBER. The keys are called many-0, many-1... */
#include <stdio.h>

#include "host.h"

static CK_SLOT_ID find_token(const char *label) {
        CK_SLOT_ID slots[16];
        CK_ULONG n = ELEMENTSOF(slots);
        CK_TOKEN_INFO info;

        if (p11->C_GetSlotList(CK_TRUE, slots, &n) == CKR_OK)
                for (CK_ULONG i = 0; i < n; i++)
                        if (p11->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
                            strncmp((char *) info.label, label, strlen(label)) == 0)
                                return slots[i];
        fprintf(stderr, "no token \"%s\"\n", label);
        exit(1);
}

static CK_RV make_key(CK_SESSION_HANDLE s, int number) {
        CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 }, id[4];
        CK_MECHANISM m = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
        CK_OBJECT_HANDLE public, private;
        CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
        char label[32];
        CK_ULONG n = (CK_ULONG) snprintf(label, sizeof(label), "many-%d", number);

        memcpy(id, &number, sizeof(id));
        CK_ATTRIBUTE public_template[] = {
                { CKA_TOKEN, &yes, 1 },      { CKA_PRIVATE, &no, 1 },  { CKA_EC_PARAMS, p256, sizeof(p256) },
                { CKA_ID, id, sizeof(id) },  { CKA_LABEL, label, n },  { CKA_VERIFY, &yes, 1 },
        }, private_template[] = {
                { CKA_TOKEN, &yes, 1 },      { CKA_PRIVATE, &yes, 1 }, { CKA_SENSITIVE, &yes, 1 },
                { CKA_ID, id, sizeof(id) },  { CKA_LABEL, label, n },  { CKA_SIGN, &yes, 1 },
                { CKA_EXTRACTABLE, &no, 1 },
        };

        return p11->C_GenerateKeyPair(s, &m, public_template, ELEMENTSOF(public_template), private_template,
                                      ELEMENTSOF(private_template), &public, &private);
}

int main(int argc, char **argv) {
        CK_SESSION_HANDLE s;
        CK_RV rv;

        if (argc != 5) {
                fprintf(stderr, "usage: %s MODULE LABEL PIN NUMBER\n", argv[0]);
                return 2;
        }
        host.reference = true;
        host_load(argv[1]);
        rv = p11->C_Initialize(NULL);
        if (rv == CKR_OK)
                rv = p11->C_OpenSession(find_token(argv[2]), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s);
        if (rv == CKR_OK)
                rv = p11->C_Login(s, CKU_USER, (CK_BYTE *) argv[3], strlen(argv[3]));
        for (int i = 0; rv == CKR_OK && i < strtol(argv[4], NULL, 10); i++)
                rv = make_key(s, i);
        if (rv != CKR_OK)
                fprintf(stderr, "%s: %s\n", argv[1], rv_name(rv));
        (void) p11->C_Finalize(NULL);
        return rv == CKR_OK ? 0 : 1;
}

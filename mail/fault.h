/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a mail could not be signed, encrypted, decrypted or verified: a kind for programs, a sentence for people.
 *
 * Every function of mail/ that takes a Fault returns 0, or the MailError that it also left there with a sentence
 * that names the thing, the cause and the next step. Outputs stay untouched then. */
#pragma once

#include "common/macros.h"

typedef enum MailError {
        MAIL_OK,
        MAIL_E_USAGE,             /* the command line */
        MAIL_E_INVALID_INPUT,     /* the mail, or a file named with it, is not what it must be */
        MAIL_E_NOT_SIGNED,        /* verify: there is no signature to verify */
        MAIL_E_NOT_ENCRYPTED,     /* decrypt: there is nothing to decrypt */
        MAIL_E_BAD_SIGNATURE,     /* verify: see the report */
        MAIL_E_DECRYPTION_FAILED, /* one error for every reason that a ciphertext can give */
        MAIL_E_NO_CERTIFICATE,    /* none for an address, or one that does not fit the use */
        MAIL_E_EXPIRED,           /* a certificate is not valid now */
        MAIL_E_WRONG_ADDRESS,     /* a certificate does not carry the address */
        MAIL_E_NO_SUCH_KEY,
        MAIL_E_AMBIGUOUS, /* several keys fit a name */
        MAIL_E_NOT_AUTHORIZED,
        MAIL_E_NOT_SUPPORTED,
        MAIL_E_UNAVAILABLE, /* signetd or the token cannot answer now */
        MAIL_E_FAILED,      /* files, memory: see the sentence */
        _MAIL_ERROR_MAX,
} MailError;

/* "InvalidInput", "NoSuchKey"...; static; NULL outside the enum. */
const char *mail_error_to_string(MailError e);

#define FAULT_TEXT_MAX 1024

typedef struct Fault {
        MailError error;
        char text[FAULT_TEXT_MAX]; /* UTF-8; long sentences are cut */
} Fault;

/* Records an error and returns it. The first error stays: what follows from it is not news. */
int fault_set(Fault *f, MailError error, const char *format, ...) _printf_(3, 4);

/* The same with ": " and the text of errno `number` (either sign) behind the sentence; the error is MAIL_E_FAILED. */
int fault_set_errno(Fault *f, int number, const char *format, ...) _printf_(3, 4);

/* The same with OpenSSL's last reason, if it has one, behind the sentence. Empties OpenSSL's queue. */
int fault_set_openssl(Fault *f, MailError error, const char *format, ...) _printf_(3, 4);

void fault_clear(Fault *f);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Help that fits a screen. signet-smime(1) says more. */
#include "help.h"

const char *help_program(void) {
        return "Usage: signet-smime COMMAND [OPTION...] < MAIL\n"
               "S/MIME with keys that stay on their tokens.\n"
               "\n"
               "  sign      sign a mail with the key of its From address\n"
               "  encrypt   encrypt a mail for its recipients\n"
               "  decrypt   decrypt a mail with any key that you may use\n"
               "  verify    say who signed a mail, and whether to believe it\n"
               "\n"
               "signet-smime COMMAND --help lists the options of a command.\n"
               "The options of openssl smime work as well, for mail programs that are set up to run it:\n"
               "signet-smime -sign, -encrypt, -decrypt, -verify or -pk7out; see signet-smime -help.\n"
               "\n"
               "Exit status: 0 done, or the signature is good; 1 the signature is not good; 2 wrong usage;\n"
               "3 it cannot be done (key, certificate, policy, token, files); 4 the input is not such a mail;\n"
               "5 the mail could not be decrypted.\n";
}

const char *help_command(Command command) {
        switch (command) {
        case COMMAND_SIGN:
                return "Usage: signet-smime sign [OPTION...] < MAIL > SIGNED\n"
                       "Signs a mail: multipart/signed around its MIME content.\n"
                       "\n"
                       "      --from ADDRESS   whose key signs; default: the mail's From\n"
                       "      --key NAME       this key: a pkcs11: URI, an id, an address, or a key file\n"
                       "      --cert FILE      the certificate to sign with, when it is not on the token\n"
                       "      --opaque         application/pkcs7-mime, which only S/MIME programs can read\n"
                       "      --digest NAME    sha256, sha384 or sha512; default: what fits the key\n"
                       "      --pss            RSASSA-PSS instead of PKCS #1 v1.5\n"
                       "  -i, --in FILE        read the mail from there; default: standard input\n"
                       "  -o, --out FILE       write to there; default: standard output\n"
                       "      --address BUS    the D-Bus that signetd is on; default: the system bus\n";
        case COMMAND_ENCRYPT:
                return "Usage: signet-smime encrypt [OPTION...] < MAIL > ENCRYPTED\n"
                       "Encrypts a mail for its recipients.\n"
                       "\n"
                       "      --to ADDRESS     a recipient, repeatable; default: the mail's To and Cc\n"
                       "      --cert FILE      certificates to encrypt for, repeatable\n"
                       "      --cert-dir DIR   a folder of certificates to choose from by address, repeatable\n"
                       "      --to-self        encrypt for the From address as well\n"
                       "      --cipher NAME    aes-256-cbc (default), aes-128-cbc, aes-256-gcm, aes-128-gcm\n"
                       "      --oaep           RSAES-OAEP instead of PKCS #1 v1.5\n"
                       "      --sign           sign first, with --from, --key, --opaque, --digest and --pss as in "
                       "sign\n"
                       "  -i, --in FILE        read the mail from there; default: standard input\n"
                       "  -o, --out FILE       write to there; default: standard output\n"
                       "      --address BUS    the D-Bus that signetd is on; default: the system bus\n"
                       "\n"
                       "Certificates on tokens are found by address without being named.\n";
        case COMMAND_DECRYPT:
                return "Usage: signet-smime decrypt [OPTION...] < ENCRYPTED > MAIL\n"
                       "Decrypts a mail with whichever key it was encrypted for. Nothing is written before all of it\n"
                       "is decrypted and looks like mail.\n"
                       "\n"
                       "      --key NAME       only with this key: a pkcs11: URI, an id, an address, or a key file\n"
                       "      --cert FILE      an old certificate of a key, when it is on no token; repeatable\n"
                       "      --any            let pass what is no mail\n"
                       "  -i, --in FILE        read the mail from there; default: standard input\n"
                       "  -o, --out FILE       write to there; default: standard output\n"
                       "      --address BUS    the D-Bus that signetd is on; default: the system bus\n";
        case COMMAND_VERIFY:
                return "Usage: signet-smime verify [OPTION...] < MAIL\n"
                       "Says who signed a mail, whether the certificate is to be believed, and whether it is the\n"
                       "sender's.\n"
                       "\n"
                       "      --ca-file FILE   trust these authorities, repeatable; default: the system's\n"
                       "      --ca-dir DIR     the same from a folder with hashed names, repeatable\n"
                       "      --crl-file FILE  check the chain against this revocation list, repeatable\n"
                       "      --cert FILE      certificates that the mail does not bring along, repeatable\n"
                       "      --from ADDRESS   who must have signed; default: the mail's From\n"
                       "      --json           print the report as JSON\n"
                       "  -i, --in FILE        read the mail from there; default: standard input\n"
                       "  -o, --out FILE       write what was signed to there, if the signature is good\n"
                       "\n"
                       "Exit status: 0 good; 1 not good, or not signed.\n";
        default:
                return "";
        }
}

const char *help_openssl(void) {
        return "Usage: signet-smime -sign|-encrypt|-decrypt|-verify|-pk7out [OPTION...] [CERTIFICATE...]\n"
               "The options of openssl smime and openssl cms that mail programs use. FORM is SMIME (default), DER or "
               "PEM.\n"
               "\n"
               "all        -in FILE -out FILE -inform FORM -outform FORM -passin stdin -to A -from A -subject S\n"
               "-sign      -signer FILE [-inkey NAME] [-certfile FILE] [-md DIGEST] [-nodetach] [-binary]\n"
               "           [-nocerts] [-keyopt rsa_padding_mode:pss]\n"
               "-encrypt   [-aes128|-aes192|-aes256|-aes-256-gcm...] [-binary] [-keyopt rsa_padding_mode:oaep] "
               "CERTIFICATE...\n"
               "-decrypt   [-recip FILE] [-inkey NAME] [-binary]\n"
               "-verify    [-content FILE] [-CAfile FILE] [-CApath DIR] [-certfile FILE] [-signer FILE]\n"
               "           [-noverify] [-purpose NAME] [-binary]\n"
               "\n"
               "-inkey names a key as --key does; without it the key of the certificate is used. Exit status: 0 done;\n"
               "1 wrong usage; 2 unreadable input; 3 cannot be done; 4 verifying or decrypting failed.\n";
}

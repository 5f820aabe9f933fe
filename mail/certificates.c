/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads certificates and judges them. Fed with files of the user's and with what mails bring along: any of them may be
 * hostile, so that strings from a certificate are compared by length and shown escaped. */
#include "certificates.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>

#include "common/text.h"
#include "header.h"

#define DIRECTORY_FILES_MAX 10000

int certificates_add(STACK_OF(X509) *to, X509 *certificate) {
        for (int i = 0; i < sk_X509_num(to); i++)
                if (X509_cmp(sk_X509_value(to, i), certificate) == 0)
                        return 0;
        if (!X509_up_ref(certificate))
                return -ENOMEM;
        if (!sk_X509_push(to, certificate)) {
                X509_free(certificate);
                return -ENOMEM;
        }
        return 0;
}

static int read_file(const char *path, BIO **ret, Fault *f) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        _cleanup_(BIO_free_allp) BIO *bio = NULL;
        struct stat st;
        char buffer[16384];
        size_t size = 0;
        ssize_t n;

        if (fd < 0 || fstat(fd, &st) < 0)
                return fault_set_errno(f, errno, "cannot read %s", path);
        if (S_ISDIR(st.st_mode))
                return fault_set(f, MAIL_E_INVALID_INPUT, "%s is a folder, not a file of certificates", path);
        bio = BIO_new(BIO_s_mem());
        if (!bio)
                return fault_set_errno(f, ENOMEM, "cannot read %s", path);
        while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
                size += (size_t) n;
                if (size > CERTIFICATE_FILE_MAX)
                        return fault_set(f, MAIL_E_INVALID_INPUT, "%s is too large for a file of certificates", path);
                if (BIO_write(bio, buffer, (int) n) != n)
                        return fault_set_errno(f, ENOMEM, "cannot read %s", path);
        }
        if (n < 0)
                return fault_set_errno(f, errno, "cannot read %s", path);
        *ret = TAKE_PTR(bio);
        return 0;
}

static int load(const char *path, STACK_OF(X509) *to, int *ret_n, Fault *f) {
        _cleanup_(BIO_free_allp) BIO *bio = NULL;
        const unsigned char *data = NULL;
        int n = 0, r;

        r = read_file(path, &bio, f);
        if (r != 0)
                return r;

        char *memory = NULL;
        long size = BIO_get_mem_data(bio, &memory);
        data = (const unsigned char *) memory;
        _cleanup_(X509_freep) X509 *der = d2i_X509(NULL, &data, size);
        if (der) {
                n = 1;
                r = certificates_add(to, der);
        }
        for (X509 *x; !der && r == 0 && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)); n++) {
                r = certificates_add(to, x);
                X509_free(x);
        }
        ERR_clear_error();
        *ret_n = n;
        return r == 0 ? 0 : fault_set_errno(f, r, "cannot read %s", path);
}

int certificates_load(const char *path, STACK_OF(X509) *to, Fault *f) {
        int n = 0, r = load(path, to, &n, f);

        if (r == 0 && n == 0)
                return fault_set(f, MAIL_E_INVALID_INPUT, "%s holds no certificate (PEM or DER)", path);
        return r;
}

static bool is_certificate_name(const char *name) {
        static const char *const endings[] = { ".pem", ".crt", ".cer", ".der" };
        size_t n = strlen(name);

        if (name[0] == '.')
                return false;
        for (size_t i = 0; i < ELEMENTSOF(endings); i++)
                if (n > 4 && strcasecmp(name + n - 4, endings[i]) == 0)
                        return true;
        return n > 9 && strspn(name, "0123456789abcdef") == 8 && name[8] == '.' &&
               strspn(name + 9, "0123456789") == n - 9;
}

int certificates_load_directory(const char *path, STACK_OF(X509) *to, Fault *f) {
        DIR *directory = opendir(path);
        int r = 0, n = 0;

        if (!directory)
                return fault_set_errno(f, errno, "cannot read the folder %s", path);
        for (struct dirent *e; r == 0 && (e = readdir(directory));) {
                char file[4096];
                struct stat st;
                int found;

                if (!is_certificate_name(e->d_name) ||
                    (size_t) snprintf(file, sizeof(file), "%s/%s", path, e->d_name) >= sizeof(file) ||
                    stat(file, &st) < 0 || !S_ISREG(st.st_mode))
                        continue;
                if (++n > DIRECTORY_FILES_MAX)
                        r = fault_set(f, MAIL_E_INVALID_INPUT, "the folder %s has more than %d files", path,
                                      DIRECTORY_FILES_MAX);
                else
                        r = load(file, to, &found, f);
        }
        closedir(directory);
        return r;
}

/* Calls `see` for each address until it returns something else than 0; returns that. */
static int each_address(X509 *certificate, int (*see)(const ASN1_STRING *address, void *user), void *user) {
        GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
        X509_NAME *subject = X509_get_subject_name(certificate);
        int r = 0;

        for (int i = 0; r == 0 && i < sk_GENERAL_NAME_num(names); i++) {
                const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
                if (name->type == GEN_EMAIL)
                        r = see(name->d.rfc822Name, user);
        }
        for (int i = -1; r == 0 && (i = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, i)) >= 0;)
                r = see(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)), user);
        GENERAL_NAMES_free(names);
        ERR_clear_error();
        return r;
}

/* An address with NUL or other control characters in it is none: nobody may be fooled by how it prints. */
static bool is_sound(const ASN1_STRING *s) {
        const unsigned char *p = ASN1_STRING_get0_data(s);
        int n = ASN1_STRING_length(s);

        for (int i = 0; i < n; i++)
                if (p[i] <= ' ' || p[i] == 0x7f)
                        return false;
        return n > 0;
}

static int same_address(const ASN1_STRING *address, void *user) {
        const char *wanted = user;
        int n = ASN1_STRING_length(address);

        return is_sound(address) && (size_t) n == strlen(wanted) &&
               strncasecmp((const char *) ASN1_STRING_get0_data(address), wanted, (size_t) n) == 0;
}

bool certificate_has_address(X509 *certificate, const char *address) {
        return each_address(certificate, same_address, (void *) address) == 1;
}

typedef struct AddressList {
        char **items;
        size_t n;
} AddressList;

static int add_address(const ASN1_STRING *address, void *user) {
        AddressList *list = user;

        if (!is_sound(address))
                return 0;
        char *copy = strndup((const char *) ASN1_STRING_get0_data(address), (size_t) ASN1_STRING_length(address));
        char **grown = copy ? reallocarray(list->items, list->n + 1, sizeof(*grown)) : NULL;
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        list->items = grown;
        for (size_t i = 0; i < list->n; i++)
                if (strcasecmp(grown[i], copy) == 0) {
                        free(copy);
                        return 0;
                }
        grown[list->n++] = copy;
        return 0;
}

int certificate_addresses(X509 *certificate, char ***ret, size_t *ret_n) {
        AddressList list = { 0 };
        int r = each_address(certificate, add_address, &list);

        if (r < 0) {
                addresses_free(list.items, list.n);
                return r;
        }
        *ret = list.items;
        *ret_n = list.n;
        return 0;
}

static void take_line(BIO *bio, char *ret, size_t size) {
        int n = bio ? BIO_read(bio, ret, (int) size - 1) : 0;

        ret[MAX(n, 0)] = 0;
        text_clean_in_place(ret);
        text_squeeze_in_place(ret);
        if (!ret[0])
                (void) snprintf(ret, size, "(no name)");
        BIO_free(bio);
}

void certificate_describe(X509 *certificate, char *ret, size_t size) {
        BIO *bio = BIO_new(BIO_s_mem());

        if (bio)
                (void) X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0,
                                          XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
        take_line(bio, ret, size);
}

void certificate_time(const ASN1_TIME *t, char *ret, size_t size) {
        struct tm tm;

        if (!t || !ASN1_TIME_to_tm(t, &tm) || strftime(ret, size, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
                (void) snprintf(ret, size, "an unreadable time");
}

bool certificate_is_self_issued(X509 *certificate) {
        return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
}

/* RFC 8550 section 4.4. OpenSSL's own check of the purpose knows no keyAgreement and refuses anyExtendedKeyUsage. */
static bool fits_use(X509 *certificate, EVP_PKEY *key, CertificateUse use) {
        uint32_t wanted = use == CERTIFICATE_SIGN     ? KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION
                          : EVP_PKEY_is_a(key, "RSA") ? KU_KEY_ENCIPHERMENT
                                                      : KU_KEY_AGREEMENT;

        /* Both are all ones when the extension is absent. */
        return (X509_get_key_usage(certificate) & wanted) != 0 &&
               (X509_get_extended_key_usage(certificate) & (XKU_SMIME | XKU_ANYEKU)) != 0;
}

int certificate_check(X509 *certificate, CertificateUse use, Fault *f) {
        char name[256], when[64];
        EVP_PKEY *key = X509_get0_pubkey(certificate);

        certificate_describe(certificate, name, sizeof(name));
        if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0) {
                certificate_time(X509_get0_notAfter(certificate), when, sizeof(when));
                return fault_set(f, MAIL_E_EXPIRED, "the certificate of %s expired on %s; get a new one", name, when);
        }
        if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
                certificate_time(X509_get0_notBefore(certificate), when, sizeof(when));
                return fault_set(f, MAIL_E_EXPIRED, "the certificate of %s is valid only from %s on", name, when);
        }
        if (!key) {
                ERR_clear_error();
                return fault_set(f, MAIL_E_NOT_SUPPORTED, "the certificate of %s has a public key of an unknown kind",
                                 name);
        }
        if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) < 2048)
                return fault_set(f, MAIL_E_NO_CERTIFICATE,
                                 "the certificate of %s has an RSA key of only %d bits; 2048 are the least", name,
                                 EVP_PKEY_get_bits(key));
        if (!fits_use(certificate, key, use))
                return fault_set(f, MAIL_E_NO_CERTIFICATE,
                                 "the certificate of %s is not for %s mail (its keyUsage or extendedKeyUsage says so)",
                                 name, use == CERTIFICATE_SIGN ? "signing" : "encrypting");
        return 0;
}

bool certificate_is_newer(X509 *certificate, X509 *other) {
        int order = ASN1_TIME_compare(X509_get0_notBefore(certificate), X509_get0_notBefore(other));

        return order > 0 ||
               (order == 0 && ASN1_TIME_compare(X509_get0_notAfter(certificate), X509_get0_notAfter(other)) > 0);
}

int certificates_pick(STACK_OF(X509) *from, const char *address, CertificateUse use, X509 **ret, Fault *f) {
        X509 *best = NULL;
        Fault closest = { 0 };

        for (int i = 0; i < sk_X509_num(from); i++) {
                X509 *x = sk_X509_value(from, i);

                if (!certificate_has_address(x, address) || certificate_check(x, use, &closest) != 0)
                        continue;
                if (!best || certificate_is_newer(x, best))
                        best = x;
        }
        if (best) {
                *ret = best;
                return 0;
        }
        if (closest.error != MAIL_OK)
                return fault_set(f, closest.error, "%s", closest.text);
        return fault_set(f, MAIL_E_NO_CERTIFICATE, "there is no certificate for %s", address);
}

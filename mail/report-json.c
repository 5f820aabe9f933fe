/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report for programs. json-c and text.h escape what certificates bring along; what is not UTF-8 is replaced. */
#include <json-c/json.h>
#include <string.h>

#include "common/buffer.h"
#include "common/hex.h"
#include "common/text.h"
#include "header.h"
#include "report.h"

static struct json_object *text(const char *s) {
        if (!s)
                return NULL;
        return json_object_new_string(utf8_is_valid(s, strlen(s)) ? s : "(not UTF-8)");
}

static void add(struct json_object *to, const char *name, struct json_object *value) {
        (void) json_object_object_add(to, name, value);
}

static struct json_object *fingerprint(X509 *certificate) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        char hex[2 * EVP_MAX_MD_SIZE + 1];
        unsigned n = 0;

        if (X509_digest(certificate, EVP_sha256(), digest, &n) != 1)
                return NULL;
        hex_encode(digest, n, hex);
        return text(hex);
}

static struct json_object *serial(X509 *certificate) {
        _cleanup_(BN_clear_freep) BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
        char *hex = number ? BN_bn2hex(number) : NULL;
        struct json_object *o = text(hex);

        OPENSSL_free(hex);
        return o;
}

static struct json_object *name_of(const X509_NAME *name) {
        BIO *bio = BIO_new(BIO_s_mem());
        char line[512];
        int n = 0;

        if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
                n = BIO_read(bio, line, sizeof(line) - 1);
        line[MAX(n, 0)] = 0;
        BIO_free(bio);
        return text(line);
}

static struct json_object *time_of(const ASN1_TIME *t) {
        char when[64];

        certificate_time(t, when, sizeof(when));
        return text(when);
}

static struct json_object *certificate(X509 *x) {
        struct json_object *o = json_object_new_object(), *list = json_object_new_array();
        char **addresses = NULL;
        size_t n = 0;

        if (certificate_addresses(x, &addresses, &n) == 0)
                for (size_t i = 0; i < n; i++)
                        (void) json_object_array_add(list, text(addresses[i]));
        addresses_free(addresses, n);
        add(o, "addresses", list);
        add(o, "subject", name_of(X509_get_subject_name(x)));
        add(o, "issuer", name_of(X509_get_issuer_name(x)));
        add(o, "serial", serial(x));
        add(o, "sha256", fingerprint(x));
        add(o, "not_before", time_of(X509_get0_notBefore(x)));
        add(o, "not_after", time_of(X509_get0_notAfter(x)));
        return o;
}

static struct json_object *signature(const SignatureResult *s) {
        struct json_object *o = json_object_new_object();

        add(o, "valid", json_object_new_boolean(s->valid));
        add(o, "trusted", json_object_new_boolean(s->trusted));
        add(o, "problem", text(s->problem));
        add(o, "digest", text(s->digest));
        add(o, "signing_time", s->signing_time[0] ? text(s->signing_time) : NULL);
        add(o, "certificate", s->certificate ? certificate(s->certificate) : NULL);
        return o;
}

static int print(struct json_object *o, char **ret, Fault *f) {
        const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
        _cleanup_free_ char *line = text_clean_json(json_object_to_json_string_ext(o, flags));
        char *copy = NULL;

        if (!line || asprintf(&copy, "%s\n", line) < 0)
                copy = NULL;
        json_object_put(o);
        if (!copy)
                return fault_set_errno(f, ENOMEM, "cannot write the report");
        *ret = copy;
        return 0;
}

int report_json(const Report *r, char **ret, Fault *f) {
        struct json_object *o = json_object_new_object(), *list = json_object_new_array(),
                           *from = json_object_new_array();

        for (size_t i = 0; i < r->n_senders; i++)
                (void) json_object_array_add(from, text(r->senders[i]));
        for (size_t i = 0; i < r->result->n; i++)
                (void) json_object_array_add(list, signature(&r->result->signatures[i]));
        add(o, "good", json_object_new_boolean(report_good(r)));
        add(o, "valid", json_object_new_boolean(verify_result_valid(r->result)));
        add(o, "trusted", json_object_new_boolean(verify_result_trusted(r->result)));
        add(o, "from", from);
        add(o, "from_matches", json_object_new_boolean(report_sender_matches(r)));
        add(o, "from_problem", text(r->sender_problem));
        add(o, "signatures", list);
        return print(o, ret, f);
}

int report_json_fault(const Fault *why, char **ret, Fault *f) {
        struct json_object *o = json_object_new_object();

        add(o, "good", json_object_new_boolean(0));
        add(o, "error", text(mail_error_to_string(why->error)));
        add(o, "message", text(why->text));
        return print(o, ret, f);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One key in full, for people, for programs, and in PEM. Fed with what signetd shows of keys and certificates; what it
 * breaks misleads about a key. */
#include <string.h>
#include <time.h>

#include "ctl-keys.h"
#include "ctl-text.h"

int key_read_certificate(const signet_key *key, size_t i, Certificate *ret) {
        size_t n;
        const unsigned char *der = signet_key_certificate(key, i, &n);

        return certificate_read(der, n, ret);
}

char *key_operations_text(const signet_key *key) {
        char *text = NULL;
        size_t size = 0, last = 0; /* of the operation printed last */
        const char *last_operation = "";
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        for (size_t i = 0; i < signet_key_operation_count(key); i++) {
                const char *operation = signet_key_operation(key, i);
                size_t n = strcspn(operation, ":");

                if (n == last && strncmp(operation, last_operation, n) == 0 && operation[n])
                        fprintf(f, ",%s", operation + n + 1);
                else
                        fprintf(f, "%s%s", i > 0 ? " " : "", operation);
                last = n;
                last_operation = operation;
        }
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

bool key_may_any(const signet_key *key, const char *operation) {
        size_t n = strlen(operation);

        for (size_t i = 0; i < signet_key_operation_count(key); i++) {
                const char *may = signet_key_operation(key, i);

                if (strncmp(may, operation, n) == 0 && (may[n] == ':' || may[n] == '\0'))
                        return true;
        }
        return false;
}

static struct json_object *certificate_json(const signet_key *key, size_t i) {
        struct json_object *o = json_object_new_object();
        _cleanup_(certificate_done) Certificate c = { 0 };
        char buf[TEXT_TIME_MAX];
        size_t n;
        const unsigned char *der = signet_key_certificate(key, i, &n);
        _cleanup_free_ char *pem = certificate_pem("CERTIFICATE", der, n);

        if (certificate_read(der, n, &c) == 0) {
                ctl_json_string(o, "subject", c.subject);
                ctl_json_string(o, "issuer", c.issuer);
                ctl_json_string(o, "serial", c.serial);
                ctl_json_string(o, "not-before", text_time_utc(c.not_before, buf));
                ctl_json_string(o, "not-after", text_time_utc(c.not_after, buf));
        }
        ctl_json_string(o, "pem", pem);
        return o;
}

static struct json_object *strings_json(const signet_key *key, size_t (*count)(const signet_key *),
                                        const char *(*get)(const signet_key *, size_t)) {
        struct json_object *array = json_object_new_array();

        for (size_t i = 0; i < count(key); i++)
                json_object_array_add(array, json_object_new_string(get(key, i)));
        return array;
}

static struct json_object *key_json(const signet_key *key) {
        struct json_object *o = json_object_new_object(), *certificates = json_object_new_array();
        size_t n;
        const unsigned char *der = signet_key_public(key, &n);
        _cleanup_free_ char *pem = certificate_pem("PUBLIC KEY", der, n);

        ctl_json_string(o, "id", signet_key_id(key));
        ctl_json_string(o, "algorithm", signet_key_algorithm(key));
        ctl_json_number(o, "bits", signet_key_bits(key));
        ctl_json_string(o, "label", signet_key_label(key));
        json_object_object_add(o, "addresses", strings_json(key, signet_key_address_count, signet_key_address));
        json_object_object_add(o, "uris", strings_json(key, signet_key_uri_count, signet_key_uri));
        json_object_object_add(o, "operations", strings_json(key, signet_key_operation_count, signet_key_operation));
        for (size_t i = 0; i < signet_key_certificate_count(key); i++)
                json_object_array_add(certificates, certificate_json(key, i));
        json_object_object_add(o, "certificates", certificates);
        ctl_json_string(o, "public-key", pem);
        return o;
}

int keys_answer(Ctl *ctl, const Keys *keys) {
        struct json_object *answer = json_object_new_object(), *array = json_object_new_array();

        for (size_t i = 0; i < keys->n; i++)
                json_object_array_add(array, key_json(keys->items[i]));
        json_object_object_add(answer, "keys", array);
        return ctl_answer(ctl, answer);
}

static void print_field(const char *name, const char *text) {
        _cleanup_free_ char *clean = text_clean(text);

        printf("  %-12s %s\n", name, clean ?: "-");
}

static void print_certificate(const signet_key *key, size_t i) {
        _cleanup_(certificate_done) Certificate c = { 0 };
        char from[TEXT_TIME_MAX], until[TEXT_TIME_MAX], valid[3 * TEXT_TIME_MAX];
        int64_t now = time(NULL);

        if (key_read_certificate(key, i, &c) < 0) {
                print_field("certificate", "unreadable");
                return;
        }
        print_field("certificate", c.subject);
        print_field("  issued by", c.issuer);
        snprintf(valid, sizeof(valid), "%s to %s%s", text_time_local(c.not_before, from),
                 text_time_local(c.not_after, until),
                 now > c.not_after    ? " (expired)"
                 : now < c.not_before ? " (not yet)"
                                      : "");
        print_field("  valid", valid);
}

void key_print_long(Ctl *ctl, const signet_key *key) {
        _cleanup_free_ char *label = text_clean(signet_key_label(key)), *operations = key_operations_text(key);
        char algorithm[64];

        printf("%s%s%s\n", ctl_colour(ctl, CTL_BOLD), label && *label ? label : "(no label)",
               ctl_colour(ctl, CTL_PLAIN));
        print_field("id", signet_key_id(key));
        snprintf(algorithm, sizeof(algorithm), "%s, %u bits", signet_key_algorithm(key), signet_key_bits(key));
        print_field("algorithm", algorithm);
        print_field("you may", operations && *operations ? operations : "nothing");
        for (size_t i = 0; i < signet_key_uri_count(key); i++)
                print_field("uri", signet_key_uri(key, i));
        for (size_t i = 0; i < signet_key_address_count(key); i++)
                print_field("address", signet_key_address(key, i));
        for (size_t i = 0; i < signet_key_certificate_count(key); i++)
                print_certificate(key, i);
}

static int print_pem(Ctl *ctl, const char *what, const unsigned char *der, size_t n) {
        _cleanup_free_ char *pem = certificate_pem(what, der, n);

        if (!pem)
                return ctl_error(ctl, CTL_FAILURE, "out of memory");
        fputs(pem, stdout);
        return CTL_DONE;
}

int key_print_chain(Ctl *ctl, const signet_key *key) {
        const unsigned char *der;
        size_t n;
        int e;

        if (signet_key_certificate_count(key) == 0) {
                _cleanup_free_ char *label = text_clean(signet_key_label(key));
                return ctl_error(ctl, CTL_NO_SUCH_KEY,
                                 "key \"%s\" has no certificate on its token; import one there, or use --public",
                                 label ?: "");
        }
        der = signet_key_certificate(key, 0, &n);
        e = print_pem(ctl, "CERTIFICATE", der, n);
        for (size_t i = 0; e == CTL_DONE && i < signet_key_chain_count(key); i++) {
                der = signet_key_chain(key, i, &n);
                e = print_pem(ctl, "CERTIFICATE", der, n);
        }
        return e;
}

int key_print_public(Ctl *ctl, const signet_key *key) {
        size_t n;
        const unsigned char *der = signet_key_public(key, &n);

        return print_pem(ctl, "PUBLIC KEY", der, n);
}

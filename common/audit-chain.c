/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of the audit and the hashes that tie them together. Fed by signetd with what it decided and by signetctl with
 * files that anyone may have edited; what it breaks lets a cut or changed audit pass for a whole one. */
#include "audit-chain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "buffer.h"
#include "hex.h"

/* Both halves write and expect these very bytes, so that a line has one spelling. */
#define OPEN     "{\"seq\":"
#define PREVIOUS ",\"prev\":\""
#define NO_HASH  "0000000000000000000000000000000000000000000000000000000000000000"

DEFINE_CLEANUP(struct json_object *, json_object_put)
DEFINE_CLEANUP(struct json_tokener *, json_tokener_free)

void audit_head_init(AuditHead *h) {
        *h = (AuditHead){ .sequence = 0, .hash = NO_HASH };
}

static int head_advance(AuditHead *head, const char *line, size_t n) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        size_t size = 0;

        if (EVP_Q_digest(NULL, "SHA256", NULL, line, n, digest, &size) != 1)
                return -ENOMEM;
        head->sequence++;
        hex_encode(digest, size, head->hash);
        return 0;
}

int audit_chain_append(AuditHead *head, struct json_object *fields, char **ret_line, size_t *ret_size) {
        _cleanup_free_ char *line = NULL;
        const char *text;
        size_t size;
        int n;

        if (!json_object_is_type(fields, json_type_object) || json_object_object_get_ex(fields, "seq", NULL) ||
            json_object_object_get_ex(fields, "prev", NULL))
                return -EINVAL;

        text = json_object_to_json_string_length(fields, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
                                                 &size);
        if (!text)
                return -ENOMEM;
        if (size >= AUDIT_LINE_MAX)
                return -EMSGSIZE;
        if (!utf8_is_valid(text, size))
                return -EINVAL;

        n = asprintf(&line, OPEN "%" PRIu64 PREVIOUS "%s\"%s%s\n", head->sequence + 1, head->hash,
                     json_object_object_length(fields) > 0 ? "," : "", text + 1);
        if (n < 0) {
                line = NULL;
                return -ENOMEM;
        }
        if (n > AUDIT_LINE_MAX)
                return -EMSGSIZE;

        int r = head_advance(head, line, (size_t) n - 1);
        if (r < 0)
                return r;
        *ret_line = TAKE_PTR(line);
        *ret_size = (size_t) n;
        return 0;
}

static int _printf_(2, 3) broken(char **ret_why, const char *format, ...) {
        char *why = NULL;
        va_list ap;

        va_start(ap, format);
        int n = vasprintf(&why, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;

        *ret_why = why;
        return AUDIT_E_BROKEN;
}

/* Splits off what every line begins with; false when it does not. The rest of the line is not looked at. */
static bool parse_links(const char *line, size_t n, uint64_t *ret_sequence, char ret_previous[AUDIT_HASH_LENGTH + 1]) {
        static const size_t open = sizeof(OPEN) - 1, previous = sizeof(PREVIOUS) - 1;
        uint8_t raw[AUDIT_HASH_LENGTH / 2];
        const char *end = line + n;
        uint64_t sequence = 0;

        if (n < open || memcmp(line, OPEN, open) != 0)
                return false;
        line += open;
        if (line == end || *line < '1' || *line > '9')
                return false;
        for (; line < end && *line >= '0' && *line <= '9'; line++)
                if (__builtin_mul_overflow(sequence, 10, &sequence) ||
                    __builtin_add_overflow(sequence, (uint64_t) (*line - '0'), &sequence))
                        return false;

        if ((size_t) (end - line) < previous + AUDIT_HASH_LENGTH + 2 || memcmp(line, PREVIOUS, previous) != 0)
                return false;
        line += previous;
        if (hex_decode(line, AUDIT_HASH_LENGTH, raw) < 0 || line[AUDIT_HASH_LENGTH] != '"' ||
            (line[AUDIT_HASH_LENGTH + 1] != ',' && line[AUDIT_HASH_LENGTH + 1] != '}'))
                return false;

        memcpy(ret_previous, line, AUDIT_HASH_LENGTH);
        ret_previous[AUDIT_HASH_LENGTH] = '\0';
        *ret_sequence = sequence;
        return true;
}

/* Whether the line (not empty) is one JSON object in full, in valid UTF-8. 0, AUDIT_E_BROKEN or -ENOMEM. */
static int check_json(const char *line, size_t n) {
        _cleanup_(json_tokener_freep) struct json_tokener *tokener = json_tokener_new();
        _cleanup_(json_object_putp) struct json_object *object = NULL;

        if (!tokener)
                return -ENOMEM;
        if (line[n - 1] != '}') /* the parser lets white space follow */
                return AUDIT_E_BROKEN;
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        object = json_tokener_parse_ex(tokener, line, (int) n);
        if (json_tokener_get_error(tokener) != json_tokener_success || json_tokener_get_parse_end(tokener) != n)
                return AUDIT_E_BROKEN;

        return json_object_is_type(object, json_type_object) ? 0 : AUDIT_E_BROKEN;
}

int audit_chain_verify(AuditHead *head, const char *line, size_t n, char **ret_why) {
        char previous[AUDIT_HASH_LENGTH + 1];
        uint64_t sequence, expected = head->sequence + 1;
        int r;

        if (n >= AUDIT_LINE_MAX)
                return broken(ret_why, "malformed: longer than any that signetd writes (%d bytes)", AUDIT_LINE_MAX);
        if (!parse_links(line, n, &sequence, previous))
                return broken(ret_why,
                              "malformed: an audit line begins with its number and the hash of the line before");
        r = check_json(line, n);
        if (r == AUDIT_E_BROKEN)
                return broken(ret_why, "malformed: not one whole JSON object");
        if (r < 0)
                return r;

        if (sequence > expected)
                return broken(ret_why, "cut: number %" PRIu64 " stands where %" PRIu64 " belongs, %" PRIu64 " missing",
                              sequence, expected, sequence - expected);
        if (sequence < expected)
                return broken(ret_why, "reordered: number %" PRIu64 " stands where %" PRIu64 " belongs", sequence,
                              expected);
        if (strcmp(previous, head->hash) != 0)
                return sequence == 1 ? broken(ret_why, "changed: the first line names a line before it")
                                     : broken(ret_why,
                                              "changed: number %" PRIu64 " is not what it was when number %" PRIu64
                                              " was written",
                                              sequence - 1, sequence);

        return head_advance(head, line, n);
}

int audit_chain_adopt(AuditHead *head, const char *line, size_t n) {
        char previous[AUDIT_HASH_LENGTH + 1];
        AuditHead adopted;
        uint64_t sequence;
        int r;

        if (n >= AUDIT_LINE_MAX || !parse_links(line, n, &sequence, previous))
                return AUDIT_E_BROKEN;
        r = check_json(line, n);
        if (r != 0)
                return r;
        adopted.sequence = sequence - 1;
        r = head_advance(&adopted, line, n);
        if (r < 0)
                return r;

        *head = adopted;
        return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signetd itself: status, what policy would say, reload. Fed by signetd's answers. */
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "common/buffer.h"
#include "error.h"
#include "key-name.h"
#include "objects.h"
#include "wire.h"

#define FACT_MAX 1024 /* bytes of one fact */

/* --- status --- */

typedef struct StatusProperties {
        char *version, *audit_head;
        uint64_t policy_generation, start_time, done, refused, audit_sequence;
        uint32_t pending;
} StatusProperties;

static const WireField status_fields[] = {
        { "Version", WIRE_STRING, WIRE_REQUIRED, offsetof(StatusProperties, version) },
        { "PolicyGeneration", WIRE_U64, WIRE_REQUIRED, offsetof(StatusProperties, policy_generation) },
        { "StartTime", WIRE_U64, WIRE_REQUIRED, offsetof(StatusProperties, start_time) },
        { "Pending", WIRE_U32, WIRE_REQUIRED, offsetof(StatusProperties, pending) },
        { "Done", WIRE_U64, WIRE_REQUIRED, offsetof(StatusProperties, done) },
        { "Refused", WIRE_U64, WIRE_REQUIRED, offsetof(StatusProperties, refused) },
        { "AuditSequence", WIRE_U64, WIRE_REQUIRED, offsetof(StatusProperties, audit_sequence) },
        { "AuditHead", WIRE_STRING, WIRE_REQUIRED, offsetof(StatusProperties, audit_head) },
};

static void status_properties_done(StatusProperties *p) {
        free(p->version);
        free(p->audit_head);
}

static int status_read(_unused_ const char *path, sd_bus_message *m, void *userdata) {
        return wire_read_dict(m, "the status", status_fields, ELEMENTSOF(status_fields), userdata);
}

int signet_get_status(signet_client *client, signet_status *status) {
        _cleanup_(status_properties_done) StatusProperties p = { 0 };
        ObjectReader reader = { .interface = SIGNET_MANAGER, .read = status_read, .userdata = &p };
        signet_status s = { .size = sizeof(s) };
        int r;

        if (!client || !status || status->size < sizeof(s))
                return error_set(-EINVAL, "signet_get_status() needs a client and a status whose size is set");
        r = object_fetch(client, SIGNET_PATH, &reader, client_deadline(client));
        if (r != 0)
                return r;
        if (strlen(p.version) >= sizeof(s.version))
                return wire_unexpected("Version", "shorter", p.version);
        if (strlen(p.audit_head) >= sizeof(s.audit_head))
                return wire_unexpected("AuditHead", "64 hex digits", p.audit_head);

        memcpy(s.version, p.version, strlen(p.version) + 1);
        memcpy(s.audit_head, p.audit_head, strlen(p.audit_head) + 1);
        s.policy_generation = p.policy_generation;
        s.start_time = p.start_time;
        s.done = p.done;
        s.refused = p.refused;
        s.pending = p.pending;
        s.audit_sequence = p.audit_sequence;
        *status = s; /* members that a newer header added stay as they are; size says which were filled */
        return 0;
}

/* --- explain --- */

struct signet_verdict {
        char *effect, *rule, *file, *reason;
        uint32_t line;
};

DEFINE_CLEANUP(signet_verdict *, signet_verdict_free)

static const WireField verdict_fields[] = {
        { "effect", WIRE_STRING, WIRE_REQUIRED, offsetof(signet_verdict, effect) },
        { "rule", WIRE_STRING, WIRE_OPTIONAL, offsetof(signet_verdict, rule) },
        { "file", WIRE_STRING, WIRE_OPTIONAL, offsetof(signet_verdict, file) },
        { "line", WIRE_U32, WIRE_OPTIONAL, offsetof(signet_verdict, line) },
        { "reason", WIRE_STRING, WIRE_REQUIRED, offsetof(signet_verdict, reason) },
};

typedef struct Fact {
        const char *name, *value;
} Fact;

static int facts_write(sd_bus_message *m, const void *input) {
        const signet_facts *f = input;
        const Fact facts[] = { { "key", f->key },         { "operation", f->operation },
                               { "purpose", f->purpose }, { "user", f->user },
                               { "hash", f->hash },       { "domain", f->domain },
                               { "address", f->address }, { "unit", f->unit } };
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(facts); i++)
                if (facts[i].value)
                        r = sd_bus_message_append(m, "{sv}", facts[i].name, "s", facts[i].value);
        if (r >= 0 && f->time != 0)
                r = sd_bus_message_append(m, "{sv}", "time", "x", f->time);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : 0;
}

static int facts_check(const signet_facts *f) {
        const char *const values[] = { f->key,  f->operation, f->purpose, f->user,
                                       f->hash, f->domain,    f->address, f->unit };

        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                if (values[i] && (strlen(values[i]) > FACT_MAX || !utf8_is_valid(values[i], strlen(values[i]))))
                        return error_set(SIGNET_E_INVALID_INPUT, "a fact is longer than %d bytes or not valid UTF-8",
                                         FACT_MAX);
        return f->key ? key_name_check(f->key) : 0;
}

static int verdict_read(sd_bus_message *reply, void *output) {
        _cleanup_(signet_verdict_freep) signet_verdict *v = NULL;
        int r;

        v = calloc(1, sizeof(*v));
        if (!v)
                return error_no_memory();
        r = wire_read_dict(reply, "the verdict", verdict_fields, ELEMENTSOF(verdict_fields), v);
        if (r != 0)
                return r;
        r = wire_finish(reply, "the verdict");
        if (r != 0)
                return r;
        if (strcmp(v->effect, "allow") != 0 && strcmp(v->effect, "deny") != 0)
                return wire_unexpected("effect", "\"allow\" or \"deny\"", v->effect);

        *(signet_verdict **) output = TAKE_PTR(v);
        return 0;
}

int signet_explain(signet_client *client, const signet_facts *facts, signet_verdict **ret_verdict) {
        Call call = { .path = SIGNET_PATH,
                      .interface = SIGNET_MANAGER,
                      .member = "Explain",
                      .write = facts_write,
                      .input = facts,
                      .read = verdict_read,
                      .output = ret_verdict };
        int r;

        if (!client || !facts || !ret_verdict || facts->size < sizeof(*facts))
                return error_set(
                        -EINVAL,
                        "signet_explain() needs a client, facts whose size is set, and a place for the verdict");
        r = facts_check(facts);
        return r != 0 ? r : call_run(client, &call, client_deadline(client));
}

void signet_verdict_free(signet_verdict *verdict) {
        if (!verdict)
                return;
        free(verdict->effect);
        free(verdict->rule);
        free(verdict->file);
        free(verdict->reason);
        free(verdict);
}

int signet_verdict_allowed(const signet_verdict *verdict) {
        return strcmp(verdict->effect, "allow") == 0;
}

const char *signet_verdict_effect(const signet_verdict *verdict) {
        return verdict->effect;
}

const char *signet_verdict_rule(const signet_verdict *verdict) {
        return verdict->rule ? verdict->rule : "";
}

const char *signet_verdict_file(const signet_verdict *verdict) {
        return verdict->file ? verdict->file : "";
}

unsigned int signet_verdict_line(const signet_verdict *verdict) {
        return verdict->line;
}

const char *signet_verdict_reason(const signet_verdict *verdict) {
        return verdict->reason;
}

/* --- reload --- */

static int generation_read(sd_bus_message *reply, void *output) {
        uint64_t generation;
        int r;

        r = sd_bus_message_read_basic(reply, 't', &generation);
        if (r <= 0)
                return wire_failed(r, "the policy's generation");
        r = wire_finish(reply, "the policy's generation");
        if (r != 0)
                return r;
        *(uint64_t *) output = generation;
        return 0;
}

int signet_reload_policy(signet_client *client, uint64_t *ret_generation) {
        uint64_t generation;
        Call call = { .path = SIGNET_PATH,
                      .interface = SIGNET_MANAGER,
                      .member = "ReloadPolicy",
                      .read = generation_read,
                      .output = &generation };
        int r;

        if (!client)
                return error_set(-EINVAL, "signet_reload_policy() needs a client");
        r = call_run(client, &call, client_deadline(client));
        if (r == 0 && ret_generation)
                *ret_generation = generation;
        return r;
}

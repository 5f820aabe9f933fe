/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.signetd.Signet1.Token: decodes, has checked, and passes on. Fed by bus clients who may see the token. */
#include <time.h>

#include "access.h"
#include "bus-vtable.h"
#include "common/log.h"
#include "manager.h"

static void decide(const View *v, PolicyVerdict *ret) {
        access_decide_token(v->manager->policy, v->peer, v->token->inventory, v->token->config->label, OPERATION_UNLOCK,
                            (int64_t) time(NULL), ret);
}

/* Writes down who was refused, and answers. */
static int refuse(const View *v, sd_bus_message *message, FrameType type, const PolicyVerdict *verdict) {
        Failure f;
        int r;

        r = failure_set(&f, OUTCOME_NOT_AUTHORIZED, "policy does not let you unlock or lock token \"%s\": %s",
                        v->token->config->name, verdict->reason);
        if (manager_audit(v->manager,
                          &(AuditEntry){
                                  .peer = v->peer,
                                  .operation = type == FRAME_UNLOCK ? "unlock" : "lock",
                                  .token = v->token->config->name,
                                  .rule = verdict->rule ? policy_rule_name(verdict->rule) : NULL,
                                  .verdict = "deny",
                                  .result = OUTCOME_NOT_AUTHORIZED,
                                  .reason = verdict->reason,
                          },
                          &f) < 0)
                log_error("out of memory while a refusal was written down");
        return bus_reply_failure(message, r, &f);
}

static int control(const View *v, sd_bus_message *message, FrameType type, int pin_fd) {
        PolicyVerdict verdict;
        Failure f;
        int r;

        decide(v, &verdict);
        if (verdict.effect != POLICY_ALLOW)
                return refuse(v, message, type, &verdict);
        if (v->token->control)
                return bus_reply_failure(message,
                                         failure_set(&f, OUTCOME_BUSY,
                                                     "token \"%s\" is being unlocked or locked already; wait for that",
                                                     v->token->config->name),
                                         &f);
        r = control_start(v->token, type, pin_fd, v->peer, message,
                          verdict.rule ? policy_rule_name(verdict.rule) : NULL);
        if (r < 0) {
                (void) log_error_errno(r, "token \"%s\": its supervisor cannot be reached", v->token->config->name);
                return bus_reply_failure(message,
                                         failure_set(&f, OUTCOME_TOKEN_UNAVAILABLE,
                                                     "token \"%s\": its worker cannot be reached; see signetd's log",
                                                     v->token->config->name),
                                         &f);
        }
        return 1;
}

static int method_unlock(sd_bus_message *message, void *userdata, _unused_ sd_bus_error *error) {
        const View v = *(const View *) userdata;
        int r, fd;

        r = sd_bus_message_read_basic(message, 'h', &fd);
        return r < 0 ? r : control(&v, message, FRAME_UNLOCK, fd);
}

static int method_lock(sd_bus_message *message, void *userdata, _unused_ sd_bus_error *error) {
        const View v = *(const View *) userdata;

        return control(&v, message, FRAME_LOCK, -EBADF);
}

#define GETTER(name)                                                                                                   \
        static int name(_unused_ sd_bus *bus, _unused_ const char *path, _unused_ const char *interface,               \
                        _unused_ const char *property, sd_bus_message *reply, void *userdata,                          \
                        _unused_ sd_bus_error *error)

GETTER(get_name) {
        const View *v = userdata;
        return sd_bus_message_append_basic(reply, 's', v->token->config->name);
}

GETTER(get_state) {
        const View *v = userdata;
        return sd_bus_message_append_basic(reply, 's', token_state_to_string(v->token->state));
}

GETTER(get_message) {
        const View *v = userdata;
        return sd_bus_message_append_basic(reply, 's', v->token->message ?: "");
}

GETTER(get_label) {
        const View *v = userdata;
        const Inventory *i = v->token->inventory;
        return sd_bus_message_append_basic(reply, 's', i && *i->label ? i->label : v->token->config->label);
}

GETTER(get_serial) {
        const View *v = userdata;
        return sd_bus_message_append_basic(reply, 's', v->token->inventory ? v->token->inventory->serial : "");
}

GETTER(get_model) {
        const View *v = userdata;
        return sd_bus_message_append_basic(reply, 's', v->token->inventory ? v->token->inventory->model : "");
}

GETTER(get_manufacturer) {
        const View *v = userdata;
        return sd_bus_message_append_basic(reply, 's', v->token->inventory ? v->token->inventory->manufacturer : "");
}

GETTER(get_workers) {
        const View *v = userdata;
        uint32_t n = token_workers_ready(v->token);
        return sd_bus_message_append_basic(reply, 'u', &n);
}

GETTER(get_workers_configured) {
        const View *v = userdata;
        uint32_t n = v->token->config->workers;
        return sd_bus_message_append_basic(reply, 'u', &n);
}

GETTER(get_may_unlock) {
        PolicyVerdict verdict;
        int allowed;

        decide(userdata, &verdict);
        allowed = verdict.effect == POLICY_ALLOW;
        return sd_bus_message_append_basic(reply, 'b', &allowed);
}

const sd_bus_vtable bus_token_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Unlock", SD_BUS_ARGS("h", pin), SD_BUS_NO_RESULT, method_unlock,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Lock", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_lock, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Name", "s", get_name, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Message", "s", get_message, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Label", "s", get_label, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Serial", "s", get_serial, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Model", "s", get_model, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Manufacturer", "s", get_manufacturer, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Workers", "u", get_workers, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("WorkersConfigured", "u", get_workers_configured, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("MayUnlock", "b", get_may_unlock, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

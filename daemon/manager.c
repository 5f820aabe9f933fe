/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds signetd from its parts and carries news between them. */
#include "manager.h"

#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "bus-announce.h"
#include "common/log.h"
#include "dispatch.h"

/* Clients that come before the tokens are up would find no keys; a token that hangs must not hold up the others. */
#define SETTLE_US         (5ULL * 1000 * 1000)
#define TIMER_ACCURACY_US 10000
#define ATTEMPTS_PER_HOUR 3600 /* of one user, at keys that are not there for it, are written down */
#define REFUSALS_PER_HOUR 3600 /* of a user, that the audit has; the others are counted */

uint64_t manager_now_us(_unused_ const Manager *m) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

int manager_audit(Manager *m, const AuditEntry *e, Failure *f) {
        int r = audit_write(m->audit, e);

        if (r == 0) {
                m->audit_fails = false;
                return 0;
        }
        if (!m->audit_fails)
                (void) log_error_errno(r, "audit file %s cannot be written; operations are %s until it can be",
                                       m->settings->audit_file,
                                       m->settings->audit_on_failure == AUDIT_FAILURE_REFUSE ? "refused"
                                                                                             : "done all the same");
        m->audit_fails = true;
        if (m->settings->audit_on_failure == AUDIT_FAILURE_CONTINUE)
                return 0;
        return failure_set(f, OUTCOME_NOT_AUTHORIZED,
                           "refused: the audit cannot be written (%s); tell the administrator to make room for it",
                           strerrordesc_np(-r));
}

/* What signetd itself does: never refused. */
static void audit_own(Manager *m, const char *operation) {
        Failure f;

        if (m->audit && manager_audit(m, &(AuditEntry){ .operation = operation }, &f) != 0)
                log_warning("\"%s\" does not stand in the audit", operation);
}

static int on_dispatch(_unused_ sd_event_source *s, void *userdata) {
        dispatch_run(userdata);
        return 0;
}

void manager_dispatch_soon(Manager *m) {
        if (sd_event_source_set_enabled(m->dispatch, SD_EVENT_ONESHOT) < 0)
                log_error("waiting requests cannot be handed out");
}

void manager_dispatch_now(Manager *m) {
        if (sd_event_source_get_enabled(m->dispatch, NULL) <= 0)
                return;
        (void) sd_event_source_set_enabled(m->dispatch, SD_EVENT_OFF);
        dispatch_run(m);
}

static void notify_status(Manager *m) {
        size_t ready = 0;

        for (size_t i = 0; i < m->n_tokens; i++)
                ready += m->tokens[i]->state == TOKEN_READY;
        (void) sd_notifyf(0, "STATUS=%zu of %zu tokens ready, %zu keys, policy generation %llu", ready, m->n_tokens,
                          key_table_size(m->keys), (unsigned long long) m->generation);
}

static void publish(Manager *m) {
        if (m->published)
                return;
        m->published = true;
        bus_publish(m->bus);
}

void manager_serving(Manager *m) {
        m->serving = true;
        log_info("serving as " BUS_NAME);
        (void) sd_notify(0, "READY=1");
        notify_status(m);
}

static void publish_when_settled(Manager *m) {
        for (size_t i = 0; i < m->n_tokens; i++)
                if (!m->tokens[i]->settled)
                        return;
        publish(m);
}

static int on_settle_timeout(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *userdata) {
        publish(userdata);
        return 0;
}

void manager_token_changed(Manager *m, Token *t) {
        dispatch_sweep(m);
        bus_announce_token(m, t);
        publish_when_settled(m);
        if (m->serving)
                notify_status(m);
}

void manager_inventory_changed(Manager *m, const Token *t, const Inventory *old_inventory) {
        _cleanup_(key_table_freep) KeyTable *old = NULL;
        _cleanup_free_ KeySource *sources = calloc(MAX(m->n_tokens, 1U), sizeof(*sources));
        KeyTable *keys;
        int r;

        for (size_t i = 0; sources && i < m->n_tokens; i++)
                sources[i] = (KeySource){ m->tokens[i], m->tokens[i]->inventory };
        r = sources ? key_table_new(sources, m->n_tokens, &keys) : -ENOMEM;
        if (r < 0) {
                (void) log_error_errno(r, "the list of keys stays as it was");
                return;
        }
        old = m->keys;
        m->keys = keys;
        bus_announce_change(m,
                            &(BusBefore){ .policy = m->policy, .keys = old, .token = t, .inventory = old_inventory });
}

void manager_peer_gone(Manager *m, const char *name) {
        _cleanup_(peer_unrefp) Peer *peer = peer_cache_drop(m->peers, name);

        if (!peer)
                return;
        channel_close_all(m, peer);
        dispatch_abandon(m, peer);
}

void manager_bus_lost(Manager *m) {
        channel_close_all(m, NULL);
        dispatch_abandon(m, NULL);
        peer_cache_clear(m->peers);
}

int manager_reload(Manager *m, const Peer *peer, Failure *f) {
        _cleanup_(problems_done) Problems problems = {};
        _cleanup_(policy_unrefp) Policy *policy = NULL, *old = NULL;
        Failure unwritten;
        int r;

        if (m->serving)
                (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long) manager_now_us(m));
        r = policy_load(m->settings->policy_directory, &problems, &policy);
        if (r < 0 && problems_any(&problems)) {
                char text[sizeof(f->text)] = "";
                size_t n = 0;

                for (size_t i = 0; i < problems.n; i++) {
                        const Problem *p = &problems.items[i];

                        log_error("%s:%u: %s", p->file, p->line, p->text);
                        if (n < sizeof(text))
                                n += (size_t) MAX(0, snprintf(text + n, sizeof(text) - n, "%s%s:%u: %s",
                                                              i > 0 ? "; " : "", p->file, p->line, p->text));
                }
                r = failure_set(f, OUTCOME_INVALID_INPUT, "the policy stays as it was: %s", text);
        }
        if (r == 0) {
                old = m->policy;
                m->policy = TAKE_PTR(policy);
                m->generation++;
                log_notice("policy read again: %zu rules, generation %llu", policy_rule_count(m->policy),
                           (unsigned long long) m->generation);
        }
        if (manager_audit(m,
                          &(AuditEntry){ .peer = peer,
                                         .operation = "reload",
                                         .result = r > 0 ? f->outcome : OUTCOME_OK,
                                         .reason = r > 0 ? f->text : NULL },
                          &unwritten) != 0)
                log_warning("\"reload\" does not stand in the audit");
        if (r == 0) {
                bus_announce_change(m, &(BusBefore){ .policy = old, .keys = m->keys });
                bus_announce_generation(m);
                for (size_t i = 0; i < m->n_tokens; i++)
                        token_refresh(m->tokens[i]);
        }
        if (m->serving) {
                (void) sd_notify(0, "READY=1");
                notify_status(m);
        }
        return r;
}

static int on_reload(_unused_ sd_event_source *s, _unused_ const struct signalfd_siginfo *si, void *userdata) {
        Failure f;

        if (manager_reload(userdata, NULL, &f) < 0)
                log_error("out of memory: the policy stays as it was");
        return 0;
}

static int on_stop(sd_event_source *s, _unused_ const struct signalfd_siginfo *si, _unused_ void *userdata) {
        return sd_event_exit(sd_event_source_get_event(s), EXIT_SUCCESS);
}

static int add_signals(Manager *m) {
        sigset_t set;
        int r;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGINT);
        (void) sigaddset(&set, SIGHUP);
        (void) sigaddset(&set, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;
        r = sd_event_add_signal(m->event, NULL, SIGTERM, on_stop, m);
        if (r >= 0)
                r = sd_event_add_signal(m->event, NULL, SIGINT, on_stop, m);
        if (r >= 0)
                r = sd_event_add_signal(m->event, NULL, SIGHUP, on_reload, m);
        if (r >= 0)
                r = sd_event_set_watchdog(m->event, 1);
        return r;
}

static int add_sources(Manager *m) {
        int r;

        r = add_signals(m);
        if (r >= 0)
                r = sd_event_add_defer(m->event, &m->dispatch, on_dispatch, m);
        if (r >= 0)
                r = sd_event_source_set_enabled(m->dispatch, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time_relative(m->event, &m->settle, CLOCK_MONOTONIC, SETTLE_US, TIMER_ACCURACY_US,
                                               on_settle_timeout, m);
        return r;
}

static int make_parts(Manager *m) {
        int r;

        if ((r = limits_new(&m->limits)) < 0 || (r = budget_new(m->settings->failure_budget, &m->budget)) < 0 ||
            (r = budget_new(ATTEMPTS_PER_HOUR, &m->attempts)) < 0 ||
            (r = budget_new(REFUSALS_PER_HOUR, &m->refusals)) < 0 || (r = peer_cache_new(&m->peers)) < 0 ||
            (r = key_table_new(NULL, 0, &m->keys)) < 0 ||
            (r = queue_new(m->settings->queue_per_user, m->settings->queue_total, &m->queue)) < 0)
                return r;
        m->tokens = calloc(MAX(m->settings->n_tokens, 1U), sizeof(*m->tokens));
        if (!m->tokens)
                return -ENOMEM;
        for (; m->n_tokens < m->settings->n_tokens; m->n_tokens++) {
                r = token_new(m, m->settings->tokens[m->n_tokens], &m->tokens[m->n_tokens]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int open_audit(Manager *m, Failure *f) {
        AuditTarget target = AUDIT_FILE_ONLY;
        size_t cut = 0;
        int r;

        if (m->settings->audit_journal == AUDIT_JOURNAL_YES ||
            (m->settings->audit_journal == AUDIT_JOURNAL_AUTO && getenv("JOURNAL_STREAM")))
                target = AUDIT_FILE_AND_JOURNAL;
        r = audit_open(m->settings->audit_file, target, &m->audit, &cut, f);
        if (r == AUDIT_E_UNUSABLE)
                return OUTCOME_INVALID_INPUT;
        if (cut > 0)
                log_warning("audit file %s ended in half a line of %zu bytes, which a crash had left; it was removed",
                            m->settings->audit_file, cut);
        return r;
}

int manager_new(Settings *settings, Policy *policy, const char *address, Manager **ret, Failure *f) {
        _cleanup_(manager_freep) Manager *m = calloc(1, sizeof(*m));
        int r;

        if (!m) {
                settings_free(settings);
                policy_unref(policy);
                return -ENOMEM;
        }
        m->settings = settings;
        m->policy = policy;
        m->generation = 1;
        m->start_time = (int64_t) time(NULL);
        r = sd_event_default(&m->event);
        if (r >= 0)
                r = add_sources(m);
        if (r >= 0)
                r = make_parts(m);
        if (r < 0)
                return r;
        r = bus_new(m, address, &m->bus, f);
        if (r == 0)
                r = open_audit(m, f);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

Manager *manager_free(Manager *m) {
        if (!m)
                return NULL;
        bus_free(m->bus);
        channel_close_all(m, NULL);
        for (size_t i = 0; i < m->n_tokens; i++)
                token_free(m->tokens[i]);
        free(m->tokens);
        audit_own(m, "stop");
        audit_free(m->audit);
        key_table_free(m->keys);
        queue_free(m->queue);
        peer_cache_free(m->peers);
        budget_free(m->budget);
        budget_free(m->attempts);
        budget_free(m->refusals);
        limits_free(m->limits);
        sd_event_source_disable_unref(m->dispatch);
        sd_event_source_disable_unref(m->settle);
        sd_event_unref(m->event);
        policy_unref(m->policy);
        settings_free(m->settings);
        free(m->channel_room);
        free(m);
        return NULL;
}

int manager_run(Manager *m) {
        int r;

        audit_own(m, "start");
        log_notice("signetd: %zu tokens, %zu rules", m->n_tokens, policy_rule_count(m->policy));
        for (size_t i = 0; i < m->n_tokens; i++)
                token_start(m->tokens[i]);
        publish_when_settled(m);
        r = sd_event_loop(m->event);
        (void) sd_notify(0, "STOPPING=1");
        return r;
}

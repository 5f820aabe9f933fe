/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* follow: keeps a snapshot of keys and tokens as a PKCS#11 module does, looking at its watch every few milliseconds,
 * and prints a line whenever the snapshot is another: "with" or "without" signetd, the labels of the keys, and the
 * tokens with their states. Makes a new watch for one that is dead. Run by watch.sh; ends when it is killed.
 *
 * follow --once: one snapshot, and how many milliseconds a watch and a snapshot took. */
#include <stdio.h>
#include <string.h>

#include "client/deadline.h"
#include "client/signet.h"

#define LINE_SIZE 4096

static int by_label(const void *a, const void *b) {
        return strcmp(signet_key_label(*(signet_key *const *) a), signet_key_label(*(signet_key *const *) b));
}

static void add(char line[LINE_SIZE], const char *name, const char *mark, const char *state) {
        size_t n = strlen(line);

        (void) snprintf(line + n, LINE_SIZE - n, " %s%s%s", name, mark, state);
}

static int snapshot(signet_client *client, char line[LINE_SIZE]) {
        signet_key **keys;
        signet_token **tokens;
        size_t n_keys, n_tokens;
        int r;

        r = signet_find_all(client, &keys, &n_keys, &tokens, &n_tokens);
        if (r != 0)
                return r;
        qsort(keys, n_keys, sizeof(signet_key *), by_label);
        (void) snprintf(line, LINE_SIZE, "with");
        for (size_t i = 0; i < n_keys; i++)
                add(line, signet_key_label(keys[i]), "", "");
        for (size_t i = 0; i < n_tokens; i++)
                add(line, signet_token_name(tokens[i]), "=", signet_token_state(tokens[i]));
        signet_keys_free(keys, n_keys);
        signet_tokens_free(tokens, n_tokens);
        return 0;
}

/* A watch, when there is a bus. */
static signet_watch *begin(signet_client *client) {
        signet_watch *watch = NULL;

        while (signet_watch_new(client, &watch) != 0)
                usleep(10000);
        return watch;
}

static void follow(signet_client *client) {
        char shown[LINE_SIZE] = "", line[LINE_SIZE];
        signet_watch *watch = begin(client);
        int changed = 1;

        for (;;) {
                if (changed < 0) {
                        signet_watch_free(watch);
                        watch = begin(client);
                }
                if (!signet_watch_service(watch))
                        (void) snprintf(line, sizeof(line), "without");
                else if (changed != 0 && snapshot(client, line) != 0)
                        (void) snprintf(line, sizeof(line), "%s", signet_error_message());
                if (strcmp(line, shown) != 0)
                        puts(line);
                memcpy(shown, line, sizeof(shown));
                usleep(5000);
                changed = signet_watch_changed(watch);
        }
}

static int once(signet_client *client) {
        uint64_t start = clock_now();
        signet_watch *watch = NULL;
        char line[LINE_SIZE];
        int r;

        r = signet_watch_new(client, &watch);
        if (r == 0)
                r = snapshot(client, line);
        if (r == 0)
                puts(line);
        else
                fprintf(stderr, "%s\n", signet_error_message());
        fprintf(stderr, "after %llu ms\n", (unsigned long long) (clock_now() - start) / 1000);
        signet_watch_free(watch);
        return r == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
        signet_client *client;
        int r = 0;

        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        if (signet_client_new(NULL, &client) != 0)
                return 2;
        if (argc > 1 && strcmp(argv[1], "--once") == 0)
                r = once(client);
        else
                follow(client);
        signet_client_unref(client);
        return r;
}

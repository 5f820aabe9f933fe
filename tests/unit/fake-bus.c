/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts and ends the private bus and the service of fake-signetd.h. Fed by tests alone. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fake-service.h"
#include "fake-signetd.h"

enum { ORDER_START = 's', ORDER_KILL = 'k', ORDER_REAP = 'r' }; /* to the nursery, which echoes what is done */

static const char bus_config[] =
        "<busconfig><type>session</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>"
        "<servicedir>%s/services</servicedir>"
        "<policy context=\"default\"><allow send_destination=\"*\"/><allow receive_sender=\"*\"/><allow own=\"*\"/>"
        "</policy></busconfig>";

static _noreturn_ void give_up(const char *what) {
        perror(what);
        abort();
}

static void reap(pid_t *pid) {
        if (*pid > 0 && waitpid(*pid, NULL, 0) != *pid)
                give_up("waitpid");
        *pid = 0;
}

static void end(pid_t *pid) {
        if (*pid > 0)
                kill(*pid, SIGKILL);
        reap(pid);
}

/* Reads one byte or the end of file: the other side is ready, or it is gone. */
static void await_ready(int fd, const char *what) {
        char c;

        if (read(fd, &c, 1) != 1)
                give_up(what);
        close(fd);
}

void fake_bus_start(Fake *f) {
        char config[96], argument[128];
        int ready[2];
        FILE *file;

        snprintf(config, sizeof(config), "%s/bus.conf", f->directory);
        file = fopen(config, "w");
        if (!file || fprintf(file, bus_config, f->directory, f->directory) < 0 || fclose(file) != 0 || pipe(ready) < 0)
                give_up(config);

        f->bus = fork();
        if (f->bus == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                dup2(ready[1], 3);
                snprintf(argument, sizeof(argument), "--config-file=%s", config);
                execlp("dbus-daemon", "dbus-daemon", argument, "--nofork", "--nopidfile", "--print-address=3",
                       (char *) NULL);
                _exit(127);
        }
        close(ready[1]);
        await_ready(ready[0], "dbus-daemon did not start");
}

void fake_bus_kill(Fake *f) {
        char path[96];

        end(&f->bus);
        snprintf(path, sizeof(path), "%s/bus", f->directory);
        unlink(path);
}

static void service_start(Fake *f, pid_t *service) {
        int ready[2];

        if (pipe(ready) < 0)
                give_up("pipe");
        *service = fork();
        if (*service == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                _exit(fake_service_run(f->address, f->state, ready[1]));
        }
        close(ready[1]);
        await_ready(ready[0], "the service did not start");
}

/* The nursery: a process that forks the services. The test's own has threads, and a child of it might wait forever for
 * a lock of the allocator that another thread held. */
static _noreturn_ void nursery(Fake *f, int fd) {
        pid_t service = 0;
        char order;

        while (read(fd, &order, 1) == 1) {
                if (order == ORDER_START)
                        service_start(f, &service);
                else if (order == ORDER_KILL)
                        end(&service);
                else
                        reap(&service);
                if (write(fd, &order, 1) != 1)
                        break;
        }
        end(&service);
        _exit(0);
}

static void nursery_start(Fake *f) {
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                give_up("socketpair");
        f->nursery = fork();
        if (f->nursery == 0) {
                close(pair[0]);
                nursery(f, pair[1]);
        }
        close(pair[1]);
        f->nursery_fd = pair[0];
}

static void order(Fake *f, char what) {
        char done;

        if (write(f->nursery_fd, &what, 1) != 1 || read(f->nursery_fd, &done, 1) != 1)
                give_up("the services' nursery");
}

void fake_service_start(Fake *f) {
        order(f, ORDER_START);
}

void fake_service_kill(Fake *f) {
        order(f, ORDER_KILL);
}

void fake_service_reap(Fake *f) {
        order(f, ORDER_REAP);
}

void fake_public_key(unsigned i, unsigned char ret[FAKE_PUBLIC_SIZE]) {
        memset(ret, 0x30, FAKE_PUBLIC_SIZE);
        memcpy(ret, &i, sizeof(i));
}

void fake_reset(Fake *f, unsigned keys) {
        atomic_store(&f->state->mode, FAKE_GOOD);
        atomic_store(&f->state->keys, keys);
        atomic_store(&f->state->calls, 0);
        atomic_store(&f->state->senders, 0);
        atomic_store(&f->state->signals, 0);
        atomic_store(&f->state->unlocks, 0);
}

int fake_start(Fake *f) {
        unsigned char public_key[FAKE_PUBLIC_SIZE];

        *f = (Fake){ 0 };
        f->state = mmap(NULL, sizeof(*f->state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (f->state == MAP_FAILED)
                return -errno;
        for (unsigned i = 0; i < FAKE_KEYS_MAX; i++) {
                fake_public_key(i, public_key);
                if (key_id_from_spki(public_key, sizeof(public_key), &f->state->ids[i]) < 0)
                        return -ENOMEM;
        }

        strcpy(f->directory, "/tmp/signet-fake.XXXXXX");
        if (!mkdtemp(f->directory))
                return -errno;
        snprintf(f->address, sizeof(f->address), "unix:path=%s/bus", f->directory);
        nursery_start(f);
        fake_bus_start(f);
        fake_service_start(f);
        return 0;
}

void fake_stop(Fake *f) {
        char path[96];

        close(f->nursery_fd);
        reap(&f->nursery);
        fake_bus_kill(f);
        snprintf(path, sizeof(path), "%s/bus.conf", f->directory);
        unlink(path);
        rmdir(f->directory);
        munmap(f->state, sizeof(*f->state));
}

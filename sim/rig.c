// SPDX-License-Identifier: Apache-2.0
#include "sim/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/time.h"
#include "run/addr_text.h"
#include "sim/link.h"

#define LISTENS_MS   10000
#define LOOK_NS      (20 * WZP_MS) /* between two looks for processes that ended */
#define GRACE_NS     (1500 * WZP_MS)
#define GOODBYE_NS   (5 * WZP_S)
#define EXIT_NEVER   3 /* docs/running.md: a client that never got into the room */
#define OWN_ARGS     7 /* of a relay --listen, --id and their values, the program, NULL */
#define ARGS_MAX     (SIM_RIG_ARGS_MAX + OWN_ARGS)
#define RELAY_KEY_AT " key "

struct process {
    char name[40];
    pid_t pid;                  /* 0: not started, or waited for */
    bool is_again;              /* its log goes on */
    bool has_ended, was_killed; /* on purpose */
    int status;                 /* of exit; 128 and the signal of one that was killed */
};

struct person {
    struct process process;
    int64_t start_ns, ends_ns;
    struct sim_rig_life life[SIM_RIG_LIVES_MAX];
    unsigned lives;
    bool is_down; /* crashed, and not started again */
    struct sim_link_params params[2];
    uint64_t stream[2];
    char *args[SIM_RIG_ARGS_MAX + 1];
    struct sim_meter meter[2];
};

struct sim_rig {
    char bin[512], dir[512], why[SIM_RIG_WHY_MAX], key[65];
    uint64_t seed;
    struct process relay;
    char *relay_args[SIM_RIG_ARGS_MAX + 1];
    struct wzp_addr relay_addr;
    struct wzp_loop loop;
    bool is_open, is_interrupted, is_finished;
    struct sim_shim *shim;
    struct wzp_node shim_node;
    bool (*is_shut)(void *ctx, int person, int64_t now_ns);
    void *shut_ctx;
    struct person person[SIM_RIG_PEOPLE_MAX];
    unsigned count;
    int64_t until_ns;
    bool waits_for_all; /* ends as well when every client has */
};

static bool fail(struct sim_rig *rig, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first reason stays. */
static bool fail(struct sim_rig *rig, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!rig->why[0])
        vsnprintf(rig->why, sizeof rig->why, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- processes ---- */

/* Its standard output goes to `out` if that is a descriptor, what it says else into NAME.log. */
static bool start(struct sim_rig *rig, struct process *process, const char *program, const char *const *args,
                  int out)
{
    extern char **environ;
    char path[1100], log[1100];
    posix_spawn_file_actions_t files;
    const char *argv[ARGS_MAX] = {path};
    for (size_t i = 0; args[i]; i++) {
        WZP_CHECK(i + 2 < ARGS_MAX);
        argv[i + 1] = args[i];
    }
    snprintf(path, sizeof path, "%s/%s", rig->bin, program);
    snprintf(log, sizeof log, "%s/%s.log", rig->dir, process->name);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, log,
                                     O_WRONLY | O_CREAT | (process->is_again ? O_APPEND : O_TRUNC), 0666);
    process->is_again = true;
    posix_spawn_file_actions_adddup2(&files, out >= 0 ? out : STDERR_FILENO, STDOUT_FILENO);
    int err = posix_spawn(&process->pid, path, &files, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (err)
        process->pid = 0;
    return err ? fail(rig, "cannot start %s: %s", path, strerror(err)) : true;
}

/* Takes note if it has ended. */
static void look(struct process *process, bool waits)
{
    int status;
    if (process->pid <= 0)
        return;
    pid_t found;
    while ((found = waitpid(process->pid, &status, waits ? 0 : WNOHANG)) < 0 && errno == EINTR)
        continue;
    if (found == 0)
        return;
    process->pid = 0;
    process->has_ended = true;
    process->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void tell(const struct process *process, int number)
{
    if (process->pid > 0)
        kill(process->pid, number);
}

static void end(struct process *process)
{
    if (process->pid <= 0)
        return;
    tell(process, SIGKILL);
    look(process, true);
    process->was_killed = process->status == 128 + SIGKILL; /* and did not end just before */
}

/* As before its start. */
static void renew(struct process *process)
{
    process->has_ended = process->was_killed = false;
}

/* Good: it still runs, or did what it was for; never getting in is a finding, not a failure. */
static bool is_good(struct sim_rig *rig, const struct process *process, bool may_end)
{
    if (!process->has_ended || process->was_killed ||
        (may_end && (process->status == 0 || process->status == EXIT_NEVER)))
        return true;
    return fail(rig, "%s ended with status %d: %s/%s.log says why", process->name, process->status, rig->dir,
                process->name);
}

/* ---- the relay ---- */

/* The first line of a pipe without its newline; false when it does not come in time. */
static bool first_line(int fd, char *line, size_t capacity)
{
    size_t len = 0;
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    while (len + 1 < capacity && poll(&poll_fd, 1, LISTENS_MS) > 0 && read(fd, line + len, 1) == 1) {
        if (line[len] == '\n') {
            line[len] = '\0';
            return true;
        }
        len++;
    }
    return false;
}

static void copy_args(char **to, const char *const *args)
{
    for (size_t i = 0; args[i]; i++) {
        WZP_CHECK(i < SIM_RIG_ARGS_MAX);
        to[i] = strdup(args[i]);
        WZP_CHECK(to[i]);
    }
}

static void free_args(char **args)
{
    for (size_t i = 0; args[i]; i++)
        free(args[i]);
}

static bool start_relay(struct sim_rig *rig, const char *listen)
{
    char id[600], line[256], *address = NULL, *key = NULL;
    const char *all[ARGS_MAX] = {"--listen", listen, "--id", id};
    int ends[2];
    snprintf(id, sizeof id, "%s/relay.id", rig->dir);
    for (size_t i = 0; rig->relay_args[i]; i++)
        all[4 + i] = rig->relay_args[i];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(rig, "no pipe: %s", strerror(errno));
    snprintf(rig->relay.name, sizeof rig->relay.name, "relay");
    bool good = start(rig, &rig->relay, "wzp-relay", all, ends[1]);
    close(ends[1]);
    if (good && first_line(ends[0], line, sizeof line)) {
        address = strstr(line, " on ");
        key = strstr(line, RELAY_KEY_AT);
    }
    close(ends[0]);
    if (good && (!address || !key))
        return fail(rig, "wzp-relay did not start: %s/relay.log says why", rig->dir);
    if (!good)
        return false;
    *key = '\0';
    snprintf(rig->key, sizeof rig->key, "%s", key + strlen(RELAY_KEY_AT));
    const char *why = wzp_addr_parse(address + strlen(" on "), &rig->relay_addr);
    return why ? fail(rig, "wzp-relay: %s", why) : true;
}

bool sim_rig_relay(struct sim_rig *rig, const char *const *args)
{
    copy_args(rig->relay_args, args);
    return start_relay(rig, "127.0.0.1:0");
}

void sim_rig_kill_relay(struct sim_rig *rig)
{
    end(&rig->relay);
}

bool sim_rig_start_relay(struct sim_rig *rig)
{
    char listen[WZP_ADDR_TEXT_MAX];
    wzp_addr_format(&rig->relay_addr, listen);
    renew(&rig->relay);
    return start_relay(rig, listen);
}

const char *sim_rig_relay_key(const struct sim_rig *rig)
{
    return rig->key;
}

/* ---- people ---- */

void sim_rig_add(struct sim_rig *rig, const struct sim_rig_client *client)
{
    WZP_CHECK(rig->count < SIM_RIG_PEOPLE_MAX && !rig->is_open);
    struct person *person = &rig->person[rig->count++];
    snprintf(person->process.name, sizeof person->process.name, "%s", client->name);
    person->start_ns = client->start_ns;
    person->ends_ns = client->ends_ns;
    memcpy(person->params, client->params, sizeof person->params);
    memcpy(person->stream, client->stream, sizeof person->stream);
    copy_args(person->args, client->args);
}

static void start_person(struct sim_rig *rig, struct person *person, int64_t now_ns)
{
    char door[WZP_ADDR_TEXT_MAX];
    const char *args[ARGS_MAX] = {"join", "--relay", door};
    struct wzp_addr addr = sim_shim_door_addr(rig->shim, (int)(person - rig->person));
    wzp_addr_format(&addr, door);
    for (size_t i = 0; person->args[i]; i++)
        args[3 + i] = person->args[i];
    WZP_CHECK(person->lives < SIM_RIG_LIVES_MAX);
    person->life[person->lives++] = (struct sim_rig_life){.started_ns = now_ns, .ended_ns = WZP_NEVER};
    renew(&person->process);
    start(rig, &person->process, "wzp-client", args, -1);
}

static void note_end(struct person *person, int64_t now_ns)
{
    if (!person->process.has_ended)
        return;
    struct sim_rig_life *life = &person->life[person->lives - 1];
    life->ended_ns = wzp_time_min(life->ended_ns, now_ns);
    life->was_in = person->process.status == 0;
    life->was_killed = person->process.was_killed;
}

static bool is_due(const struct person *person)
{
    return person->lives == 0 && !person->is_down;
}

/* ---- the node: the shim, and what is due beside it ---- */

static int64_t next_at(void *ctx)
{
    struct sim_rig *rig = ctx;
    int64_t at_ns = wzp_time_min(rig->shim_node.next_at(rig->shim_node.ctx), rig->until_ns);
    at_ns = wzp_time_min(at_ns, wzp_loop_now_ns(&rig->loop) + LOOK_NS);
    for (unsigned i = 0; i < rig->count && !rig->waits_for_all; i++)
        if (is_due(&rig->person[i]))
            at_ns = wzp_time_min(at_ns, rig->person[i].start_ns);
    return at_ns;
}

static void advance(void *ctx, int64_t now_ns)
{
    struct sim_rig *rig = ctx;
    if (rig->shim_node.next_at(rig->shim_node.ctx) <= now_ns)
        rig->shim_node.advance(rig->shim_node.ctx, now_ns);
    for (unsigned i = 0; i < rig->count && !rig->waits_for_all && !rig->why[0]; i++)
        if (is_due(&rig->person[i]) && rig->person[i].start_ns <= now_ns)
            start_person(rig, &rig->person[i], now_ns);
}

static void receive(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len, int64_t now_ns)
{
    struct sim_rig *rig = ctx;
    rig->shim_node.receive(rig->shim_node.ctx, from, datagram, len, now_ns);
}

static size_t transmit(void *ctx, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram, size_t capacity)
{
    struct sim_rig *rig = ctx;
    return rig->shim_node.transmit(rig->shim_node.ctx, now_ns, to, datagram, capacity);
}

static void interrupt(void *ctx, int64_t now_ns)
{
    struct sim_rig *rig = ctx;
    (void)now_ns;
    rig->is_interrupted = true;
}

static bool is_over(void *ctx)
{
    struct sim_rig *rig = ctx;
    unsigned running = 0;
    look(&rig->relay, false);
    bool good = is_good(rig, &rig->relay, false);
    for (unsigned i = 0; i < rig->count; i++) {
        look(&rig->person[i].process, false);
        note_end(&rig->person[i], wzp_loop_now_ns(&rig->loop));
        good = is_good(rig, &rig->person[i].process, true) && good;
        running += rig->person[i].process.pid > 0;
    }
    return !good || rig->is_interrupted || wzp_loop_now_ns(&rig->loop) >= rig->until_ns ||
           (rig->waits_for_all && running == 0);
}

static void on_offer(void *ctx, int door, enum sim_shim_direction direction, int64_t now_ns, size_t len)
{
    struct sim_rig *rig = ctx;
    sim_meter_add(&rig->person[door].meter[direction], now_ns, len + SIM_LINK_HEADER_BYTES);
}

static bool is_door_shut(void *ctx, int door, int64_t now_ns)
{
    const struct sim_rig *rig = ctx;
    return rig->is_shut && rig->is_shut(rig->shut_ctx, door, now_ns);
}

static bool open_doors(struct sim_rig *rig)
{
    struct wzp_addr any;
    WZP_CHECK(wzp_addr_parse("127.0.0.1:0", &any) == NULL);
    int err = wzp_loop_open(&rig->loop, &any);
    if (err)
        return fail(rig, "no socket: %s", uv_strerror(err));
    rig->is_open = true;
    struct sim_shim_config config = {
        .to = rig->relay_addr, .seed = rig->seed, .on_offer = on_offer, .is_shut = is_door_shut, .ctx = rig};
    rig->shim = sim_shim_create(&rig->loop, &config);
    WZP_CHECK(rig->shim);
    rig->shim_node = sim_shim_node(rig->shim);
    for (unsigned i = 0; i < rig->count; i++) {
        err = sim_shim_open_door(rig->shim, rig->person[i].params, rig->person[i].stream);
        if (err < 0)
            return fail(rig, "no socket for %s: %s", rig->person[i].process.name, uv_strerror(err));
    }
    return true;
}

static bool run(struct sim_rig *rig, int64_t until_ns)
{
    struct wzp_node node = {receive, transmit, NULL, next_at, advance, interrupt, is_over, rig};
    if (!rig->is_open && !open_doors(rig))
        return false;
    rig->until_ns = until_ns;
    wzp_loop_run(&rig->loop, &node);
    return rig->is_interrupted ? fail(rig, "interrupted") : rig->why[0] == '\0';
}

bool sim_rig_run(struct sim_rig *rig, int64_t until_ns)
{
    return run(rig, until_ns);
}

void sim_rig_link(struct sim_rig *rig, unsigned person, const struct sim_link_params params[2])
{
    memcpy(rig->person[person].params, params, sizeof rig->person[person].params);
    if (rig->is_open)
        sim_shim_set_door(rig->shim, (int)person, params);
}

bool sim_rig_rebind(struct sim_rig *rig, unsigned person)
{
    int err = rig->is_open ? sim_shim_rebind_door(rig->shim, (int)person) : 0;
    return err ? fail(rig, "no socket for %s: %s", rig->person[person].process.name, uv_strerror(err)) : true;
}

void sim_rig_leave(struct sim_rig *rig, unsigned person)
{
    tell(&rig->person[person].process, SIGTERM);
}

void sim_rig_crash(struct sim_rig *rig, unsigned person)
{
    rig->person[person].is_down = true;
    end(&rig->person[person].process);
    note_end(&rig->person[person], rig->is_open ? wzp_loop_now_ns(&rig->loop) : 0);
}

bool sim_rig_restart(struct sim_rig *rig, unsigned index, const char *const *args)
{
    struct person *person = &rig->person[index];
    int64_t now_ns = rig->is_open ? wzp_loop_now_ns(&rig->loop) : 0;
    if (person->lives == SIM_RIG_LIVES_MAX)
        return fail(rig, "%s has had %d processes", person->process.name, SIM_RIG_LIVES_MAX);
    free_args(person->args);
    memset(person->args, 0, sizeof person->args);
    copy_args(person->args, args);
    person->is_down = false;
    if (rig->is_open && now_ns >= person->start_ns)
        start_person(rig, person, now_ns);
    return rig->why[0] == '\0';
}

void sim_rig_ask_shut(struct sim_rig *rig, bool (*is_shut)(void *ctx, int person, int64_t now_ns), void *ctx)
{
    rig->is_shut = is_shut;
    rig->shut_ctx = ctx;
}

/* Who leaves by itself soon may; the others are asked to; then the relay. */
bool sim_rig_finish(struct sim_rig *rig)
{
    if (rig->is_finished || !rig->is_open)
        return rig->why[0] == '\0';
    rig->is_finished = rig->waits_for_all = true;
    int64_t now_ns = wzp_loop_now_ns(&rig->loop);
    for (unsigned i = 0; i < rig->count; i++)
        if (rig->person[i].ends_ns > now_ns + GRACE_NS)
            tell(&rig->person[i].process, SIGTERM);
    bool good = run(rig, now_ns + GRACE_NS);
    for (unsigned i = 0; i < rig->count; i++)
        tell(&rig->person[i].process, SIGTERM);
    good = good && run(rig, wzp_loop_now_ns(&rig->loop) + GOODBYE_NS);
    for (unsigned i = 0; i < rig->count; i++)
        if (rig->person[i].process.pid > 0)
            good = fail(rig, "%s does not end", rig->person[i].process.name);
    tell(&rig->relay, SIGTERM);
    look(&rig->relay, true);
    return is_good(rig, &rig->relay, true) && good;
}

const char *sim_rig_why(const struct sim_rig *rig)
{
    return rig->why;
}

unsigned sim_rig_lives(const struct sim_rig *rig, unsigned person)
{
    return rig->person[person].lives;
}

const struct sim_rig_life *sim_rig_life(const struct sim_rig *rig, unsigned person, unsigned life)
{
    WZP_CHECK(life < rig->person[person].lives);
    return &rig->person[person].life[life];
}

const struct sim_meter *sim_rig_meter(const struct sim_rig *rig, unsigned person,
                                      enum sim_shim_direction direction)
{
    return &rig->person[person].meter[direction];
}

const struct sim_link_counts *sim_rig_counts(const struct sim_rig *rig, unsigned person,
                                             enum sim_shim_direction direction)
{
    return rig->is_open ? sim_shim_door_counts(rig->shim, (int)person, direction) : NULL;
}

struct sim_rig *sim_rig_create(const char *bin, const char *dir, uint64_t seed)
{
    struct sim_rig *rig = calloc(1, sizeof *rig);
    if (!rig)
        return NULL;
    snprintf(rig->bin, sizeof rig->bin, "%s", bin);
    snprintf(rig->dir, sizeof rig->dir, "%s", dir);
    rig->seed = seed;
    return rig;
}

void sim_rig_destroy(struct sim_rig *rig)
{
    end(&rig->relay);
    free_args(rig->relay_args);
    for (unsigned i = 0; i < rig->count; i++) {
        end(&rig->person[i].process);
        free_args(rig->person[i].args);
        for (unsigned direction = 0; direction < 2; direction++)
            sim_meter_deinit(&rig->person[i].meter[direction]);
    }
    if (rig->shim)
        sim_shim_close(rig->shim);
    if (rig->is_open)
        wzp_loop_close(&rig->loop);
    if (rig->shim)
        sim_shim_destroy(rig->shim);
    free(rig);
}

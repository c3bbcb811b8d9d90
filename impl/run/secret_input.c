// SPDX-License-Identifier: Apache-2.0
#include "run/secret_input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* One byte at a time, so that what follows the line stays where it is. False: it is too long, or errno. */
static bool read_line(int fd, char *out, size_t capacity, size_t *len)
{
    *len = 0;
    for (;;) {
        char c;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0 || c == '\n')
            break;
        if (*len == capacity) {
            errno = E2BIG;
            return false;
        }
        out[(*len)++] = c;
    }
    if (*len > 0 && out[*len - 1] == '\r')
        --*len;
    return true;
}

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

/* A line of the terminal; false with EINTR when a signal came first. The signals of `mask` arrive in ppoll
 * only. */
static bool wait_line(int tty, const sigset_t *mask, char *out, size_t capacity, size_t *len)
{
    struct pollfd wanted = {.fd = tty, .events = POLLIN};
    return ppoll(&wanted, 1, NULL, mask) > 0 && read_line(tty, out, capacity, len);
}

static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP};
#define SIGNAL_COUNT (sizeof SIGNALS / sizeof *SIGNALS)

/* One line without echo. A signal that would end the process has its way when the terminal echoes again. */
static bool ask(int tty, const char *prompt, char *out, size_t capacity, size_t *len)
{
    struct termios before, silent;
    struct sigaction former[SIGNAL_COUNT];
    const struct sigaction catch = {.sa_handler = on_signal};
    sigset_t held, mask;
    if (tcgetattr(tty, &before) != 0)
        return false;
    sigemptyset(&held);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaddset(&held, SIGNALS[i]);
    sigprocmask(SIG_BLOCK, &held, &mask);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaction(SIGNALS[i], &catch, &former[i]);
    caught = 0;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    bool ok = tcsetattr(tty, TCSAFLUSH, &silent) == 0 && dprintf(tty, "%s: ", prompt) > 0 &&
              wait_line(tty, &mask, out, capacity, len);
    int err = errno;
    tcsetattr(tty, TCSAFLUSH, &before);
    dprintf(tty, "\n");
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaction(SIGNALS[i], &former[i], NULL);
    if (caught)
        raise(caught);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    errno = err;
    return ok;
}

static int open_terminal(void)
{
    return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static const char *reason(void)
{
    return errno == E2BIG ? "it is too long" : strerror(errno);
}

static bool ask_passphrase(const char *option, const char *prompt, bool is_new, struct wzp_passphrase *out,
                           char *why)
{
    struct wzp_passphrase again;
    int tty = open_terminal();
    if (tty < 0)
        return wzp_why(why,
                       "a passphrase is needed and there is no terminal to ask at; give --%s FILE, or - for "
                       "standard input",
                       option);
    bool ok = ask(tty, prompt, out->bytes, sizeof out->bytes, &out->len);
    if (ok && is_new && out->len > 0) {
        ok = ask(tty, "The same again", again.bytes, sizeof again.bytes, &again.len);
        if (!ok)
            wzp_why(why, "the passphrase could not be read: %s", reason());
        else if (again.len != out->len || sodium_memcmp(again.bytes, out->bytes, out->len) != 0)
            ok = wzp_why(why, "the two passphrases differ");
        sodium_memzero(&again, sizeof again);
    } else if (!ok) {
        wzp_why(why, "the passphrase could not be read: %s", reason());
    }
    close(tty);
    return ok;
}

static bool read_passphrase(const char *file, struct wzp_passphrase *out, char *why)
{
    bool is_input = strcmp(file, "-") == 0;
    const char *name = is_input ? "standard input" : file;
    int fd = is_input ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return wzp_why(why, "%s: %s", name, strerror(errno));
    bool ok = read_line(fd, out->bytes, sizeof out->bytes, &out->len);
    if (!ok)
        wzp_why(why, "%s: the passphrase could not be read: %s", name, reason());
    if (!is_input)
        close(fd);
    return ok;
}

bool wzp_passphrase_get(const char *file, const char *option, const char *prompt, bool is_new,
                        struct wzp_passphrase *out, char why[static WZP_WHY_MAX])
{
    bool ok = file ? read_passphrase(file, out, why) : ask_passphrase(option, prompt, is_new, out, why);
    if (ok && out->len == 0)
        ok = wzp_why(why, "the passphrase is empty");
    if (!ok)
        sodium_memzero(out, sizeof *out);
    return ok;
}

static bool read_input(char *out, size_t capacity, size_t *len)
{
    ssize_t got;
    for (*len = 0; *len < capacity; *len += (size_t)got) {
        got = read(STDIN_FILENO, out + *len, capacity - *len);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        if (got < 0)
            got = 0;
    }
    errno = E2BIG;
    return false;
}

bool wzp_secret_text_get(bool at_terminal, const char *prompt, char *out, size_t capacity, size_t *len,
                         char why[static WZP_WHY_MAX])
{
    bool ok;
    if (at_terminal || isatty(STDIN_FILENO)) {
        int tty = open_terminal();
        if (tty < 0)
            return wzp_why(why, "there is no terminal to ask at; give the words on standard input");
        ok = ask(tty, prompt, out, capacity, len);
        close(tty);
    } else {
        ok = read_input(out, capacity, len);
    }
    if (!ok) {
        wzp_why(why, "the words could not be read: %s", reason());
        sodium_memzero(out, capacity);
    }
    return ok;
}

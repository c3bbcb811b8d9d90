// SPDX-License-Identifier: Apache-2.0
#include "run/console.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_MS  250
#define CLEAR_LINE "\r\033[K"

static bool line_is_shown; /* there is one standard error */

void wzp_console_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (line_is_shown)
        fputs(CLEAR_LINE, stderr);
    line_is_shown = false;
    fputs("wzp-client: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static void redraw(uv_timer_t *timer)
{
    struct wzp_console *console = timer->data;
    char line[WZP_CONSOLE_LINE_MAX] = "";
    struct winsize size;
    int width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
    console->status(console->ctx, line, sizeof line);
    fprintf(stderr, CLEAR_LINE "%.*s", width, line); /* a line that wraps could not be cleared */
    fflush(stderr);
    line_is_shown = true;
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char bytes[64];
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(bytes, sizeof bytes);
}

static void on_bytes(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    const struct wzp_console *console = stream->data;
    if (len < 0)
        uv_read_stop(stream); /* the terminal is gone, the call is not */
    for (ssize_t i = 0; i < len; i++)
        console->on_key(console->ctx, buffer->base[i]);
}

void wzp_console_open(struct wzp_console *console, uv_loop_t *uv)
{
    console->has_keys = isatty(STDIN_FILENO) && uv_tty_init(uv, &console->keys, STDIN_FILENO, 0) == 0;
    if (console->has_keys) {
        console->keys.data = console;
        uv_tty_set_mode(&console->keys, UV_TTY_MODE_RAW);
        uv_read_start((uv_stream_t *)&console->keys, give_buffer, on_bytes);
        uv_unref((uv_handle_t *)&console->keys);
    }
    console->has_line = isatty(STDERR_FILENO);
    if (console->has_line) {
        uv_timer_init(uv, &console->redraw);
        console->redraw.data = console;
        uv_timer_start(&console->redraw, redraw, REDRAW_MS, REDRAW_MS);
        uv_unref((uv_handle_t *)&console->redraw);
    }
}

void wzp_console_close(struct wzp_console *console)
{
    if (console->has_keys) {
        uv_tty_reset_mode();
        uv_close((uv_handle_t *)&console->keys, NULL);
    }
    if (console->has_line)
        uv_close((uv_handle_t *)&console->redraw, NULL);
    if (line_is_shown)
        fputs(CLEAR_LINE, stderr);
    line_is_shown = false;
}

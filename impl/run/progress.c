// SPDX-License-Identifier: Apache-2.0
#include "run/progress.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"

#define BAR_WIDTH         24
#define TERMINAL_EVERY_NS (100 * WZP_MS)
#define PLAIN_EVERY_NS    (10 * WZP_S)

void wzp_size_format(double bytes, char out[static WZP_SIZE_TEXT_MAX])
{
    static const char *const UNITS[] = {"B", "kB", "MB", "GB", "TB"};
    unsigned unit = 0;
    while (bytes >= 999.95 && unit + 1 < sizeof UNITS / sizeof *UNITS) {
        bytes /= 1000;
        unit++;
    }
    snprintf(out, WZP_SIZE_TEXT_MAX, unit ? "%.1f %s" : "%.0f %s", bytes, UNITS[unit]);
}

static void format_left(double seconds, char out[static 32])
{
    if (!(seconds < 360000))
        snprintf(out, 32, "--:--");
    else if (seconds < 3600)
        snprintf(out, 32, "%02u:%02u", (unsigned)seconds / 60, (unsigned)seconds % 60);
    else
        snprintf(out, 32, "%u:%02u:%02u", (unsigned)seconds / 3600, (unsigned)seconds / 60 % 60,
                 (unsigned)seconds % 60);
}

void wzp_progress_line(const struct wzp_progress *progress, uint64_t done, int64_t now_ns,
                       char out[static WZP_PROGRESS_LINE_MAX])
{
    char have[WZP_SIZE_TEXT_MAX], size[WZP_SIZE_TEXT_MAX], rate[WZP_SIZE_TEXT_MAX], left[32],
        bar[BAR_WIDTH + 1];
    double share = progress->size ? (double)done / (double)progress->size : 1;
    double seconds = (double)(now_ns - progress->start_ns) / (double)WZP_S;
    double bytes_per_second = seconds > 0 ? (double)(done - progress->start) / seconds : 0;
    unsigned filled = (unsigned)(share * BAR_WIDTH);
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '=', filled < BAR_WIDTH ? filled : BAR_WIDTH);
    if (filled < BAR_WIDTH)
        bar[filled] = '>';
    bar[BAR_WIDTH] = '\0';
    wzp_size_format((double)done, have);
    wzp_size_format((double)progress->size, size);
    wzp_size_format(bytes_per_second, rate);
    format_left((double)(progress->size - done) / bytes_per_second, left);
    snprintf(out, WZP_PROGRESS_LINE_MAX, "%.40s [%s] %3.0f %%  %s of %s  %s/s  %s left", progress->name, bar,
             100 * share, have, size, rate, left);
}

void wzp_progress_begin(struct wzp_progress *progress, const char *name, uint64_t start, uint64_t size,
                        int64_t now_ns)
{
    *progress = (struct wzp_progress){.out = stderr,
                                      .is_terminal = isatty(STDERR_FILENO) == 1,
                                      .is_running = true,
                                      .name = name,
                                      .start = start,
                                      .size = size,
                                      .start_ns = now_ns};
    progress->next_ns = now_ns + (progress->is_terminal ? TERMINAL_EVERY_NS : PLAIN_EVERY_NS);
}

int64_t wzp_progress_next_at(const struct wzp_progress *progress)
{
    return progress->is_running ? progress->next_ns : WZP_NEVER;
}

void wzp_progress_show(struct wzp_progress *progress, uint64_t done, int64_t now_ns)
{
    char line[WZP_PROGRESS_LINE_MAX];
    if (!progress->is_running || now_ns < progress->next_ns)
        return;
    progress->next_ns = now_ns + (progress->is_terminal ? TERMINAL_EVERY_NS : PLAIN_EVERY_NS);
    wzp_progress_line(progress, done, now_ns, line);
    fprintf(progress->out, progress->is_terminal ? "\r%s\x1b[K" : "%s\n", line);
    fflush(progress->out);
    progress->is_shown = true;
}

void wzp_progress_end(struct wzp_progress *progress)
{
    if (progress->is_running && progress->is_shown && progress->is_terminal)
        fputs("\r\x1b[K", progress->out);
    progress->is_running = false;
}

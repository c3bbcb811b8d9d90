// SPDX-License-Identifier: Apache-2.0
#include "sim/lines.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/time.h"
#include "sim/json_read.h"

#define BLOCK 65536

double sim_pieces_played(const struct sim_pieces *pieces)
{
    return pieces->received + pieces->repaired + pieces->lbrr + pieces->dred;
}

double sim_pieces_all(const struct sim_pieces *pieces)
{
    return sim_pieces_played(pieces) + pieces->concealed + pieces->silence;
}

static double count_of(const struct sim_json *json, size_t place, const char *name)
{
    double count = sim_json_number(json, "heard[%zu].%s", place, name);
    return isnan(count) ? 0 : count;
}

static void read_heard(const struct sim_json *json, struct sim_line *line)
{
    const char *who;
    while ((who = sim_json_text(json, "heard[%zu].who", line->heard_count)) != NULL) {
        size_t i = line->heard_count++;
        line->heard = realloc(line->heard, line->heard_count * sizeof *line->heard);
        WZP_CHECK(line->heard);
        line->heard[i].pieces = (struct sim_pieces){
            count_of(json, i, "received"), count_of(json, i, "repaired"),  count_of(json, i, "lbrr"),
            count_of(json, i, "dred"),     count_of(json, i, "concealed"), count_of(json, i, "silence")};
        snprintf(line->heard[i].who, sizeof line->heard[i].who, "%s", who);
    }
}

/* One whole line; false: `why`. */
static bool read_line(struct sim_lines *lines, const char *text, size_t len)
{
    struct sim_json json;
    bool good = sim_json_parse(&json, text, len);
    double t_s = good ? sim_json_number(&json, "t_s") : (double)NAN;
    const char *state = good ? sim_json_text(&json, "state") : NULL;
    good = !isnan(t_s) && state;
    if (good) {
        lines->line = realloc(lines->line, (lines->count + 1) * sizeof *lines->line);
        WZP_CHECK(lines->line);
        struct sim_line *line = &lines->line[lines->count++];
        *line = (struct sim_line){.from_ns = lines->count > 1 ? line[-1].to_ns : 0,
                                  .to_ns = (int64_t)(t_s * WZP_S),
                                  .is_joined = strcmp(state, "joined") == 0};
        read_heard(&json, line);
    } else {
        snprintf(lines->why, sizeof lines->why, "line %zu of telemetry is none", lines->count + 1);
    }
    sim_json_deinit(&json);
    return good;
}

bool sim_lines_parse(struct sim_lines *lines, const char *text, size_t len)
{
    *lines = (struct sim_lines){0};
    for (const char *end; (end = memchr(text, '\n', len)) != NULL;) {
        if (!read_line(lines, text, (size_t)(end - text)))
            return false;
        len -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    return true;
}

bool sim_lines_load(struct sim_lines *lines, const char *path)
{
    size_t len = 0, part = 1;
    char *text = malloc(BLOCK);
    FILE *file = fopen(path, "r");
    bool is_absent = !file && errno == ENOENT;
    *lines = (struct sim_lines){0};
    while (text && file && part > 0) {
        part = fread(text + len, 1, BLOCK, file);
        len += part;
        text = realloc(text, len + BLOCK);
    }
    WZP_CHECK(text);
    bool good = is_absent || (file && !ferror(file));
    if (!good)
        snprintf(lines->why, sizeof lines->why, "%.100s: %s", path, strerror(errno));
    if (file)
        fclose(file);
    if (good && !sim_lines_parse(lines, text, len)) {
        char why[64];
        snprintf(why, sizeof why, "%.60s", lines->why);
        snprintf(lines->why, sizeof lines->why, "%.90s: %s", path, why);
        good = false;
    }
    free(text);
    return good;
}

void sim_lines_deinit(struct sim_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->line[i].heard);
    free(lines->line);
    lines->line = NULL;
    lines->count = 0;
}

static void add_pieces(struct sim_pieces *sum, const struct sim_pieces *pieces, double share)
{
    sum->received += share * pieces->received;
    sum->repaired += share * pieces->repaired;
    sum->lbrr += share * pieces->lbrr;
    sum->dred += share * pieces->dred;
    sum->concealed += share * pieces->concealed;
    sum->silence += share * pieces->silence;
}

void sim_lines_add(const struct sim_lines *lines, const char *who, int64_t from_ns, int64_t to_ns,
                   struct sim_pieces *sum)
{
    for (size_t i = 0; i < lines->count; i++) {
        const struct sim_line *line = &lines->line[i];
        int64_t within_ns = wzp_time_min(to_ns, line->to_ns) - wzp_time_max(from_ns, line->from_ns);
        for (size_t k = 0; within_ns > 0 && k < line->heard_count; k++)
            if (strcmp(line->heard[k].who, who) == 0)
                add_pieces(sum, &line->heard[k].pieces,
                           (double)within_ns / (double)(line->to_ns - line->from_ns));
    }
}

int64_t sim_lines_joined_ns(const struct sim_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        if (lines->line[i].is_joined)
            return lines->line[i].to_ns;
    return WZP_NEVER;
}

int64_t sim_lines_first_media_ns(const struct sim_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        for (size_t k = 0; k < lines->line[i].heard_count; k++)
            if (sim_pieces_played(&lines->line[i].heard[k].pieces) > 0)
                return lines->line[i].to_ns;
    return WZP_NEVER;
}

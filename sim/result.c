// SPDX-License-Identifier: Apache-2.0
/* What a run comes to: a table on the terminal, the JSON of the contract, files in a folder. */
#include "run/wav.h"
#include "sim/page.h"
#include "sim/real.h"

#include <errno.h>
#include <math.h>
#include <opus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_sound(const struct sim_world *world)
{
    for (unsigned i = 0; i < sim_crowd_count(world->crowd); i++)
        if (sim_crowd_person(world->crowd, i)->mix)
            return true;
    return false;
}

static void print_number(double value, int width, const char *format)
{
    if (isnan(value))
        printf(" %*s", width, "-");
    else
        printf(format, value);
}

static void print_members(const struct sim_run *run)
{
    const struct sim_world *world = run->reported;
    printf("\n%-10s %-10s %9s %9s %9s %9s %9s %6s %6s %9s %9s %9s\n", "listener", "speaker", "connect",
           "1st media", "sent", "concealed", "repaired", "LBRR", "DRED", "m2e p50", "m2e p95", "ESTOI");
    for (unsigned i = 0; i < sim_crowd_count(world->crowd); i++) {
        const struct sim_measured *measured = &run->measured[i];
        for (size_t h = 0; h < measured->member.hears_count || h == 0; h++) {
            struct wzp_member_hears none = wzp_member_hears_none("-");
            const struct wzp_member_hears *hears = h < measured->member.hears_count ? &measured->hears[h]
                                                                                    : &none;
            printf("%-10s %-10s", h == 0 ? measured->member.name : "", hears->speaker);
            print_number(h == 0 ? measured->member.connect_ms : NAN, 9, " %6.0f ms");
            print_number(h == 0 ? measured->member.first_media_ms : NAN, 9, " %6.0f ms");
            print_number(hears->frames_sent, 9, " %9.0f");
            print_number(hears->concealed_pct, 9, " %7.2f %%");
            print_number(hears->recovered_window, 9, " %9.0f");
            print_number(hears->recovered_lbrr, 6, " %6.0f");
            print_number(hears->recovered_dred, 6, " %6.0f");
            print_number(hears->mouth_to_ear_p50_ms, 9, " %6.1f ms");
            print_number(hears->mouth_to_ear_p95_ms, 9, " %6.1f ms");
            print_number(hears->estoi, 9, " %9.3f");
            printf("\n");
        }
    }
}

static double share(uint64_t part, const struct wzp_member_measured *member)
{
    return member->up.bytes ? 100 * (double)part / (double)member->up.bytes : NAN;
}

/* What each access link was given, and what of the client's bytes was for what. */
static void print_wires(const struct sim_run *run)
{
    printf("\n%-10s %12s %12s %14s %14s %9s %9s %9s\n", "kbit/s", "up", "down", "up, 500 ms", "down, 500 ms",
           "media", "repair", "feedback");
    for (unsigned i = 0; i < sim_crowd_count(run->reported->crowd); i++) {
        const struct wzp_member_measured *member = &run->measured[i].member;
        printf("%-10s", member->name);
        print_number(member->wire_up_kbps, 12, " %12.1f");
        print_number(member->wire_down_kbps, 12, " %12.1f");
        print_number(member->max_500ms_up_kbps, 14, " %14.1f");
        print_number(member->max_500ms_down_kbps, 14, " %14.1f");
        print_number(share(member->sent.media, member), 9, " %7.1f %%");
        print_number(share(member->sent.repair, member), 9, " %7.1f %%");
        print_number(share(member->sent.feedback, member), 9, " %7.1f %%");
        printf("\n");
    }
}

void sim_result_print(const struct sim_run *run)
{
    if (run->quiet)
        return;
    char hash[33];
    sim_run_hash(run, hash);
    if (run->reported && run->reported->crowd && sim_crowd_count(run->reported->crowd) > 0) {
        print_members(run);
        print_wires(run);
    }
    printf("\n");
    for (unsigned i = 0; i < run->judge_count; i++)
        printf("%-8s %-9s %s%s%s\n", run->judge[i].passed ? "ok" : "FAILED", run->judge[i].kind,
               run->judge[i].name, run->judge[i].text[0] ? ": " : "", run->judge[i].text);
    double virtual_s = (double)run->virtual_ns / WZP_S;
    printf("trace %s, %.1f s in %.2f s: %.0f times real time\n", hash, virtual_s, run->wall_s,
           run->wall_s > 0 ? virtual_s / run->wall_s : 0);
}

static void write_held(struct wzp_json *json, const struct sim_world *world, unsigned node)
{
    wzp_json_begin_object(json, NULL);
    wzp_json_text(json, "node", sim_net_name(world->net, node));
    wzp_json_int(json, "now", (int64_t)sim_net_bytes_held(world->net, node));
    wzp_json_int(json, "peak", (int64_t)sim_net_bytes_peak(world->net, node));
    wzp_json_end(json);
}

/* What a reported world knows of its nodes and floods. */
static void write_world(struct wzp_json *json, const struct sim_world *world)
{
    wzp_json_begin_array(json, "held_bytes");
    for (unsigned i = 0; i < world->relays.count; i++)
        write_held(json, world, world->relays.relay[i]->node);
    for (unsigned i = 0; i < sim_crowd_count(world->crowd); i++)
        write_held(json, world, sim_crowd_person(world->crowd, i)->node);
    wzp_json_end(json);
    const struct sim_flood_counts *flood = sim_net_flood_counts(world->net);
    wzp_json_begin_object(json, "flood");
    wzp_json_int(json, "sent", (int64_t)flood->packets);
    wzp_json_int(json, "sent_bytes", (int64_t)flood->bytes);
    wzp_json_int(json, "answers", (int64_t)flood->answer_packets);
    wzp_json_int(json, "answer_bytes", (int64_t)flood->answer_bytes);
    wzp_json_end(json);
}

static void write_json(const struct sim_run *run, FILE *file)
{
    char hash[33];
    struct wzp_json json = wzp_json_make(file);
    bool is_real = run->real && run->real->is_live;
    sim_run_hash(run, hash);
    wzp_json_begin_object(&json, NULL);
    wzp_json_text(&json, "scenario", run->file);
    wzp_json_int(&json, "seed", (int64_t)run->seed);
    wzp_json_begin_object(&json, "params");
    for (unsigned i = 0; i < run->param_count; i++)
        wzp_json_text(&json, run->param[i].name, run->param[i].value);
    wzp_json_end(&json);
    wzp_json_text(&json, "trace_hash", is_real ? NULL : hash);
    wzp_json_real(&json, "virtual_s", (double)run->virtual_ns / WZP_S, 3);
    wzp_json_real(&json, "wall_s", run->wall_s, 3);
    wzp_json_begin_object(&json, "versions");
    wzp_json_text(&json, "wire", "2");
    wzp_json_text(&json, "opus", opus_get_version_string());
    wzp_json_text(&json, "sodium", sodium_version_string());
    wzp_json_text(&json, "lua", LUA_RELEASE);
    wzp_json_end(&json);
    unsigned count = run->reported && run->reported->crowd ? sim_crowd_count(run->reported->crowd) : 0;
    uint64_t rekeys = 0;
    for (unsigned i = 0; i < count; i++)
        rekeys += run->measured[i].member.rekeys;
    wzp_json_int(&json, "rekeys", (int64_t)rekeys);
    wzp_json_begin_array(&json, "members");
    for (unsigned i = 0; i < count; i++)
        wzp_member_json_write(&json, NULL, &run->measured[i].member);
    wzp_json_end(&json);
    if (run->reported && run->reported->crowd && !is_real)
        write_world(&json, run->reported);
    sim_result_members(run, &json);
    wzp_json_begin_array(&json, "judges");
    for (unsigned i = 0; i < run->judge_count; i++) {
        wzp_json_begin_object(&json, NULL);
        wzp_json_text(&json, "kind", run->judge[i].kind);
        wzp_json_text(&json, "name", run->judge[i].name);
        wzp_json_bool(&json, "passed", run->judge[i].passed);
        wzp_json_text(&json, "text", run->judge[i].text);
        wzp_json_end(&json);
    }
    wzp_json_end(&json);
    wzp_json_end(&json);
    wzp_json_finish(&json);
}

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        fprintf(stderr, "wzp-sim: cannot write %s: %s\n", path, strerror(errno));
    return file;
}

static bool close_file(FILE *file, const char *path)
{
    bool good = !ferror(file);
    good = fclose(file) == 0 && good;
    if (!good)
        fprintf(stderr, "wzp-sim: cannot write %s\n", path);
    return good;
}

bool sim_result_json(const struct sim_run *run, const char *path)
{
    FILE *file = open_file(path);
    if (!file)
        return false;
    write_json(run, file);
    return close_file(file, path);
}

/* `len` samples, the recording again and again. */
static bool write_wav(const struct sim_run *run, const char *name, const char *what, const int16_t *pcm,
                      size_t pcm_len, size_t len)
{
    char path[1024];
    struct wzp_wav_writer writer;
    snprintf(path, sizeof path, "%s/%s-%s.wav", run->out_dir, name, what);
    bool good = wzp_wav_open(&writer, path);
    for (size_t done = 0, part; good && done < len; done += part) {
        part = len - done < pcm_len ? len - done : pcm_len;
        good = wzp_wav_append(&writer, pcm, part);
    }
    good = good && wzp_wav_close(&writer);
    if (!good)
        fprintf(stderr, "wzp-sim: %s\n", writer.why);
    return good;
}

/* What the person said, and what reached its ear. */
static bool write_sounds(const struct sim_run *run, const struct sim_person *person)
{
    const struct sim_voice *voice = person->config.voice;
    size_t heard = (size_t)person->played * WZP_AUDIO_PIECE;
    bool good = true;
    if (voice)
        good = write_wav(run, person->config.name, "said", voice->pcm, voice->len,
                         (size_t)person->captured * WZP_AUDIO_FRAME);
    return write_wav(run, person->config.name, "heard", person->mix, person->mix_len,
                     heard < person->mix_len ? heard : person->mix_len) &&
           good;
}

bool sim_result_out(const struct sim_run *run)
{
    char path[1024];
    bool good = true;
    snprintf(path, sizeof path, "%s/result.json", run->out_dir);
    good = sim_result_json(run, path);
    if (!run->reported || !run->reported->crowd)
        return good;
    if (has_sound(run->reported))
        for (unsigned i = 0; i < sim_crowd_count(run->reported->crowd); i++)
            good = write_sounds(run, sim_crowd_person(run->reported->crowd, i)) && good;
    snprintf(path, sizeof path, "%s/index.html", run->out_dir);
    FILE *file = open_file(path);
    if (!file)
        return false;
    good = sim_page_write(run, file) && good;
    return close_file(file, path) && good;
}

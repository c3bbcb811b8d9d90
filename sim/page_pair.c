// SPDX-License-Identifier: Apache-2.0
/* What one heard of another, over time: by kind, how late, how loud. */
#include "sim/html.h"
#include "sim/page_state.h"

#include <math.h>

/* How a captured frame came to be heard, from below in the stack. */
enum { RECEIVED, REPAIRED, LBRR, DRED, CONCEALED, SILENCE, KINDS };
static const char *const kind_names[KINDS] = {"received",    "repaired",  "copy (LBRR)",
                                              "copy (DRED)", "concealed", "silence"};

static unsigned kind_of(const struct sim_page_pair *pair, size_t frame)
{
    uint8_t heard = pair->hearing->heard[frame];
    if (!sim_person_is_active(pair->speaker, frame))
        return SILENCE;
    if (!sim_hearing_is_right(pair->hearing, frame))
        return CONCEALED;
    return heard & SIM_HEARD_DRED       ? DRED
           : heard & SIM_HEARD_LBRR     ? LBRR
           : heard & SIM_HEARD_REPAIRED ? REPAIRED
                                        : RECEIVED;
}

static void put_heard(struct sim_page *page, const struct sim_page_pair *pair)
{
    struct sim_svg_series layers[KINDS];
    float *shares[KINDS], *all = sim_page_floats(page, page->coarse);
    for (unsigned k = 0; k < KINDS; k++) {
        shares[k] = sim_page_floats(page, page->coarse);
        layers[k] = (struct sim_svg_series){.name = kind_names[k],
                                            .values = shares[k],
                                            .count = page->coarse,
                                            .color = k,
                                            .is_bad = k == CONCEALED};
    }
    for (size_t i = 0; i < (size_t)pair->speaker->captured; i++) {
        size_t bin = sim_page_bin(page, sim_person_captured_at(pair->speaker, i)) / SIM_PAGE_COARSE;
        if (!sim_hearing_counts(pair->listener, pair->hearing, i))
            continue;
        all[bin]++;
        shares[kind_of(pair, i)][bin]++;
    }
    for (unsigned k = 0; k < KINDS; k++)
        for (size_t i = 0; i < page->coarse; i++)
            shares[k][i] = all[i] > 0 ? 100 * shares[k][i] / all[i] : 0;
    sim_svg_plot(&page->axis, &(struct sim_svg_plot){.title = "How it was heard, % of the sound",
                                                     .height = 84,
                                                     .top = 100,
                                                     .layers = layers,
                                                     .layer_count = KINDS});
}

static void put_delays(struct sim_page *page, const struct sim_page_pair *pair)
{
    float *ear = sim_page_floats(page, page->bins);
    const struct sim_series_person *listener = sim_series_person(page->series, pair->listener->index);
    struct sim_svg_series lines[3] = {{.name = "mouth to ear", .values = ear, .count = page->bins}};
    size_t count = 1;
    for (size_t i = 0; i < page->bins; i++)
        ear[i] = NAN;
    for (size_t i = 0; i < (size_t)pair->speaker->captured; i++) {
        int64_t at_ns = sim_person_captured_at(pair->speaker, i);
        if (!sim_hearing_counts(pair->listener, pair->hearing, i) || pair->hearing->played_ns[i] == WZP_NEVER)
            continue;
        float delay_ms = (float)(sim_hearing_sounded_at(pair->hearing, i) - at_ns) / (float)WZP_MS;
        ear[sim_page_bin(page, at_ns)] = fmaxf(
            isnan(ear[sim_page_bin(page, at_ns)]) ? 0 : ear[sim_page_bin(page, at_ns)], delay_ms);
    }
    if (listener && listener->buffer[pair->speaker->place].depth_ms) {
        size_t bins = sim_series_bins(page->series);
        float *depth = sim_page_floats(page, page->bins), *target = sim_page_floats(page, page->bins);
        for (size_t i = 0; i < page->bins; i++) {
            depth[i] = i < bins ? listener->buffer[pair->speaker->place].depth_ms[i] : (float)NAN;
            target[i] = i < bins ? listener->buffer[pair->speaker->place].target_ms[i] : (float)NAN;
        }
        lines[count++] = (struct sim_svg_series){
            .name = "jitter buffer", .values = depth, .count = page->bins, .color = 2};
        lines[count++] = (struct sim_svg_series){.name = "what the buffer aims at",
                                                 .values = target,
                                                 .count = page->bins,
                                                 .color = 1,
                                                 .is_dashed = true};
    }
    sim_svg_plot(&page->axis, &(struct sim_svg_plot){
                                  .title = "Delay, ms", .height = 84, .lines = lines, .line_count = count});
}

/* Loudest sample of each bin, from `start_ns` of the run on. */
static float *peaks(struct sim_page *page, const int16_t *samples, size_t len, size_t repeat,
                    int64_t start_ns)
{
    float *result = sim_page_floats(page, page->bins);
    for (size_t i = 0; i < len; i++) {
        size_t bin = sim_page_bin(page, start_ns + (int64_t)(i * WZP_S / WZP_AUDIO_RATE));
        result[bin] = fmaxf(result[bin], fabsf((float)samples[i % repeat]) / 32768);
    }
    return result;
}

static void put_waves(struct sim_page *page, const struct sim_page_pair *pair)
{
    const struct sim_voice *voice = pair->speaker->config.voice;
    if (!voice || !pair->hearing->track)
        return;
    const float *said = peaks(page, voice->pcm, (size_t)pair->speaker->captured * WZP_AUDIO_FRAME, voice->len,
                              pair->speaker->config.start_ns);
    const float *heard = peaks(page, pair->hearing->track, pair->hearing->track_len, SIZE_MAX,
                               pair->listener->play_start_ns);
    sim_svg_waves(&page->axis, "Loudness", said, heard, page->bins);
}

void sim_page_put_pair(struct sim_page *page, const struct sim_page_pair *pair)
{
    FILE *file = page->axis.file;
    fputs("<section><h2>", file);
    sim_html_text(file, pair->listener->config.name);
    fputs(" hears ", file);
    sim_html_text(file, pair->speaker->config.name);
    fputs("</h2>", file);
    sim_html_element(
        file, "p",
        sim_page_say(
            page,
            "Of %.0f frames that were not silent %.2f %% were concealed, %u %s above 100 ms, %.0f repaired, "
            "%.0f by LBRR, %.0f by DRED; ESTOI %s.",
            pair->hears->frames_sent, sim_page_or_zero(pair->hears->concealed_pct), pair->freezes.count,
            pair->freezes.count == 1 ? "freeze" : "freezes", pair->hears->recovered_window,
            pair->hears->recovered_lbrr, pair->hears->recovered_dred,
            sim_page_number(page, "%.3f", pair->hears->estoi)));
    put_heard(page, pair);
    put_delays(page, pair);
    put_waves(page, pair);
    fputs("</section>\n", file);
}

// SPDX-License-Identifier: Apache-2.0
#include "sim/report.h"

#include <math.h>

#include "base/check.h"

/* Plots are drawn in these units and scaled to the page's width by the browser. */
#define WIDTH         960
#define LEFT          48
#define RIGHT         8
#define TOP           8
#define BOTTOM        20
#define INNER         (WIDTH - LEFT - RIGHT)
#define LINE_HUES     6 /* classes l0 ... of the style sheet */
#define FRAMES_SECOND 50

static const char *const kind_text[SIM_REPORT_KINDS] = {
#define X(name, text) text,
    SIM_REPORT_KIND_LIST(X)
#undef X
};

/* Colours: told apart by the common colour-blind eyes, in both schemes; a state is never told by colour
 * alone. */
static const char style[] =
    ":root{color-scheme:light dark;--page:#f9f9f7;--card:#fcfcfb;--edge:#e1e0d9;--ink:#0b0b0b;--soft:#52514e;"
    "--faint:#6f6e69;--ok:#006300;--bad:#b3261e;--k0:#2a78d6;--k1:#1baf7a;--k2:#b98500;--k3:#4a3aa7;--k4:#"
    "d03b3b;--k5:#c3c2b7;"
    "--l0:#2a78d6;--l1:#eb6834;--l2:#1baf7a;--l3:#b98500;--l4:#e87ba4;--l5:#4a3aa7}"
    "@media(prefers-color-scheme:dark){:root{--page:#0d0d0d;--card:#1a1a19;--edge:#383835;--ink:#fff;"
    "--soft:#c3c2b7;--faint:#98978f;--ok:#0ca30c;--bad:#e66767;--k0:#3987e5;--k1:#199e70;--k2:#e66767;"
    "--k5:#52514e;--l0:#3987e5;--l1:#d95926;--l2:#199e70;--l3:#c98500;--l4:#d55181;--l5:#9085e9}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}"
    "main{max-width:1040px;margin:0 auto;padding:28px 16px 48px}"
    "h1{font-size:26px;line-height:1.2;margin:0;display:inline-block}h2{font-size:17px;margin:0 0 2px}"
    "h3{font-size:13px;font-weight:600;margin:18px 0 2px}p{margin:2px 0;color:var(--soft)}"
    "section{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:16px "
    "20px;margin-top:16px}"
    ".verdict{display:inline-block;vertical-align:4px;margin-left:12px;padding:1px 10px;border-radius:99px;"
    "font-size:13px;font-weight:600;border:1.5px solid}.ok{color:var(--ok)}.bad{color:var(--bad)}"
    "dl{display:flex;flex-wrap:wrap;gap:4px 22px;margin:8px 0 0}dl div{display:flex;gap:6px;min-width:0}"
    "dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th{font-weight:500;color:var(--faint);font-size:13px;vertical-align:bottom}"
    "th,td{text-align:right;padding:5px 0 5px 18px;border-bottom:1px solid var(--edge)}"
    "tr:last-child td{border-bottom:0}th:first-child,td:first-child{text-align:left;padding-left:0}"
    ".judges th,.judges td{text-align:left}"
    ".legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:13px;color:var(--soft)}"
    ".legend i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}"
    "svg{display:block;width:100%;height:auto;margin-top:4px}"
    "svg text{fill:var(--faint);font-size:11px;font-variant-numeric:tabular-nums}"
    ".grid{stroke:var(--edge);stroke-width:1}.axis{stroke:var(--faint);stroke-width:1}"
    ".line{fill:none;stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round}"
    ".k0{fill:var(--k0)}.k1{fill:var(--k1)}.k2{fill:var(--k2)}.k3{fill:var(--k3)}.k4{fill:var(--k4)}"
    ".k5{fill:var(--k5)}"
    ".l0{stroke:var(--l0)}.l1{stroke:var(--l1)}.l2{stroke:var(--l2)}.l3{stroke:var(--l3)}.l4{stroke:var(--l4)"
    "}"
    ".l5{stroke:var(--l5)}";

static void put_text(FILE *file, const char *text)
{
    for (const char *c = text ? text : ""; *c; c++) {
        switch (*c) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        case '\'':
            fputs("&#39;", file);
            break;
        default:
            fputc((unsigned char)*c < ' ' ? ' ' : *c, file);
        }
    }
}

static void put_element(FILE *file, const char *tag, const char *text)
{
    fprintf(file, "<%s>", tag);
    put_text(file, text);
    fprintf(file, "</%s>", tag);
}

static void put_facts(FILE *file, const struct sim_report_fact *facts, size_t count)
{
    if (!count)
        return;
    fputs("<dl>", file);
    for (size_t i = 0; i < count; i++) {
        fputs("<div>", file);
        put_element(file, "dt", facts[i].name);
        put_element(file, "dd", facts[i].value);
        fputs("</div>", file);
    }
    fputs("</dl>\n", file);
}

static void put_table(FILE *file, const struct sim_report_table *table)
{
    fputs("<section>", file);
    put_element(file, "h2", table->title);
    fputs("<div class=scroll><table><tr>", file);
    for (size_t c = 0; c < table->column_count; c++)
        put_element(file, "th", table->columns[c]);
    fputs("</tr>\n", file);
    for (size_t r = 0; r < table->row_count; r++) {
        fputs("<tr>", file);
        for (size_t c = 0; c < table->column_count; c++)
            put_element(file, "td", table->cells[r * table->column_count + c]);
        fputs("</tr>\n", file);
    }
    fputs("</table></div></section>\n", file);
}

static void put_judges(FILE *file, const struct sim_report_judge *judges, size_t count)
{
    if (!count)
        return;
    fputs("<section><h2>Judges</h2><div class=scroll><table class=judges>\n", file);
    for (size_t i = 0; i < count; i++) {
        fputs("<tr>", file);
        put_element(file, "td", judges[i].name);
        fprintf(file, "<td class=%s>%s</td>", judges[i].passed ? "ok" : "bad",
                judges[i].passed ? "passed" : "failed");
        put_element(file, "td", judges[i].text);
        fputs("</tr>\n", file);
    }
    fputs("</table></div></section>\n", file);
}

/* The least of 1, 2, 5 times a power of ten that cuts `range` into at most `parts`. */
static double nice_step(double range, int parts)
{
    static const double steps[] = {1, 2, 5};
    double power = 1e-3;
    while (power * 10 * parts < range)
        power *= 10;
    for (int i = 0; i < 3; i++)
        if (steps[i] * power * parts >= range)
            return steps[i] * power;
    return 10 * power;
}

/* Where a plot lies: its height without the margins, and the value at its top. */
struct frame {
    double seconds;
    double height;
    double top_value;
};

static double x_of(const struct frame *frame, double t_s)
{
    return LEFT + INNER * fmin(fmax(t_s / frame->seconds, 0), 1);
}

static double y_of(const struct frame *frame, double value)
{
    return TOP + frame->height * (1 - value / frame->top_value);
}

static void put_value(FILE *file, double value)
{
    if (value >= 1e6)
        fprintf(file, "%gM", value / 1e6);
    else if (value >= 1e4)
        fprintf(file, "%gk", value / 1e3);
    else
        fprintf(file, "%g", value);
}

static void svg_begin(FILE *file, const struct frame *frame, const char *what)
{
    fprintf(file, "<svg viewBox=\"0 0 %d %g\" role=img aria-label=\"", WIDTH, TOP + frame->height + BOTTOM);
    put_text(file, what);
    fputs("\">\n", file);
}

static void put_value_axis(FILE *file, const struct frame *frame)
{
    double step = nice_step(frame->top_value, 4);
    for (int i = 1; step * i < frame->top_value * 1.001; i++) {
        double value = step * i, y = y_of(frame, value);
        fprintf(file, "<path class=grid d=\"M%d %.1fH%d\"/><text x=%d y=%.1f text-anchor=end>", LEFT, y,
                WIDTH - RIGHT, LEFT - 6, y + 4);
        put_value(file, value);
        fputs("</text>\n", file);
    }
}

static void put_time_axis(FILE *file, const struct frame *frame)
{
    double y = TOP + frame->height, step = nice_step(frame->seconds, 10);
    fprintf(file, "<path class=axis d=\"M%d %.1fH%d\"/>\n", LEFT, y, WIDTH - RIGHT);
    for (int i = 0; step * i < frame->seconds * 1.001; i++)
        fprintf(file, "<text x=%.1f y=%.1f text-anchor=%s>%g s</text>", x_of(frame, step * i), y + 15,
                step * i > frame->seconds * 0.99 ? "end" : "middle", step * i);
    fputs("\n", file);
}

/* One column of the drawing: the values of all points that fall into it. */
struct column {
    long x; /* in half units */
    double first, least, greatest, last;
    bool open;
};

static void put_column(FILE *file, const struct frame *frame, struct column *column, bool *pen_down)
{
    if (!column->open)
        return;
    double x = (double)column->x / 2;
    fprintf(file, *pen_down ? "L%.1f %.1f" : "M%.1f %.1fh0", x, y_of(frame, column->first));
    if (column->least < column->greatest)
        fprintf(file, "V%.1fV%.1fV%.1f", y_of(frame, column->least), y_of(frame, column->greatest),
                y_of(frame, column->last));
    *pen_down = true;
    column->open = false;
}

static void put_line(FILE *file, const struct frame *frame, const struct sim_report_series *series,
                     size_t index)
{
    struct column column = {.open = false};
    bool pen_down = false;
    fprintf(file, "<path class=\"line l%zu\" d=\"", index % LINE_HUES);
    for (size_t i = 0; i < series->count; i++) {
        double value = series->points[i].value;
        long x = lrint(2 * x_of(frame, series->points[i].t_s));
        if (!isfinite(value) || x != column.x)
            put_column(file, frame, &column, &pen_down);
        if (!isfinite(value)) {
            pen_down = false;
            continue;
        }
        if (!column.open)
            column = (struct column){x, value, value, value, value, true};
        column.least = fmin(column.least, value);
        column.greatest = fmax(column.greatest, value);
        column.last = value;
    }
    put_column(file, frame, &column, &pen_down);
    fputs("\"/>\n", file);
}

static void put_lines(FILE *file, const struct sim_report_series *series, size_t count, double seconds,
                      double height, const char *title)
{
    double greatest = 0;
    for (size_t s = 0; s < count; s++)
        for (size_t i = 0; i < series[s].count; i++)
            if (isfinite(series[s].points[i].value))
                greatest = fmax(greatest, series[s].points[i].value);
    double step = nice_step(greatest > 0 ? greatest : 1, 4);
    struct frame frame = {seconds, height, greatest > 0 ? step * ceil(greatest / step) : 1};
    if (count > 1) {
        fputs("<div class=legend>", file);
        for (size_t s = 0; s < count; s++) {
            fprintf(file, "<span><i style=\"background:var(--l%zu)\"></i>", s % LINE_HUES);
            put_text(file, series[s].name);
            fputs("</span>", file);
        }
        fputs("</div>\n", file);
    }
    svg_begin(file, &frame, title);
    put_value_axis(file, &frame);
    for (size_t s = 0; s < count; s++)
        put_line(file, &frame, &series[s], s);
    put_time_axis(file, &frame);
    fputs("</svg>\n", file);
}

static void put_heard(FILE *file, const struct sim_report_pair *pair, double seconds)
{
    struct frame frame = {seconds, 84, FRAMES_SECOND};
    fputs("<h3>Frames heard in each second, by how they came to be</h3><div class=legend>", file);
    for (int kind = 0; kind < SIM_REPORT_KINDS; kind++)
        fprintf(file, "<span><i style=\"background:var(--k%d)\"></i>%s</span>", kind, kind_text[kind]);
    fputs("</div>\n", file);
    svg_begin(file, &frame, "frames heard by kind, over time");
    for (size_t i = 0; i < pair->heard_count; i++) {
        double x = x_of(&frame, (double)i), width = x_of(&frame, (double)i + 1) - x;
        double below = 0;
        if (width <= 0)
            break;
        fprintf(file, "<g><title>%zu s:", i);
        for (int kind = 0; kind < SIM_REPORT_KINDS; kind++)
            if (pair->heard[i].frames[kind])
                fprintf(file, " %s %u", kind_text[kind], pair->heard[i].frames[kind]);
        fputs("</title>", file);
        for (int kind = 0; kind < SIM_REPORT_KINDS; kind++) {
            /* A second can hold a frame or two more than fifty when the buffer moves: they are cut off the
             * top. */
            double above = fmin(below + pair->heard[i].frames[kind], FRAMES_SECOND);
            if (above > below)
                fprintf(file, "<rect class=k%d x=%.1f y=%.1f width=%.1f height=%.1f />", kind, x + 0.5,
                        y_of(&frame, above), fmax(width - 1, 0.5), y_of(&frame, below) - y_of(&frame, above));
            below = above;
        }
        fputs("</g>\n", file);
    }
    put_time_axis(file, &frame);
    fputs("</svg>\n", file);
}

/* Half of a mirrored pair: `sign` 1 is drawn upwards from the middle, -1 downwards. */
static void put_envelope(FILE *file, const struct frame *frame, const struct sim_report_envelope *envelope,
                         int sign)
{
    double middle = TOP + frame->height / 2, greatest = 0;
    long column = -1;
    fprintf(file, "<path class=k%d d=\"M%d %.1f", sign > 0 ? 0 : 1, LEFT, middle);
    for (size_t i = 0; i < envelope->count; i++) {
        long x = lrint(x_of(frame, (double)i * envelope->peak_s));
        greatest = fmax(x == column ? greatest : 0, fmin((double)envelope->peaks[i] / frame->top_value, 1));
        bool last = i + 1 == envelope->count;
        if (last || lrint(x_of(frame, (double)(i + 1) * envelope->peak_s)) != x)
            fprintf(file, "L%ld %.1f", x, middle - sign * greatest * frame->height / 2);
        column = x;
    }
    fprintf(file, "L%.1f %.1fZ\"/>\n", x_of(frame, (double)envelope->count * envelope->peak_s), middle);
}

static double loudest(const struct sim_report_envelope *envelope)
{
    float peak = 0;
    for (size_t i = 0; i < envelope->count; i++)
        peak = fmaxf(peak, envelope->peaks[i]);
    return (double)peak;
}

static void put_waveforms(FILE *file, const struct sim_report_pair *pair, double seconds)
{
    double peak = fmax(loudest(&pair->original), loudest(&pair->played));
    struct frame frame = {seconds, 110, peak > 0 ? peak : 1};
    fputs("<h3>Loudness</h3><div class=legend><span><i style=\"background:var(--k0)\"></i>spoken (up)</span>"
          "<span><i style=\"background:var(--k1)\"></i>played (down)</span></div>\n",
          file);
    svg_begin(file, &frame, "loudness of what was spoken and what was played, over time");
    put_envelope(file, &frame, &pair->original, 1);
    put_envelope(file, &frame, &pair->played, -1);
    put_time_axis(file, &frame);
    fputs("</svg>\n", file);
}

static void put_pair(FILE *file, const struct sim_report_pair *pair, double seconds)
{
    fputs("<section><h2>", file);
    put_text(file, pair->listener);
    fputs(" hears ", file);
    put_text(file, pair->speaker);
    fputs("</h2>", file);
    put_element(file, "p", pair->summary);
    if (pair->heard_count)
        put_heard(file, pair, seconds);
    if (pair->mouth_to_ear.count) {
        put_element(file, "h3", "Mouth to ear, ms");
        put_lines(file, &pair->mouth_to_ear, 1, seconds, 110, "mouth to ear in ms, over time");
    }
    if (pair->original.count || pair->played.count)
        put_waveforms(file, pair, seconds);
    fputs("</section>\n", file);
}

void sim_report_peaks(const float *samples, size_t len, float *peaks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        peaks[i] = 0;
        for (size_t k = len * i / count; k < len * (i + 1) / count; k++)
            peaks[i] = fmaxf(peaks[i], fabsf(samples[k]));
    }
}

bool sim_report_write(FILE *file, const struct sim_report *report)
{
    WZP_CHECK(report->seconds > 0);
    fputs("<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
          "<meta name=viewport content=\"width=device-width,initial-scale=1\">"
          "<meta http-equiv=Content-Security-Policy content=\"default-src 'none';style-src "
          "'unsafe-inline'\">\n",
          file);
    put_element(file, "title", report->title);
    fprintf(file, "<style>%s</style></head>\n<body><main><header>", style);
    put_element(file, "h1", report->title);
    fprintf(file, "<span class=\"verdict %s\">", report->passed ? "ok" : "bad");
    put_text(file, report->verdict);
    fputs("</span>", file);
    put_element(file, "p", report->subtitle);
    put_facts(file, report->facts, report->fact_count);
    fputs("</header>\n", file);
    for (size_t i = 0; i < report->table_count; i++)
        put_table(file, &report->tables[i]);
    put_judges(file, report->judges, report->judge_count);
    for (size_t i = 0; i < report->pair_count; i++)
        put_pair(file, &report->pairs[i], report->seconds);
    for (size_t i = 0; i < report->plot_count; i++) {
        const struct sim_report_plot *plot = &report->plots[i];
        fputs("<section>", file);
        put_element(file, "h2", plot->title);
        put_lines(file, plot->series, plot->series_count, report->seconds, 130, plot->title);
        fputs("</section>\n", file);
    }
    if (report->param_count) {
        fputs("<section><h2>Parameters</h2>", file);
        put_facts(file, report->params, report->param_count);
        fputs("</section>\n", file);
    }
    fputs("</main></body></html>\n", file);
    return fflush(file) == 0 && !ferror(file);
}

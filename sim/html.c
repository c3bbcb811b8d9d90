// SPDX-License-Identifier: Apache-2.0
#include "sim/html.h"

#include "base/utf8.h"

#include <sodium.h>
#include <string.h>

/* Colours: told apart by the common colour-blind eyes, in both schemes; a state is never told by colour
 * alone: what is bad is hatched, or named, too. */
static const char style[] =
    ":root{color-scheme:light dark;--page:#f6f6f3;--card:#fff;--edge:#dfded7;--grid:#ecebe5;--ink:#141413;"
    "--soft:#4d4c48;--faint:#6f6e69;--ok:#00650f;--bad:#b3261e;--hatch:#fff;--heat:#c2410c;"
    "--k0:#3b82d6;--k1:#17a673;--k2:#dca300;--k3:#6d55c9;--k4:#cf2f2f;--k5:#d9d8d0;"
    "--l0:#1f6fd0;--l1:#d9580d;--l2:#0f9466;--l3:#a87b00;--l4:#c64f86;--l5:#5a45b5}"
    "@media(prefers-color-scheme:dark){:root{--page:#0e0e0d;--card:#191918;--edge:#3a3a36;--grid:#292926;"
    "--ink:#f6f5f0;--soft:#c6c5bc;--faint:#9b9a92;--ok:#3fb950;--bad:#ff7b72;--hatch:#191918;--heat:#fb923c;"
    "--k0:#3f86da;--k1:#1ca87a;--k2:#e0ac1c;--k3:#937fe8;--k4:#ef5350;--k5:#45443f;"
    "--l0:#5a9df0;--l1:#f0833a;--l2:#2bb98a;--l3:#d6a419;--l4:#e57fb0;--l5:#a497f0}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
    "main{max-width:1080px;margin:0 auto;padding:28px 16px 56px}"
    "h1{font-size:26px;line-height:1.2;margin:0;display:inline-block}h2{font-size:18px;margin:0 0 2px}"
    "h3{font-size:13px;font-weight:600;margin:0}p{margin:2px 0;color:var(--soft)}"
    "section,details{background:var(--card);border:1px solid var(--edge);border-radius:10px;"
    "padding:16px 20px;margin-top:16px}details p{margin-top:14px}summary{cursor:pointer;color:var(--soft)}"
    "summary h2{display:inline;color:var(--ink);margin-right:10px}"
    ".verdict{display:inline-block;vertical-align:4px;margin-left:12px;padding:1px 12px;border-radius:99px;"
    "font-size:14px;font-weight:600;border:1.5px solid}.ok{color:var(--ok)}.bad{color:var(--bad)}"
    ".found{margin:10px 0 0;padding:0;list-style:none;font-size:17px;line-height:1.45}"
    ".found li{margin:3px 0;padding-left:26px;position:relative}"
    ".found li:before{position:absolute;left:2px;font-weight:700;content:'\\2022'}"
    ".found .ok:before{content:'\\2713'}.found .bad:before{content:'\\2717'}"
    ".found .bad,.found .ok{color:var(--ink)}.found .bad:before{color:var(--bad)}"
    ".found .ok:before{color:var(--ok)}"
    "dl{display:flex;flex-wrap:wrap;gap:4px 22px;margin:8px 0 0}dl div{display:flex;gap:6px;min-width:0}"
    "dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}"
    "code{font:13px/1.5 ui-monospace,'SF Mono',Consolas,'DejaVu Sans Mono',monospace;background:var(--page);"
    "border:1px solid var(--edge);border-radius:6px;padding:2px 8px;overflow-wrap:anywhere;"
    "display:inline-block;margin-top:8px;user-select:all}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th{font-weight:500;color:var(--faint);font-size:13px;vertical-align:bottom}"
    "th,td{text-align:right;padding:5px 0 5px 14px;border-bottom:1px solid var(--edge)}"
    "tr:last-child td{border-bottom:0}th:first-child,td:first-child{text-align:left;padding-left:0}"
    "th:nth-child(2),td:nth-child(2),.words th,.words td{text-align:left}"
    ".head{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 20px;margin-top:14px}"
    ".legend{display:flex;flex-wrap:wrap;gap:0 14px;font-size:13px;color:var(--soft)}"
    ".legend span{white-space:nowrap}.legend svg{display:inline-block;width:16px;height:10px;margin:0 5px 0 "
    "0}"
    "svg{display:block;width:100%;height:auto}"
    "svg text{fill:var(--faint);font-size:11px;font-variant-numeric:tabular-nums}"
    "svg .name{fill:var(--ink);font-size:12px}svg .value{font-size:14px}svg .on{fill:var(--ink)}"
    "svg .word{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}"
    ".grid{stroke:var(--grid)}.axis{stroke:var(--edge)}.mark{stroke:var(--faint);stroke-dasharray:3 3}"
    ".line{fill:none;stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round}.dash{stroke-dasharray:6 "
    "4}.hatch{stroke:var(--hatch);stroke-width:1.6}.hair{stroke:var(--ink);stroke-width:1;opacity:.55}"
    ".k0{fill:var(--k0)}.k1{fill:var(--k1)}.k2{fill:var(--k2)}.k3{fill:var(--k3)}.k4{fill:var(--k4)}"
    ".k5{fill:var(--k5)}.l0{stroke:var(--l0)}.l1{stroke:var(--l1)}.l2{stroke:var(--l2)}"
    ".l3{stroke:var(--l3)}.l4{stroke:var(--l4)}.l5{stroke:var(--l5)}.lk{stroke:var(--ink)}"
    ".heat{fill:var(--heat)}.empty{fill:var(--grid)}"
    "#at{position:fixed;left:50%;bottom:10px;transform:translateX(-50%);background:var(--ink);"
    "color:var(--page);padding:1px 10px;border-radius:99px;font-size:13px;pointer-events:none}"
    ".players{display:grid;grid-template-columns:repeat(auto-fit,minmax(max(280px,40%),1fr));gap:10px 20px;"
    "margin-top:8px}audio{width:100%;height:36px;margin-top:2px}";

/* The time under the pointer, as a line through every plot. No character here needs escaping. */
static const char script[] =
    "let at=document.getElementById('at'),all=[...document.querySelectorAll('svg[data-s]')];"
    "addEventListener('pointermove',e=>{let p=e.target.closest('svg[data-s]'),x=0,t=0;"
    "if(p){let r=p.getBoundingClientRect(),d=p.dataset;x=(e.clientX-r.left)*1000/r.width;"
    "t=(x-d.l)/d.w*d.s;p=Math.abs(2*t-d.s)-d.s>0?null:p}at.hidden=!p;"
    "all.forEach(s=>{let h=s.querySelector('.hair');h.setAttribute('x1',x);h.setAttribute('x2',x);"
    "h.setAttribute('visibility',p?'visible':'hidden')});if(p)at.textContent=t.toFixed(2)+' s'})";

void sim_html_text(FILE *file, const char *text)
{
    const uint8_t *at = (const uint8_t *)(text ? text : ""), *end = at + strlen((const char *)at);
    while (at < end) {
        const uint8_t *from = at;
        uint32_t point;
        if (!wzp_utf8_next(&at, end, &point) || point == 0xfffe || point == 0xffff) /* XML has no such */
            fputs(WZP_UTF8_REPLACEMENT, file);
        else if (point == '&')
            fputs("&amp;", file);
        else if (point == '<')
            fputs("&lt;", file);
        else if (point == '>')
            fputs("&gt;", file);
        else if (point == '"')
            fputs("&quot;", file);
        else if (point == '\'')
            fputs("&#39;", file);
        else if (point < ' ')
            fputc(' ', file);
        else
            fwrite(from, 1, (size_t)(at - from), file);
    }
}

void sim_html_element(FILE *file, const char *tag, const char *text)
{
    fprintf(file, "<%s>", tag);
    sim_html_text(file, text);
    fprintf(file, "</%.*s>", (int)strcspn(tag, " "), tag);
}

void sim_html_begin(FILE *file, const char *title)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char encoded[64];
    crypto_hash_sha256(hash, (const unsigned char *)script, strlen(script));
    sodium_bin2base64(encoded, sizeof encoded, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>",
          file);
    fprintf(file,
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';media-src 'self' "
            "file:;style-src 'unsafe-inline';script-src 'sha256-%s'\"/>\n",
            encoded);
    sim_html_element(file, "title", title);
    fprintf(file, "<style>%s</style></head>\n<body><main>\n", style);
}

bool sim_html_end(FILE *file)
{
    fprintf(file, "</main><div id=\"at\" hidden=\"hidden\"></div><script>%s</script></body></html>\n",
            script);
    return fflush(file) == 0 && !ferror(file);
}

void sim_html_title(FILE *file, const char *title, const char *verdict, bool is_good)
{
    sim_html_element(file, "h1", title);
    sim_html_element(file, is_good ? "span class=\"verdict ok\"" : "span class=\"verdict bad\"", verdict);
}

void sim_html_facts(FILE *file, const struct sim_html_fact *facts, size_t count)
{
    if (count == 0)
        return;
    fputs("<dl>", file);
    for (size_t i = 0; i < count; i++) {
        fputs("<div>", file);
        sim_html_element(file, "dt", facts[i].name);
        sim_html_element(file, "dd", facts[i].value);
        fputs("</div>", file);
    }
    fputs("</dl>\n", file);
}

void sim_html_table(FILE *file, const struct sim_html_table *table)
{
    fputs("<section>", file);
    sim_html_element(file, "h2", table->title);
    if (table->note)
        sim_html_element(file, "p", table->note);
    fprintf(file, "<div class=\"scroll\"><table%s><tr>", table->is_text ? " class=\"words\"" : "");
    for (size_t c = 0; c < table->column_count; c++)
        sim_html_element(file, "th", table->columns[c]);
    fputs("</tr>\n", file);
    for (size_t r = 0; r < table->row_count; r++) {
        fputs("<tr>", file);
        for (size_t c = 0; c < table->column_count; c++)
            sim_html_element(file, "td", table->cells[r * table->column_count + c]);
        fputs("</tr>\n", file);
    }
    fputs("</table></div></section>\n", file);
}

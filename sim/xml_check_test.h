// SPDX-License-Identifier: Apache-2.0
/* Is a page well-formed: elements nested and closed, attributes quoted, & and < escaped. Enough of XML for
 * what sim/html.c and sim/svg.c write; for tests. */
#ifndef WZP_SIM_XML_CHECK_TEST_H
#define WZP_SIM_XML_CHECK_TEST_H

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define XML_DEPTH_MAX 32

static size_t xml_name(const char *at)
{
    size_t len = 0;
    while (isalnum((unsigned char)at[len]) || at[len] == '-')
        len++;
    return len;
}

/* Behind the attributes of a tag; NULL where one is wrong. */
static const char *xml_attributes(const char *at)
{
    while (*at == ' ') {
        at += strspn(at, " ");
        size_t len = xml_name(at);
        if (len == 0 || at[len] != '=' || at[len + 1] != '"')
            return NULL;
        at += len + 2;
        at += strcspn(at, "<\"");
        if (*at++ != '"')
            return NULL;
    }
    return at;
}

static bool xml_is_entity(const char *at)
{
    size_t len = strspn(at + 1, "#abcdefghijklmnopqrstuvwxyz0123456789");
    return len > 0 && at[len + 1] == ';';
}

/* NULL, or where the page is not well-formed. Style and script are taken as they are. */
static const char *xml_check(const char *page)
{
    const char *open[XML_DEPTH_MAX];
    size_t depth = 0;
    for (const char *at = page; *at;) {
        if (*at == '&' && !xml_is_entity(at))
            return at;
        if (*at != '<') {
            at++;
            continue;
        }
        if (strncmp(at, "<!DOCTYPE html>", 15) == 0) {
            at += 15;
            continue;
        }
        bool is_end = at[1] == '/';
        const char *name = at + 1 + is_end;
        size_t len = xml_name(name);
        const char *behind = len ? xml_attributes(name + len) : NULL;
        if (!behind)
            return at;
        if (is_end) {
            if (depth-- == 0 || strncmp(open[depth], name, len) != 0 || xml_name(open[depth]) != len)
                return at;
        } else if (*behind == '/') {
            behind++;
        } else {
            if (depth == XML_DEPTH_MAX)
                return at;
            open[depth++] = name;
        }
        if (*behind != '>')
            return at;
        at = behind + 1;
        if (!is_end && (strncmp(name, "style>", 6) == 0 || strncmp(name, "script>", 7) == 0))
            at += strcspn(at, "<");
    }
    return depth == 0 ? NULL : "an element is open";
}

static size_t xml_count(const char *page, const char *what)
{
    size_t count = 0;
    for (const char *at = page; (at = strstr(at, what)); at += strlen(what))
        count++;
    return count;
}

#endif

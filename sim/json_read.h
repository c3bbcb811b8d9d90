// SPDX-License-Identifier: Apache-2.0
/*
 * Reads a JSON text (RFC 8259) into a list of its plain values by path: "members[0].hears[1].estoi". For the
 * results that wzp-sim and wzp-client write (run/json.h).
 *
 * Law: what run/json.h writes is read back value for value, in its order; anything that is not JSON is
 * refused with a line and a reason; at most SIM_JSON_DEPTH deep. Not for text from a network: escapes above
 * U+007F become '?', and memory is bounded by the file alone.
 */
#ifndef WZP_SIM_JSON_READ_H
#define WZP_SIM_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>

#define SIM_JSON_DEPTH    16
#define SIM_JSON_PATH_MAX 192

struct sim_json_value {
    char path[SIM_JSON_PATH_MAX];
    enum {
        SIM_JSON_NULL,
        SIM_JSON_BOOL,
        SIM_JSON_NUMBER,
        SIM_JSON_TEXT,
    } kind;
    double number; /* of a bool 0 or 1, NAN of what has none */
    char *text;    /* NULL unless a text */
};

struct sim_json {
    struct sim_json_value *value;
    size_t count;
    char why[160]; /* of a failure: "line 3: a value is missing" */
};

/* `text` of `len` bytes. False: `why`. Ends with sim_json_deinit in any case. */
bool sim_json_parse(struct sim_json *json, const char *text, size_t len);
/* A whole file; `why` then begins with its name. */
bool sim_json_load(struct sim_json *json, const char *file);
void sim_json_deinit(struct sim_json *json);

/* NULL: there is none. */
const struct sim_json_value *sim_json_find(const struct sim_json *json, const char *path);
/* printf's path; NAN where there is no number. */
__attribute__((format(printf, 2, 3))) double sim_json_number(const struct sim_json *json, const char *path,
                                                             ...);
/* NULL where there is no text. */
__attribute__((format(printf, 2, 3))) const char *sim_json_text(const struct sim_json *json, const char *path,
                                                                ...);

#endif

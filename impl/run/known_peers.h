// SPDX-License-Identifier: Apache-2.0
/*
 * Who was met before: the key of every relay, and people by fingerprint, with the name that this user gave
 * them. A small text file for its owner only (run/private_file.h), a line each, oldest first:
 *
 *     wzp-known-peers 1
 *     relay HOST:PORT KEY                    as typed, in small letters; 64 hexadecimal digits
 *     person FINGERPRINT YYYY-MM-DD [NAME]   first seen
 *
 * Law: a relay's key never changes here, nor does a name pass to another fingerprint, unless it was forgotten
 * first. Changes happen under a lock, so two processes lose nothing; the file is replaced whole. A file that
 * is not understood is refused with its line's number, and never changed. Bounded: at most
 * WZP_KNOWN_RELAYS_MAX and WZP_KNOWN_PEOPLE_MAX, people without a name giving way to newer ones.
 */
#ifndef WZP_RUN_KNOWN_PEERS_H
#define WZP_RUN_KNOWN_PEERS_H

#include <limits.h>
#include <stdint.h>

#include "crypt/identity.h"
#include "run/private_file.h"

#define WZP_KNOWN_RELAYS_MAX 1024
#define WZP_KNOWN_PEOPLE_MAX 4096
#define WZP_KNOWN_RELAY_LEN  262 /* a name of 255 bytes, a colon, a port, NUL */
#define WZP_KNOWN_NAME_LEN   33
#define WZP_KNOWN_DATE_LEN   11

struct wzp_known_relay {
    char name[WZP_KNOWN_RELAY_LEN];
    uint8_t key[32];
};

struct wzp_known_person {
    char fingerprint[WZP_FINGERPRINT_LEN];
    char date[WZP_KNOWN_DATE_LEN];
    char name[WZP_KNOWN_NAME_LEN]; /* "": none */
};

struct wzp_known_peers {
    char path[PATH_MAX];
    int lock; /* -1: opened for reading */
    struct wzp_known_relay *relays;
    struct wzp_known_person *people;
    size_t relay_count, people_count;
};

/* ---- the file; false: `why` is a sentence ---- */

/* In the data folder. `to_change`: waits for the lock and holds it until close. No file is an empty one. */
bool wzp_known_peers_open(struct wzp_known_peers *known, bool to_change, char why[static WZP_WHY_MAX]);
bool wzp_known_peers_save(struct wzp_known_peers *known, char why[static WZP_WHY_MAX]);
void wzp_known_peers_close(struct wzp_known_peers *known); /* also one that could not be opened */

/* ---- its text, without a file ---- */

/* Fills `known`, which has the memory of open. 0, or the number of the line that is not understood. */
size_t wzp_known_peers_parse(struct wzp_known_peers *known, const char *text, size_t len);

/* ---- in memory; false: refused, nothing changed ---- */

const uint8_t *wzp_known_relay_key(const struct wzp_known_peers *known, const char *name); /* NULL: unknown */
/* False: another key is known, there are too many, or it is no name. */
bool wzp_known_relay_add(struct wzp_known_peers *known, const char *name, const uint8_t key[32]);
bool wzp_known_relay_forget(struct wzp_known_peers *known, const char *name);

/* By fingerprint or by name; NULL: unknown. */
const struct wzp_known_person *wzp_known_person_find(const struct wzp_known_peers *known, const char *who);
/* Was not known and is now; false as well when everybody there has a name and no place is left. */
bool wzp_known_person_add(struct wzp_known_peers *known, const char *fingerprint, const char *date);
/* False: another fingerprint has that name, or it is no name (wzp_known_name_is_valid). */
bool wzp_known_person_name(struct wzp_known_peers *known, const char *fingerprint, const char *date,
                           const char *name);
bool wzp_known_person_forget(struct wzp_known_peers *known, const char *who);

/* 1 to 32 bytes, no white space or control characters, and not the form of a fingerprint. */
bool wzp_known_name_is_valid(const char *name);
bool wzp_fingerprint_is_valid(const char *text);
/* Today, UTC. */
void wzp_known_today(char out[static WZP_KNOWN_DATE_LEN]);

#endif

// SPDX-License-Identifier: Apache-2.0
/*
 * Trust on first use, for one run of a client: the relay's key and the people it meets, against the
 * known-peers file (run/known_peers.h).
 *
 * Law: a relay whose key is known is spoken to under that key only; one that is new is remembered when it has
 * proved its key. `--relay-key` stands above the file and leaves it as it is. People who are met for the
 * first time are shown as new, once, and written down in bunches and at close. Without a home folder nothing
 * is remembered, and that is said.
 */
#ifndef WZP_RUN_CONTACTS_H
#define WZP_RUN_CONTACTS_H

#include "run/known_peers.h"

#define WZP_CONTACTS_FRESH   64
#define WZP_CONTACT_TEXT_MAX 64

struct wzp_contacts {
    struct wzp_known_peers known;
    char relay[WZP_KNOWN_RELAY_LEN]; /* as typed */
    bool is_pinned, is_kept;
    size_t fresh_count; /* people not written down yet */
    char fresh[WZP_CONTACTS_FRESH][WZP_FINGERPRINT_LEN];
};

/* `is_pinned`: the user gave the relay's key. False: `why` is a sentence. */
bool wzp_contacts_open(struct wzp_contacts *contacts, const char *relay, bool is_pinned,
                       char why[static WZP_WHY_MAX]);
/* Writes down who was met; false: `why`. Also one that could not be opened. */
bool wzp_contacts_close(struct wzp_contacts *contacts, char why[static WZP_WHY_MAX]);

/* The key that the relay must have; NULL: whoever answers is believed. */
const uint8_t *wzp_contacts_relay_key(const struct wzp_contacts *contacts);

enum wzp_contact {
    WZP_CONTACT_KNOWN,   /* or pinned, or there is no file */
    WZP_CONTACT_NEW,     /* remembered from now on */
    WZP_CONTACT_CHANGED, /* not the key that is known: `why` names both, and what to do */
    WZP_CONTACT_FAILED,  /* it could not be written down: `why` */
};
/* The relay proved that it has `key`. */
enum wzp_contact wzp_contacts_on_relay(struct wzp_contacts *contacts, const uint8_t key[32],
                                       char why[static WZP_WHY_MAX]);
/* The sentence of CHANGED, for a relay whose key is known. */
void wzp_contacts_changed(const struct wzp_contacts *contacts, const uint8_t now[32],
                          char why[static WZP_WHY_MAX]);
/* As words after "or": why it may be that nobody answered. "" when no key is known. */
void wzp_contacts_silent(const struct wzp_contacts *contacts, char why[static WZP_WHY_MAX]);

/* Somebody is in the room: "new", "known since 2026-01-02" or "known as NAME". */
void wzp_contacts_on_person(struct wzp_contacts *contacts, const char *fingerprint,
                            char text[static WZP_CONTACT_TEXT_MAX]);

#endif

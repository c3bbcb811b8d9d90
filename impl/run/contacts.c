// SPDX-License-Identifier: Apache-2.0
#include "run/contacts.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

bool wzp_contacts_open(struct wzp_contacts *contacts, const char *relay, bool is_pinned,
                       char why[static WZP_WHY_MAX])
{
    char path[PATH_MAX];
    *contacts = (struct wzp_contacts){.is_pinned = is_pinned, .known.lock = -1};
    snprintf(contacts->relay, sizeof contacts->relay, "%s", relay);
    contacts->is_kept = wzp_private_path("known-peers", path);
    return !contacts->is_kept || wzp_known_peers_open(&contacts->known, false, why);
}

const uint8_t *wzp_contacts_relay_key(const struct wzp_contacts *contacts)
{
    return contacts->is_pinned ? NULL : wzp_known_relay_key(&contacts->known, contacts->relay);
}

void wzp_contacts_changed(const struct wzp_contacts *contacts, const uint8_t now[32],
                          char why[static WZP_WHY_MAX])
{
    char before_text[65], now_text[65];
    sodium_bin2hex(before_text, sizeof before_text, wzp_known_relay_key(&contacts->known, contacts->relay),
                   32);
    sodium_bin2hex(now_text, sizeof now_text, now, 32);
    wzp_why(
        why,
        "THE KEY OF THIS RELAY CHANGED, or somebody stands between: it was %s and is now %s. If its owner "
        "says that this is right: wzp-client forget relay %s, or --relay-key for this once",
        before_text, now_text, contacts->relay);
}

void wzp_contacts_silent(const struct wzp_contacts *contacts, char why[static WZP_WHY_MAX])
{
    const uint8_t *known = wzp_contacts_relay_key(contacts);
    char text[65];
    *why = '\0';
    if (!known)
        return;
    sodium_bin2hex(text, sizeof text, known, 32);
    wzp_why(why, "its key is no longer %s (if its owner says so: wzp-client forget relay %s)", text,
            contacts->relay);
}

enum wzp_contact wzp_contacts_on_relay(struct wzp_contacts *contacts, const uint8_t key[32],
                                       char why[static WZP_WHY_MAX])
{
    struct wzp_known_peers known;
    enum wzp_contact contact = WZP_CONTACT_FAILED;
    const uint8_t *before = wzp_contacts_relay_key(contacts);
    if (contacts->is_pinned || !contacts->is_kept || (before && memcmp(before, key, 32) == 0))
        return WZP_CONTACT_KNOWN;
    if (before) {
        wzp_contacts_changed(contacts, key, why);
        return WZP_CONTACT_CHANGED;
    }
    if (wzp_known_peers_open(&known, true, why)) {
        /* another client may have met it meanwhile */
        before = wzp_known_relay_key(&known, contacts->relay);
        if (!before && !wzp_known_relay_add(&known, contacts->relay, key))
            wzp_why(why, "%s: it holds as many relays as it can; forget one", known.path);
        else if (before || wzp_known_peers_save(&known, why))
            contact = before ? WZP_CONTACT_KNOWN : WZP_CONTACT_NEW;
        wzp_known_relay_add(&contacts->known, contacts->relay, before ? before : key);
    }
    if (before && memcmp(before, key, 32) != 0) {
        wzp_contacts_changed(contacts, key, why);
        contact = WZP_CONTACT_CHANGED;
    }
    wzp_known_peers_close(&known);
    return contact;
}

/* ---- people ---- */

static bool write_down(struct wzp_contacts *contacts, char why[static WZP_WHY_MAX])
{
    struct wzp_known_peers known;
    char today[WZP_KNOWN_DATE_LEN];
    wzp_known_today(today);
    bool ok = wzp_known_peers_open(&known, true, why);
    for (size_t i = 0; ok && i < contacts->fresh_count; i++)
        wzp_known_person_add(&known, contacts->fresh[i], today);
    ok = ok && wzp_known_peers_save(&known, why);
    wzp_known_peers_close(&known);
    contacts->fresh_count = 0;
    return ok;
}

void wzp_contacts_on_person(struct wzp_contacts *contacts, const char *fingerprint,
                            char text[static WZP_CONTACT_TEXT_MAX])
{
    const struct wzp_known_person *person = contacts->is_kept
                                                ? wzp_known_person_find(&contacts->known, fingerprint)
                                                : NULL;
    char today[WZP_KNOWN_DATE_LEN], why[WZP_WHY_MAX];
    if (person && *person->name)
        snprintf(text, WZP_CONTACT_TEXT_MAX, "known as %s", person->name);
    else if (person)
        snprintf(text, WZP_CONTACT_TEXT_MAX, "known since %s", person->date);
    else
        snprintf(text, WZP_CONTACT_TEXT_MAX, "new");
    if (person || !contacts->is_kept)
        return;
    wzp_known_today(today);
    if (!wzp_known_person_add(&contacts->known, fingerprint, today))
        return;
    if (contacts->fresh_count == WZP_CONTACTS_FRESH)
        write_down(contacts, why); /* what cannot be written now is new again the next time */
    snprintf(contacts->fresh[contacts->fresh_count++], WZP_FINGERPRINT_LEN, "%s", fingerprint);
}

bool wzp_contacts_close(struct wzp_contacts *contacts, char why[static WZP_WHY_MAX])
{
    bool ok = contacts->fresh_count == 0 || write_down(contacts, why);
    wzp_known_peers_close(&contacts->known);
    contacts->fresh_count = 0;
    return ok;
}

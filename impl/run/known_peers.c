// SPDX-License-Identifier: Apache-2.0
#include "run/known_peers.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define HEADER       "wzp-known-peers 1"
#define TEXT_MAX     (1 << 20) /* more than all that may be in it */
#define WORDS_MAX    4
#define RELAY_LINE   (sizeof "relay  \n" + WZP_KNOWN_RELAY_LEN + 64)
#define PERSON_LINE  (sizeof "person   \n" + WZP_FINGERPRINT_LEN + WZP_KNOWN_DATE_LEN + WZP_KNOWN_NAME_LEN)
#define GROUPS       8 /* of a fingerprint */
#define GROUP_DIGITS 4

_Static_assert(RELAY_LINE *WZP_KNOWN_RELAYS_MAX + PERSON_LINE * WZP_KNOWN_PEOPLE_MAX + sizeof HEADER <
                   TEXT_MAX,
               "a full file is read whole");

/* ---- forms ---- */

bool wzp_fingerprint_is_valid(const char *text)
{
    if (strlen(text) != WZP_FINGERPRINT_LEN - 1)
        return false;
    for (size_t i = 0; i < WZP_FINGERPRINT_LEN - 1; i++)
        if (i % (GROUP_DIGITS + 1) == GROUP_DIGITS ? text[i] != ':' : !strchr("0123456789abcdef", text[i]))
            return false;
    return true;
}

/* A word of the file: what is neither white space nor control. */
static bool is_word(const char *text, size_t capacity)
{
    size_t len = strlen(text);
    if (len == 0 || len >= capacity)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return false;
    return true;
}

bool wzp_known_name_is_valid(const char *name)
{
    return is_word(name, WZP_KNOWN_NAME_LEN) && !wzp_fingerprint_is_valid(name);
}

static bool is_date(const char *text)
{
    static const char form[] = "0000-00-00";
    if (strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == '-' ? text[i] != '-' : text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

void wzp_known_today(char out[static WZP_KNOWN_DATE_LEN])
{
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(out, WZP_KNOWN_DATE_LEN, "%Y-%m-%d", &parts);
}

/* ---- relays ---- */

static struct wzp_known_relay *find_relay(const struct wzp_known_peers *known, const char *name)
{
    for (size_t i = 0; i < known->relay_count; i++)
        if (strcasecmp(known->relays[i].name, name) == 0)
            return &known->relays[i];
    return NULL;
}

const uint8_t *wzp_known_relay_key(const struct wzp_known_peers *known, const char *name)
{
    const struct wzp_known_relay *relay = find_relay(known, name);
    return relay ? relay->key : NULL;
}

bool wzp_known_relay_add(struct wzp_known_peers *known, const char *name, const uint8_t key[32])
{
    const struct wzp_known_relay *before = find_relay(known, name);
    if (before)
        return memcmp(before->key, key, sizeof before->key) == 0;
    if (known->relay_count == WZP_KNOWN_RELAYS_MAX || !is_word(name, WZP_KNOWN_RELAY_LEN))
        return false;
    struct wzp_known_relay *relay = &known->relays[known->relay_count++];
    snprintf(relay->name, sizeof relay->name, "%s", name);
    for (char *c = relay->name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
    memcpy(relay->key, key, sizeof relay->key);
    return true;
}

bool wzp_known_relay_forget(struct wzp_known_peers *known, const char *name)
{
    struct wzp_known_relay *relay = find_relay(known, name);
    if (!relay)
        return false;
    known->relay_count--;
    memmove(relay, relay + 1, (size_t)(known->relays + known->relay_count - relay) * sizeof *relay);
    return true;
}

/* ---- people ---- */

static struct wzp_known_person *find_person(const struct wzp_known_peers *known, const char *who)
{
    for (size_t i = 0; *who && i < known->people_count; i++)
        if (strcmp(known->people[i].fingerprint, who) == 0 || strcmp(known->people[i].name, who) == 0)
            return &known->people[i];
    return NULL;
}

const struct wzp_known_person *wzp_known_person_find(const struct wzp_known_peers *known, const char *who)
{
    return find_person(known, who);
}

static void remove_person(struct wzp_known_peers *known, struct wzp_known_person *person)
{
    known->people_count--;
    memmove(person, person + 1, (size_t)(known->people + known->people_count - person) * sizeof *person);
}

/* A room full of strangers must not fill the file for ever, nor drive out those with a name. */
static bool make_place(struct wzp_known_peers *known)
{
    if (known->people_count < WZP_KNOWN_PEOPLE_MAX)
        return true;
    for (size_t i = 0; i < known->people_count; i++) {
        if (known->people[i].name[0] == '\0') {
            remove_person(known, &known->people[i]);
            return true;
        }
    }
    return false;
}

bool wzp_known_person_add(struct wzp_known_peers *known, const char *fingerprint, const char *date)
{
    if (!wzp_fingerprint_is_valid(fingerprint) || !is_date(date) || find_person(known, fingerprint) ||
        !make_place(known))
        return false;
    struct wzp_known_person *person = &known->people[known->people_count++];
    *person = (struct wzp_known_person){0};
    snprintf(person->fingerprint, sizeof person->fingerprint, "%s", fingerprint);
    snprintf(person->date, sizeof person->date, "%s", date);
    return true;
}

bool wzp_known_person_name(struct wzp_known_peers *known, const char *fingerprint, const char *date,
                           const char *name)
{
    const struct wzp_known_person *holder = find_person(known, name);
    if (!wzp_known_name_is_valid(name) || (holder && strcmp(holder->fingerprint, fingerprint) != 0))
        return false;
    struct wzp_known_person *person = find_person(known, fingerprint);
    if (!person) {
        if (!wzp_known_person_add(known, fingerprint, date))
            return false;
        person = find_person(known, fingerprint);
    }
    snprintf(person->name, sizeof person->name, "%s", name);
    return true;
}

bool wzp_known_person_forget(struct wzp_known_peers *known, const char *who)
{
    struct wzp_known_person *person = find_person(known, who);
    if (person)
        remove_person(known, person);
    return person != NULL;
}

/* ---- text ---- */

/* One space between the words; WORDS_MAX + 1 when there are more. */
static size_t split(char *line, char *words[WORDS_MAX])
{
    size_t count = 0;
    for (char *at = line; at; count++) {
        char *space = strchr(at, ' ');
        if (count == WORDS_MAX)
            return WORDS_MAX + 1;
        words[count] = at;
        at = space ? space + 1 : NULL;
        if (space)
            *space = '\0';
    }
    return count;
}

static bool parse_line(struct wzp_known_peers *known, char *line)
{
    char *words[WORDS_MAX];
    uint8_t key[32];
    size_t len, count = split(line, words);
    if (count == 3 && strcmp(words[0], "relay") == 0)
        return strlen(words[2]) == 64 && sodium_hex2bin(key, 32, words[2], 64, NULL, &len, NULL) == 0 &&
               len == 32 && !find_relay(known, words[1]) && wzp_known_relay_add(known, words[1], key);
    if ((count == 3 || count == 4) && strcmp(words[0], "person") == 0)
        return known->people_count < WZP_KNOWN_PEOPLE_MAX &&
               wzp_known_person_add(known, words[1], words[2]) &&
               (count == 3 || wzp_known_person_name(known, words[1], words[2], words[3]));
    return false;
}

size_t wzp_known_peers_parse(struct wzp_known_peers *known, const char *text, size_t len)
{
    char line[RELAY_LINE];
    const char *end = text + len;
    known->relay_count = known->people_count = 0;
    for (size_t number = 1; number == 1 || text < end; number++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (!stop || stop - text >= (ptrdiff_t)sizeof line || memchr(text, '\0', (size_t)(stop - text)))
            return number;
        memcpy(line, text, (size_t)(stop - text));
        line[stop - text] = '\0';
        if (number == 1 ? strcmp(line, HEADER) != 0 : !parse_line(known, line))
            return number;
        text = stop + 1;
    }
    return 0;
}

static size_t format(const struct wzp_known_peers *known, char *out)
{
    size_t at = (size_t)sprintf(out, "%s\n", HEADER);
    for (size_t i = 0; i < known->relay_count; i++) {
        char key[65];
        sodium_bin2hex(key, sizeof key, known->relays[i].key, 32);
        at += (size_t)sprintf(out + at, "relay %s %s\n", known->relays[i].name, key);
    }
    for (size_t i = 0; i < known->people_count; i++) {
        const struct wzp_known_person *person = &known->people[i];
        at += (size_t)sprintf(out + at, "person %s %s%s%s\n", person->fingerprint, person->date,
                              *person->name ? " " : "", person->name);
    }
    return at;
}

/* ---- the file ---- */

/* A file beside it, because the file itself is replaced. */
static bool lock(struct wzp_known_peers *known, char *why)
{
    char path[PATH_MAX + sizeof ".lock"];
    snprintf(path, sizeof path, "%s.lock", known->path);
    if (!wzp_private_folders(path))
        return wzp_why(why, "%s: %s", path, strerror(errno));
    known->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (known->lock < 0)
        return wzp_why(why, "%s: %s", path, strerror(errno));
    while (flock(known->lock, LOCK_EX) != 0)
        if (errno != EINTR)
            return wzp_why(why, "%s: %s", path, strerror(errno));
    return true;
}

static bool read_file(struct wzp_known_peers *known, char *why)
{
    size_t len;
    char *text = malloc(TEXT_MAX);
    if (!text)
        return wzp_why(why, "%s: %s", known->path, "out of memory");
    enum wzp_private_found found = wzp_private_file_read(known->path, text, TEXT_MAX, &len, why);
    bool ok = found != WZP_PRIVATE_FAILED;
    size_t line = found == WZP_PRIVATE_READ ? wzp_known_peers_parse(known, text, len) : 0;
    free(text);
    return line == 0 ? ok : wzp_why(why, "%s: line %zu is not one of a known-peers file", known->path, line);
}

bool wzp_known_peers_open(struct wzp_known_peers *known, bool to_change, char why[static WZP_WHY_MAX])
{
    *known = (struct wzp_known_peers){.lock = -1};
    if (!wzp_private_path("known-peers", known->path))
        return wzp_why(why, "%s: %s", "known-peers", "there is no home folder to keep it in");
    known->relays = calloc(WZP_KNOWN_RELAYS_MAX, sizeof *known->relays);
    known->people = calloc(WZP_KNOWN_PEOPLE_MAX, sizeof *known->people);
    if (!known->relays || !known->people)
        return wzp_why(why, "%s: %s", known->path, "out of memory");
    return (!to_change || lock(known, why)) && read_file(known, why);
}

bool wzp_known_peers_save(struct wzp_known_peers *known, char why[static WZP_WHY_MAX])
{
    char *text = malloc(TEXT_MAX);
    if (!text)
        return wzp_why(why, "%s: %s", known->path, "out of memory");
    bool ok = wzp_private_file_write(known->path, text, format(known, text), true, why);
    free(text);
    return ok;
}

void wzp_known_peers_close(struct wzp_known_peers *known)
{
    free(known->relays);
    free(known->people);
    if (known->lock >= 0)
        close(known->lock);
    *known = (struct wzp_known_peers){.lock = -1};
}

// SPDX-License-Identifier: Apache-2.0
/* wzp-client known, name and forget: the known-peers file by hand. */
#include "run/cmd.h"

#include <sodium.h>
#include <string.h>

#include "run/known_peers.h"

struct command {
    const char *program, *usage, *about;
    int word_count;
    bool changes;
    /* Prints why not. */
    bool (*run)(struct wzp_known_peers *known, char **words);
};

static bool run_known(struct wzp_known_peers *known, char **words)
{
    (void)words;
    for (size_t i = 0; i < known->relay_count; i++) {
        char key[WZP_KEY_TEXT_MAX];
        wzp_key_format(known->relays[i].key, key);
        printf("relay %s %s\n", known->relays[i].name, key);
    }
    for (size_t i = 0; i < known->people_count; i++) {
        const struct wzp_known_person *person = &known->people[i];
        printf("person %s %s%s%s\n", person->fingerprint, person->date, *person->name ? " " : "",
               person->name);
    }
    return fflush(stdout) == 0;
}

static bool run_name(struct wzp_known_peers *known, char **words)
{
    static const char program[] = "wzp-client name";
    const char *fingerprint = words[0], *name = words[1];
    char today[WZP_KNOWN_DATE_LEN];
    wzp_known_today(today);
    if (!wzp_fingerprint_is_valid(fingerprint)) {
        fprintf(stderr, "%s: a fingerprint is eight groups of four hexadecimal digits, colons between\n",
                program);
        return false;
    }
    if (!wzp_known_name_is_valid(name)) {
        fprintf(stderr, "%s: a name is one word of at most %d bytes\n", program, WZP_KNOWN_NAME_LEN - 1);
        return false;
    }
    const struct wzp_known_person *holder = wzp_known_person_find(known, name);
    if (holder && strcmp(holder->fingerprint, fingerprint) != 0) {
        fprintf(
            stderr,
            "%s: %s IS SOMEBODY ELSE: the name belongs to %s, not to %s. If that person has a new identity, "
            "ask by another way, then: wzp-client forget person %s\n",
            program, name, holder->fingerprint, fingerprint, name);
        return false;
    }
    if (wzp_known_person_name(known, fingerprint, today, name))
        return true;
    fprintf(stderr, "%s: there are too many people with names\n", program);
    return false;
}

static bool run_forget(struct wzp_known_peers *known, char **words)
{
    bool is_relay = strcmp(words[0], "relay") == 0;
    if (!is_relay && strcmp(words[0], "person") != 0) {
        fprintf(stderr, "wzp-client forget: '%.80s' is neither relay nor person\n", words[0]);
        return false;
    }
    if (is_relay ? wzp_known_relay_forget(known, words[1]) : wzp_known_person_forget(known, words[1]))
        return true;
    fprintf(stderr, "wzp-client forget: no %s '%.80s' is known\n", words[0], words[1]);
    return false;
}

static int take(const struct command *command, int argc, char **argv)
{
    struct wzp_known_peers known;
    char why[WZP_WHY_MAX];
    if (argc == 1 && strcmp(argv[0], "--help") == 0) {
        printf("usage: %s%s\n%s\n", command->program, command->usage, command->about);
        return WZP_EXIT_OK;
    }
    if (argc != command->word_count) {
        fprintf(stderr, "usage: %s%s\n", command->program, command->usage);
        return WZP_EXIT_USAGE;
    }
    bool is_read = wzp_known_peers_open(&known, command->changes, why);
    bool is_done = is_read && command->run(&known, argv);
    bool is_saved = is_done && (!command->changes || wzp_known_peers_save(&known, why));
    if (!is_read || (is_done && !is_saved))
        fprintf(stderr, "%s: %s\n", command->program, why);
    wzp_known_peers_close(&known);
    return is_saved ? WZP_EXIT_OK : WZP_EXIT_USAGE;
}

int wzp_cmd_known(int argc, char **argv)
{
    static const struct command command = {
        "wzp-client known", "", "Prints the relays and people that were met before.", 0, false, run_known};
    return take(&command, argc, argv);
}

int wzp_cmd_name(int argc, char **argv)
{
    static const struct command command = {
        "wzp-client name",
        " FINGERPRINT NAME",
        "Gives somebody a name, for you alone. A name never passes to another fingerprint by itself.",
        2,
        true,
        run_name};
    return take(&command, argc, argv);
}

int wzp_cmd_forget(int argc, char **argv)
{
    static const struct command command = {
        "wzp-client forget",
        " relay HOST:PORT | person NAME|FINGERPRINT",
        "Forgets a relay's key or a person: whoever comes next is believed again.",
        2,
        true,
        run_forget};
    return take(&command, argc, argv);
}

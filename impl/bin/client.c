// SPDX-License-Identifier: Apache-2.0
/* wzp-client COMMAND: docs/running.md */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "hw/sound_card.h"
#include "run/cmd.h"
#include "run/options.h"

static int join(int argc, char **argv)
{
    return wzp_cmd_join(argc, argv, &wzp_sound_cards_sdl);
}

static int devices(int argc, char **argv)
{
    return wzp_cmd_devices(argc, argv, &wzp_sound_cards_sdl);
}

static const struct {
    const char *name, *about;
    int (*run)(int argc, char **argv);
} COMMANDS[] = {
    {"join", "join a room and speak and listen there", join},
    {"devices", "list microphones and loudspeakers", devices},
    {"send", "send a file to a member of a room", wzp_cmd_send},
    {"receive", "receive files from members of a room", wzp_cmd_receive},
    {"netcheck", "measure the network to a relay, and what it is good for", wzp_cmd_netcheck},
    {"id", "who one is: make, show, write down, restore, seal", wzp_cmd_client_id},
    {"known", "list the relays and people met before", wzp_cmd_known},
    {"name", "give somebody a name", wzp_cmd_name},
    {"forget", "forget a relay's key or a person", wzp_cmd_forget},
};

static void help(FILE *out)
{
    fprintf(out, "usage: wzp-client COMMAND [OPTION]...\n\n");
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", COMMANDS[i].name, COMMANDS[i].about);
    fprintf(out, "\nwzp-client COMMAND --help tells more.\n");
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    WZP_CHECK(sodium_init() >= 0);
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        if (strcmp(word, COMMANDS[i].name) == 0)
            return COMMANDS[i].run(argc - 2, argv + 2);
    if (strcmp(word, "--help") == 0) {
        help(stdout);
        return WZP_EXIT_OK;
    }
    if (strcmp(word, "--version") == 0) {
        wzp_version_print(stdout);
        return WZP_EXIT_OK;
    }
    if (*word)
        fprintf(stderr, "wzp-client: there is no command '%.80s'\n", word);
    help(stderr);
    return WZP_EXIT_USAGE;
}

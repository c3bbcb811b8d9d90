// SPDX-License-Identifier: Apache-2.0
/* wzp-client devices: the sound cards that join's "mic:NAME" and "speaker:NAME" can name. */
#include "run/cmd.h"

#include <stdio.h>

#define PROGRAM "wzp-client devices"

int wzp_cmd_devices(int argc, char **argv, const struct wzp_sound_cards *cards)
{
    const char *name;
    int status;
    struct wzp_options options = {
        PROGRAM, "Lists microphones and loudspeakers, as `join --in` and `--out` take them.", NULL, NULL, 0};
    if (!wzp_options_take(&options, argc, argv, &status))
        return status;
    unsigned inputs = 0, outputs = 0;
    for (; (name = cards->input_name(inputs)); inputs++)
        printf("mic:%s\n", name);
    for (; (name = cards->output_name(outputs)); outputs++)
        printf("speaker:%s\n", name);
    cards->close_all();
    if (inputs + outputs == 0)
        fprintf(stderr, PROGRAM ": no sound device is there\n");
    return inputs + outputs ? WZP_EXIT_OK : WZP_EXIT_USAGE;
}

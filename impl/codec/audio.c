// SPDX-License-Identifier: Apache-2.0
#include "codec/audio.h"

#include <string.h>

const struct wzp_audio_codec *wzp_audio_codec_find(const char *name)
{
    static const struct wzp_audio_codec *const all[] = {&wzp_codec_opus, &wzp_codec_synthetic};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

uint64_t wzp_audio_energy(const int16_t *pcm, size_t count)
{
    uint64_t energy = 0;
    for (size_t i = 0; i < count; i++)
        energy += (uint32_t)(pcm[i] * pcm[i]);
    return energy;
}

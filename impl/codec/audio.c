// SPDX-License-Identifier: Apache-2.0
#include "codec/audio.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

const struct wzp_audio_codec *wzp_audio_codec_find(const char *name)
{
    static const struct wzp_audio_codec *const all[] = {&wzp_codec_opus, &wzp_codec_synthetic};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

bool wzp_audio_is_opus(enum wzp_codec id)
{
    switch (id) {
    case WZP_CODEC_OPUS_6K:
    case WZP_CODEC_OPUS_16K:
    case WZP_CODEC_OPUS_24K:
    case WZP_CODEC_OPUS_32K:
    case WZP_CODEC_OPUS_48K:
    case WZP_CODEC_OPUS_64K:
        return true;
    default:
        return false;
    }
}

/* Bits of two frames of 20 ms: Codec2 3200 codes each of them alone, the others both together. */
static unsigned codec2_pair_bits(enum wzp_codec id)
{
    switch (id) {
    case WZP_CODEC_CODEC2_3200:
        return 128;
    case WZP_CODEC_CODEC2_1200:
        return 48;
    case WZP_CODEC_CODEC2_700C:
        return 28;
    default:
        return 0;
    }
}

bool wzp_audio_is_codec2(enum wzp_codec id)
{
    return codec2_pair_bits(id) != 0;
}

bool wzp_audio_packet_is_possible(enum wzp_codec id, unsigned packet_frames)
{
    if (packet_frames == 0)
        return false;
    if (wzp_audio_is_opus(id))
        return packet_frames <= 6;
    bool is_alone = id == WZP_CODEC_CODEC2_3200;
    return wzp_audio_is_codec2(id) && packet_frames <= WZP_AUDIO_PACKET_FRAMES_MAX &&
           (is_alone || packet_frames % 2 == 0);
}

size_t wzp_audio_codec2_len(enum wzp_codec id, unsigned packet_frames)
{
    return (codec2_pair_bits(id) * packet_frames / 2 + 7) / 8;
}

unsigned wzp_audio_codec2_frames(enum wzp_codec id, size_t len)
{
    for (unsigned n = 1; n <= WZP_AUDIO_PACKET_FRAMES_MAX; n++)
        if (wzp_audio_packet_is_possible(id, n) && wzp_audio_codec2_len(id, n) == len)
            return wzp_audio_is_codec2(id) ? n : 0;
    return 0;
}

#if defined(__x86_64__)
/* Of sixteen samples at a time, as many as there are so; two squares fit 32 bits without a sign. */
__attribute__((target("avx2"))) static size_t energy_by_sixteen(const int16_t *pcm, size_t count,
                                                                uint64_t *energy)
{
    const __m256i zero = _mm256_setzero_si256();
    __m256i sum = zero;
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m256i samples = _mm256_loadu_si256((const __m256i *)(pcm + i));
        __m256i pairs = _mm256_madd_epi16(samples, samples);
        sum = _mm256_add_epi64(sum, _mm256_unpacklo_epi32(pairs, zero));
        sum = _mm256_add_epi64(sum, _mm256_unpackhi_epi32(pairs, zero));
    }
    uint64_t part[4];
    _mm256_storeu_si256((__m256i *)part, sum);
    *energy = part[0] + part[1] + part[2] + part[3];
    return i;
}
#endif

uint64_t wzp_audio_energy(const int16_t *pcm, size_t count)
{
    uint64_t energy = 0;
    size_t i = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        i = energy_by_sixteen(pcm, count, &energy);
#endif
    for (; i < count; i++)
        energy += (uint32_t)(pcm[i] * pcm[i]);
    return energy;
}

// SPDX-License-Identifier: Apache-2.0
#include "run/cmd.h"

#include <sodium.h>
#include <string.h>

#include "run/entropy.h"
#include "run/identity_file.h"
#include "run/memory.h"
#include "run/units.h"

const char *wzp_option_token(const struct wzp_option *option, const char *text)
{
    struct wzp_token *token = option->target;
    size_t len = strlen(text);
    if (len == 0)
        return "it is empty";
    if (len > sizeof token->bytes)
        return "it is too long";
    memcpy(token->bytes, text, len);
    token->len = (uint8_t)len;
    return NULL;
}

const char *wzp_option_key(const struct wzp_option *option, const char *text)
{
    size_t len;
    if (strlen(text) != WZP_KEY_TEXT_MAX - 1 ||
        sodium_hex2bin(option->target, 32, text, WZP_KEY_TEXT_MAX - 1, NULL, &len, NULL) != 0 || len != 32)
        return "a key is the 64 hexadecimal digits that the relay prints when it starts";
    return NULL;
}

const char *wzp_option_rekey(const struct wzp_option *option, const char *text)
{
    int64_t *target = option->target, every_ns;
    const char *why = wzp_units_time(text, &every_ns);
    if (why)
        return why;
    if (every_ns < WZP_REKEY_MIN_NS)
        return "it must be at least 60s";
    *target = every_ns;
    return NULL;
}

void wzp_key_format(const uint8_t key[32], char out[static WZP_KEY_TEXT_MAX])
{
    sodium_bin2hex(out, WZP_KEY_TEXT_MAX, key, 32);
}

bool wzp_cmd_identity(const char *program, const char *option, struct wzp_identity *identity)
{
    uint8_t seed[32];
    char why[WZP_IDENTITY_WHY_MAX];
    enum wzp_identity_origin origin = wzp_identity_option(option, seed, why);
    if (origin == WZP_IDENTITY_FAILED) {
        fprintf(stderr, "%s: %s\n", program, why);
        return false;
    }
    if (origin == WZP_IDENTITY_CREATED)
        fprintf(stderr, "%s: made a new identity in %s\n", program, option);
    wzp_identity_from_seed(identity, seed);
    sodium_memzero(seed, sizeof seed);
    return true;
}

void wzp_cmd_endpoint(struct wzp_endpoint_config *config, const struct wzp_identity *identity)
{
    config->alloc = wzp_memory_alloc();
    wzp_entropy_fill(config->seed, sizeof config->seed);
    memcpy(config->static_secret, identity->noise_secret, sizeof config->static_secret);
    memcpy(config->static_public, identity->noise_public, sizeof config->static_public);
    wzp_identity_reset_key(identity, config->reset_key);
}

// SPDX-License-Identifier: Apache-2.0
#include "run/cmd.h"

#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "run/entropy.h"
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

static bool parse_hex(const char *text, uint8_t out[32])
{
    size_t len;
    return strlen(text) == WZP_KEY_TEXT_MAX - 1 &&
           sodium_hex2bin(out, 32, text, WZP_KEY_TEXT_MAX - 1, NULL, &len, NULL) == 0 && len == 32;
}

const char *wzp_option_key(const struct wzp_option *option, const char *text)
{
    return parse_hex(text, option->target)
               ? NULL
               : "a key is the 64 hexadecimal digits that the relay prints when it starts";
}

const char *wzp_option_invitation(const struct wzp_option *option, const char *text)
{
    return parse_hex(text, option->target)
               ? NULL
               : "an invitation code is the 64 hexadecimal digits that wzp-relay invite printed";
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

void wzp_cmd_no_core(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* its search for leaks needs to read the memory */
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

void wzp_cmd_endpoint(struct wzp_endpoint_config *config, const struct wzp_identity *identity)
{
    config->alloc = wzp_memory_alloc();
    wzp_entropy_fill(config->seed, sizeof config->seed);
    memcpy(config->static_secret, identity->noise_secret, sizeof config->static_secret);
    memcpy(config->static_public, identity->noise_public, sizeof config->static_public);
    wzp_identity_reset_key(identity, config->reset_key);
}

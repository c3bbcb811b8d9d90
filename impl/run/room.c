// SPDX-License-Identifier: Apache-2.0
#include "run/room.h"

#include <sodium.h>
#include <string.h>

#include "run/console.h"
#include "run/identity_open.h"

struct wzp_room_options wzp_room_options_default(void)
{
    const struct wzp_endpoint_config defaults = wzp_endpoint_config_client();
    return (struct wzp_room_options){.rekey_ns = defaults.rekey_ns, .rekey_packets = defaults.rekey_packets};
}

const char *wzp_option_room(const struct wzp_option *option, const char *text)
{
    if (strlen(text) > WZP_ROOM_NAME_MAX)
        return "it is longer than 128 bytes";
    return wzp_option_text(option, text);
}

const char *wzp_option_relay(const struct wzp_option *option, const char *text)
{
    struct wzp_room_options *options = option->target;
    options->relay_text = text;
    return wzp_addr_resolve(text, &options->relay);
}

const char *wzp_option_relay_key(const struct wzp_option *option, const char *text)
{
    struct wzp_room_options *options = option->target;
    struct wzp_option key = {.target = options->relay_key};
    options->has_relay_key = true;
    return wzp_option_key(&key, text);
}

const char *wzp_option_invite(const struct wzp_option *option, const char *text)
{
    struct wzp_room_options *options = option->target;
    struct wzp_option code = {.target = options->invitation};
    options->has_invitation = true;
    return wzp_option_invitation(&code, text);
}

static bool complain(const char *program, const char *sentence)
{
    fprintf(stderr, "%s: %s\n", program, sentence);
    return false;
}

bool wzp_room_open(const char *program, const struct wzp_room_options *options, bool takes_streams,
                   struct wzp_room_client *client)
{
    char why[WZP_WHY_MAX];
    struct wzp_call_config config = wzp_call_config_default();
    const struct wzp_identity_choice choice = {program, options->id, WZP_CLIENT_IDENTITY,
                                               options->passphrase_file};
    if (!options->core)
        wzp_cmd_no_core();
    if (!wzp_identity_use(&choice, &client->identity))
        return false;
    wzp_identity_fingerprint(client->identity.sign_public, client->name);
    wzp_addr_format(&options->relay, client->relay);
    if (!wzp_contacts_open(&client->contacts, options->relay_text, options->has_relay_key, why))
        return complain(program, why);
    if (!client->contacts.is_kept)
        complain(program, "there is no home folder: nobody is remembered");
    if (wzp_room_derive(options->room, &config.room) != WZP_ERR_OK)
        return complain(program, "the room's name cannot be used, or there is no memory for it");
    wzp_cmd_endpoint(&config.endpoint, &client->identity);
    config.endpoint.rekey_packets = options->rekey_packets;
    config.endpoint.rekey_ns = options->rekey_ns;
    config.endpoint.max_rate_bps = options->max_rate_bps;
    if (options->bitrate_bps)
        config.bitrate_bps_max = options->bitrate_bps;
    config.is_tier_forced = options->is_tier_forced;
    config.delay_budget_ns = options->delay_budget_ns;
    config.endpoint.has_invitation = options->has_invitation;
    memcpy(config.endpoint.invitation, options->invitation, sizeof config.endpoint.invitation);
    config.identity = client->identity;
    config.relay = options->relay;
    const uint8_t *key = options->has_relay_key ? options->relay_key
                                                : wzp_contacts_relay_key(&client->contacts);
    config.has_relay_static = key != NULL;
    config.takes_streams = takes_streams;
    if (key)
        memcpy(config.relay_static, key, sizeof config.relay_static);
    memcpy(config.token, options->token.bytes, sizeof config.token);
    config.token_len = options->token.len;
    client->call = wzp_call_create(&config);
    return client->call ? true : complain(program, "out of memory");
}

void wzp_room_close(const char *program, struct wzp_room_client *client)
{
    char why[WZP_WHY_MAX];
    if (!wzp_contacts_close(&client->contacts, why))
        complain(program, why);
    wzp_call_destroy(client->call);
    wzp_identity_deinit(&client->identity);
}

bool wzp_room_say_connected(const struct wzp_call *call, struct wzp_contacts *contacts, const char *relay,
                            int64_t took_ns)
{
    struct wzp_session_facts facts;
    char key[WZP_KEY_TEXT_MAX], why[WZP_WHY_MAX];
    if (!wzp_call_session_facts(call, &facts))
        return true;
    enum wzp_contact contact = wzp_contacts_on_relay(contacts, facts.peer_static, why);
    wzp_key_format(facts.peer_static, key);
    wzp_console_say("connected to %s in %.0f ms, its key is %s%s", relay, (double)took_ns / (double)WZP_MS,
                    key, contact == WZP_CONTACT_NEW ? ", new and remembered" : "");
    if (contact == WZP_CONTACT_FAILED)
        wzp_console_say("%s", why);
    if (contact == WZP_CONTACT_CHANGED)
        wzp_console_say("%s: %s", relay, why);
    return contact != WZP_CONTACT_CHANGED;
}

static void say_keys(const struct wzp_call *call, struct wzp_contacts *contacts, const char *relay)
{
    uint8_t expected[32], found[32];
    char expected_text[WZP_KEY_TEXT_MAX], found_text[WZP_KEY_TEXT_MAX];
    wzp_call_relay_keys(call, expected, found);
    if (wzp_contacts_relay_key(contacts)) {
        char why[WZP_WHY_MAX];
        wzp_contacts_changed(contacts, found, why);
        wzp_console_say("%s", why);
        return;
    }
    wzp_key_format(expected, expected_text);
    wzp_key_format(found, found_text);
    wzp_console_say("%s: another relay answers there, or somebody between: its key is %s and not %s", relay,
                    found_text, expected_text);
}

static void say_versions(const char *relay, const struct wzp_call_event *event)
{
    char list[8 * WZP_ENDPOINT_VERSIONS_MAX] = "";
    size_t len = 0;
    for (size_t i = 0; i < event->version_count && i < WZP_ENDPOINT_VERSIONS_MAX; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%u", i ? ", " : "", event->versions[i]);
    wzp_console_say("%s: %s: it speaks %s, this program %d", relay, wzp_close_reason_text(event->reason),
                    len ? list : "none", WZP_VERSION);
}

void wzp_room_say_ended(const struct wzp_call *call, struct wzp_contacts *contacts, const char *relay,
                        const struct wzp_call_event *event)
{
    char silent[WZP_WHY_MAX];
    wzp_contacts_silent(contacts, silent);
    if (event->reason == WZP_CLOSE_REASON_RELAY_KEY)
        say_keys(call, contacts, relay);
    else if (event->reason == WZP_CLOSE_REASON_VERSION)
        say_versions(relay, event);
    else if (event->reason == WZP_CLOSE_REASON_HANDSHAKE_TIMEOUT && *silent)
        wzp_console_say("%s: %s, or %s", relay, wzp_close_reason_text(event->reason), silent);
    else
        wzp_console_say("%s: %s", relay, wzp_close_reason_text(event->reason));
}

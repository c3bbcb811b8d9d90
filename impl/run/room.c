// SPDX-License-Identifier: Apache-2.0
#include "run/room.h"

#include <sodium.h>
#include <string.h>

#include "run/console.h"
#include "run/identity_open.h"

struct wzp_room_options wzp_room_options_default(void)
{
    const struct wzp_endpoint_config defaults = wzp_endpoint_config_client();
    return (struct wzp_room_options){.rekey_ns = defaults.rekey_ns,
                                     .rekey_packets = defaults.rekey_packets,
                                     .estimate = {defaults.estimate, defaults.start_rate_bps}};
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
    const char *why = wzp_addr_resolve(text, &options->relay);
    return why || options->relay.port ? why : "nobody listens on port 0";
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

bool wzp_room_open_endpoint(const char *program, const struct wzp_room_options *options,
                            struct wzp_room_client *client, struct wzp_endpoint_config *endpoint)
{
    char why[WZP_WHY_MAX];
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
    wzp_cmd_endpoint(endpoint, &client->identity);
    endpoint->rekey_packets = options->rekey_packets;
    endpoint->rekey_ns = options->rekey_ns;
    endpoint->max_rate_bps = options->max_rate_bps;
    endpoint->estimate = options->estimate.kind;
    endpoint->start_rate_bps = options->estimate.start_bps;
    endpoint->has_invitation = options->has_invitation;
    memcpy(endpoint->invitation, options->invitation, sizeof endpoint->invitation);
    return true;
}

const uint8_t *wzp_room_relay_key(const struct wzp_room_options *options,
                                  const struct wzp_room_client *client)
{
    return options->has_relay_key ? options->relay_key : wzp_contacts_relay_key(&client->contacts);
}

bool wzp_room_open(const char *program, const struct wzp_room_options *options, bool takes_streams,
                   struct wzp_room_client *client)
{
    struct wzp_call_config config = wzp_call_config_default();
    if (!wzp_room_open_endpoint(program, options, client, &config.endpoint))
        return false;
    if (wzp_room_derive(options->room, &config.room) != WZP_ERR_OK)
        return complain(program, "the room's name cannot be used, or there is no memory for it");
    if (options->bitrate_bps)
        config.bitrate_bps_max = options->bitrate_bps;
    config.is_tier_forced = options->is_tier_forced;
    config.priority = options->priority;
    config.delay_budget_ns = options->delay_budget_ns;
    config.identity = client->identity;
    config.relay = options->relay;
    const uint8_t *key = wzp_room_relay_key(options, client);
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

bool wzp_room_say_key(struct wzp_contacts *contacts, const char *relay, const uint8_t key[32],
                      int64_t took_ns)
{
    char text[WZP_KEY_TEXT_MAX], why[WZP_WHY_MAX];
    enum wzp_contact contact = wzp_contacts_on_relay(contacts, key, why);
    wzp_key_format(key, text);
    wzp_console_say("connected to %s in %.0f ms, its key is %s%s", relay, (double)took_ns / (double)WZP_MS,
                    text, contact == WZP_CONTACT_NEW ? ", new and remembered" : "");
    if (contact == WZP_CONTACT_FAILED)
        wzp_console_say("%s", why);
    if (contact == WZP_CONTACT_CHANGED)
        wzp_console_say("%s: %s", relay, why);
    return contact != WZP_CONTACT_CHANGED;
}

bool wzp_room_say_connected(const struct wzp_call *call, struct wzp_contacts *contacts, const char *relay,
                            int64_t took_ns)
{
    struct wzp_session_facts facts;
    if (!wzp_call_session_facts(call, &facts))
        return true;
    return wzp_room_say_key(contacts, relay, facts.peer_static, took_ns);
}

static void say_keys(const struct wzp_contacts *contacts, const char *relay, const struct wzp_room_end *end)
{
    char expected_text[WZP_KEY_TEXT_MAX], found_text[WZP_KEY_TEXT_MAX];
    if (wzp_contacts_relay_key(contacts)) {
        char why[WZP_WHY_MAX];
        wzp_contacts_changed(contacts, end->found, why);
        wzp_console_say("%s", why);
        return;
    }
    wzp_key_format(end->expected, expected_text);
    wzp_key_format(end->found, found_text);
    wzp_console_say("%s: another relay answers there, or somebody between: its key is %s and not %s", relay,
                    found_text, expected_text);
}

static void say_versions(const char *relay, const struct wzp_room_end *end)
{
    char list[8 * WZP_ENDPOINT_VERSIONS_MAX] = "";
    size_t len = 0;
    for (size_t i = 0; i < end->version_count && i < WZP_ENDPOINT_VERSIONS_MAX; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%u", i ? ", " : "", end->versions[i]);
    wzp_console_say("%s: %s: it speaks %s, this program %d", relay, wzp_close_reason_text(end->reason),
                    len ? list : "none", WZP_VERSION);
}

void wzp_room_say_end(const struct wzp_contacts *contacts, const char *relay, const struct wzp_room_end *end)
{
    char silent[WZP_WHY_MAX];
    wzp_contacts_silent(contacts, silent);
    if (end->reason == WZP_CLOSE_REASON_RELAY_KEY)
        say_keys(contacts, relay, end);
    else if (end->reason == WZP_CLOSE_REASON_VERSION)
        say_versions(relay, end);
    else if (end->reason == WZP_CLOSE_REASON_HANDSHAKE_TIMEOUT && *silent)
        wzp_console_say("%s: %s, or %s", relay, wzp_close_reason_text(end->reason), silent);
    else
        wzp_console_say("%s: %s", relay, wzp_close_reason_text(end->reason));
}

void wzp_room_say_ended(const struct wzp_call *call, struct wzp_contacts *contacts, const char *relay,
                        const struct wzp_call_event *event)
{
    struct wzp_room_end end = {
        .reason = event->reason, .versions = event->versions, .version_count = event->version_count};
    wzp_call_relay_keys(call, end.expected, end.found);
    wzp_room_say_end(contacts, relay, &end);
}

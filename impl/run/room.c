// SPDX-License-Identifier: Apache-2.0
#include "run/room.h"

#include <sodium.h>
#include <string.h>

#include "run/console.h"

struct wzp_room_options wzp_room_options_default(void)
{
    const struct wzp_endpoint_config defaults = wzp_endpoint_config_client();
    return (struct wzp_room_options){
        .id = "ephemeral", .rekey_ns = defaults.rekey_ns, .rekey_packets = defaults.rekey_packets};
}

const char *wzp_option_room(const struct wzp_option *option, const char *text)
{
    if (strlen(text) > WZP_ROOM_NAME_MAX)
        return "it is longer than 128 bytes";
    return wzp_option_text(option, text);
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
    struct wzp_call_config config = wzp_call_config_default();
    if (!wzp_cmd_identity(program, options->id, &client->identity))
        return false;
    wzp_identity_fingerprint(client->identity.sign_public, client->name);
    wzp_addr_format(&options->relay, client->relay);
    client->has_pin = options->has_relay_key;
    if (wzp_room_derive(options->room, &config.room) != WZP_ERR_OK)
        return complain(program, "the room's name cannot be used, or there is no memory for it");
    wzp_cmd_endpoint(&config.endpoint, &client->identity);
    config.endpoint.rekey_packets = options->rekey_packets;
    config.endpoint.rekey_ns = options->rekey_ns;
    config.endpoint.has_invitation = options->has_invitation;
    memcpy(config.endpoint.invitation, options->invitation, sizeof config.endpoint.invitation);
    config.identity = client->identity;
    config.relay = options->relay;
    config.has_relay_static = options->has_relay_key;
    config.takes_streams = takes_streams;
    memcpy(config.relay_static, options->relay_key, sizeof config.relay_static);
    memcpy(config.token, options->token.bytes, sizeof config.token);
    config.token_len = options->token.len;
    client->call = wzp_call_create(&config);
    return client->call ? true : complain(program, "out of memory");
}

void wzp_room_close(struct wzp_room_client *client)
{
    wzp_call_destroy(client->call);
    wzp_identity_deinit(&client->identity);
}

void wzp_room_say_connected(const struct wzp_call *call, const char *relay, int64_t took_ns)
{
    struct wzp_session_facts facts;
    char key[WZP_KEY_TEXT_MAX];
    if (!wzp_call_session_facts(call, &facts))
        return;
    wzp_key_format(facts.peer_static, key);
    wzp_console_say("connected to %s in %.0f ms, its key is %s", relay, (double)took_ns / (double)WZP_MS,
                    key);
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

void wzp_room_say_ended(const char *relay, bool has_pin, const struct wzp_call_event *event)
{
    if (event->reason == WZP_CLOSE_REASON_VERSION)
        say_versions(relay, event);
    else if (event->reason == WZP_CLOSE_REASON_HANDSHAKE_TIMEOUT && has_pin)
        wzp_console_say("%s: %s, or its key is not the one --relay-key gives", relay,
                        wzp_close_reason_text(event->reason));
    else
        wzp_console_say("%s: %s", relay, wzp_close_reason_text(event->reason));
}

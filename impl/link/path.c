// SPDX-License-Identifier: Apache-2.0
#include "link/path.h"

#include <string.h>

/* Of three times what came: kept free of other packets, so that the next challenges always find room. */
#define CHALLENGE_RESERVE 80

void wzp_path_init(struct wzp_path *path, const struct wzp_addr *addr, int64_t now_ns)
{
    memset(path, 0, sizeof *path);
    path->current = *addr;
    path->is_proven = true;
    path->heard_ns = now_ns;
}

static void settle(struct wzp_path *path)
{
    path->is_proven = true;
    path->tokens_sent = 0;
}

static void return_to_proven(struct wzp_path *path)
{
    path->current = path->proven;
    path->heard_ns = path->proven_heard_ns;
    settle(path);
}

enum wzp_path_verdict wzp_path_on_packet(struct wzp_path *path, const struct wzp_addr *from, size_t len,
                                         bool is_newest, int64_t now_ns)
{
    if (wzp_addr_equal(from, &path->current)) {
        path->heard_ns = now_ns;
        path->bytes_in += len;
        return WZP_PATH_SAME;
    }
    if (!path->is_proven && wzp_addr_equal(from, &path->proven)) {
        path->proven_heard_ns = now_ns;
        if (!is_newest)
            return WZP_PATH_SAME;
        return_to_proven(path);
        return WZP_PATH_RETURNED;
    }
    if (!is_newest)
        return WZP_PATH_SAME;
    if (path->is_proven) {
        path->proven = path->current;
        path->proven_heard_ns = path->heard_ns;
    }
    path->current = *from;
    path->is_proven = false;
    path->heard_ns = now_ns;
    path->bytes_in = len;
    path->bytes_out = 0;
    path->challenge_at_ns = now_ns;
    path->deadline_ns = now_ns + WZP_PATH_DEADLINE_NS;
    path->tokens_sent = 0;
    return WZP_PATH_MOVED;
}

static bool has_room(const struct wzp_path *path, uint64_t len)
{
    return path->bytes_out + len <= WZP_AMPLIFICATION * path->bytes_in;
}

unsigned wzp_path_route(struct wzp_path *path, size_t len, int64_t now_ns, struct wzp_addr to[2])
{
    to[0] = path->current;
    if (path->is_proven)
        return 1;
    unsigned count = 0;
    if (has_room(path, len + CHALLENGE_RESERVE)) {
        path->bytes_out += len;
        count++;
    }
    if (count == 0 || now_ns - path->proven_heard_ns <= WZP_PATH_RECENT_NS)
        to[count++] = path->proven;
    return count;
}

int64_t wzp_path_challenge_at(const struct wzp_path *path, size_t len)
{
    return path->is_proven || !has_room(path, len) ? WZP_NEVER : path->challenge_at_ns;
}

void wzp_path_on_challenge_sent(struct wzp_path *path, const uint8_t token[WZP_PATH_TOKEN_LEN], size_t len,
                                int64_t now_ns)
{
    unsigned place = path->tokens_sent++ % WZP_PATH_TOKENS;
    memcpy(path->tokens[place].bytes, token, WZP_PATH_TOKEN_LEN);
    path->tokens[place].sent_ns = now_ns;
    path->bytes_out += len;
    path->challenge_at_ns = now_ns + WZP_PATH_CHALLENGE_NS;
}

bool wzp_path_on_response(struct wzp_path *path, const uint8_t token[WZP_PATH_TOKEN_LEN], int64_t now_ns,
                          int64_t *rtt_ns)
{
    unsigned count = path->tokens_sent < WZP_PATH_TOKENS ? path->tokens_sent : WZP_PATH_TOKENS;
    for (unsigned i = 0; i < count; i++) {
        if (memcmp(path->tokens[i].bytes, token, WZP_PATH_TOKEN_LEN) != 0)
            continue;
        *rtt_ns = now_ns - path->tokens[i].sent_ns;
        settle(path);
        return true;
    }
    return false;
}

bool wzp_path_expire(struct wzp_path *path, int64_t now_ns)
{
    if (path->is_proven || now_ns < path->deadline_ns)
        return false;
    return_to_proven(path);
    return true;
}

void wzp_path_on_challenge(struct wzp_path *path, const uint8_t token[WZP_PATH_TOKEN_LEN],
                           const struct wzp_addr *from)
{
    if (path->answers_count == WZP_PATH_ANSWERS) {
        path->answers_count--;
        memmove(&path->answers[0], &path->answers[1], path->answers_count * sizeof *path->answers);
    }
    struct wzp_path_answer *answer = &path->answers[path->answers_count++];
    memcpy(answer->token, token, WZP_PATH_TOKEN_LEN);
    answer->to = *from;
}

bool wzp_path_take_answer(struct wzp_path *path, size_t len, struct wzp_path_answer *answer)
{
    if (path->answers_count == 0)
        return false;
    *answer = path->answers[--path->answers_count];
    if (!path->is_proven && wzp_addr_equal(&answer->to, &path->current))
        path->bytes_out += len;
    return true;
}

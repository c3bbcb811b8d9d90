// SPDX-License-Identifier: Apache-2.0
/*
 * People in a world: the real client with a simulated microphone and loudspeaker, and the measures of what it
 * did and heard. Measures are those of the JSON contract (docs/sim.md).
 *
 * Law: nothing here changes what the client does; whether tracks are kept never changes the trace hash.
 */
#ifndef WZP_SIM_PERSON_H
#define WZP_SIM_PERSON_H

#include "call/call.h"
#include "run/member_json.h"
#include "sim/camera.h"
#include "sim/hearing.h"
#include "sim/meter.h"
#include "sim/net.h"
#include "sim/relays.h"

#define SIM_PEOPLE_MAX 4096 /* in a world */
#define SIM_ROOM_MAX   64   /* in a room */
#define SIM_REKEYS_MAX 256  /* whose times are kept, a person */
#define SIM_FREEZE_NS  (100 * WZP_MS)

/* ---- voices ---- */

/* A recording at 48 kHz, repeated for ever; loaded once a process, lives until it ends. */
struct sim_voice {
    char *path;
    float *samples;
    int16_t *pcm;
    size_t len;
    struct sim_voice *next;
};
const struct sim_voice *sim_voice_load(const char *path, char *why, size_t why_len); /* NULL and the reason */
/* A frame of it, `from` samples after its start; of NULL: of a steady tone. */
void sim_voice_say(const struct sim_voice *voice, size_t from, int16_t pcm[WZP_AUDIO_FRAME]);

/* ---- people ---- */

struct sim_crowd;  /* everybody of one world */
struct sim_parcel; /* a file (sim/parcel.h) */

struct sim_person_config {
    char name[32];
    const struct sim_relay *relay;
    const char *room;
    const struct wzp_audio_codec *codec;
    const struct sim_voice *voice; /* NULL: a steady tone, for the synthetic codec */
    bool is_ik;
    uint8_t version; /* offered; 0: the real one */
    const char *token;
    int64_t start_ns, stop_ns; /* of the microphone and the client; the loudspeaker runs on */
    double clock_ppm;          /* of both devices against the world */
    int64_t rekey_ns;          /* between rekeys; 0: the program's own */
    enum wzp_probe_kind test;  /* sounds in place of the voice */
    uint64_t max_rate_bps;     /* these three as in struct wzp_call_config; 0: its default */
    uint32_t bitrate_bps;
    bool is_tier_forced;
    enum wzp_priority priority;
    enum wzp_estimate_kind estimate;
    int64_t delay_budget_ns;
    uint64_t disk_bytes; /* room for files */
};

/* Who joins one room of one relay. */
struct sim_room {
    const struct sim_relay *relay;
    char name[WZP_ROOM_NAME_MAX + 1];
    struct sim_person *member[SIM_ROOM_MAX]; /* in the order of their making */
    unsigned count;
};

struct sim_person {
    struct sim_person_config config; /* its texts are the person's own */
    struct sim_crowd *crowd;
    struct sim_room *room;
    unsigned index, node; /* of the crowd, of the net */
    unsigned place;       /* in the room's list */
    char token[WZP_TOKEN_MAX + 1];
    struct wzp_call *call;
    struct wzp_identity identity;
    uint8_t seed[32]; /* of the identity: what a thief may find */
    int64_t play_start_ns;
    int64_t captured; /* frames */
    int64_t played;   /* pieces */
    uint64_t *energy; /* of each captured frame */
    uint64_t loudest;
    int64_t keys_ns, relay_keys_ns, joined_ns, first_media_ns, ended_ns;
    int64_t left_ns; /* said goodbye, or was thrown out; WZP_NEVER */
    uint16_t slot;
    int64_t rekeyed_ns[SIM_REKEYS_MAX];
    unsigned rekeyed_count;
    bool has_ended, is_leaving;
    bool is_down;         /* its process has crashed; `call` stays as it was, unheard, until another starts */
    unsigned starts;      /* of processes */
    int64_t process_ns;   /* when this one was made */
    size_t frames_before; /* captured before this process began, and before the one before it */
    size_t frames_before_last;
    int64_t clock_ahead_ns; /* of its monotonic clock against the world's */
    enum wzp_close_reason ended_reason;
    bool ended_by_peer;
    uint8_t ended_versions[WZP_ENDPOINT_VERSIONS_MAX], ended_version_count;
    unsigned refused;                                                 /* members listed that proved nothing */
    int64_t told_joined_ns[SIM_ROOM_MAX], told_left_ns[SIM_ROOM_MAX]; /* of others, by place */
    struct sim_meter up, down;                                        /* of its access link */
    struct sim_hearing hearing[SIM_ROOM_MAX];
    unsigned hearing_count;
    int16_t *mix; /* what the loudspeaker played */
    size_t mix_len;
    struct sim_parcel *giving, *taking;
    uint64_t disk_left; /* bytes of files that its disk has room for */
    struct sim_camera camera;
    struct wzp_probe *probe; /* NULL: no test */
    uint64_t heard_digest;   /* of every sample of the mix */
};

/* `horizon_ns`: nothing is recorded beyond. */
struct sim_crowd *sim_crowd_create(struct sim_net *net, bool keep_tracks, int64_t horizon_ns);
void sim_crowd_destroy(struct sim_crowd *crowd);
void sim_crowd_room(const char *name, struct wzp_room *room); /* derived once a process */
struct sim_person *sim_crowd_add(struct sim_crowd *crowd, const struct sim_person_config *config);
struct sim_net *sim_crowd_net(const struct sim_crowd *crowd);
uint64_t sim_crowd_answers(const struct sim_crowd *crowd); /* to first messages that were sent, copies too */
unsigned sim_crowd_count(const struct sim_crowd *crowd);
struct sim_person *sim_crowd_person(const struct sim_crowd *crowd, unsigned index);
/* Whose node it is; NULL: nobody's. SIM_NOBODY is nobody's. */
struct sim_person *sim_crowd_at(const struct sim_crowd *crowd, unsigned node);
/* NULL: nobody joins it. */
const struct sim_room *sim_crowd_find_room(const struct sim_crowd *crowd, const struct sim_relay *relay,
                                           const char *name);
void sim_person_leave(struct sim_person *person);
/* Another network (`is_far`), or the same one behind another port that its NAT took. */
void sim_person_move(struct sim_person *person, bool is_far);
/* Its process is gone and says nothing more; another one of the same identity and address starts. */
void sim_person_crash(struct sim_person *person);
void sim_person_restart(struct sim_person *person);
/* Its machine slept for so long: its clock jumps ahead; and what it then says at a time of the world. */
void sim_person_clock_step(struct sim_person *person, int64_t ahead_ns);
int64_t sim_person_clock(const struct sim_person *person, int64_t now_ns);
struct sim_person *sim_person_of_slot(const struct sim_person *listener,
                                      uint16_t slot); /* in its room; NULL */

/* ---- measures ---- */

struct sim_measured {
    struct wzp_member_measured member;
    struct wzp_member_hears hears[SIM_ROOM_MAX];
    struct wzp_probe_result test;
};
/* Of what was said and sent from then on, beside counts and peaks of the whole run. `with_estoi` costs about
 * 50 ms of wall time a pair. */
void sim_person_measure(const struct sim_person *person, int64_t since_ns, bool with_estoi,
                        struct sim_measured *measured);
/* In place of what knows what was said: what the listeners' programs can tell (docs/running.md). */
void sim_person_measure_by_ear(const struct sim_person *person, struct sim_measured *measured);
/* When its first media packet left (else WZP_NEVER), and until when it speaks. */
int64_t sim_person_speaks_from(const struct sim_person *person);
int64_t sim_person_speaks_until(const struct sim_person *person);
/* Of the speaker's active frames captured within [from_ns, to_ns). */
struct sim_window {
    uint64_t frames, lost; /* not heard as they were said */
    int64_t longest_ns;    /* from a heard one's capture to its sounding, without the codec's look-ahead */
};
void sim_person_window(const struct sim_person *listener, const struct sim_person *speaker, int64_t from_ns,
                       int64_t to_ns, struct sim_window *window);
/* A captured frame within 40 dB of the speaker's loudest; when its first sample entered the microphone. */
bool sim_person_is_active(const struct sim_person *speaker, size_t frame);
int64_t sim_person_captured_at(const struct sim_person *speaker, size_t frame);
/* Does the frame count for this listener? */
bool sim_hearing_counts(const struct sim_person *listener, const struct sim_hearing *hearing, size_t frame);
/* As it was said: both halves, one after the other, nothing invented in its place before? */
bool sim_hearing_is_right(const struct sim_hearing *hearing, size_t frame);
/* Runs above SIM_FREEZE_NS of active frames, one after the other, that count and were not heard right. */
struct sim_freezes {
    unsigned count;
    int64_t longest_ns, longest_at_ns; /* 0: none; where it began */
};
void sim_hearing_freezes(const struct sim_person *listener, const struct sim_hearing *hearing,
                         struct sim_freezes *freezes);
/* When the sound of the frame, which was played, reached the ear: what the codec holds back comes later. */
int64_t sim_hearing_sounded_at(const struct sim_hearing *hearing, size_t frame);

#endif

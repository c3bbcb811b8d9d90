-- SPDX-License-Identifier: Apache-2.0
-- The wire as data: the only place where a byte of it is laid out. tools/gen-wire.lua makes from it the C structs and
-- codecs (wire/wire.h, wire/wire.c), the tables of the documentation and the Wireshark dissector. Prose: proto/*.md.
--
-- Field types, all big-endian: u8 u16 u24 u32 u64; varint (RFC 9000 section 16); "bytes N" (a fixed array);
-- slice8, slice16 (a length of that width, then the bytes); rest (what is left of the input);
-- "list8 NAME MAX" (a u8 count of at most MAX, then so many structs NAME); "struct NAME" (another struct in place).
-- `const` fixes a field's value: written as such, anything else is malformed. `max` bounds a slice or a number.
-- An enum's row is { name, value, text }; a struct is { name =, doc =, fields = { { name, type, doc, const=, max= } } }.

local wire = { version = 2 }

wire.limits = {
    { "DATAGRAM_MAX", 1200, "bytes of UDP payload we send before path MTU discovery" },
    { "INITIAL_SIZE", 320, "bytes of message 1's datagram: makes room for repeats of the answer" },
    { "RESPONSE_MAX", 300, "bytes of message 2's datagram at most" },
    { "AMPLIFICATION", 3, "an unproven address is sent at most so many times the bytes it sent" },
    { "TAG_LEN", 16, "bytes of a ChaCha20-Poly1305 tag" },
    { "SAMPLE_OFFSET", 4, "bytes from the first byte of the packet number to the header protection sample" },
    { "SAMPLE_LEN", 16, "bytes of that sample" },
    { "NUMBER_LEN_MIN", 2, "bytes of a truncated packet number at least" },
    { "NUMBER_LEN_MAX", 4, "bytes of a truncated packet number at most" },
    { "REPLAY_WINDOW", 1024, "packet numbers of a hop's replay window" },
    { "AUDIO_WINDOW", 1024, "sequence numbers of an audio stream's end-to-end replay window" },
    { "ACK_RANGES_MAX", 32, "additional ranges in an ACK frame at most" },
    { "SIGNAL_MAX", 16384, "bytes of one signal message at most" },
    { "HELLO_MAX", 64, "bytes of a Hello at most" },
    { "TOKEN_MAX", 64, "bytes of a join token at most" },
    { "MEMBERS_MAX", 64, "members of a room at most" },
    { "MEDIA_HEADER_LEN", 16, "bytes of a media header" },
    { "MEDIA_OVERHEAD", 17, "bytes that the end-to-end seal adds: key epoch and tag" },
    { "MEDIA_PAYLOAD_MAX", 1100, "bytes of a sealed media payload at most" },
    { "KEY_BODY_LEN", 116, "bytes of a KEY frame's body" },
    { "KEY_ACK_BODY_LEN", 20, "bytes of a KEY_ACK frame's body" },
    { "MEMBER_RECORD_LEN", 192, "bytes of a member record" },
    { "FULL_HEADER_MEMORY", 16384, "packets for which a receiver remembers full media headers" },
    { "HELD_EARLY_MAX", 16, "short packets held while message 3 is missing" },
}

wire.enums = {
    form = {
        doc = "The first two bits of a datagram. 00 is STUN's (RFC 7983), 10 is reserved.",
        { "SHORT", 0x40, "a sealed packet" },
        { "LONG", 0xc0, "a handshake packet" },
    },
    long_type = {
        doc = "The low four bits of a long packet's first byte.",
        { "INITIAL", 0, "Noise message 1" },
        { "RESPONSE", 1, "Noise message 2" },
        { "FINISH", 2, "Noise message 3" },
        { "VERSION_REJECT", 3, "the versions that are spoken here" },
    },
    pattern = {
        doc = "The Noise pattern of a handshake.",
        { "XX", 0, "first contact" },
        { "IK", 1, "the responder's static key is known" },
    },
    frame_type = {
        doc = "The first byte of a frame inside a sealed packet.",
        { "PADDING", 0x00, "one byte of nothing" },
        { "PING", 0x01, "asks for an acknowledgement" },
        { "ACK", 0x02, "packets that arrived" },
        { "STREAM", 0x03, "bytes of a reliable stream" },
        { "MAX_STREAM_DATA", 0x04, "credit for a stream" },
        { "REKEY", 0x0e, "one side's public key of the next hop keys" },
        { "MEDIA", 0x10, "a media frame with its full header" },
        { "MEDIA_MINI", 0x11, "a media frame with a compressed header" },
        { "KEY", 0x12, "a sender key for one recipient" },
        { "KEY_ACK", 0x13, "the recipient's word that it holds the key" },
        { "CLOSE", 0x1f, "the session is over" },
    },
    media_type = {
        doc = "What a media frame carries.",
        { "AUDIO", 0, "sound" },
        { "VIDEO", 1, "pictures" },
        { "DATA", 2, "application data" },
        { "CONTROL", 3, "control of a desktop" },
    },
    codec = {
        doc = "The codec of a media payload.",
        { "OPUS_24K", 0, "Opus, 24 kbit/s" },
        { "OPUS_16K", 1, "Opus, 16 kbit/s" },
        { "OPUS_6K", 2, "Opus, 6 kbit/s" },
        { "CODEC2_3200", 3, "Codec2, 3200 bit/s" },
        { "CODEC2_1200", 4, "Codec2, 1200 bit/s" },
        { "COMFORT_NOISE", 5, "comfort noise (RFC 3389)" },
        { "OPUS_32K", 6, "Opus, 32 kbit/s" },
        { "OPUS_48K", 7, "Opus, 48 kbit/s" },
        { "OPUS_64K", 8, "Opus, 64 kbit/s" },
        { "H264_BASELINE", 9, "H.264 baseline" },
        { "H264_MAIN", 10, "H.264 main" },
        { "H265_MAIN", 11, "H.265 main" },
        { "AV1_MAIN", 12, "AV1 main" },
        { "CODEC2_700C", 14, "Codec2, 700C" },
    },
    media_flag = {
        doc = "Bits of a media header's flags byte. Bit 7 is zero in every sealed header, bits 3-0 are zero.",
        { "QUALITY", 0x40, "a quality report opens the payload, inside the seal" },
        { "KEYFRAME", 0x20, "decodable without earlier frames" },
        { "ACCESS_UNIT_END", 0x10, "last of an access unit" },
    },
    close_reason = {
        doc = "Why a session ended. The text is the sentence a user reads.",
        { "LEFT", 0, "the other side left" },
        { "INTERNAL", 1, "the other side failed" },
        { "FRAME_UNKNOWN", 2, "a frame of an unknown type arrived" },
        { "FRAME_MALFORMED", 3, "a malformed frame arrived" },
        { "FRAME_UNEXPECTED", 4, "a frame arrived that is not allowed here" },
        { "FLOW_CONTROL", 5, "more stream bytes arrived than were granted" },
        { "SIGNAL_MALFORMED", 6, "a malformed signal message arrived" },
        { "DOWNGRADE", 7, "both sides speak a higher version than the one offered" },
        { "VERSION", 8, "no version is spoken on both sides" },
        { "HANDSHAKE_TIMEOUT", 9, "nobody answered" },
        { "IDLE_TIMEOUT", 10, "the other side fell silent" },
        { "SHUTTING_DOWN", 11, "the relay is shutting down" },
        { "KEYS_EXHAUSTED", 12, "the session's keys are worn out" },
        { "REKEY", 13, "a rekey arrived that cannot be" },
        { "RELAY_FULL", 16, "the relay is full" },
        { "ROOMS_FULL", 17, "the relay holds no further room" },
        { "ROOM_FULL", 18, "the room is full" },
        { "BAD_TOKEN", 19, "the relay does not accept the join token" },
        { "BAD_RECORD", 20, "the relay does not accept the member record" },
        { "ALREADY_MEMBER", 21, "this member is in the room already" },
    },
    drop = {
        doc = "Why bytes of a peer were dropped: counter, trace name and metrics label.",
        { "FORM_UNKNOWN", 0, "neither a short nor a long packet" },
        { "TRUNCATED", 1, "too short for its form" },
        { "LONG_MALFORMED", 2, "a long header that does not parse" },
        { "VERSION_UNSPOKEN", 3, "a version that is not spoken here" },
        { "VERSION_REJECT_IGNORED", 4, "a version rejection that is not to be heeded" },
        { "PATTERN_UNKNOWN", 5, "a handshake pattern that is not spoken here" },
        { "CONNECTION_UNKNOWN", 6, "no session has this connection id" },
        { "HANDSHAKE_UNEXPECTED", 7, "a handshake message that nothing waits for" },
        { "HANDSHAKE_SEAL", 8, "a handshake message that does not open" },
        { "HANDSHAKE_PAYLOAD", 9, "a handshake payload that does not parse" },
        { "HALF_OPEN_FULL", 10, "too many handshakes under way" },
        { "SESSIONS_FULL", 11, "no session is left, not even to refuse with" },
        { "EARLY", 12, "a short packet before the keys, not held" },
        { "NUMBER_MALFORMED", 13, "reserved bits set or a packet number of a wrong length" },
        { "REPLAYED", 14, "a packet number that was seen" },
        { "STALE", 15, "a packet number behind the replay window" },
        { "SEAL", 16, "a packet that does not open" },
        { "CLOSED", 17, "a packet for a session that is over" },
        { "FRAME_UNKNOWN", 18, "a frame of an unknown type" },
        { "FRAME_MALFORMED", 19, "a frame that does not parse" },
        { "FRAME_UNEXPECTED", 20, "a frame that is not allowed in this phase or role" },
        { "ACK_IMPOSSIBLE", 21, "an acknowledgement of what was never sent" },
        { "STREAM_LIMIT", 22, "stream bytes beyond the credit" },
        { "MEDIA_HEADER", 23, "a media header that does not parse" },
        { "MINI_REF_UNKNOWN", 24, "a mini header whose full header is not remembered" },
        { "SLOT_SPOOFED", 25, "a client named a slot that is not its own" },
        { "SLOT_UNKNOWN", 26, "a slot that nobody holds" },
        { "NOT_JOINED", 27, "media or keys from a session that is in no room" },
        { "SIGNAL_MALFORMED", 28, "a signal message that does not parse" },
        { "SIGNAL_UNKNOWN", 29, "a signal message of an unknown kind" },
        { "RECORD_INVALID", 30, "a member record whose signature or room does not hold" },
        { "GHOST", 31, "a member that cannot prove that it knows the room" },
        { "KEY_SIGNATURE", 32, "a sender key that its sender did not sign" },
        { "KEY_SEAL", 33, "a sender key that does not open" },
        { "KEY_ACK_MAC", 34, "a key acknowledgement that does not verify" },
        { "KEY_EARLY", 35, "a sender key of a member not yet listed, not held" },
        { "MEDIA_EPOCH", 36, "media under a key not held, no longer kept" },
        { "MEDIA_SEAL", 37, "media that does not open" },
        { "MEDIA_REPLAYED", 38, "a media sequence number that was seen" },
        { "MEDIA_STALE", 39, "a media sequence number behind the replay window" },
        { "MEDIA_CODEC", 40, "media of a codec that is not decoded here" },
        { "QUEUE_FULL", 41, "an outgoing queue was full" },
        { "KEY_PHASE", 42, "a packet under a key that is not held, or no longer" },
        { "REKEY", 43, "a rekey out of turn, or with a key of small order" },
    },
}

wire.structs = {
    {
        name = "long_header",
        doc = "A handshake packet. The first ten bytes stay the same in every version.",
        fields = {
            { "form", "u8", "LONG | long_type" },
            { "version", "u8", "the version used, 2 here" },
            { "destination", "u32", "the receiver's connection id, 0 in INITIAL" },
            { "source", "u32", "the sender's connection id" },
            { "copy", "u8", "counts repeats of the same message, from 0, stops at 255; not authenticated" },
            { "pattern", "u8", "enum pattern" },
            { "versions", "slice8", "INITIAL: every version the initiator speaks, one byte each; else empty", max = 16 },
            { "cookie", "slice8", "an address-proving cookie, or empty", max = 64 },
            { "message", "slice16", "the Noise message; zero padding follows", max = 1000 },
        },
    },
    {
        name = "version_reject",
        doc = "Answer to a version that is not spoken. Unauthenticated: a hint.",
        fields = {
            { "form", "u8", "LONG | VERSION_REJECT", const = 0xc3 },
            { "version", "u8", "none", const = 0 },
            { "destination", "u32", "the initiator's connection id" },
            { "source", "u32", "none", const = 0 },
            { "versions", "slice8", "every version spoken here, one byte each", max = 16 },
        },
    },
    {
        name = "handshake_payload",
        doc = "What rides sealed in a Noise message.",
        fields = {
            { "source", "u32", "the clear header's source, here where nobody can change it" },
            { "hello", "slice16", "a Hello message (signal.proto)", max = 64 },
            { "frames", "rest", "FINISH: STREAM frames of stream 0; else empty" },
        },
    },
    {
        name = "media_header",
        doc = "Media header v2, written by the media's sender and additional data of its seal.",
        fields = {
            { "version", "u8", "2", const = 2 },
            { "flags", "u8", "enum media_flag" },
            { "media_type", "u8", "enum media_type" },
            { "codec", "u8", "enum codec" },
            { "stream", "u8", "0 base, simulcast layers 1..N" },
            { "repair_ratio", "u8", "the sender's repair on its first hop, in hundredths, 255 = 2.55 or more" },
            { "sequence", "u32", "per stream" },
            { "timestamp_ms", "u32", "since the media session began" },
            { "block", "u16", "low bits of a repair block's first sequence; 0 for audio" },
        },
    },
    {
        name = "ack_range",
        doc = "One range of an ACK frame below the previous one (RFC 9000 section 19.3.1).",
        fields = {
            { "gap", "varint", "packets not received before this range, less one" },
            { "length", "varint", "packets received in it, less one" },
        },
    },
}

-- A frame is its type byte, then these fields. `eliciting`: the receiver acknowledges packets that hold one.
wire.frames = {
    { name = "ping", eliciting = true, fields = {} },
    {
        name = "ack",
        fields = {
            { "largest", "varint", "largest packet number received" },
            { "delay_8us", "varint", "time since it arrived, in units of 8 microseconds" },
            { "first_range", "varint", "packets received in a row before it" },
            { "ranges", "list8 ack_range 32", "further ranges, downwards" },
        },
    },
    {
        name = "stream",
        eliciting = true,
        fields = {
            { "id", "varint", "stream number; 0 carries signals" },
            { "offset", "varint", "of the first byte of data" },
            { "data", "slice16", "bytes of the stream" },
        },
    },
    {
        name = "max_stream_data",
        eliciting = true,
        fields = {
            { "id", "varint", "stream number" },
            { "limit", "varint", "bytes of the stream that may be sent in all" },
        },
    },
    {
        name = "rekey",
        eliciting = true,
        fields = {
            { "generation", "varint", "that it makes: one more than that of the packet it comes in" },
            { "public_key", "bytes 32", "X25519, fresh" },
        },
    },
    {
        name = "media",
        eliciting = true,
        fields = {
            { "slot", "u16", "from a relay: the speaker's slot in the room; from a client: 0" },
            { "header", "struct media_header", "as its sender wrote it" },
            { "payload", "slice16", "sealed: key epoch, ciphertext, tag", max = 1100 },
        },
    },
    {
        name = "media_mini",
        fields = {
            { "ref", "u16", "this packet's number minus that of the packet whose first MEDIA frame is built on" },
            { "sequence_delta", "u8", "added to that frame's sequence" },
            { "timestamp_delta_ms", "u16", "added to that frame's timestamp" },
            { "payload", "slice16", "sealed: key epoch, ciphertext, tag", max = 1100 },
        },
    },
    {
        name = "key",
        eliciting = true,
        fields = {
            { "slot", "u16", "to a relay: the recipient's slot; from a relay: the sender's" },
            { "body", "bytes 116", "proto/05-end-to-end.md" },
        },
    },
    {
        name = "key_ack",
        eliciting = true,
        fields = {
            { "slot", "u16", "to a relay: the key's sender; from a relay: the recipient" },
            { "body", "bytes 20", "proto/05-end-to-end.md" },
        },
    },
    {
        name = "close",
        fields = {
            { "reason", "u16", "enum close_reason" },
            { "text", "slice8", "UTF-8 for people, may be empty", max = 128 },
        },
    },
}

return wire

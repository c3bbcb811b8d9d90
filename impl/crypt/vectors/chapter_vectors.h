// SPDX-License-Identifier: Apache-2.0
/*
 * What proto/04-keys.md and proto/05-end-to-end.md give for fixed inputs, so that another implementation can
 * be compared byte for byte. Made by a second implementation of those chapters (Python's hashlib and OpenSSL;
 * Argon2id from libsodium), not by the code that is tested. Inputs:
 *
 * room `demo`; members 1 and 2 with seed 32 x the number, stay secret 32 x (0x10 + number), random
 * 16 x (0x20 + number); member 1 gives member 2 the sender key 40 41 .. 5f of word 0x30, then steps once and
 * seals `speech` as sequence 7 of audio stream 0; the Split() output 80 81 .. 9f seals `frames` with the
 * additional data `header` as packet 0x0102030405; the root 60 61 .. 7f, the Noise initiator's secret a0 a1
 * .. bf and the responder's c0 c1 .. df make generation 5; the random stream 5 of seed 00 01 .. 1f is asked
 * for 80 bytes.
 */
#ifndef WZP_CRYPT_VECTORS_CHAPTER_VECTORS_H
#define WZP_CRYPT_VECTORS_CHAPTER_VECTORS_H

static const char vector_room_id[] = "6cfe685ac89835016d8f0f119fd46033412282431b66a7064adc851bdc458577";
static const char vector_room_mix[] = "4797c3020baa91672d4f768f3ddc5088a2b657afac5abec9e32c437e3cd66b17";
static const char vector_sign_public[] = "aeeac5976791deec1658a9351caedd27e3e32cdca1eecbb0f0ff7433ebedb596";
static const char vector_noise_public[] = "b1e30725fcf0bd3be05435e5018d9c15fabb8c24af6fe53c5b59c19bb625ac53";
static const char vector_record[] =
    "aeeac5976791deec1658a9351caedd27e3e32cdca1eecbb0f0ff7433ebedb5967b4e909bbe7ffe44c465a220037d608e"
    "e35897d31ef972f07f74892cb0f73f136cfe685ac89835016d8f0f119fd46033412282431b66a7064adc851bdc458577"
    "212121212121212121212121212121219b20248a84fac2051edc7210bba6f5a83c7193881339cdf79e7038f07951fdd5"
    "9426d5d93086709f8edae4c359c01a3fbbcc540d9a8aef8407a190518c0a5a1a11da1b961047f66ce71a4323d0b8f102";
static const char vector_other_record[] =
    "16c7a0555ccfdf0056ef89062911edd10b99a0ad9623369a0f28d1a26d037779052a50773ac8d91773f2dc9662e12f0d"
    "efe915e415b8a1c8e20a5a3d6ab2b8436cfe685ac89835016d8f0f119fd46033412282431b66a7064adc851bdc458577"
    "222222222222222222222222222222225c153ccfacb8f134b4d7c501bde861fc5fb047bd4629459e40d3a5ce171f8d98"
    "8b0d6c07e8cb39839202f49cd1999bef8a1c77a97b835b8b4f0b786a3145ffeec8738d9bf7d038385465d65445f4470d";
static const char vector_drbg_key[] = "1b0e63fc74fa7c8b519335f7192f3618eb4242b7ff8776d8df99b49ee788fd15";
static const char vector_drbg_fill[] =
    "a23a6ad3a4671a27443859d52bdc0da8a2c91cb85a7d2b19fddb2fd595023ad5b04c08f5e37aa8f51f201963b0e08430"
    "227ebf7b51c6ab024fabddc38e52b6addb9570d91eade1f0eb57b138eac1a4ff";
static const char vector_drbg_next_key[] = "95f7c2cd7159420ca47f87809d6e72980123b6372edee94fa9b90a56196bbb9f";
static const char vector_pair[] = "ff0deccfbb07d537a4f400a1759afb280c45a75904e005b81e8460607ec8a18e";
static const char vector_key_body[] =
    "0000003047eb0ba31dba1efaf316a7d54a410040018b2a55973f87e84be4127caee9d467209bf7b1558519e22f0ca11f"
    "bed450fda1d90f21331c240ae916c4949102fa9d7d03196dacaccd2c656ce3d113c77ea609d87262c5eddd426f1e499b"
    "ff431b4f4787ad2f7fc1c5a6b738e515ff6e4908";
static const char vector_key_ack_body[] = "0000003085c2b17be930bdc9d62c3446e770349c";
static const char vector_step_key[] = "50bdeb1b770743e49bdbd5a653721e287012af2b58ea82a6119b430c868078b5";
static const char vector_media_sealed[] = "31e1a3b5ff49d73c6ca796ad0de0a601ca9a74ce87bed3";
static const char vector_hop_seal_key[] = "ca992200734ad2006968e37ffe17994b1d6b66e67e7f12931e4bdcf1d58a9c9f";
static const char vector_hop_mask_key[] = "4cb743b624aff633cddfc2fc3741e5da6cf4ff96d14bfaee5bfae3780d4e2259";
static const char vector_hop_sealed[] = "d67d7ddf8949cbf3546f30c16f8e1428c16f2e1364d0";
static const char vector_rekey_initiator_public[] =
    "605a725d2a4adfeeb1a29e17edd621c1b7593ee8cdbc44ac6c4ab6e2f805d23c";
static const char vector_rekey_responder_public[] =
    "dc2cca31e8e43bbd91dff7e475cca3347eb478107d5bd765aba4ae4a30c35d44";
static const char vector_rekey_root[] = "8259b9342b2e2e2db2924d15fcf9500f81ac719c8df67434f330a4aa00d549f7";
static const char vector_rekey_from_initiator[] =
    "d889b68b647b99f04b65071cc3e718c32343563b629af542a9d6beb3e8233e5f";
static const char vector_rekey_from_responder[] =
    "a9bfc7896942f492ba91156b98dd35989e2b684445841905b0a068317e0af28f";
static const char vector_media_header[] = "02000000000000000007000001400000";

#endif

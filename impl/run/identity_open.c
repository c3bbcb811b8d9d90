// SPDX-License-Identifier: Apache-2.0
#include "run/identity_open.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "run/entropy.h"
#include "run/private_file.h"

static bool complain(const struct wzp_identity_choice *choice, const char *sentence)
{
    fprintf(stderr, "%s: %s\n", choice->program, sentence);
    return false;
}

static bool complain_of(const struct wzp_identity_choice *choice, const char *path, const char *sentence)
{
    fprintf(stderr, "%s: %s: %s\n", choice->program, path, sentence);
    return false;
}

struct wzp_identity_secrets *wzp_identity_secrets_create(const struct wzp_identity_choice *choice)
{
    struct wzp_identity_secrets *secrets = sodium_malloc(sizeof *secrets);
    if (secrets)
        memset(secrets, 0, sizeof *secrets);
    else
        complain(choice, "out of memory");
    return secrets;
}

void wzp_identity_secrets_destroy(struct wzp_identity_secrets *secrets)
{
    sodium_free(secrets);
}

bool wzp_identity_path(const struct wzp_identity_choice *choice, char path[static PATH_MAX])
{
    if (!choice->id)
        return wzp_private_path(choice->default_name, path) ||
               complain(choice, "there is no home folder to keep an identity in; give --id FILE");
    return snprintf(path, PATH_MAX, "%s", choice->id) < PATH_MAX ||
           complain(choice, "the name of the identity file is too long");
}

bool wzp_identity_unlock(const struct wzp_identity_choice *choice, const char *path,
                         struct wzp_identity_secrets *secrets, bool *is_absent)
{
    char why[WZP_WHY_MAX], prompt[PATH_MAX + 32];
    enum wzp_identity_found found = wzp_identity_file_read(path, &secrets->text, why);
    if (is_absent)
        *is_absent = found == WZP_IDENTITY_ABSENT;
    if (found != WZP_IDENTITY_READ)
        return found == WZP_IDENTITY_ABSENT && is_absent ? false : complain(choice, why);
    if (!secrets->text.is_sealed) {
        if (choice->passphrase_file)
            return complain_of(choice, path, "this identity is not sealed; leave --passphrase-file out");
        memcpy(secrets->seed, secrets->text.seed, sizeof secrets->seed);
        return true;
    }
    snprintf(prompt, sizeof prompt, "Passphrase of %s", path);
    if (!wzp_passphrase_get(choice->passphrase_file, "passphrase-file", prompt, false, &secrets->passphrase,
                            why))
        return complain(choice, why);
    enum wzp_identity_fault fault = wzp_identity_text_open(&secrets->text, secrets->passphrase.bytes,
                                                           secrets->passphrase.len, secrets->seed);
    return fault == WZP_IDENTITY_OK || complain_of(choice, path, wzp_identity_fault_text(fault));
}

bool wzp_identity_store(const struct wzp_identity_choice *choice, const char *path,
                        struct wzp_identity_secrets *secrets, bool is_sealed, bool replace)
{
    char why[WZP_WHY_MAX];
    sodium_memzero(&secrets->text, sizeof secrets->text);
    if (is_sealed) {
        uint8_t salt[16];
        wzp_entropy_fill(salt, sizeof salt);
        enum wzp_identity_fault fault = wzp_identity_text_seal(
            &secrets->text, secrets->seed, secrets->passphrase.bytes, secrets->passphrase.len, salt);
        if (fault != WZP_IDENTITY_OK)
            return complain_of(choice, path, wzp_identity_fault_text(fault));
    } else {
        memcpy(secrets->text.seed, secrets->seed, sizeof secrets->text.seed);
    }
    if (!choice->id && !wzp_private_folders(path)) /* a folder that the user named wrongly is not made */
        return complain_of(choice, path, strerror(errno));
    return wzp_identity_file_write(path, &secrets->text, replace, why) || complain(choice, why);
}

static bool make_new(const struct wzp_identity_choice *choice, const char *path,
                     struct wzp_identity_secrets *secrets)
{
    char why[WZP_WHY_MAX];
    wzp_entropy_fill(secrets->seed, sizeof secrets->seed);
    if (choice->passphrase_file &&
        !wzp_passphrase_get(choice->passphrase_file, "passphrase-file", "", true, &secrets->passphrase, why))
        return complain(choice, why);
    if (!wzp_identity_store(choice, path, secrets, choice->passphrase_file != NULL, false))
        return false;
    fprintf(stderr, "%s: made a new identity in %s\n", choice->program, path);
    return true;
}

bool wzp_identity_use(const struct wzp_identity_choice *choice, struct wzp_identity *identity)
{
    char path[PATH_MAX];
    bool is_absent;
    struct wzp_identity_secrets *secrets = wzp_identity_secrets_create(choice);
    if (!secrets)
        return false;
    bool ok = true;
    if (choice->id && strcmp(choice->id, WZP_IDENTITY_EPHEMERAL) == 0)
        wzp_entropy_fill(secrets->seed, sizeof secrets->seed);
    else
        ok = wzp_identity_path(choice, path) && (wzp_identity_unlock(choice, path, secrets, &is_absent) ||
                                                 (is_absent && make_new(choice, path, secrets)));
    if (ok)
        wzp_identity_from_seed(identity, secrets->seed);
    wzp_identity_secrets_destroy(secrets);
    return ok;
}

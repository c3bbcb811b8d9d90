// SPDX-License-Identifier: Apache-2.0
/* wzp-client id and wzp-relay id: make, look at, write down, bring back and seal the identity of the program.
 */
#include "run/cmd.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "run/entropy.h"
#include "run/identity_open.h"
#include "run/private_file.h"

struct job {
    struct wzp_identity_choice choice;
    const char *new_passphrase_file;
    bool force, remove;
    char path[PATH_MAX];
    struct wzp_identity_secrets *secrets;
};

struct verb {
    const char *name, *about, *notes;
    bool (*run)(struct job *job);
    bool makes, changes_passphrase; /* has --force; has --new-passphrase-file and --remove */
};

static bool complain(const struct job *job, const char *sentence)
{
    fprintf(stderr, "%s: %s\n", job->choice.program, sentence);
    return false;
}

/* Results are what was asked for: one that did not arrive whole is a failure. */
static bool flush(const struct job *job)
{
    return fflush(stdout) == 0 || complain(job, "the result could not be written");
}

static bool print_facts(const struct job *job)
{
    struct wzp_identity identity;
    char fingerprint[WZP_FINGERPRINT_LEN], public_key[WZP_KEY_TEXT_MAX], static_key[WZP_KEY_TEXT_MAX];
    wzp_identity_from_seed(&identity, job->secrets->seed);
    wzp_identity_fingerprint(identity.sign_public, fingerprint);
    wzp_key_format(identity.sign_public, public_key);
    wzp_key_format(identity.noise_public, static_key);
    wzp_identity_deinit(&identity);
    printf("fingerprint: %s\npublic key: %s\nstatic key: %s\nfile: %s, %s\n", fingerprint, public_key,
           static_key, job->path, job->secrets->text.is_sealed ? "sealed" : "not sealed");
    return flush(job);
}

/* A file that is there is not asked a passphrase for in vain. */
static bool is_free(const struct job *job)
{
    struct wzp_identity_text *text = &job->secrets->text;
    char why[WZP_WHY_MAX];
    if (job->force || wzp_identity_file_read(job->path, text, why) == WZP_IDENTITY_ABSENT)
        return true;
    fprintf(stderr, "%s: %s: there is a file already; --force replaces it, and who it was is gone for good\n",
            job->choice.program, job->path);
    return false;
}

/* The seed into the file, sealed when a passphrase for it is given. */
static bool keep(struct job *job)
{
    char why[WZP_WHY_MAX];
    const char *file = job->choice.passphrase_file;
    if (file && !wzp_passphrase_get(file, "passphrase-file", "", true, &job->secrets->passphrase, why))
        return complain(job, why);
    return wzp_identity_store(&job->choice, job->path, job->secrets, file != NULL, job->force) &&
           print_facts(job);
}

static bool run_new(struct job *job)
{
    wzp_entropy_fill(job->secrets->seed, sizeof job->secrets->seed);
    return is_free(job) && keep(job);
}

static bool unlock(struct job *job)
{
    return wzp_identity_unlock(&job->choice, job->path, job->secrets, NULL);
}

static bool run_show(struct job *job)
{
    return unlock(job) && print_facts(job);
}

/* Four lines of six, as they are written on paper; past stdio, whose buffers nobody wipes. */
static bool run_words(struct job *job)
{
    if (!unlock(job))
        return false;
    char *text = job->secrets->words;
    wzp_words_encode(job->secrets->seed, sizeof job->secrets->seed, text);
    size_t len = strlen(text), words = 0;
    for (size_t i = 0; i < len; i++)
        if (text[i] == ' ' && ++words % 6 == 0)
            text[i] = '\n';
    text[len++] = '\n';
    return wzp_private_write(STDOUT_FILENO, text, len) || complain(job, "the words could not be written");
}

static bool check_words(const struct job *job, const struct wzp_words_result *result)
{
    char sentence[128];
    switch (result->fault) {
    case WZP_WORDS_OK:
        if (result->len == sizeof job->secrets->seed)
            return true;
        /* fall through */
    case WZP_WORDS_COUNT:
        snprintf(sentence, sizeof sentence, "an identity is 24 words, these are %zu", result->count);
        return complain(job, sentence);
    case WZP_WORDS_UNKNOWN:
        snprintf(sentence, sizeof sentence, "word %zu is not in the list of words", result->at);
        return complain(job, sentence);
    case WZP_WORDS_CHECKSUM:
        break;
    }
    return complain(job, "the checksum is wrong: a word is not the right one, or not in its place");
}

static bool run_restore(struct job *job)
{
    struct wzp_identity_secrets *secrets = job->secrets;
    char why[WZP_WHY_MAX];
    size_t len;
    bool passphrase_has_input = job->choice.passphrase_file && strcmp(job->choice.passphrase_file, "-") == 0;
    if (!is_free(job))
        return false;
    if (!wzp_secret_text_get(passphrase_has_input, "The 24 words", secrets->words, sizeof secrets->words,
                             &len, why))
        return complain(job, why);
    struct wzp_words_result result = wzp_words_decode(secrets->words, len, secrets->seed);
    return check_words(job, &result) && keep(job);
}

static bool run_passphrase(struct job *job)
{
    char why[WZP_WHY_MAX];
    if (job->remove && job->new_passphrase_file)
        return complain(job, "--remove and --new-passphrase-file exclude each other");
    if (!unlock(job))
        return false;
    if (!job->remove && !wzp_passphrase_get(job->new_passphrase_file, "new-passphrase-file", "New passphrase",
                                            true, &job->secrets->passphrase, why))
        return complain(job, why);
    return wzp_identity_store(&job->choice, job->path, job->secrets, !job->remove, true) && print_facts(job);
}

static const struct verb VERBS[] = {
    {"new", "Makes a new identity and prints who it is.",
     "With --passphrase-file the file is sealed under that passphrase. Write the words down (id words).",
     run_new, true, false},
    {"show", "Prints who the identity is: what others may know.",
     "static key is what --relay-key of a client is given.", run_show, false, false},
    {"words", "Prints the 24 words that are the identity. Who reads them is you.", NULL, run_words, false,
     false},
    {"restore", "Makes the identity of 24 words, from standard input or asked for at the terminal.",
     "With --passphrase-file the file is sealed under that passphrase.", run_restore, true, false},
    {"passphrase", "Seals the identity file under a passphrase, changes it, or takes it away.",
     "Older copies of the file stay as they were sealed.", run_passphrase, false, true},
};

static bool parse(struct job *job, const struct verb *verb, int argc, char **argv, int *status)
{
    struct wzp_option table[5] = {
        {.name = "id",
         .value = "FILE",
         .help = "the identity file (in the data folder)",
         .parse = wzp_option_text,
         .target = &job->choice.id},
        {.name = "passphrase-file",
         .value = "FILE|-",
         .help = "its first line is the passphrase (asked at the terminal)",
         .parse = wzp_option_text,
         .target = &job->choice.passphrase_file},
    };
    size_t count = 2;
    if (verb->makes)
        table[count++] = (struct wzp_option){
            .name = "force", .help = "replace the identity that is there", .target = &job->force};
    if (verb->changes_passphrase) {
        table[count++] = (struct wzp_option){.name = "new-passphrase-file",
                                             .value = "FILE|-",
                                             .help = "its first line is the new passphrase",
                                             .parse = wzp_option_text,
                                             .target = &job->new_passphrase_file};
        table[count++] = (struct wzp_option){
            .name = "remove", .help = "leave the file without a passphrase", .target = &job->remove};
    }
    struct wzp_options options = {job->choice.program, verb->about, verb->notes, table, count};
    return wzp_options_take(&options, argc, argv, status);
}

static int run(struct job *job, const struct verb *verb)
{
    if (job->choice.id && strcmp(job->choice.id, WZP_IDENTITY_EPHEMERAL) == 0) {
        complain(job, "an ephemeral identity is kept in no file");
        return WZP_EXIT_USAGE;
    }
    job->secrets = wzp_identity_secrets_create(&job->choice);
    if (!job->secrets)
        return WZP_EXIT_USAGE;
    bool ok = wzp_identity_path(&job->choice, job->path) && verb->run(job);
    wzp_identity_secrets_destroy(job->secrets);
    return ok ? WZP_EXIT_OK : WZP_EXIT_USAGE;
}

static void help(const char *program, FILE *out)
{
    fprintf(out, "usage: %s id VERB [OPTION]...\n\n", program);
    for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++)
        fprintf(out, "  %-10s  %s\n", VERBS[i].name, VERBS[i].about);
    fprintf(out, "\n%s id VERB --help tells more.\n", program);
}

static int take(const char *program, const char *default_name, int argc, char **argv)
{
    char name[64];
    int status;
    const char *word = argc > 0 ? argv[0] : "";
    wzp_cmd_no_core();
    for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++) {
        if (strcmp(word, VERBS[i].name) != 0)
            continue;
        snprintf(name, sizeof name, "%s id %s", program, word);
        struct job job = {.choice = {.program = name, .default_name = default_name}};
        return parse(&job, &VERBS[i], argc - 1, argv + 1, &status) ? run(&job, &VERBS[i]) : status;
    }
    if (strcmp(word, "--help") == 0) {
        help(program, stdout);
        return WZP_EXIT_OK;
    }
    if (*word)
        fprintf(stderr, "%s id: there is no verb '%.80s'\n", program, word);
    help(program, stderr);
    return WZP_EXIT_USAGE;
}

int wzp_cmd_client_id(int argc, char **argv)
{
    return take("wzp-client", WZP_CLIENT_IDENTITY, argc, argv);
}

int wzp_cmd_relay_id(int argc, char **argv)
{
    return take("wzp-relay", WZP_RELAY_IDENTITY, argc, argv);
}

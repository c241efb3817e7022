/*
 * conf.h - a configuration file by a table of keys: the same table parses it,
 * writes the sample file and the help text. What is not in the table is an
 * error.
 */
#ifndef DOZO_BASE_CONF_H
#define DOZO_BASE_CONF_H

#include "base/buf.h"
#include "base/op.h"
#include "base/span.h"

enum {
	CONF_LINE_LIMIT =
	    190, /* bytes of a line; libinih breaks longer ones in two */
	CONF_FILE_LIMIT = 128 << 10,
	CONF_NAME_LIMIT = 32 /* bytes of NAME in [site NAME] */
};

enum conf_type {
	CONF_BOOL, /* yes, no, true, false, on, off */
	CONF_U64, /* a decimal number */
	CONF_SIZE, /* bytes: 4096, 64 KiB, 16 MiB, 2 GiB, 1 TiB */
	CONF_DURATION, /* seconds: 90, 90s, 15m, 12h, 7d */
	CONF_STRING, /* the rest of the line, blanks around it removed */
	CONF_LIST, /* strings between commas; "" is the empty list */
};

/* One key. All texts are constants that outlive every conf made by the table.
 */
struct conf_key {
	const char
	    *section; /* "service", or "site *" for any number of [site NAME] */
	const char *key;
	enum conf_type type;
	const char
	    *default_text; /* as in the file; NULL: the key must be given */
	uint64_t min, max; /* of the value, of a string's bytes, of a list's
			      length; unused for CONF_BOOL */
	const char
	    *help; /* sentences in English, for the sample and for --help */
};

/* What a sample has in place of a default. section is as in the file: "site
 * tokyo". */
struct conf_setting {
	const char *section;
	const char *key;
	const char *value;
};

struct conf;

/*
 * Parses a file's text by n keys. RC_INVALID, with the number of the line, for:
 * no UTF-8 or a control character, a line over CONF_LINE_LIMIT bytes, one that
 * starts with a blank, a comment behind a value (comments have lines of their
 * own), an unknown or doubled section or key, a NAME that is not
 * [a-z0-9-]{1,CONF_NAME_LIMIT}, a value of another type or outside its range, a
 * key that is missing and has no default. RC_LIMIT beyond CONF_FILE_LIMIT,
 * RC_NO_MEMORY. The result is unchangeable; any thread may read it.
 */
enum rc conf_parse(struct op *op, struct span text, const struct conf_key *keys,
    size_t n, struct conf **ret_conf) MUST_CHECK;

/* Accepts NULL. */
void conf_free(struct conf *conf);

/* For CLEANUP. */
void conf_free_ptr(struct conf **conf);

/*
 * The value of a key, or its default. section is as in the file ("site tokyo").
 * Asking for a section or key that is not there, or by another type, is a bug
 * of the caller and ends the process. Results live as long as conf.
 */
bool
conf_get_bool(const struct conf *conf, const char *section, const char *key);

/* For CONF_U64, CONF_SIZE (bytes) and CONF_DURATION (seconds). */
uint64_t
conf_get_u64(const struct conf *conf, const char *section, const char *key);
const char *
conf_get_string(const struct conf *conf, const char *section, const char *key);
const char *const *conf_get_list(const struct conf *conf, const char *section,
    const char *key, size_t *ret_n);

/* The NAME of the i-th [PREFIX NAME] in the file's order ("site", 0); NULL
 * behind the last. */
const char *
conf_section_name(const struct conf *conf, const char *prefix, size_t i);

/*
 * Appends a file that explains every key: header and help as comments, keys
 * with their defaults commented out, n_settings of them set. A repeated section
 * that no setting names is shown commented out. RC_INVALID where a setting is
 * not in the table or cannot stand in a file; RC_LIMIT, RC_NO_MEMORY.
 */
enum rc conf_sample(struct op *op, const struct conf_key *keys, size_t n,
    const char *header, const struct conf_setting *settings, size_t n_settings,
    struct buf *buf) MUST_CHECK;

/* Appends a help text: each key with its type, range, default and help. */
enum rc conf_help(struct op *op, const struct conf_key *keys, size_t n,
    struct buf *buf) MUST_CHECK;

#endif

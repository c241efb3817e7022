/* conf_value.h - the values of a configuration: from their text, and what to
 * say of them. Only for conf*.c. */
#ifndef DOZO_BASE_CONF_VALUE_H
#define DOZO_BASE_CONF_VALUE_H

#include "base/arena.h"
#include "base/conf.h"

struct conf_value {
	const struct conf_key *key;
	union {
		bool yes;
		uint64_t number;
		const char *text;
		struct {
			const char **items;
			size_t n;
		} list;
	};
	struct conf_value *next;
};

/*
 * Reads text as a value of key into *ret_value, copying into the arena. where
 * starts the error text ("line 3: [service] threads"). RC_INVALID,
 * RC_NO_MEMORY.
 */
enum rc conf_value_parse(struct op *op, struct arena *arena,
    const struct conf_key *key, const char *where, const char *text,
    struct conf_value *ret_value) MUST_CHECK;

/* Appends what may stand there: "size, 4 KiB to 1 GiB". */
enum rc conf_value_describe(
    struct op *op, const struct conf_key *key, struct buf *buf) MUST_CHECK;

/* Whether a section of the table ("service", "site *") has this name in a file.
 */
bool conf_section_is(const char *pattern, const char *name);

/*
 * Whether a line (without its end) may stand in a file at all; line is its
 * number for the error text. RC_INVALID.
 */
enum rc
conf_line_check(struct op *op, struct span text, unsigned line) MUST_CHECK;

#endif

/*
 * body.h - JSON that a client sends: an object of known fields, each of a type.
 * What is deep, doubled, unknown or of another type is refused, with the
 * field's name.
 */
#ifndef DOZO_API_BODY_H
#define DOZO_API_BODY_H

#include "base/op.h"
#include "base/span.h"

enum { BODY_DEPTH_MAX = 8, BODY_FIELDS_MAX = 8 };

enum body_type {
	BODY_TEXT, /* without NUL */
	BODY_TIME, /* RFC 3339 */
	BODY_CHOICE, /* one of some texts */
};

struct body_field {
	const char *name;
	enum body_type type;
	bool required;
	const char *const *choices; /* NULL behind the last */
};

struct body_value {
	bool given;
	struct span text; /* in the op's arena, a NUL behind it */
	int64_t time; /* ns since 1970 */
	size_t choice;
};

/* What is wrong: both in the op's arena, or static. */
struct body_fault {
	const char *field; /* "": the body as a whole */
	const char *en;
	const char *ja;
};

/*
 * Values in the order of the fields (n of them, at most BODY_FIELDS_MAX).
 * RC_INVALID with *ret_fault; RC_NO_MEMORY.
 */
enum rc body_parse(struct op *op, struct span json,
    const struct body_field *fields, size_t n, struct body_value *ret_values,
    struct body_fault *ret_fault) MUST_CHECK;

#endif

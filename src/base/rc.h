/* rc.h - the one error type: what a caller can do about a failure, never its
 * text (that is in struct op). */
#ifndef DOZO_BASE_RC_H
#define DOZO_BASE_RC_H

enum rc {
	RC_OK = 0,
	RC_NOT_FOUND, /* it is not there: may be no error at all */
	RC_EXISTS, /* something else has the name already */
	RC_INVALID, /* the input is malformed: tell whoever sent it */
	RC_DENIED, /* this subject may not do this */
	RC_CONFLICT, /* a precondition or the present state forbids it */
	RC_LIMIT, /* larger, longer or more than the limit allows */
	RC_NO_SPACE, /* a disk or a quota is full */
	RC_NO_MEMORY, /* an allocation failed: give up this request */
	RC_IO, /* the disk, the network or the system failed */
	RC_DAMAGED, /* bytes that do not pass their check: try another copy */
	RC_NOT_STORED, /* a change was not offered to any site: it is surely not
			  done */
	RC_IN_DOUBT, /* a change was offered and too few sites answered */
	RC_UNPROVEN, /* fewer than R sites: the head cannot be proven (L3) */
	RC_FENCED, /* a higher claim exists: acknowledge nothing, delete
		      nothing, exit (L2) */
	RC_TIMEOUT, /* no answer in time: the outcome is unknown */
	RC_BUSY, /* in use or too many at once: try again later */
	RC_REFUSED, /* going on would lose acknowledged data: an operator
		       decides */
};

/* A stable lower-case word for each value, for logs and exit texts. */
const char *rc_name(enum rc rc);

#define MUST_CHECK __attribute__((warn_unused_result))
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* Passes a failure up. */
#define TRY(call) \
	do { \
		enum rc try_rc_ = (call); \
		if (try_rc_ != RC_OK) \
			return try_rc_; \
	} while (0)

/* rc, whatever was told: so that compilers and analyzers see that it is not
 * RC_OK. */
static inline MUST_CHECK enum rc
rc_of(enum rc told, enum rc rc)
{
	(void)told;
	return rc;
}

/* Says a failure where it is first seen, and returns it. */
#define FAIL(op, rc, ...) return rc_of(op_fail((op), (rc), __VA_ARGS__), (rc))

#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif

/*
 * audit.h - the audit row of a change, written inside the change itself. What
 * names people or files is in the sealed body only.
 */
#ifndef DOZO_CORE_AUDIT_H
#define DOZO_CORE_AUDIT_H

#include "core/change.h"

/* Stored: values are never used again for something else. */
enum audit_action {
	AUDIT_TENANT_FOUND = 1,
	AUDIT_MEMBER_ADD = 10,
	AUDIT_MEMBER_PASSWORD = 11,
	AUDIT_MEMBER_STATUS = 12,
	AUDIT_MEMBER_FIRST_SIGN_IN = 13,
	AUDIT_APP_PASSWORD_ADD = 14,
	AUDIT_APP_PASSWORD_REVOKE = 15,
	AUDIT_APP_PASSWORD_USED = 16,
	AUDIT_BREAK_GLASS = 17, /* what the host did next has rows of its own */
	AUDIT_NOTICE_ACKNOWLEDGE = 18,
	AUDIT_SESSION_BEGIN = 19,
	AUDIT_SESSION_END = 20,
	AUDIT_SESSION_LINK = 21, /* that signs in once */
	AUDIT_SESSION_USED = 22, /* now and then */
	AUDIT_FILE_MAKE = 30,
	AUDIT_FILE_OVERWRITE = 31,
	AUDIT_FILE_SAME = 32, /* an upload of the current content */
	AUDIT_FOLDER_MAKE = 33,
	AUDIT_DATES = 34,
	AUDIT_DELETE = 35,
	AUDIT_MOVE = 36,
	AUDIT_COPY = 37,
	AUDIT_COPY_STEP = 38, /* hidden rows of a folder's copy */
	AUDIT_RESTORE = 39,
	AUDIT_SITE_PLACE = 50, /* the provider's log: where a site stands */
	AUDIT_SITE_REGISTER = 51, /* ... a step in a change of the register */
	AUDIT_REPLACED = 40, /* went to the trash because something was moved or
				copied over it */
	AUDIT_VERSION_SWAP = 41,
	AUDIT_VERSION_SAVE = 42, /* as a new file */
	AUDIT_PURGE = 43, /* out of the trash for good */
	AUDIT_PURGE_STEP = 44, /* rows below it */
	AUDIT_EXPIRED = 45, /* versions whose term ended */
	AUDIT_SETTING = 46,
	AUDIT_LOCK = 60,
	AUDIT_LOCK_REFRESH = 61,
	AUDIT_UNLOCK = 62,
	AUDIT_PROPERTIES = 64, /* that clients keep with it */
	AUDIT_LOCKS_ENDED = 63, /* their terms had; the rows go */
	AUDIT_UPLOAD_BEGIN = 70, /* one that goes on after a break */
	AUDIT_UPLOAD_END = 71, /* given up */
	AUDIT_UPLOAD_EXPIRED = 72, /* their terms ended */
	AUDIT_REQUESTS_EXPIRED = 75, /* rows of answered requests (L23) */
	AUDIT_KEY_SITES = 80, /* the provider's log: new wrapping keys begin */
	AUDIT_KEY_EPOCH = 81, /* the host begins a key epoch of the tenant */
};

/* Stored. Texts are UTF-8, numbers 8 bytes little-endian. */
enum audit_field {
	AUDIT_NAME = 1,
	AUDIT_FORMER_NAME = 2,
	AUDIT_PARENT = 3,
	AUDIT_FORMER_PARENT = 4,
	AUDIT_SIZE = 5,
	AUDIT_VERSION = 6, /* the row that keeps the former content */
	AUDIT_SOURCE = 7, /* node that was copied */
	AUDIT_MEMBER = 8, /* whom it is about */
	AUDIT_ROLE = 9,
	AUDIT_STATUS = 10,
	AUDIT_COUNT = 11,
	AUDIT_REASON = 12,
	AUDIT_ADDRESS = 13, /* of the client */
	AUDIT_REQUEST = 14, /* id, as in the log */
	AUDIT_APP_PASSWORD = 15,
	AUDIT_COMMAND = 16, /* of the host, as it was given */
	AUDIT_NOTICE = 17,
	AUDIT_VALUE = 18, /* of a setting */
	AUDIT_FORMER_VALUE = 19,
	AUDIT_SESSION = 20,
	AUDIT_KEY_VERSION = 21, /* of the master key; an epoch */
};

enum { AUDIT_BODY_MAX = 3072, AUDIT_TEXT_MAX = 1024 };

/* A row being made: fields one after the other, each u8 field, u16 size
 * (little-endian), bytes. */
struct audit {
	enum audit_action action;
	int64_t member;
	int64_t node;
	size_t size;
	uint8_t body[AUDIT_BODY_MAX];
};

/* Begins with who asked, from where and by which request. asker is who wants
 * the change. */
void audit_begin(struct audit *audit, enum audit_action action,
    const struct op *asker, int64_t node);

/* A text over AUDIT_TEXT_MAX bytes is cut; at most 15 fields. */
void audit_text(struct audit *audit, enum audit_field field, struct span text);
void audit_number(struct audit *audit, enum audit_field field, int64_t value);

enum rc
audit_write(struct op *op, struct tx *tx, const struct audit *audit) MUST_CHECK;

/*
 * A change of its own, for what is done beside the log: stands before the act.
 * value: what its field says. As change_commit.
 */
enum rc audit_act(struct op *op, struct tenant *tenant,
    enum audit_action action, enum audit_field field, int64_t value) MUST_CHECK;

/*
 * Takes the next field off a body; *ret_more false at its end. RC_DAMAGED.
 */
struct audit_value {
	enum audit_field field;
	struct span bytes; /* of the body */
	int64_t number; /* where bytes.size is 8 */
};
enum rc audit_next(struct op *op, struct span *body,
    struct audit_value *ret_value, bool *ret_more) MUST_CHECK;

#endif

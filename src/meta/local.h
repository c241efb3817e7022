/*
 * local.h - this database's own rows, which no session records: its place in
 * the log, live data segments, what was set aside; and the replicated acks
 * (L24). For the committer and replay, in both schemas.
 */
#ifndef DOZO_META_LOCAL_H
#define DOZO_META_LOCAL_H

#include "meta/meta.h"
#include "store/object.h"

/* A committed number. */
struct local_log {
	uint64_t number;
	struct generation generation;
	uint8_t hash[OBJECT_HASH_SIZE];
	uint64_t body_offset; /* where chunks' offsets count from */
	bool changes; /* carries changes: decides what lies under it (L3) */
	bool
	    users; /* some of them a user's: a snapshot is due for them (L12) */
};

/* The name of its object. */
void local_log_name(const struct local_log *log, struct log_name *ret_name);

enum rc local_log_add(
    struct op *op, struct meta *meta, const struct local_log *log) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc local_log_get(struct op *op, struct meta *meta, uint64_t number,
    struct local_log *ret_log) MUST_CHECK;
/* Whether a number above this one carries a user's changes. */
enum rc local_log_users(struct op *op, struct meta *meta, uint64_t above,
    bool *ret_users) MUST_CHECK;
/* The highest; RC_NOT_FOUND while there is none. */
enum rc local_log_head(
    struct op *op, struct meta *meta, struct local_log *ret_log) MUST_CHECK;
/* Up to limit from a number on; each must not list again. */
typedef enum rc
local_log_each(void *arg, struct op *op, const struct local_log *log);
enum rc local_log_list(struct op *op, struct meta *meta, uint64_t from,
    size_t limit, local_log_each *each, void *arg) MUST_CHECK;
/* Numbers up to this one were cut. */
enum rc
local_log_forget(struct op *op, struct meta *meta, uint64_t number) MUST_CHECK;

/* A live data segment. */
struct local_data {
	uint8_t id[OBJECT_ID_SIZE];
	uint8_t hash[OBJECT_HASH_SIZE];
	uint64_t size;
	uint64_t number; /* that added it */
};

/* RC_EXISTS. */
enum rc local_data_add(
    struct op *op, struct meta *meta, const struct local_data *data) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc local_data_get(struct op *op, struct meta *meta,
    const uint8_t id[OBJECT_ID_SIZE], struct local_data *ret_data) MUST_CHECK;
enum rc local_data_remove(struct op *op, struct meta *meta,
    const uint8_t id[OBJECT_ID_SIZE]) MUST_CHECK;
/* Up to limit in the order of ids, after one (NULL: from the first). */
typedef enum rc
local_data_each(void *arg, struct op *op, const struct local_data *data);
enum rc local_data_list(struct op *op, struct meta *meta, const uint8_t *after,
    size_t limit, local_data_each *each, void *arg) MUST_CHECK;

/* A number that lost (L3). body_offset and changes are not kept. */
enum rc local_aside_add(
    struct op *op, struct meta *meta, const struct local_log *aside) MUST_CHECK;
enum rc local_aside_list(struct op *op, struct meta *meta, uint64_t from,
    local_log_each *each, void *arg) MUST_CHECK;
enum rc local_aside_forget(
    struct op *op, struct meta *meta, uint64_t number) MUST_CHECK;

/* A value by name, in the op's arena; RC_NOT_FOUND. */
enum rc local_state_get(struct op *op, struct meta *meta, const char *key,
    struct span *ret_value) MUST_CHECK;
enum rc local_state_set(struct op *op, struct meta *meta, const char *key,
    struct span value) MUST_CHECK;

/*
 * A site had a number at a service time (replicated). Which of these rows stay
 * is acks.h's to say. RC_EXISTS.
 */
enum rc ack_add(struct op *op, struct meta *meta, uint64_t number,
    const uint8_t site[OBJECT_ID_SIZE], int64_t time) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc ack_remove(struct op *op, struct meta *meta, uint64_t number,
    const uint8_t site[OBJECT_ID_SIZE]) MUST_CHECK;
/* The newest number that a site is known to have had; 0: none. */
enum rc ack_last(struct op *op, struct meta *meta,
    const uint8_t site[OBJECT_ID_SIZE], uint64_t *ret_number) MUST_CHECK;
/* The oldest number of a site's acks; 0: none. */
enum rc ack_first(struct op *op, struct meta *meta,
    const uint8_t site[OBJECT_ID_SIZE], uint64_t *ret_number) MUST_CHECK;
/* Takes a site's acks of these numbers away. */
enum rc
ack_drop(struct op *op, struct meta *meta, const uint8_t site[OBJECT_ID_SIZE],
    uint64_t first, uint64_t last) MUST_CHECK;
/* The sites that had a number; each may change rows. */
typedef enum rc ack_each(
    void *arg, struct op *op, const uint8_t site[OBJECT_ID_SIZE], int64_t time);
enum rc ack_list(struct op *op, struct meta *meta, uint64_t number,
    ack_each *each, void *arg) MUST_CHECK;

#endif

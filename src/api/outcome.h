/*
 * outcome.h - the answer of a change: the node in the state that the change
 * made, and the same answer again for the same Idempotency-Key (L23). Private
 * to this folder.
 */
#ifndef DOZO_API_OUTCOME_H
#define DOZO_API_OUTCOME_H

#include "api/body.h"
#include "api/node.h"
#include "crypto/hash.h"
#include "meta/idempotency.h"

/* Zeroed; stays where it is until the change is done. Needs outcome_release. */
struct outcome {
	/* The call's: where its change writes what it came to. */
	struct tree_result result;
	bool patches; /* 200, though the name was free before */
	/*
	 * Appends the body, inside of the change, after it; NULL: the node of
	 * result.
	 */
	enum rc (*write)(struct op *op, struct tx *tx, struct outcome *outcome);

	/* outcome.c's own. */
	struct change_hook hook;
	struct api *api;
	bool keyed;
	bool found; /* the key was used before */
	uint8_t key[IDEMPOTENCY_KEY_SIZE];
	uint8_t request[IDEMPOTENCY_KEY_SIZE];
	uint8_t found_request[IDEMPOTENCY_KEY_SIZE];
	/* What is answered: of the change, or of the row that was found. */
	int status;
	uint64_t number; /* 0: no new state */
	struct node_etag etag;
	struct buf body;
};

/* Looks whether the request's Idempotency-Key, if it has one, was used before
 * (outcome->found). RC_INVALID. */
enum rc outcome_open(struct api *api, struct outcome *outcome) MUST_CHECK;

/*
 * Now the body is known, too: *ret_go: the change is to be made (its calls of
 * core/ find the hook in the op); else the answer stands.
 */
enum rc outcome_begin(struct outcome *outcome, const uint8_t body[SHA256_SIZE],
    bool *ret_go) MUST_CHECK;

/* Both, for a body of JSON. */
enum rc outcome_begin_json(
    struct api *api, struct outcome *outcome, bool *ret_go) MUST_CHECK;

/* Answers with what the change came to; rc is the call's of core/. Any thread
 * that has the request. */
enum rc outcome_end(struct outcome *outcome, enum rc rc) MUST_CHECK;

void outcome_release(struct outcome *outcome); /* for CLEANUP */

/* For write: appends a node as the change leaves it, with a mark where its
 * sites will be; *ret_etag: its ETag then. */
enum rc outcome_add_node(struct op *op, struct tx *tx, struct outcome *outcome,
    int64_t id, struct node_etag *ret_etag) MUST_CHECK;

/* Parses api->json; otherwise the problem stands, naming the field, and the rc
 * is not RC_OK. */
enum rc outcome_fields(struct api *api, const struct body_field *fields,
    size_t n, struct body_value *ret_values) MUST_CHECK;

/*
 * A whole call with a body of JSON: parses it, makes the change by run unless
 * it was made before under the request's key, and answers. patches: see
 * outcome.
 */
typedef enum rc outcome_run(struct api *api, const struct body_value *values,
    struct tree_result *result);
enum rc outcome_call(struct api *api, const struct body_field *fields, size_t n,
    bool patches, outcome_run *run) MUST_CHECK;

/* The folder that a field names; one that is no id or not there is refused as
 * one that went away (result->why). */
enum rc outcome_parent(struct api *api, struct span id, int64_t *ret_parent,
    struct tree_result *result) MUST_CHECK;

/* A target: parent, name, if_exists. */
enum { OUTCOME_TARGET_FIELDS = 3 };
extern const struct body_field outcome_target_fields[OUTCOME_TARGET_FIELDS];
enum rc outcome_target(struct api *api, const struct body_value *values,
    struct tree_target *ret_to, struct tree_result *result) MUST_CHECK;

/* The choices of if_exists, in the order of enum tree_taken from
 * TREE_TAKEN_FAIL on. */
extern const char *const outcome_if_exists[];

static inline enum tree_taken
outcome_taken(size_t choice)
{
	return (enum tree_taken)(TREE_TAKEN_FAIL + choice);
}

#endif

/* again.h - a creation that is asked for again under its Idempotency-Key (L23):
 * the upload that it made. */
#ifndef DOZO_TUS_AGAIN_H
#define DOZO_TUS_AGAIN_H

#include "meta/idempotency.h"
#include "tus/request.h"

/* Zeroed; stays where it is until the change is done. */
struct again {
	bool found; /* the key was used before */
	int64_t id; /* found: the upload that was made then */

	bool keyed; /* there is a key: whoever has it finds the upload */

	/* again.c's own. */
	struct change_hook hook;
	const int64_t *made; /* where the change writes its upload's id */
	bool other; /* found: another request had the key */
	uint8_t key[IDEMPOTENCY_KEY_SIZE];
	uint8_t request[IDEMPOTENCY_KEY_SIZE];
};

/* Looks whether the request's key, if it has one, was used before; else its op
 * gets a hook that keeps made (again_close takes it off). RC_INVALID. */
enum rc again_open(
    struct tus *tus, struct again *again, const int64_t *made) MUST_CHECK;
void again_close(struct tus *tus);

/* Answers for the upload that was found, as it is now. */
enum rc again_answer(struct tus *tus, const struct again *again) MUST_CHECK;

#endif

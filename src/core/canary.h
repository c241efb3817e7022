/*
 * canary.h - the canary tenant at work: who uploads in it and where to, and
 * that it does not grow. Its versions have a term of seconds, so that their end
 * can be waited for.
 */
#ifndef DOZO_CORE_CANARY_H
#define DOZO_CORE_CANARY_H

#include "core/file_put.h"
#include "core/service.h"
#include "meta/member.h"

enum { CANARY_VERSION_SECONDS = 15 };

struct canary {
	struct tenant *tenant;
	struct actor uploader; /* may sign in nowhere */
	char login[MEMBER_LOGIN_SIZE + 1]; /* the uploader's, random */
	int64_t space; /* the uploader's own */
};

/*
 * Opens the canary tenant; what it lacks of all this is made. Close it with
 * canary_close. What change_commit gives.
 */
enum rc canary_open(struct op *op, struct service *service,
    struct canary *ret_canary) MUST_CHECK;
void canary_close(struct canary *canary); /* accepts all zero; for CLEANUP */

/*
 * Uploads a content under a name into the uploader's space, as a member does: a
 * new file, or a new state of the one that is there. As file_put.
 */
enum rc canary_put(struct op *op, const struct canary *canary, const char *name,
    struct span content, struct file_put_result *ret_result) MUST_CHECK;

/*
 * Ends everything that earlier runs left in the uploader's space and in the
 * trash, and deletes audit rows older than a day: nobody else was there.
 */
enum rc canary_tidy(struct op *op, const struct canary *canary) MUST_CHECK;

#endif

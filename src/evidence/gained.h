/*
 * gained.h - which objects the sites have gained since a moment, by comparing
 * their listings. Of tenants, those are looked at that were open then: closed
 * ones take no changes.
 */
#ifndef DOZO_EVIDENCE_GAINED_H
#define DOZO_EVIDENCE_GAINED_H

#include "core/service.h"

enum {
	GAINED_OBJECTS_MAX = 4 << 20, /* that are remembered, 8 bytes each */
	GAINED_TENANTS_MAX = SERVICE_TENANTS_OPEN + 2,
};

struct gained {
	struct site_set sites; /* that were there all the time */
	size_t n_tenants;
	uint64_t tenants[GAINED_TENANTS_MAX];
	size_t n, room;
	uint64_t *before; /* of the objects' names, sorted */
};

/*
 * Notes what the attached sites have now. RC_LIMIT beyond GAINED_OBJECTS_MAX.
 * Needs gained_release, also after a failure.
 */
enum rc gained_note(
    struct op *op, struct service *service, struct gained *gained) MUST_CHECK;
void gained_release(struct gained *gained); /* accepts all zero; CLEANUP */

/*
 * Calls each for every object that was not noted. A site that goes away leaves
 * gained->sites.
 */
typedef enum rc gained_each(
    void *arg, struct op *op, size_t site, const struct object_name *object);
enum rc gained_list(struct op *op, struct service *service,
    struct gained *gained, gained_each *each, void *arg) MUST_CHECK;

#endif

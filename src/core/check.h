/*
 * check.h - whether every site has a tenant's whole log, undamaged: its
 * keyring, each number's chain and hash, each data segment, each snapshot that
 * is kept. Alone (dozo check) or as a scrub's step (scrub.h), which goes on
 * where it was.
 */
#ifndef DOZO_CORE_CHECK_H
#define DOZO_CORE_CHECK_H

#include "core/service.h"

enum check_depth {
	/* Of data segments presence, size, header and trailer; of all else
	 * every byte, and the sealed index. */
	CHECK_ENDS,
	CHECK_BYTES, /* every byte, by checksums and hashes: no key is needed */
	CHECK_OPEN, /* and every record and every content is opened */
};

struct check_site {
	bool looked; /* it was there, all the time */
	uint64_t numbers; /* numbered segments that passed */
	uint64_t data; /* data segments that passed */
	uint64_t bytes; /* of both, as far as they were read */
	uint64_t contents; /* CHECK_OPEN: contents that opened and have their
			      digest */
	uint64_t missing; /* objects that are not there */
	uint64_t
	    damaged; /* objects that do not pass, contents that do not open */
	uint64_t strange; /* numbers that neither the chain nor the aside list
			     knows */
	uint64_t repaired; /* of those missing and damaged */
};

enum check_phase {
	CHECK_KEYRING,
	CHECK_NUMBERS,
	CHECK_DATA,
	CHECK_SNAPSHOTS,
	CHECK_NAMES,
	CHECK_CONTENTS,
	CHECK_DONE,
};

/* What was looked at last of a tenant on a site; all zero: nothing yet. */
struct check_place {
	enum check_phase phase;
	uint64_t number; /* a number, a snapshot's, or a content's id; 0: none
			    of this phase */
	uint8_t data[OBJECT_ID_SIZE];
};

struct check_job {
	enum check_depth depth;
	bool repair; /* what is wrong is repaired at once; else it is noted for
			the mender */
	/* repair: sites that did not come into service when they were waited
	 * for, so that no tenant after that waits for them again. */
	struct site_set *missed;
	/* Told of each thing that is wrong, and what came of its repair. text
	 * is for an operator: no names of files. */
	void (*problem)(void *arg, size_t site, const char *text);
	/* Told of the bytes read, after each object and each piece of a
	 * content, when place and result are up to date; ends the check where
	 * it fails. May be NULL. */
	enum rc (*step)(void *arg, struct op *op, uint64_t bytes);
	void *arg;
};

/*
 * Looks at what one site holds of a tenant, which is open, from *place on; adds
 * to *result. RC_OK also where something is wrong, or the site went away
 * (result->looked is false then). What step failed with; RC_BUSY where the
 * tenant closed. Beside a running committer; takes 2 + 8 MiB.
 */
enum rc check_site(struct op *op, struct tenant *tenant,
    const struct check_job *job, size_t site, struct check_place *place,
    struct check_site *result) MUST_CHECK;

struct check_report {
	struct check_site sites[SITES_MAX];
};

/* All attached sites, one after the other, as check_site. */
enum rc check_tenant(struct op *op, struct tenant *tenant,
    const struct check_job *job, struct check_report *ret_report) MUST_CHECK;

/*
 * What a site holds of no tenant: site.id, fences, the newest heads. Results as
 * check_site; nothing of it is repaired (a damaged fence is told of for ever,
 * heads are written anew each minute).
 */
enum rc check_service(struct op *op, struct service *service,
    const struct check_job *job, size_t site,
    struct check_site *result) MUST_CHECK;

#endif

/*
 * check.h - whether every site has a tenant's whole log, undamaged: each
 * number's chain and hash, each data segment; with read_data everything is
 * opened too.
 */
#ifndef DOZO_CORE_CHECK_H
#define DOZO_CORE_CHECK_H

#include <stdatomic.h>

#include "core/service.h"

struct check_site {
	bool looked; /* it was there */
	uint64_t numbers; /* numbered segments that passed */
	uint64_t data; /* data segments that passed */
	uint64_t bytes; /* of both */
	uint64_t contents; /* read_data: contents that opened and have their
			      digest */
	uint64_t missing; /* objects that are not there */
	uint64_t
	    damaged; /* objects that do not pass, contents that do not open */
	uint64_t strange; /* numbers that neither the chain nor the aside list
			     knows */
};

struct check_report {
	uint64_t head; /* the last number that was looked at */
	struct check_site sites[SITES_MAX];
};

struct check_job {
	bool read_data;
	const atomic_bool *stop; /* ends it early; may be NULL */
	/* Told of each thing that is wrong. text is for an operator: no names
	 * of files. */
	void (*problem)(void *arg, size_t site, const char *text);
	void *arg;
};

/*
 * Looks at all attached sites; the tenant is open. RC_OK also where something
 * is wrong: the report counts it. RC_TIMEOUT: stopped. Reads only, beside a
 * running committer; takes 2 + 8 MiB.
 */
enum rc check_tenant(struct op *op, struct tenant *tenant,
    const struct check_job *job, struct check_report *ret_report) MUST_CHECK;

#endif

/*
 * rebuild.h - what a service that was opened read-only over one site has, and
 * what it lacks against the heads that the site remembers (LOG.md L21). Reads
 * only.
 */
#ifndef DOZO_CORE_REBUILD_H
#define DOZO_CORE_REBUILD_H

#include "core/service.h"

enum { REBUILD_WHY_SIZE = 240 };

struct rebuild_tenant {
	uint64_t id; /* TENANT_PROVIDER: the provider's own log */
	bool open; /* the fields down to files_missing are known */
	char why[REBUILD_WHY_SIZE]; /* not open, or another chain than the
				       heads' */
	uint64_t number; /* the log ends there */
	int64_t changed_at; /* wall time of the newest change's audit row, 0:
			       none */
	uint8_t state_hash[DB_HASH_SIZE];
	uint64_t contents;
	uint64_t data_missing; /* data segments that are not there, or have
				  another size */
	uint64_t contents_missing; /* contents with a piece in one of those */
	uint64_t
	    files_missing; /* files with such a content now; each is told of */
	bool in_heads;
	uint64_t heads_number;
	uint64_t missing; /* acknowledged numbers that are not there */
};

struct rebuild_job {
	enum rc (*tenant)(
	    void *arg, struct op *op, const struct rebuild_tenant *tenant);
	/* A file with missing pieces, by its node id; before its tenant. */
	enum rc (*file)(
	    void *arg, struct op *op, uint64_t tenant, int64_t node);
	void *arg;
};

/*
 * Opens the provider's log and every tenant, one after the other, which makes
 * their databases, and tells of each. *ret_complete: everything that the heads
 * name is there, with all its pieces. service->heads are what was found.
 */
enum rc rebuild_run(struct op *op, struct service *service,
    const struct rebuild_job *job, bool *ret_complete) MUST_CHECK;

#endif

/*
 * heads.h - where the service stood (LOG.md L21): service time, and each
 * tenant's head. Written to every site in reach each minute and at the end;
 * what rebuild compares with what it finds. Sealed under the site's wrapping
 * key; docs/FORMAT.md has the bytes.
 */
#ifndef DOZO_CORE_HEADS_H
#define DOZO_CORE_HEADS_H

#include "base/op.h"
#include "core/clock.h"
#include "store/object.h"
#include "store/sites.h"

struct service;

struct heads_entry {
	uint64_t tenant;
	uint64_t number;
	uint8_t hash[OBJECT_HASH_SIZE];
};

struct heads {
	struct clock_stamp stamp;
	uint64_t counter; /* of the claim that wrote it; 0: none was found */
	uint64_t version;
	size_t n;
	struct heads_entry *entries; /* by tenant */
};

void heads_release(struct heads *heads);

/* The highest that stands on any attached site; counter 0 where there is none.
 * Needs heads_release. */
enum rc heads_read(
    struct op *op, struct service *service, struct heads *ret_heads) MUST_CHECK;

/* Opens the newest heads of one site; RC_OK too where it has none. RC_DAMAGED.
 */
enum rc
heads_check(struct op *op, struct service *service, size_t site) MUST_CHECK;

/* At start: keeps what is found, and takes its stamp where its service time is
 * later than *stamp's. */
enum rc heads_newest_stamp(struct op *op, struct service *service,
    struct clock_stamp *stamp) MUST_CHECK;

/* Writes a new version to every site that counts, then deletes older ones
 * there; the keeper's. *ret_on: the sites where that went well. */
enum rc heads_write(
    struct op *op, struct service *service, struct site_set *ret_on) MUST_CHECK;

/*
 * The bytes that are sealed: the stamp and the entries. RC_DAMAGED; what
 * reading has made needs heads_release also after a failure.
 */
enum rc heads_plain_write(
    struct op *op, const struct heads *heads, struct buf *out) MUST_CHECK;
enum rc heads_plain_read(
    struct op *op, struct span plain, struct heads *heads) MUST_CHECK;

/* NULL where the tenant is not in it. */
const struct heads_entry *
heads_find(const struct heads *heads, uint64_t tenant);

#endif

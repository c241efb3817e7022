/*
 * survey.h - what the sites hold of the tenants that are not open. An open
 * one's lanes tell which sites have everything of it; a closed one gets no
 * numbers, so what was seen of it stays true until a site goes away or another
 * claim is in force. So health, status and metrics know of every tenant while
 * only those in use have an open database.
 */
#ifndef DOZO_CORE_SURVEY_H
#define DOZO_CORE_SURVEY_H

#include <stdatomic.h>

#include "base/op.h"
#include "base/thread.h"
#include "store/claim.h"
#include "store/sites.h"

struct service;

struct survey_entry {
	uint64_t tenant;
	bool open; /* its lanes tell */
	uint32_t turn; /* grows with each opening and closing */
	struct site_set seen; /* sites where it was looked at ... */
	struct site_set whole; /* ... and those that hold everything of it */
	int64_t due; /* clock_mono() before which it is not looked at again */
};

struct survey {
	struct mutex lock; /* guards all below; never held over I/O */
	atomic_bool loaded; /* every tenant has an entry */
	size_t n, room;
	struct survey_entry *entries; /* by tenant */
	size_t next; /* where the next look begins */
	const struct claim
	    *claim; /* under which the sites were looked at ... */
	uint64_t epochs[SITES_MAX]; /* ... and since when they are attached */
};

void survey_init(struct survey *survey);
void survey_release(struct survey *survey);

/* Reads the list of tenants; where that fails the mender does it later. Any
 * thread. */
void survey_load(struct op *op, struct service *service);

/* The tenant's lanes tell from now on. Any thread. */
void survey_opened(struct service *service, uint64_t tenant);

/* It was closed, or could not be opened; whole: the sites that were in service
 * and have the head. */
void
survey_closed(struct service *service, uint64_t tenant, struct site_set whole);

/* Of the tenants that are not open. */
struct survey_count {
	size_t closed;
	size_t behind; /* closed ones that a site which counts is not known to
			  hold whole */
	size_t behind_at[SITES_MAX]; /* the same for each site */
};

/*
 * Whether each tenant that is not open is known to stand whole on m sites of
 * each register in force and on all of must. *ret_open: how many are open.
 * From memory. Any thread.
 */
bool
survey_stands(struct service *service, struct site_set must, size_t *ret_open);

/* From memory. false: the list of tenants has not been read yet. Any thread. */
bool survey_look(struct service *service, struct survey_count *ret_count);

/*
 * The mender's: lists some of the tenants that are due, by names only (no
 * database is opened). *ret_tenant: one that a site which counts lacks
 * something of, to be opened and caught up; 0: none for now. true: there is
 * more to look at now.
 */
bool survey_step(struct op *op, struct service *service, uint64_t *ret_tenant);

/* It could not be caught up; it is looked at again some time later. */
void survey_put_off(struct service *service, uint64_t tenant);

#endif

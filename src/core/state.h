/* state.h - how a service is at this moment: what status and /metrics tell. */
#ifndef DOZO_CORE_STATE_H
#define DOZO_CORE_STATE_H

#include "core/scrub.h"
#include "core/service.h"
#include "core/site_info.h"

/* What a site is in a change of the register (L20). */
enum state_role {
	STATE_MEMBER, /* of the register in force */
	STATE_JOINS, /* being filled: it counts for nothing yet */
	STATE_LEAVES, /* what it has is being taken away */
	STATE_STRANGER, /* dozo.conf names it, no register does: a site add or
			   replace that was broken off */
};

struct state_site {
	size_t slot; /* in the service's sites */
	enum state_role role;
	struct site_info info;
	char name[SITE_NAME_SIZE];
	const char *url; /* as long as the service */
	bool attached;
	bool counts; /* its fence stands: it may hold what is written */
	char why[SITE_WHY_SIZE]; /* it is away, or behind for some tenant; "" */
	struct io_space space; /* as last looked at; all zero: never */
	size_t damaged; /* objects of open tenants that are to be repaired */
	unsigned rolled_back; /* logs that were found so since the start */
	bool low; /* below its reserve: it gets no uploads */
	uint64_t reserve; /* bytes; 0: not known */
	bool key_pending; /* some keyring there may still be under the former
			     key (L16) */
	size_t in_service; /* open tenants that it is in service for */
	size_t closed_behind; /* tenants that are not open of which it is not
				 known to have everything */
	uint64_t held; /* of open tenants: the numbers that it holds ... */
	uint64_t lag; /* ... and those that it lacks */
};

struct state_tenant {
	uint64_t id; /* TENANT_PROVIDER too */
	enum tenant_mode mode;
	char why[TENANT_WHY_SIZE];
	uint64_t number; /* the head */
	size_t in_service; /* sites */
	bool counted; /* files and bytes are known */
	uint64_t files;
	uint64_t bytes; /* of the files' present contents */
};

struct state {
	enum service_health health;
	bool head_unproven; /* L2: nobody knows what another server has done */
	bool claimed; /* it may write: enough sites were there to claim them */
	int64_t uptime; /* ns */
	int64_t not_counted; /* ns of wall time that did not count at the start
				(L19) */
	struct io_space disk; /* of the databases; all zero: never looked at */
	bool disk_low; /* below its reserve: uploads are refused */
	uint64_t disk_reserve;
	uint32_t m, n; /* of the register in force; 0: unknown */
	struct site_change_state change; /* of the register */
	size_t n_sites; /* without those that have left */
	struct state_site sites[SITES_MAX];
	/* What was done since the start, and what waits in open tenants
	 * (upkeep_waits). */
	struct upkeep_one upkeep[UPKEEP_WORKS];
	uint64_t waits[UPKEEP_WORKS];
	struct scrub_state scrub;
	bool scrub_running;
	bool all_known; /* the list of tenants was read: n_closed is right */
	size_t n_closed; /* tenants that are not open */
	size_t n_tenants;
	struct state_tenant *tenants; /* those that are open, the provider
					 first; in the op's arena */
};

/*
 * L20: whether what happens to a place, or else to a disk, happens to both
 * sites; false where that is not known of one of them.
 */
bool state_together(
    const struct state_site *a, const struct state_site *b, bool place);

/* count: files and bytes too, which reads every file's row. Any thread. */
enum rc state_get(struct op *op, struct service *service, bool count,
    struct state *ret_state) MUST_CHECK;

#endif

/*
 * service.h - a running service: its sites, its claim, its tenants. One process
 * has one. Reading DIR and dozo.conf is cli/'s; here everything is given.
 */
#ifndef DOZO_CORE_SERVICE_H
#define DOZO_CORE_SERVICE_H

#include "base/op.h"
#include "base/thread.h"
#include "base/work.h"
#include "core/clock.h"
#include "core/heads.h"
#include "core/reserve.h"
#include "core/site_change.h"
#include "core/site_keys.h"
#include "core/survey.h"
#include "core/tenant.h"
#include "core/upkeep.h"
#include "crypto/keystore.h"
#include "store/claim.h"
#include "store/sites.h"

enum { SERVICE_PATH_SIZE = 1024, SERVICE_TENANTS_OPEN = 256 };

struct service_config {
	int dir_fd; /* DIR, borrowed: state files of databases, the clock's
		       stamp */
	const char *db_path; /* folder of the databases, as SQLite opens it */
	const char *db_folder; /* the same below dir_fd ("db") */
	struct keystore *keystore; /* borrowed; the service's lock guards it
				      (site_keys.h) */
	keystore_keep *keep; /* NULL: the keys of the sites are not rotated */
	void *keep_arg;
	sites_forget *forget; /* NULL: nothing names the sites but this */
	void *forget_arg;
	struct sites
	    *sites; /* owned from service_open on, also after a failure */
	const struct site_register *first; /* of a new service, else NULL */
	const char *host; /* for the fence */
	bool read_only; /* claims nothing, writes nothing (rebuilt services,
			   check) */
	bool accept_loss; /* L21 */
	int64_t
	    offer_time; /* ns that a number is offered again (L1); 0: 10 s */
	int64_t slow_time; /* ns after which a lagging site is behind (L4); 0:
			      10 s */
	uint64_t reserve_bytes; /* L14; 0: 1 GiB */
	unsigned reserve_percent; /* L14; the larger of both holds */
	bool upkeep; /* snapshots, cuts, packs, compaction in the background */
	uint64_t upkeep_rate; /* their bytes a second; 0: 64 MiB */
	uint64_t scrub_rate; /* bytes a second of a scrub; 0: 64 MiB */
	unsigned committers; /* threads for change_submit; 0: its caller's */
};

struct service {
	struct service_config config;
	/* In force; those before it end with the service. */
	_Atomic(struct claim *) claim;
	/*
	 * Whether a claim was taken. Without one (too few sites at the start)
	 * what the sites in reach decide is shown, and the keeper goes on
	 * trying.
	 */
	atomic_bool claimed;
	struct service_clock clock;
	struct heads heads; /* as last read or written */
	struct survey survey; /* of tenants that are not open */
	struct site_keys site_keys;
	struct site_change change;
	struct reserve reserve; /* of the local disk */
	struct mutex lock; /* guards tenants */
	struct cond changed;
	struct tenant *tenants; /* a list; the provider's is not in it */
	size_t n_open;
	struct tenant *provider;
	atomic_bool stopping; /* set under the lock */
	struct work_pool *committers; /* or NULL */
	struct upkeep upkeep;
	struct scrub *scrub; /* scrub.h */
	struct thread keeper; /* sites, fences, queues: in time */
	bool keeper_runs;
	struct thread mender; /* catching up, deleting: as long as it takes */
	bool mender_runs;
	struct thread changer; /* of the register */
	bool changer_runs;
	int64_t started; /* clock_mono() */
	bool clock_runs;
	/* How many logs of each site were found rolled back (L20). */
	atomic_uint rolled_back[SITES_MAX];
	/* clock_mono() of the last look at the fences of R sites. */
	atomic_int_fast64_t proven_at;
};

struct service_tenant_info {
	uint64_t id;
	char name[33];
	char lang[8];
	int64_t created_at; /* wall, ns */
	bool canary; /* the service's own (service_canary): no customer */
};

/*
 * Starts the sites, claims, opens the provider's log and goes on with what a
 * crash left half-done. With too few sites to claim it is read-only, until
 * there are enough; RC_UNPROVEN where not even the local database can tell
 * anything. RC_REFUSED, RC_FENCED.
 */
enum rc service_open(struct op *op, const struct service_config *config,
    struct service **ret_service) MUST_CHECK;

/* Drains, closes every database cleanly, frees. Accepts NULL. */
void service_close(struct op *op, struct service *service);

/*
 * Whether no other server has taken over; where one has, the process is to end.
 * A claim that is only stale is taken anew by the keeper.
 */
bool service_stands(struct service *service);

/*
 * Makes a new tenant (L25): its keyring, its number 1. name is the customer's
 * short name for log-ins, [a-z0-9-]{1,32}. RC_EXISTS, RC_NOT_STORED,
 * RC_IN_DOUBT.
 */
enum rc service_tenant_add(struct op *op, struct service *service,
    const char *name, const char *lang, uint64_t *ret_id) MUST_CHECK;

/* The tenant with this id, opened at first use; give it back with tenant_put.
 * RC_NOT_FOUND. */
enum rc service_tenant(struct op *op, struct service *service, uint64_t id,
    struct tenant **ret_tenant) MUST_CHECK;

/* The same without opening it or asking whether it exists: for a tenant that is
 * being made. */
enum rc service_tenant_known(struct op *op, struct service *service,
    uint64_t id, struct tenant **ret_tenant) MUST_CHECK;

/* By name; the canary tenant has none. RC_NOT_FOUND. */
enum rc service_tenant_named(struct op *op, struct service *service,
    const char *name, struct tenant **ret_tenant) MUST_CHECK;

/*
 * The service's own tenant, in which its evidence uploads and reads; made at
 * first use. Nobody can name it or sign in to it. Opened; give it back with
 * tenant_put.
 */
enum rc service_canary(struct op *op, struct service *service,
    struct tenant **ret_tenant) MUST_CHECK;

/* One of them; RC_NOT_FOUND. */
enum rc service_tenant_get(struct op *op, struct service *service, uint64_t id,
    struct service_tenant_info *ret_info) MUST_CHECK;

/* Goes on with tenants that a crash left half-made (L25); called at start. */
enum rc
service_resume_adding(struct op *op, struct service *service) MUST_CHECK;

/* Calls each for every tenant, the canary too. */
enum rc service_tenants(struct op *op, struct service *service,
    enum rc (*each)(
	void *arg, struct op *op, const struct service_tenant_info *info),
    void *arg) MUST_CHECK;

/* The provider and the tenants that are open, for a moment's work. */
struct service_pinned {
	size_t n;
	struct tenant **tenants; /* the provider first; in the op's arena */
};

/* Each has a user more until service_unpin, and is not looked at as used. */
enum rc service_pin(struct op *op, struct service *service,
    struct service_pinned *ret_pinned) MUST_CHECK;
void service_unpin(struct service_pinned *pinned);

/* Whether a site is of the register in force; every one where none is known.
 * From memory. */
bool service_has_site(struct service *service, size_t i);

/* L2: the fences of R sites could not be looked at for 15 s, so that nobody
 * knows whether another server has gone on. From memory. */
bool service_head_unproven(struct service *service);

/*
 * HEALTH_OK: every site is in service and has everything of every tenant, open
 * or not, nothing is known to be damaged, and every disk is above its reserve.
 * HEALTH_READ_ONLY: changes are
 * refused, of some tenant at least.
 */
enum service_health { HEALTH_OK, HEALTH_DEGRADED, HEALTH_READ_ONLY };

/* From memory: what /api/v1/health says. */
enum service_health service_health(struct service *service);

#endif

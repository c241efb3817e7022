/*
 * site_keys.h - the sites' wrapping keys in a running service, and their
 * rotation while people work (LOG.md L16). The keystore at hand has the present
 * key of each site and, until the site needs it no more, the former one. The
 * mender has every tenant's keyring sealed anew and looks at what stands on the
 * site, the keeper writes heads, and only then the former key leaves.
 */
#ifndef DOZO_CORE_SITE_KEYS_H
#define DOZO_CORE_SITE_KEYS_H

#include <stdatomic.h>

#include "base/op.h"
#include "base/thread.h"
#include "crypto/keystore.h"
#include "store/sites.h"

struct service;

/* Writes the keystore to its file, durably, in place of the one there. */
typedef enum rc
keystore_keep(void *arg, struct op *op, const struct keystore *keystore);

/* Of struct service; for site_keys.c only. */
struct site_keys {
	struct mutex changing; /* one change of keystore and file at a time;
				  taken before the lock */
	struct mutex lock; /* guards *config.keystore and what follows */
	struct cond changed;
	uint64_t begun; /* passes over all tenants */
	uint64_t ended; /* the last one that came to its end */
	bool soon; /* somebody waits for a pass */
	char why[SITES_MAX][SITE_WHY_SIZE]; /* the former key is still needed */
	bool confirming; /* the pass is the keeper's now, else the mender's */
	/* whose the pass is */
	bool running;
	bool provider_done;
	uint64_t after; /* the pass has been at tenants up to this one */
	struct site_set ok; /* sites where nothing of these needs it */
	struct site_set tried; /* sites that the last pass was for */
	uint64_t epochs[SITES_MAX]; /* of the sites when the pass began */
	int64_t next_try; /* clock_mono() */
};

void site_keys_init(struct site_keys *keys);
void site_keys_release(struct site_keys *keys);

/* A site's keys of this moment; needs keystore_site_release. RC_REFUSED where
 * the master key has none for it. Any thread. */
enum rc site_keys_get(struct op *op, struct service *service,
    const struct site *site, struct keystore_site *ret_keys) MUST_CHECK;

/*
 * A keystore's file that keystore_rotate made of the one at hand, sealed as it,
 * is kept and takes over: from now on its keys seal, and the mender goes to
 * work. RC_CONFLICT where it does not follow. It is exported before (L16): that
 * is the caller's. An audit row stands before the act; what it failed with.
 */
enum rc site_keys_switch(
    struct op *op, struct service *service, struct span file) MUST_CHECK;

/*
 * Seals the keystore's file with another passphrase, or not at all (NULL data).
 * RC_DENIED where now is not the present one (a keystore that is not sealed
 * takes any), RC_INVALID, RC_LIMIT.
 */
enum rc site_keys_passphrase(struct op *op, struct service *service,
    struct span now, struct span next) MUST_CHECK;

/* A new site's first key (one that it has already stays), or the end of one
 * that has left: kept, then at hand. RC_LIMIT. */
enum rc site_keys_add(struct op *op, struct service *service,
    const uint8_t id[KEYSTORE_ID_SIZE], const char *name) MUST_CHECK;
enum rc site_keys_drop(struct op *op, struct service *service,
    const uint8_t id[KEYSTORE_ID_SIZE]) MUST_CHECK;

/*
 * Waits until no site has a former key, or all tenants were looked at once
 * more, or *stop. RC_NOT_STORED where the service may not write.
 */
enum rc site_keys_await(
    struct op *op, struct service *service, const atomic_bool *stop) MUST_CHECK;

struct site_keys_state {
	uint32_t version;
	char fingerprint[KEYSTORE_FINGERPRINT_SIZE];
	bool sealed;
	size_t n_pending;
	size_t n_sites; /* of the keystore */
	struct {
		uint8_t id[KEYSTORE_ID_SIZE];
		char name[33];
		bool pending;
		char why[SITE_WHY_SIZE]; /* of a pending one; "" before the
					    first try */
	} sites[KEYSTORE_SITES_MAX];
};

/* Without the reasons. */
void site_keys_describe(
    const struct keystore *keystore, struct site_keys_state *ret_state);

/* Any thread. */
void site_keys_look(struct service *service, struct site_keys_state *ret_state);

/* The mender's: goes over the tenants for a moment. True where there is more to
 * do at once. */
bool site_keys_step(struct op *op, struct service *service);

/* The keeper's: where all tenants were looked at, the end of the pass. */
void site_keys_confirm(struct op *op, struct service *service);

#endif

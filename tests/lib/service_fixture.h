/* service_fixture.h - a service over directory sites in a sandbox, opened and
 * closed as often as a test likes. */
#ifndef DOZO_TESTS_SERVICE_FIXTURE_H
#define DOZO_TESTS_SERVICE_FIXTURE_H

#include "core/service.h"
#include "lib/test.h"

enum { FIXTURE_SITES = 6 };

struct fixture {
	char *path; /* the sandbox */
	size_t n_sites;
	uint32_t m;
	struct keystore *keystore;
	struct site_register reg;
	int dir_fd;
	char db_path[300];
	char site_paths[FIXTURE_SITES][300];
	bool gone[FIXTURE_SITES]; /* has left the register */
	struct service *service;
	int64_t offer_time; /* 0: the service's own */
	uint64_t reserve; /* bytes; 0: 1 */
	uint64_t scrub_rate; /* bytes a second; 0: the service's own */
	unsigned committers;
	bool made; /* the first opening has been */
	atomic_int keeps_left; /* the keystore is kept so often and once less,
				  then it cannot be; 0: always */
};

/* A sandbox with n sites (tokyo, osaka, sendai ...), m of which must have a
 * thing; nothing is opened. */
void fixture_init(struct fixture *f, size_t n, uint32_t m);
void fixture_release(struct fixture *f);

/* Opens the service; the first time as a new one. Returns what service_open
 * does, with its text printed on failure. */
enum rc fixture_open(struct op *op, struct fixture *f);
/* Opens a second one over the same sites, with databases of its own. */
enum rc fixture_open_other(
    struct op *op, struct fixture *f, struct service **ret_service);
void fixture_close(struct op *op, struct fixture *f);

/* Opens one that only reads, from one site alone, with databases of its own. */
enum rc fixture_open_alone(struct op *op, struct fixture *f, size_t site,
    struct service **ret_service);

/* The keystore is kept in the sandbox's file "keystore" when a rotation changes
 * it. */

/*
 * Makes the next site (nagoya ...) and gives it to the open service, as dozo
 * site add does; from now on it is one of the sandbox's. Returns its place. One
 * that a killed process has made is gone on with.
 */
size_t fixture_site_make(struct op *op, struct fixture *f);
/* Takes over what other processes made and forgot. */
void fixture_sites_find(struct fixture *f);

/* Renames a site's folder away, and back. */
void fixture_away(const struct fixture *f, size_t site);
void fixture_back(const struct fixture *f, size_t site);

/* Runs a command with /bin/sh in the sandbox, where the folders are tokyo,
 * osaka, sendai ... and db; it must succeed. */
void fixture_shell(const struct fixture *f, const char *command);

/* Deletes every local database, as a power cut would make them be discarded. */
void fixture_drop_databases(struct fixture *f);

/* A change of one setting row: the smallest that has a row. */
enum rc fixture_set(struct op *op, struct tenant *tenant, int64_t value,
    struct receipt *ret_receipt);
int64_t fixture_get(struct op *op, struct tenant *tenant);

/* Waits until the tenant takes changes, 120 s at most. */
void fixture_await_ready(struct tenant *tenant);

/* Waits until every site is in service for the tenant, 120 s at most. */
void fixture_await_sites(struct fixture *f, struct tenant *tenant, size_t n);

/* Objects in a tenant's folder on a site. */
size_t fixture_count(
    const struct fixture *f, size_t site, const char *kind, uint64_t tenant);

#endif

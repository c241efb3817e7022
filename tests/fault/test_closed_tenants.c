/* test_closed_tenants.c - tenants that are not open: health and status know
 * which sites have everything of them, and what a site lacks is brought to it
 * in the background, without opening the others (LOG.md L3). */
#include "lib/service_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "core/state.h"

enum { A, B, C, TENANTS = 40, BEHIND = 15, AWAIT_MS = 60000 };

struct world {
	struct fixture f;
	struct op op;
	uint64_t ids[TENANTS];
	size_t most_open; /* databases, as seen while waiting */
};

/* Databases of this sandbox that the process has open. */
static size_t
databases_open(const struct world *w)
{
	char link[300], path[600], seen[TENANTS + 2][24];
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	size_t n = 0, i;
	ssize_t size;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		(void)snprintf(
		    link, sizeof(link), "/proc/self/fd/%.200s", entry->d_name);
		size = readlink(link, path, sizeof(path) - 1);
		if (size < 3)
			continue;
		path[size] = '\0';
		if (strncmp(path, w->f.db_path, strlen(w->f.db_path)) != 0 ||
		    strcmp(path + size - 3, ".db") != 0)
			continue;
		for (i = 0; i < n; i++)
			if (strncmp(seen[i], strrchr(path, '/'), 20) == 0)
				break;
		if (i == n && n < TENANTS + 2)
			(void)snprintf(seen[n++], sizeof(seen[0]), "%.20s",
			    strrchr(path, '/'));
	}
	(void)closedir(dir);
	return n;
}

static void
set_one(struct world *w, size_t i, int64_t value)
{
	struct tenant *t;

	ASSERT_OK(&w->op, service_tenant(&w->op, w->f.service, w->ids[i], &t));
	ASSERT_OK(&w->op, fixture_set(&w->op, t, value, NULL));
	tenant_put(t);
}

static void
world_make(struct world *w)
{
	char name[32];
	size_t i;

	memset(w, 0, sizeof(*w));
	op_init(&w->op);
	fixture_init(&w->f, 3, 2);
	ASSERT_OK(&w->op, fixture_open(&w->op, &w->f));
	for (i = 0; i < TENANTS; i++) {
		(void)snprintf(name, sizeof(name), "customer-%zu", i);
		ASSERT_OK(&w->op, service_tenant_add(&w->op, w->f.service, name,
				      "en", &w->ids[i]));
		set_one(w, i, 1);
	}
	fixture_close(&w->op, &w->f);
}

static void
world_end(struct world *w)
{
	fixture_close(&w->op, &w->f);
	fixture_release(&w->f);
	op_release(&w->op);
}

static void
await(struct world *w, const char *what, bool (*question)(struct world *w))
{
	struct timespec step = {.tv_nsec = 2000000};
	int64_t until = clock_mono() + AWAIT_MS * CLOCK_MS;
	size_t open;

	while (!question(w)) {
		if (clock_mono() > until)
			fail_msg("not within %d s: %s", AWAIT_MS / 1000, what);
		open = databases_open(w);
		if (open > w->most_open)
			w->most_open = open;
		mutex_lock(&w->f.service->lock);
		cond_broadcast(&w->f.service->changed);
		mutex_unlock(&w->f.service->lock);
		(void)nanosleep(&step, NULL);
	}
}

static bool
all_is_well(struct world *w)
{
	return service_health(w->f.service) == HEALTH_OK;
}

static bool
only_one_is_open(struct world *w)
{
	return databases_open(w) == 1;
}

static bool
site_c_counts(struct world *w)
{
	return site_set_has(claim_sites(w->f.service->claim), C);
}

static bool
site_c_is_away(struct world *w)
{
	return !site_set_has(sites_attached(w->f.service->config.sites), C);
}

static void
state_of(struct world *w, struct state *state)
{
	ASSERT_OK(&w->op, state_get(&w->op, w->f.service, false, state));
}

/* How often a tenant was opened under the claims until now: each time its
 * keyring is put under a name of its own. */
static size_t
openings_of(const struct world *w, size_t i)
{
	return fixture_count(&w->f, A, "keys", w->ids[i]);
}

static void
assert_same_on_all(const struct world *w)
{
	size_t i;

	for (i = 0; i < TENANTS; i++)
		assert_int_equal(fixture_count(&w->f, C, "log", w->ids[i]),
		    fixture_count(&w->f, A, "log", w->ids[i]));
}

static void
a_site_that_was_away_is_caught_up_for_tenants_that_nobody_opens(void **state)
{
	size_t i, before[TENANTS];
	struct state now;
	struct world w;

	(void)state;
	world_make(&w);
	fixture_away(&w.f, C);
	ASSERT_OK(&w.op, fixture_open(&w.op, &w.f));
	for (i = 0; i < BEHIND; i++)
		set_one(&w, i, 2);
	fixture_close(&w.op, &w.f);
	for (i = 0; i < TENANTS; i++)
		before[i] = openings_of(&w, i);
	fixture_back(&w.f, C);
	ASSERT_OK(&w.op, fixture_open(&w.op, &w.f));
	await(&w, "all is well", all_is_well);
	assert_same_on_all(&w);
	/* One after the other, beside the provider's; and only those. */
	assert_in_range(w.most_open, 1, 2);
	await(&w, "the last one is closed again", only_one_is_open);
	for (i = 0; i < TENANTS; i++)
		assert_int_equal(openings_of(&w, i), before[i] + (i < BEHIND));
	state_of(&w, &now);
	assert_int_equal(now.n_closed, TENANTS);
	assert_int_equal(now.sites[C].closed_behind, 0);
	set_one(&w, 0, 3);
	world_end(&w);
}

static void
a_site_that_returns_while_the_tenants_are_closed_is_not_well_before_it_is_whole(
    void **state)
{
	struct tenant *held;
	struct state now;
	struct world w;
	size_t i;

	(void)state;
	world_make(&w);
	ASSERT_OK(&w.op, fixture_open(&w.op, &w.f));
	await(&w, "all is well", all_is_well);
	assert_int_equal(w.most_open, 1); /* names were looked at, no more */
	fixture_away(&w.f, C);
	await(&w, "the site is away", site_c_is_away);
	assert_int_equal(service_health(w.f.service), HEALTH_DEGRADED);
	for (i = 0; i < BEHIND; i++)
		set_one(&w, i, 2);
	ASSERT_OK(
	    &w.op, service_tenant_known(&w.op, w.f.service, w.ids[0], &held));
	tenant_put(held);
	for (i = 0; i < BEHIND; i++) {
		struct tenant *t;

		ASSERT_OK(&w.op,
		    service_tenant_known(&w.op, w.f.service, w.ids[i], &t));
		tenant_close(&w.op, t);
		tenant_put(t);
	}
	/* Whoever wants to open this one has to wait. */
	tenant_lock(held);
	fixture_back(&w.f, C);
	await(&w, "the site counts", site_c_counts);
	state_of(&w, &now);
	assert_int_equal(now.health, HEALTH_DEGRADED);
	/* The mender may have one in hand. */
	assert_in_range(now.n_closed, TENANTS - 1, TENANTS);
	assert_true(now.sites[C].closed_behind > 0);
	assert_int_equal(now.sites[A].closed_behind, 0);
	tenant_unlock(held);
	await(&w, "all is well", all_is_well);
	assert_same_on_all(&w);
	world_end(&w);
}

static void
tenants_that_were_closed_with_all_sites_there_are_known_to_be_whole(
    void **state)
{
	size_t before;
	struct tenant *t;
	struct world w;

	(void)state;
	world_make(&w);
	ASSERT_OK(&w.op, fixture_open(&w.op, &w.f));
	await(&w, "all is well", all_is_well);
	set_one(&w, 0, 2);
	ASSERT_OK(
	    &w.op, service_tenant_known(&w.op, w.f.service, w.ids[0], &t));
	fixture_await_sites(&w.f, t, 3);
	before = openings_of(&w, 0);
	tenant_close(&w.op, t);
	tenant_put(t);
	assert_int_equal(service_health(w.f.service), HEALTH_OK);
	assert_int_equal(openings_of(&w, 0), before);
	world_end(&w);
}

static void
a_site_that_returns_empty_gets_what_it_had_of_tenants_that_are_closed(
    void **state)
{
	struct world w;

	(void)state;
	world_make(&w);
	ASSERT_OK(&w.op, fixture_open(&w.op, &w.f));
	await(&w, "all is well", all_is_well);
	fixture_away(&w.f, C);
	await(&w, "the site is away", site_c_is_away);
	fixture_shell(&w.f,
	    "mkdir -p new/fence; cp -p sendai.away/site.id new/; "
	    "rm -rf sendai.away; mv new sendai.away");
	fixture_back(&w.f, C);
	await(&w, "the site counts", site_c_counts);
	assert_int_not_equal(service_health(w.f.service), HEALTH_OK);
	await(&w, "all is well", all_is_well);
	assert_same_on_all(&w);
	assert_in_range(w.most_open, 1, 2);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_site_that_was_away_is_caught_up_for_tenants_that_nobody_opens),
	    cmocka_unit_test(
		a_site_that_returns_while_the_tenants_are_closed_is_not_well_before_it_is_whole),
	    cmocka_unit_test(
		tenants_that_were_closed_with_all_sites_there_are_known_to_be_whole),
	    cmocka_unit_test(
		a_site_that_returns_empty_gets_what_it_had_of_tenants_that_are_closed),
	};

	log_set_level(LOG_LEVEL_ERROR);
	/* Into memory, where syncs cost nothing. */
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		assert_int_equal(setenv("TMPDIR", "/dev/shm", 1), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

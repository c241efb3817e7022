/* test_service.c - a whole service over real directories: changes, restarts,
 * sites that go and come. */
#include "lib/service_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void
hash_of(struct op *op, struct tenant *tenant, uint8_t out[DB_HASH_SIZE])
{
	struct reader *reader;

	ASSERT_OK(op, tenant_reader(op, tenant, &reader));
	ASSERT_OK(op, db_state_hash(op, reader->db, out));
	tenant_reader_put(tenant, reader);
}

static void
a_change_is_on_the_sites_and_survives_a_restart(void **state)
{
	CLEANUP(op_release) struct op op;
	struct fixture f;
	struct tenant *t;
	struct receipt receipt;
	uint64_t id;

	(void)state;
	op_init(&op);
	fixture_init(&f, 3, 2);
	ASSERT_OK(&op, fixture_open(&op, &f));
	ASSERT_OK(&op, service_tenant_add(&op, f.service, "demo", "ja", &id));
	ASSERT_OK(&op, service_tenant_named(&op, f.service, "demo", &t));
	ASSERT_OK(&op, fixture_set(&op, t, 41, &receipt));
	assert_true(receipt.number > 1);
	assert_true(site_set_count(receipt.sites) >= 2);
	ASSERT_OK(&op, fixture_set(&op, t, 42, NULL));
	assert_int_equal(fixture_get(&op, t), 42);
	tenant_put(t);
	fixture_close(&op, &f);

	ASSERT_OK(&op, fixture_open(&op, &f));
	ASSERT_OK(&op, service_tenant_named(&op, f.service, "demo", &t));
	assert_int_equal(fixture_get(&op, t), 42);
	ASSERT_OK(&op, fixture_set(&op, t, 43, NULL));
	assert_int_equal(fixture_get(&op, t), 43);
	tenant_put(t);
	fixture_close(&op, &f);
	fixture_release(&f);
}

static void
without_its_databases_a_service_has_the_same_state(void **state)
{
	CLEANUP(op_release) struct op op;
	uint8_t before[DB_HASH_SIZE], after[DB_HASH_SIZE];
	struct fixture f;
	struct tenant *t;
	uint64_t id;
	int i;

	(void)state;
	op_init(&op);
	fixture_init(&f, 3, 2);
	ASSERT_OK(&op, fixture_open(&op, &f));
	ASSERT_OK(&op, service_tenant_add(&op, f.service, "demo", "ja", &id));
	ASSERT_OK(&op, service_tenant(&op, f.service, id, &t));
	for (i = 0; i < 20; i++)
		ASSERT_OK(&op, fixture_set(&op, t, i, NULL));
	hash_of(&op, t, before);
	tenant_put(t);
	fixture_close(&op, &f);
	fixture_drop_databases(&f);

	ASSERT_OK(&op, fixture_open(&op, &f));
	ASSERT_OK(&op, service_tenant(&op, f.service, id, &t));
	assert_int_equal(fixture_get(&op, t), 19);
	hash_of(&op, t, after);
	assert_memory_equal(before, after, DB_HASH_SIZE);
	tenant_put(t);
	fixture_close(&op, &f);
	fixture_release(&f);
}

static void
a_site_that_is_away_stops_nothing_and_is_caught_up(void **state)
{
	CLEANUP(op_release) struct op op;
	char away[320];
	struct fixture f;
	struct tenant *t;
	uint64_t id;
	int i;

	(void)state;
	op_init(&op);
	fixture_init(&f, 3, 2);
	ASSERT_OK(&op, fixture_open(&op, &f));
	ASSERT_OK(&op, service_tenant_add(&op, f.service, "demo", "ja", &id));
	ASSERT_OK(&op, service_tenant(&op, f.service, id, &t));
	fixture_await_sites(&f, t, 3);
	(void)snprintf(away, sizeof(away), "%s.away", f.site_paths[1]);
	assert_int_equal(rename(f.site_paths[1], away), 0);
	for (i = 0; i < 10; i++)
		ASSERT_OK(&op, fixture_set(&op, t, i, NULL));
	fixture_await_sites(&f, t, 2);
	assert_int_equal(rename(away, f.site_paths[1]), 0);
	fixture_await_sites(&f, t, 3);
	assert_int_equal(
	    fixture_count(&f, 1, "log", id), fixture_count(&f, 0, "log", id));
	tenant_put(t);
	fixture_close(&op, &f);
	fixture_release(&f);
}

static void
with_too_few_sites_a_change_is_refused_and_reads_go_on(void **state)
{
	CLEANUP(op_release) struct op op;
	char away[320];
	struct fixture f;
	struct tenant *t;
	int64_t patience;
	uint64_t id;
	enum rc rc;

	(void)state;
	op_init(&op);
	fixture_init(&f, 2, 2);
	ASSERT_OK(&op, fixture_open(&op, &f));
	ASSERT_OK(&op, service_tenant_add(&op, f.service, "demo", "ja", &id));
	ASSERT_OK(&op, service_tenant(&op, f.service, id, &t));
	ASSERT_OK(&op, fixture_set(&op, t, 7, NULL));
	(void)snprintf(away, sizeof(away), "%s.away", f.site_paths[1]);
	assert_int_equal(rename(f.site_paths[1], away), 0);
	patience = f.service->config.offer_time;
	f.service->config.offer_time = 300 * CLOCK_MS;
	rc = fixture_set(&op, t, 8, NULL);
	f.service->config.offer_time = patience;
	assert_true(rc == RC_IN_DOUBT || rc == RC_NOT_STORED);
	op_clear_error(&op);
	ASSERT_RC(&op, RC_NOT_STORED, fixture_set(&op, t, 9, NULL));
	assert_int_equal(fixture_get(&op, t), 7);
	assert_int_equal(rename(away, f.site_paths[1]), 0);
	fixture_await_sites(&f, t, 2);
	ASSERT_OK(&op, fixture_set(&op, t, 10, NULL));
	assert_int_equal(fixture_get(&op, t), 10);
	tenant_put(t);
	fixture_close(&op, &f);

	fixture_drop_databases(&f);
	ASSERT_OK(&op, fixture_open(&op, &f));
	ASSERT_OK(&op, service_tenant(&op, f.service, id, &t));
	assert_int_equal(fixture_get(&op, t), 10);
	tenant_put(t);
	fixture_close(&op, &f);
	fixture_release(&f);
}

static void
a_second_server_takes_over_and_the_first_acknowledges_nothing(void **state)
{
	CLEANUP(op_release) struct op op;
	struct service *other;
	struct fixture f;
	struct tenant *t, *u;
	uint64_t id;
	enum rc rc;

	(void)state;
	op_init(&op);
	fixture_init(&f, 3, 2);
	ASSERT_OK(&op, fixture_open(&op, &f));
	ASSERT_OK(&op, service_tenant_add(&op, f.service, "demo", "ja", &id));
	ASSERT_OK(&op, service_tenant(&op, f.service, id, &t));
	ASSERT_OK(&op, fixture_set(&op, t, 1, NULL));
	ASSERT_OK(&op, fixture_open_other(&op, &f, &other));
	ASSERT_OK(&op, service_tenant(&op, other, id, &u));
	assert_int_equal(fixture_get(&op, u), 1);
	rc = fixture_set(&op, t, 2, NULL);
	assert_int_not_equal(rc, RC_OK);
	op_clear_error(&op);
	assert_false(service_stands(f.service));
	ASSERT_OK(&op, fixture_set(&op, u, 3, NULL));
	assert_int_equal(fixture_get(&op, u), 3);
	tenant_put(u);
	service_close(&op, other);
	tenant_put(t);
	fixture_close(&op, &f);
	fixture_release(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_change_is_on_the_sites_and_survives_a_restart),
	    cmocka_unit_test(
		without_its_databases_a_service_has_the_same_state),
	    cmocka_unit_test(
		a_site_that_is_away_stops_nothing_and_is_caught_up),
	    cmocka_unit_test(
		with_too_few_sites_a_change_is_refused_and_reads_go_on),
	    cmocka_unit_test(
		a_second_server_takes_over_and_the_first_acknowledges_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_tenant.c - commands against an open service: what a crash left
 * half-made, places of sites. */
#include "cli/commands.h"
#include "lib/service_fixture.h"

#include <string.h>

#include "cli/who.h"
#include "core/member.h"
#include "core/state.h"

static struct fixture f;
static struct op op;
static struct cli cli;

static int
setup(void **state)
{
	(void)state;
	op_init(&op);
	fixture_init(&f, 3, 2);
	ASSERT_OK(&op, fixture_open(&op, &f));
	cli_init(&cli);
	cli.service = f.service;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	cli_release(&cli);
	fixture_close(&op, &f);
	fixture_release(&f);
	op_release(&op);
	return 0;
}

static enum cli_exit
tenant_add(const char *name)
{
	const char *words[] = {
	    "tenant", "add", "d", name, "--admin", "ann", "--lang", "en"};
	enum cli_exit end;

	cli_release(&cli);
	cli_init(&cli);
	cli.service = f.service;
	assert_true(cli_parse(&cli, ARRAY_LEN(words), words, &end));
	return cli.command->run(&cli);
}

static void
a_half_made_tenant_is_finished_by_the_same_command(void **state)
{
	struct member_row row;
	struct tenant *t;
	struct reader *reader;
	uint64_t id;

	(void)state;
	/* The crash came between the tenant and its first rows. */
	ASSERT_OK(&op, service_tenant_add(&op, f.service, "acme", "en", &id));
	assert_int_equal(tenant_add("acme"), CLI_OK);
	assert_non_null(memmem(cli.out.data, cli.out.size, "password", 8));
	ASSERT_OK(&op, service_tenant_named(&op, f.service, "acme", &t));
	assert_int_equal(t->id, id);
	ASSERT_OK(&op, tenant_reader(&op, t, &reader));
	ASSERT_OK(&op, member_find(&op, &reader->meta, span_str("ann"), &row));
	member_row_wipe(&row);
	tenant_reader_put(t, reader);
	tenant_put(t);
	/* And not a second time. */
	assert_int_equal(tenant_add("acme"), CLI_FAILED);
	assert_non_null(memmem(cli.err.data, cli.err.size, "already", 7));
	assert_int_equal(cli.out.size, 0);
}

static void
places_are_kept_over_a_restart(void **state)
{
	struct site_info info = {.place = "大阪", .country = "JP"};
	struct site_info bad = {.country = "jp"};

	(void)state;
	memcpy(info.id, f.reg.ids[1], sizeof(info.id));
	memcpy(bad.id, f.reg.ids[1], sizeof(bad.id));
	ASSERT_OK(&op, site_info_set(&op, f.service, "osaka", &info));
	ASSERT_RC(
	    &op, RC_INVALID, site_info_set(&op, f.service, "osaka", &bad));
	fixture_close(&op, &f);
	fixture_drop_databases(&f);
	ASSERT_OK(&op, fixture_open(&op, &f));
	memset(&info, 0, sizeof(info));
	ASSERT_OK(&op, site_info_get(&op, f.service, f.reg.ids[1], &info));
	assert_string_equal(info.place, "大阪");
	assert_string_equal(info.country, "JP");
	ASSERT_OK(&op, site_info_get(&op, f.service, f.reg.ids[0], &info));
	assert_string_equal(info.place, "");
}

/* The service's own threads use it for moments. */
static void
await_users(struct tenant *t, int n)
{
	const struct timespec step = {.tv_nsec = 1000000};
	int64_t until = clock_mono() + 20 * CLOCK_S;
	int users;

	do {
		mutex_lock(&t->lock);
		users = t->users;
		mutex_unlock(&t->lock);
		(void)nanosleep(&step, NULL);
	} while (users != n && clock_mono() < until);
	assert_int_equal(users, n);
}

static void
the_state_counts_what_is_open(void **state)
{
	struct state now;
	struct tenant *t;
	size_t i;

	(void)state;
	assert_int_equal(tenant_add("acme"), CLI_OK);
	ASSERT_OK(&op, service_tenant_named(&op, f.service, "acme", &t));
	fixture_await_sites(&f, t, 3);
	/* Two of three suffice for an answer; the third has it a moment later.
	 */
	lanes_drain(&t->lanes, clock_mono() + 10 * CLOCK_S);
	lanes_drain(&f.service->provider->lanes, clock_mono() + 10 * CLOCK_S);
	ASSERT_OK(&op, state_get(&op, f.service, true, &now));
	assert_int_equal(now.n_sites, 3);
	assert_int_equal(now.m, 2);
	assert_int_equal(now.n_tenants, 2);
	assert_int_equal(now.tenants[0].id, TENANT_PROVIDER);
	assert_int_equal(now.tenants[1].number, t->head.number);
	assert_true(now.tenants[1].counted);
	assert_int_equal(now.tenants[1].files, 0);
	for (i = 0; i < 3; i++) {
		assert_true(now.sites[i].attached);
		assert_int_equal(now.sites[i].in_service, 2);
		assert_int_equal(now.sites[i].lag, 0);
		assert_int_equal(now.sites[i].held,
		    now.tenants[0].number + now.tenants[1].number);
	}
	await_users(t, 1); /* looking at a tenant is no use of it */
	tenant_put(t);
}

static void
a_login_name_may_carry_its_tenant(void **state)
{
	struct span login;

	(void)state;
	ASSERT_OK(&op, who_login(&op, "ann@acme", "acme", &login));
	assert_true(span_equal(login, span_str("ann")));
	ASSERT_OK(&op, who_login(&op, "ann", "acme", &login));
	assert_true(span_equal(login, span_str("ann")));
	ASSERT_RC(&op, RC_INVALID, who_login(&op, "ann@other", "acme", &login));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_half_made_tenant_is_finished_by_the_same_command),
	    T(places_are_kept_over_a_restart),
	    T(the_state_counts_what_is_open),
	    T(a_login_name_may_carry_its_tenant),
	};

	return cmocka_run_group_tests_name("cli_tenant", tests, NULL, NULL);
}

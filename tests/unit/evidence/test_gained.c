/* test_gained.c - what sites have gained is told, all of it and nothing else.
 */
#include <string.h>

#include "base/rand.h"
#include "evidence/gained.h"
#include "lib/service_fixture.h"

struct world {
	struct fixture f;
	struct op op;
	uint64_t tenant;
	struct gained gained;
};

static int
setup(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	op_init(&w->op);
	fixture_init(&w->f, 3, 2);
	ASSERT_OK(&w->op, fixture_open(&w->op, &w->f));
	ASSERT_OK(&w->op,
	    service_tenant_add(&w->op, w->f.service, "acme", "en", &w->tenant));
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	gained_release(&w->gained);
	fixture_close(&w->op, &w->f);
	fixture_release(&w->f);
	op_release(&w->op);
	test_free(w);
	return 0;
}

/* As any writer on a site would. */
static void
object_put(struct world *w, size_t site, uint64_t tenant)
{
	struct site *at = w->f.service->config.sites->slots[site].site;
	uint8_t id[OBJECT_ID_SIZE];
	struct object_name name;

	rand_bytes(id, sizeof(id));
	object_data(&name, tenant, id);
	ASSERT_OK(&w->op, site_prepare(&w->op, at, name.folder));
	ASSERT_OK(&w->op, site_put(&w->op, at, &name, span_str("an object")));
}

struct seen {
	struct world *w;
	uint64_t tenant;
	size_t of_tenant[SITES_MAX]; /* data segments */
};

static enum rc
see(void *arg, struct op *op, size_t site, const struct object_name *object)
{
	struct seen *seen = arg;
	char folder[OBJECT_FOLDER_SIZE];

	(void)op;
	object_folder(folder, "data", seen->tenant);
	seen->of_tenant[site] += strcmp(object->folder, folder) == 0;
	return RC_OK;
}

static void
look(struct world *w, uint64_t tenant, struct seen *seen)
{
	*seen = (struct seen){.w = w, .tenant = tenant};
	ASSERT_OK(
	    &w->op, gained_list(&w->op, w->f.service, &w->gained, see, seen));
}

static void
only_what_came_since_is_told_of_each_site(void **state)
{
	struct world *w = *state;
	struct seen seen;

	object_put(w, 0, w->tenant);
	object_put(w, 1, w->tenant);
	ASSERT_OK(&w->op, gained_note(&w->op, w->f.service, &w->gained));
	assert_int_equal(site_set_count(w->gained.sites), 3);
	look(w, w->tenant, &seen);
	assert_int_equal(seen.of_tenant[0] + seen.of_tenant[1], 0);
	object_put(w, 1, w->tenant);
	object_put(w, 1, w->tenant);
	object_put(w, 2, TENANT_PROVIDER);
	look(w, w->tenant, &seen);
	assert_int_equal(seen.of_tenant[0], 0);
	assert_int_equal(seen.of_tenant[1], 2);
	assert_int_equal(seen.of_tenant[2], 0);
	look(w, TENANT_PROVIDER, &seen);
	assert_int_equal(seen.of_tenant[2], 1);
}

/* Its objects would all look new when it is back. */
static void
a_site_that_goes_or_comes_meanwhile_is_left_out(void **state)
{
	struct world *w = *state;
	struct seen seen;

	ASSERT_OK(&w->op, gained_note(&w->op, w->f.service, &w->gained));
	fixture_away(&w->f, 1);
	object_put(w, 0, w->tenant);
	look(w, w->tenant, &seen);
	assert_int_equal(seen.of_tenant[0], 1);
	assert_false(site_set_has(w->gained.sites, 1));
	assert_int_equal(site_set_count(w->gained.sites), 2);
	fixture_back(&w->f, 1);
	look(w, w->tenant, &seen);
	assert_int_equal(site_set_count(w->gained.sites), 2);
	assert_int_equal(seen.of_tenant[1], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		only_what_came_since_is_told_of_each_site, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_site_that_goes_or_comes_meanwhile_is_left_out, setup,
		teardown),
	};

	return cmocka_run_group_tests_name("gained", tests, NULL, NULL);
}

/* test_io_faults.c - the n-th I/O call fails, once or from then on: nothing
 * acknowledged is lost, no wrong byte is given, and the service comes back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"
#include "world.h"

enum { CALLS_MAX = 400 };

struct fault_kind {
	int error;
	bool forever;
	long step; /* every so many calls of the sample */
};

/* What the file of this name must have, whatever fails. */
struct sure {
	bool there;
	uint32_t seed;
};

static bool
fits(struct world *w, const char *name, uint64_t size, uint32_t seed)
{
	struct node node;
	bool same = false;
	enum rc rc = world_find(&w->op, w, w->space, name, &node);

	if (rc == RC_NOT_FOUND)
		op_clear_error(&w->op);
	if (rc == RC_NOT_FOUND || node.size != size)
		return false;
	ASSERT_OK(&w->op, rc);
	ASSERT_OK(
	    &w->op, world_read(&w->op, w, node.content, size, seed, &same));
	return same;
}

/*
 * One overwrite with the fault armed; false where the fault did not happen any
 * more. After a refusal the file has the former bytes, after an answer in doubt
 * either, and the former ones it keeps until the new ones are there.
 */
static bool
put_with_fault(struct world *w, const struct fault_kind *kind, long n,
    uint64_t size, struct sure *sure)
{
	uint32_t seed = (uint32_t)n * 2 + 1;
	struct file_put_result result;
	bool hit, now, before;
	enum rc rc;

	fault_io_arm(n, kind->error, kind->forever);
	rc = world_put(&w->op, w, w->space, "file", size, seed, &result);
	hit = fault_io_hit();
	fault_io_arm(0, 0, false);
	op_clear_error(&w->op);
	world_await(w, "the tenant is ready", world_is_ready, 0);
	world_await(w, "every site is in service", world_sites_in_service,
	    w->f.n_sites);
	now = fits(w, "file", size, seed);
	before = sure->there && fits(w, "file", size, sure->seed);
	if (rc == RC_OK && !now)
		fail_msg("call %ld, errno %d: acknowledged and lost", n,
		    kind->error);
	if (rc != RC_OK && rc != RC_IN_DOUBT && now)
		fail_msg("call %ld, errno %d: %s, but it was done", n,
		    kind->error, rc_name(rc));
	if (sure->there && !now && !before)
		fail_msg("call %ld, errno %d: the former bytes are gone", n,
		    kind->error);
	if (now)
		*sure = (struct sure){true, seed};
	return hit;
}

static void
fail_calls(struct world *w, const struct fault_kind *kind, uint64_t size)
{
	int64_t patience = w->f.service->config.offer_time;
	struct sure sure = {0};
	long n, hits = 0;

	w->f.service->config.offer_time = 60 * CLOCK_MS;
	for (n = 1; n < CALLS_MAX; n += kind->step) {
		if (!put_with_fault(w, kind, n, size, &sure))
			break;
		hits++;
	}
	assert_true(hits > 1);
	w->f.service->config.offer_time = patience;
	/* And once more with nothing in its way. */
	n = CALLS_MAX + 1;
	assert_false(put_with_fault(
	    w, &(struct fault_kind){EIO, false, 1}, 1000000, size, &sure));
	world_assert_whole(w, w->f.n_sites);
	world_assert_no_orphans(w);
}

static void
fail_all(size_t n_sites, uint64_t size)
{
	static const struct fault_kind kinds[] = {
	    {EIO, false, 3},
	    {ENOSPC, false, 5},
	    {EIO, true, 9},
	    {ENOSPC, true, 11},
	};
	const char *soak = getenv("DOZO_TEST_SOAK");
	struct fault_kind kind;
	struct world w;
	size_t i;

	world_make(&w, n_sites, 2);
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		kind = kinds[i];
		if (soak != NULL)
			kind.step = 1;
		fail_calls(&w, &kind, size);
	}
	world_start_without_databases(&w);
	world_assert_whole(&w, n_sites);
	world_end(&w);
}

static void
an_io_fault_in_a_small_put_with_three_sites_loses_nothing(void **state)
{
	(void)state;
	fail_all(3, 3000);
}

static void
an_io_fault_in_a_small_put_with_two_sites_loses_nothing(void **state)
{
	(void)state;
	fail_all(2, 3000);
}

static void
an_io_fault_in_a_put_with_a_data_segment_and_three_sites_loses_nothing(
    void **state)
{
	(void)state;
	fail_all(3, 200000);
}

static void
an_io_fault_in_a_put_with_a_data_segment_and_two_sites_loses_nothing(
    void **state)
{
	(void)state;
	fail_all(2, 200000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		an_io_fault_in_a_small_put_with_three_sites_loses_nothing),
	    cmocka_unit_test(
		an_io_fault_in_a_small_put_with_two_sites_loses_nothing),
	    cmocka_unit_test(
		an_io_fault_in_a_put_with_a_data_segment_and_three_sites_loses_nothing),
	    cmocka_unit_test(
		an_io_fault_in_a_put_with_a_data_segment_and_two_sites_loses_nothing),
	};

	/* Every fault is logged. */
	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

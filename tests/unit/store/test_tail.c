/* test_tail.c - which sites list all that any of them lists of a tenant. */
#include "lib/test.h"
#include "store/tail.h"

enum { A = 1, B = 2, C = 4, ALL = A | B | C };

struct listed {
	struct tail tail;
	struct tail_log logs[4];
	struct tail_data data[2];
	struct tail_key keys[4];
	struct tail_snap snaps[1];
};

/* Three numbers, a data segment and a keyring, which all three sites have. A
 * keyring's copies differ in their hashes. */
static void
listed_init(struct listed *l)
{
	size_t i;

	memset(l, 0, sizeof(*l));
	for (i = 0; i < 3; i++) {
		l->logs[i].name.number = i + 1;
		l->logs[i].on.bits = ALL;
		l->keys[i].name.version = 5;
		l->keys[i].name.generation.counter = 2;
		l->keys[i].name.hash8[0] = (uint8_t)i;
		l->keys[i].on.bits = 1u << i;
	}
	l->data[0].on.bits = ALL;
	l->tail = (struct tail){.listed = {ALL},
	    .n_logs = 3,
	    .n_data = 1,
	    .n_keys = 3,
	    .logs = l->logs,
	    .data = l->data,
	    .keys = l->keys,
	    .snaps = l->snaps};
}

static void
sites_that_list_everything_are_whole(void **state)
{
	struct listed l;

	(void)state;
	listed_init(&l);
	assert_int_equal(tail_whole(&l.tail).bits, ALL);
}

static void
a_site_that_lacks_a_number_or_a_data_segment_is_not_whole(void **state)
{
	struct listed l;

	(void)state;
	listed_init(&l);
	l.logs[1].on.bits = A | B;
	assert_int_equal(tail_whole(&l.tail).bits, A | B);
	l.data[0].on.bits = B | C;
	assert_int_equal(tail_whole(&l.tail).bits, B);
}

static void
of_two_branches_each_must_be_there(void **state)
{
	struct listed l;

	(void)state;
	listed_init(&l);
	l.logs[3] = l.logs[2];
	l.logs[3].name.generation.attempt = 1;
	l.logs[2].on.bits = A;
	l.tail.n_logs = 4;
	assert_int_equal(tail_whole(&l.tail).bits, A);
}

static void
a_site_that_was_not_listed_is_not_whole(void **state)
{
	struct listed l;

	(void)state;
	listed_init(&l);
	l.tail.listed.bits = A | C;
	assert_int_equal(tail_whole(&l.tail).bits, A | C);
}

static void
a_site_with_an_older_keyring_only_is_not_whole(void **state)
{
	struct listed l;

	(void)state;
	listed_init(&l);
	l.keys[3] = l.keys[2];
	l.keys[3].name.version = 6;
	l.keys[3].on.bits = B;
	l.tail.n_keys = 4;
	assert_int_equal(tail_whole(&l.tail).bits, B);
	l.tail.n_keys = 0;
	assert_int_equal(tail_whole(&l.tail).bits, 0);
}

static void
with_a_number_that_no_site_has_none_is_whole(void **state)
{
	struct listed l;

	(void)state;
	listed_init(&l);
	l.logs[2].name.number = 4;
	assert_int_equal(tail_whole(&l.tail).bits, 0);
	l.tail.n_logs = 0;
	assert_int_equal(tail_whole(&l.tail).bits, 0);
}

static void
a_site_that_has_lost_the_beginning_is_not_whole(void **state)
{
	struct listed l;

	(void)state;
	listed_init(&l);
	l.logs[0].on.bits = A | C;
	assert_int_equal(tail_whole(&l.tail).bits, A | C);
}

static void
a_snapshot_takes_the_place_of_the_numbers_below_a_base(void **state)
{
	struct listed l;

	(void)state;
	listed_init(&l);
	l.tail.n_snaps = 1;
	l.snaps[0].on.bits = ALL;
	l.logs[0].on.bits = C; /* not deleted there yet */
	assert_int_equal(tail_whole(&l.tail).bits, ALL);
	l.snaps[0].on.bits = A | C;
	assert_int_equal(tail_whole(&l.tail).bits, A | C);
	/* Behind: older than the base, without the snapshot. */
	l.snaps[0].on.bits = A | B;
	l.logs[1].on.bits = A | B;
	l.logs[2].on.bits = A | B;
	assert_int_equal(tail_whole(&l.tail).bits, A | B);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sites_that_list_everything_are_whole),
	    cmocka_unit_test(
		a_site_that_lacks_a_number_or_a_data_segment_is_not_whole),
	    cmocka_unit_test(of_two_branches_each_must_be_there),
	    cmocka_unit_test(a_site_that_was_not_listed_is_not_whole),
	    cmocka_unit_test(a_site_with_an_older_keyring_only_is_not_whole),
	    cmocka_unit_test(with_a_number_that_no_site_has_none_is_whole),
	    cmocka_unit_test(a_site_that_has_lost_the_beginning_is_not_whole),
	    cmocka_unit_test(
		a_snapshot_takes_the_place_of_the_numbers_below_a_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

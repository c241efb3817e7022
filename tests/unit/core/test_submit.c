/* test_submit.c - changes that nobody waits for: each is told its outcome, once
 * and after it is durable. */
#include "lib/service_fixture.h"

#include <stdlib.h>

#include "base/clock.h"
#include "meta/setting.h"

enum { CHANGES = 200, WAITERS = 3 };

struct book {
	struct mutex mutex;
	struct cond cond;
	size_t told;
};

struct entry {
	struct change change;
	struct op op;
	struct book *book;
	int64_t value; /* negative: refuses itself */
	unsigned times;
};

static enum rc
entry_run(struct op *op, struct tx *tx, struct change *change)
{
	struct entry *entry = container_of(change, struct entry, change);

	if (entry->value < 0)
		FAIL(op, RC_CONFLICT, "entry %lld does not want to",
		    (long long)entry->value);
	return setting_set(op, tx->meta, SETTING_TRASH_DAYS, entry->value);
}

static void
entry_then(struct change *change)
{
	struct entry *entry = container_of(change, struct entry, change);
	MUTEX_GUARD(&entry->book->mutex);

	entry->times++;
	entry->book->told++;
	cond_broadcast(&entry->book->cond);
}

struct desk {
	struct op op;
	struct fixture f;
	struct tenant *t;
	struct book book;
	struct entry entries[CHANGES];
};

static struct desk *
desk_open(unsigned committers)
{
	struct desk *d = calloc(1, sizeof(*d));
	uint64_t id;
	size_t i;

	assert_non_null(d);
	op_init(&d->op);
	fixture_init(&d->f, 3, 2);
	d->f.committers = committers;
	mutex_init(&d->book.mutex);
	cond_init(&d->book.cond);
	ASSERT_OK(&d->op, fixture_open(&d->op, &d->f));
	ASSERT_OK(&d->op,
	    service_tenant_add(&d->op, d->f.service, "demo", "ja", &id));
	ASSERT_OK(&d->op, service_tenant(&d->op, d->f.service, id, &d->t));
	for (i = 0; i < CHANGES; i++) {
		struct entry *entry = &d->entries[i];

		op_init(&entry->op);
		entry->book = &d->book;
		entry->value = i % 5 == 4 ? -(int64_t)i : (int64_t)i + 1;
		entry->change =
		    (struct change){.run = entry_run, .then = entry_then};
	}
	return d;
}

static void
desk_close(struct desk *d)
{
	size_t i;

	tenant_put(d->t);
	fixture_close(&d->op, &d->f);
	for (i = 0; i < CHANGES; i++)
		op_release(&d->entries[i].op);
	cond_release(&d->book.cond);
	mutex_release(&d->book.mutex);
	fixture_release(&d->f);
	op_release(&d->op);
	free(d);
}

static void
submit_all(struct desk *d)
{
	size_t i;

	for (i = 0; i < CHANGES; i++)
		change_submit(&d->entries[i].op, d->t, &d->entries[i].change);
}

static void
await_told(struct desk *d, size_t n)
{
	MUTEX_GUARD(&d->book.mutex);

	while (d->book.told < n)
		cond_wait(&d->book.cond, &d->book.mutex);
}

/* Each was told once; its number is one that is on the sites. */
static void
check_outcomes(struct desk *d)
{
	uint64_t head;
	size_t i;

	mutex_lock(&d->t->lock);
	head = d->t->head.number;
	mutex_unlock(&d->t->lock);
	for (i = 0; i < CHANGES; i++) {
		const struct entry *entry = &d->entries[i];
		const struct change *change = &entry->change;

		assert_int_equal(entry->times, 1);
		assert_int_equal(
		    change->rc, entry->value < 0 ? RC_CONFLICT : RC_OK);
		assert_true((change->receipt.number > 0) == (entry->value > 0));
		assert_true(change->receipt.number <= head);
		if (entry->value > 0)
			assert_true(site_set_count(change->receipt.sites) >= 2);
	}
}

static void
each_is_told_its_own_outcome_once(void **state)
{
	struct desk *d = desk_open(4);

	(void)state;
	submit_all(d);
	await_told(d, CHANGES);
	check_outcomes(d);
	/* In the order of their coming. */
	assert_int_equal(fixture_get(&d->op, d->t), CHANGES - 1);
	desk_close(d);
}

static void
without_committers_the_caller_commits(void **state)
{
	struct desk *d = desk_open(0);

	(void)state;
	submit_all(d);
	assert_int_equal(d->book.told, CHANGES);
	check_outcomes(d);
	desk_close(d);
}

struct waiter {
	struct thread thread;
	struct tenant *t;
	int64_t first; /* of its own values: a group that comes back to what
			  stood before it makes no number */
	size_t failed;
};

static void
wait_for_many(void *arg)
{
	struct waiter *waiter = arg;
	struct op op;
	int64_t i;

	op_init(&op);
	for (i = 0; i < 40; i++)
		if (fixture_set(&op, waiter->t, waiter->first + i, NULL) !=
		    RC_OK)
			waiter->failed++;
	op_release(&op);
}

static void
those_who_wait_and_those_who_do_not_share_groups(void **state)
{
	struct desk *d = desk_open(2);
	struct waiter waiters[WAITERS] = {0};
	size_t i;

	(void)state;
	for (i = 0; i < WAITERS; i++) {
		waiters[i].t = d->t;
		waiters[i].first = 1000 * ((int64_t)i + 1);
		ASSERT_OK(&d->op, thread_start(&d->op, &waiters[i].thread,
				      "waiter", wait_for_many, &waiters[i]));
	}
	submit_all(d);
	for (i = 0; i < WAITERS; i++) {
		thread_join(&waiters[i].thread);
		assert_int_equal(waiters[i].failed, 0);
	}
	await_told(d, CHANGES);
	check_outcomes(d);
	desk_close(d);
}

enum { TOUCHED = 20 }; /* times CHANGES: more than a group has room for */

static enum rc
touch_run(struct op *op, struct tx *tx, struct change *change)
{
	struct entry *entry = container_of(change, struct entry, change);
	int64_t i;

	for (i = 0; i < TOUCHED; i++)
		TRY(tx_touch_folder(op, tx, entry->value * TOUCHED + i));
	return setting_set(op, tx->meta, SETTING_TRASH_DAYS, entry->value);
}

static void
what_finds_no_room_in_its_group_is_in_a_later_one(void **state)
{
	struct desk *d = desk_open(1);
	uint64_t first = UINT64_MAX, last = 0;
	size_t i;

	(void)state;
	for (i = 0; i < CHANGES; i++) {
		d->entries[i].value = 100 + (int64_t)i;
		d->entries[i].change.run = touch_run;
	}
	/* One group of all of them, as far as there is room. */
	tenant_lock(d->t);
	submit_all(d);
	tenant_unlock(d->t);
	await_told(d, CHANGES);
	check_outcomes(d);
	for (i = 0; i < CHANGES; i++) {
		uint64_t number = d->entries[i].change.receipt.number;

		first = number < first ? number : first;
		last = number > last ? number : last;
	}
	assert_true(last > first);
	desk_close(d);
}

static void
with_too_few_sites_each_is_told_that_it_was_not_stored(void **state)
{
	struct desk *d = desk_open(2);
	size_t i;

	(void)state;
	fixture_await_sites(&d->f, d->t, 3);
	fixture_away(&d->f, 0);
	fixture_away(&d->f, 1);
	fixture_await_sites(&d->f, d->t, 1);
	submit_all(d);
	await_told(d, CHANGES);
	for (i = 0; i < CHANGES; i++) {
		assert_int_equal(d->entries[i].times, 1);
		assert_int_equal(d->entries[i].change.rc, RC_NOT_STORED);
	}
	fixture_back(&d->f, 0);
	fixture_back(&d->f, 1);
	desk_close(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_is_told_its_own_outcome_once),
	    cmocka_unit_test(without_committers_the_caller_commits),
	    cmocka_unit_test(those_who_wait_and_those_who_do_not_share_groups),
	    cmocka_unit_test(what_finds_no_room_in_its_group_is_in_a_later_one),
	    cmocka_unit_test(
		with_too_few_sites_each_is_told_that_it_was_not_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

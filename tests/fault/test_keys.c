/* test_keys.c - new keys for sites and epochs while people work, with sites
 * that fail or are away (LOG.md L16, L17). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "core/audit.h"
#include "meta/audit.h"
#include "rings.h"
#include "store/segment.h"

enum { TOKYO, OSAKA, SENDAI };

/* ---- rotating ---- */

static struct keystore *
keystore_of_now(struct world *w)
{
	struct keystore *copy;

	ASSERT_OK(&w->op, keystore_copy(&w->op, w->f.keystore, &copy));
	return copy;
}

/* Makes the next keystore, and has it take over; the next's bytes are the
 * sandbox's file "exported". */
static void
rotation_begin(struct world *w)
{
	CLEANUP(buf_release) struct buf file = {.limit = KEYSTORE_FILE_MAX};
	CLEANUP(keystore_free_ptr) struct keystore *now = keystore_of_now(w);
	CLEANUP(keystore_free_ptr) struct keystore *next = NULL;

	ASSERT_OK(&w->op, keystore_rotate(&w->op, now, &next));
	ASSERT_OK(&w->op, keystore_write(&w->op, next, &file));
	ASSERT_OK(&w->op, io_write_file(&w->op, w->f.dir_fd, "exported",
			      buf_span(&file), 0600));
	ASSERT_OK(
	    &w->op, site_keys_switch(&w->op, w->f.service, buf_span(&file)));
}

static size_t
pending(struct world *w)
{
	struct site_keys_state state;

	site_keys_look(w->f.service, &state);
	return state.n_pending;
}

static void
put(struct world *w, const char *name, uint32_t seed)
{
	struct file_put_result result;

	ASSERT_OK(
	    &w->op, world_put(&w->op, w, w->space, name, 70000, seed, &result));
}

static void
after_a_rotation_every_keyring_is_under_the_new_key_and_files_are_there(
    void **state)
{
	struct world w;
	CLEANUP(keystore_free_ptr) struct keystore *before = NULL;
	uint64_t second;

	(void)state;
	world_make(&w, 3, 2);
	put(&w, "a", 1);
	ASSERT_OK(&w.op,
	    service_tenant_add(&w.op, w.f.service, "second", "ja", &second));
	before = keystore_of_now(&w);
	rotation_begin(&w);
	put(&w, "b", 2);
	ASSERT_OK(&w.op, site_keys_await(&w.op, w.f.service, NULL));
	assert_int_equal(pending(&w), 0);
	put(&w, "c", 3);
	world_assert_no_orphans(&w);
	rings_assert_clean(&w);
	/* An old export opens nothing that stands there now. */
	rings_assert_shut(&w, before);
	world_start_without_databases(&w);
	world_check(&w, w.space, "a", 70000, 1);
	world_check(&w, w.space, "b", 70000, 2);
	world_check(&w, w.space, "c", 70000, 3);
	world_assert_whole(&w, 3);
	world_end(&w);
}

/* A thief's copy of the site, or what lies in its freed blocks. */
static void
a_keyring_copied_before_a_rotation_is_not_opened_after_it(void **state)
{
	struct world w;
	CLEANUP(keystore_free_ptr) struct keystore *before = NULL;
	char command[300];
	size_t all;

	(void)state;
	world_make(&w, 3, 2);
	before = keystore_of_now(&w);
	fixture_shell(&w.f, "cp -r tokyo/keys copied");
	rotation_begin(&w);
	ASSERT_OK(&w.op, site_keys_await(&w.op, w.f.service, NULL));
	assert_int_equal(pending(&w), 0);
	world_stop(&w);
	(void)snprintf(command, sizeof(command),
	    "rm -r tokyo/keys; cp -r copied tokyo/keys");
	fixture_shell(&w.f, command);
	assert_true(rings_opened(&w, before, TOKYO, w.id, &all) > 0);
	assert_int_equal(rings_opened(&w, w.f.keystore, TOKYO, w.id, &all), 0);
	assert_int_equal(all, 1);
	/* The other sites know the tenant all the same. */
	world_start(&w);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	world_end(&w);
}

/* What a step leaves is looked at by the thread that makes it. */
struct steps {
	struct world look; /* with an op of its own */
	int n;
	char bad[60]; /* the first that left a site shut */
};

static void
look_at_step(void *arg, const char *name)
{
	struct steps *steps = arg;
	struct world *look = &steps->look;
	struct keystore *kept, *exported;

	if (strncmp(name, "site_keys.", 10) != 0 &&
	    strncmp(name, "keys.", 5) != 0)
		return;
	kept = rings_keystore(look, "keystore");
	exported = rings_keystore(look, "exported");
	if (steps->bad[0] == '\0' && (rings_lacking(look, kept) > 0 ||
					 rings_lacking(look, exported) > 0))
		(void)snprintf(steps->bad, sizeof(steps->bad), "%s", name);
	steps->n++;
	keystore_free(kept);
	keystore_free(exported);
}

static void
at_every_step_each_site_opens_with_the_kept_key_and_with_the_export(
    void **state)
{
	struct world w;
	struct steps steps = {.n = 0};

	(void)state;
	world_make(&w, 3, 2);
	world_keep(&w);
	steps.look = w;
	op_init(&steps.look.op);
	world_stop(&w);
	fault_point_arm(look_at_step, &steps);
	world_start(&w);
	rotation_begin(&w);
	ASSERT_OK(&w.op, site_keys_await(&w.op, w.f.service, NULL));
	assert_int_equal(pending(&w), 0);
	assert_true(steps.n >= 10);
	assert_string_equal(steps.bad, "");
	world_end(&w);
	fault_point_arm(NULL, NULL);
	op_release(&steps.look.op);
}

/* The newest heads on a site, by their name; "" where there are none. */
static void
heads_newest(struct world *w, size_t site, char out[64])
{
	char text[400];
	FILE *pipe;

	(void)snprintf(text, sizeof(text), "ls '%.300s/heads' 2>&1 | tail -1",
	    w->f.site_paths[site]);
	pipe = popen(text, "re");
	assert_non_null(pipe);
	if (fgets(out, 64, pipe) == NULL)
		out[0] = '\0';
	(void)pclose(pipe);
}

/* For world_await: this claim has written some. */
static bool
heads_are_there(struct world *w, size_t site)
{
	char name[64], counter[20];

	(void)snprintf(counter, sizeof(counter), "%016llx",
	    (unsigned long long)w->f.service->claim->counter);
	heads_newest(w, site, name);
	return strncmp(name, counter, 16) == 0;
}

struct heads_before {
	struct world *w;
	char names[FIXTURE_SITES][64];
	int looks;
	int stale; /* a site with those of before only */
};

static void
heads_compare(void *arg, const char *name)
{
	struct heads_before *before = arg;
	char newest[64];
	size_t i;

	if (strcmp(name, "site_keys.dropping") != 0)
		return;
	before->looks++;
	for (i = 0; i < before->w->f.n_sites; i++) {
		heads_newest(before->w, i, newest);
		before->stale += strcmp(newest, before->names[i]) == 0;
	}
}

static void
heads_are_under_the_new_key_before_a_former_one_leaves(void **state)
{
	struct world w;
	struct heads_before before = {.w = &w};
	size_t i;

	(void)state;
	world_make(&w, 3, 2);
	world_stop(&w);
	fault_point_arm(heads_compare, &before);
	world_start(&w);
	/* The keeper's own come once a minute. */
	for (i = 0; i < 3; i++) {
		world_await(&w, "heads are written", heads_are_there, i);
		heads_newest(&w, i, before.names[i]);
	}
	rotation_begin(&w);
	ASSERT_OK(&w.op, site_keys_await(&w.op, w.f.service, NULL));
	assert_int_equal(before.looks, 3);
	assert_int_equal(before.stale, 0);
	world_stop(&w);
	fault_point_arm(NULL, NULL);
	world_start(&w);
	assert_true(w.f.service->heads.counter > 0);
	world_end(&w);
}

static void
a_site_that_is_away_stays_pending_and_gets_its_keyrings_at_its_return(
    void **state)
{
	struct world w;
	CLEANUP(keystore_free_ptr) struct keystore *before = NULL;
	struct site_keys_state keys;

	(void)state;
	world_make(&w, 3, 2);
	before = keystore_of_now(&w);
	fixture_away(&w.f, SENDAI);
	world_await(&w, "sendai is away", world_site_is_out, SENDAI);
	rotation_begin(&w);
	ASSERT_OK(&w.op, site_keys_await(&w.op, w.f.service, NULL));
	site_keys_look(w.f.service, &keys);
	assert_int_equal(keys.n_pending, 1);
	assert_true(keys.sites[SENDAI].pending);
	assert_string_equal(keys.sites[SENDAI].why, "it is away");
	put(&w, "meanwhile", 1);
	/* The next process knows what is pending. */
	world_stop(&w);
	world_start(&w);
	assert_int_equal(pending(&w), 1);
	fixture_back(&w.f, SENDAI);
	world_await(&w, "sendai has its keyrings", rings_are_rotated, 0);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	world_assert_no_orphans(&w);
	rings_assert_clean(&w);
	rings_assert_shut(&w, before);
	world_assert_whole(&w, 3);
	world_end(&w);
}

static void
a_second_rotation_waits_for_the_end_of_the_first(void **state)
{
	struct world w;
	CLEANUP(buf_release) struct buf file = {.limit = KEYSTORE_FILE_MAX};
	struct keystore *next = NULL;

	(void)state;
	world_make(&w, 3, 2);
	fixture_away(&w.f, SENDAI);
	world_await(&w, "sendai is away", world_site_is_out, SENDAI);
	rotation_begin(&w);
	ASSERT_OK(&w.op, site_keys_await(&w.op, w.f.service, NULL));
	ASSERT_RC(
	    &w.op, RC_CONFLICT, keystore_rotate(&w.op, w.f.keystore, &next));
	/* Nor is the same one taken twice. */
	ASSERT_OK(&w.op, io_read_file(&w.op, w.f.dir_fd, "exported", &file));
	ASSERT_RC(&w.op, RC_CONFLICT,
	    site_keys_switch(&w.op, w.f.service, buf_span(&file)));
	fixture_back(&w.f, SENDAI);
	world_await(&w, "sendai has its keyrings", rings_are_rotated, 0);
	rotation_begin(&w);
	ASSERT_OK(&w.op, site_keys_await(&w.op, w.f.service, NULL));
	assert_int_equal(pending(&w), 0);
	assert_int_equal(w.f.keystore->version, 3);
	world_end(&w);
}

static void
a_keystore_that_cannot_be_kept_changes_nothing(void **state)
{
	struct world w;
	CLEANUP(buf_release) struct buf file = {.limit = KEYSTORE_FILE_MAX};
	struct keystore *next;

	(void)state;
	world_make(&w, 3, 2);
	ASSERT_OK(&w.op, keystore_rotate(&w.op, w.f.keystore, &next));
	ASSERT_OK(&w.op, keystore_write(&w.op, next, &file));
	keystore_free(next);
	atomic_store(&w.f.keeps_left, 1);
	ASSERT_RC(&w.op, RC_NO_SPACE,
	    site_keys_switch(&w.op, w.f.service, buf_span(&file)));
	assert_int_equal(w.f.keystore->version, 1);
	assert_int_equal(pending(&w), 0);
	/* Taken over, but no former key can be seen to leave: it stays. */
	atomic_store(&w.f.keeps_left, 2);
	ASSERT_OK(&w.op, site_keys_switch(&w.op, w.f.service, buf_span(&file)));
	ASSERT_OK(&w.op, site_keys_await(&w.op, w.f.service, NULL));
	assert_int_equal(pending(&w), 3);
	atomic_store(&w.f.keeps_left, 0);
	world_await(&w, "no former key is left", rings_are_rotated, 0);
	world_end(&w);
}

/* ---- epochs ---- */

static void
epoch_begin(struct world *w, uint32_t expected)
{
	uint64_t number;
	uint32_t epoch;

	ASSERT_OK(&w->op, tenant_epoch_rotate(&w->op, w->t, &epoch, &number));
	assert_int_equal(epoch, expected);
}

static enum rc
epoch_try(struct world *w, uint32_t *ret_epoch)
{
	uint64_t number;

	return tenant_epoch_rotate(&w->op, w->t, ret_epoch, &number);
}

/* Makes an epoch that no number is of. */
static void
epoch_unused(struct world *w)
{
	struct keyring *ring;
	uint32_t epoch;

	tenant_lock(w->t);
	ASSERT_OK(&w->op, tenant_ring_copy(&w->op, w->t, &ring));
	ASSERT_OK(&w->op, keyring_add_epoch(&w->op, ring, &epoch));
	tenant_ring_set(w->t, ring);
	tenant_unlock(w->t);
}

static bool
has_epoch(struct world *w, uint32_t epoch)
{
	bool has;

	tenant_lock(w->t);
	has = keyring_epoch_key(w->t->ring, epoch) != NULL;
	tenant_unlock(w->t);
	return has;
}

static bool
has_not_epoch(struct world *w, size_t epoch)
{
	return !has_epoch(w, (uint32_t)epoch);
}

/* How many keys go at a sweep. */
static size_t
released(struct world *w)
{
	size_t before, after;

	tenant_lock(w->t);
	before = w->t->ring->n_epochs;
	tenant_unlock(w->t);
	tenant_sweep(&w->op, w->t, true);
	tenant_lock(w->t);
	after = w->t->ring->n_epochs;
	tenant_unlock(w->t);
	return before - after;
}

/* The epoch that the header of a number on a site names. */
static uint32_t
epoch_of(struct world *w, size_t site, uint64_t number)
{
	char text[500];
	uint8_t bytes[4];
	FILE *pipe;

	(void)snprintf(text, sizeof(text),
	    "tail -c +21 '%.300s'/log/%016llx/%016llx.* | head -c 4",
	    w->f.site_paths[site], (unsigned long long)w->id,
	    (unsigned long long)number);
	pipe = popen(text, "re");
	assert_non_null(pipe);
	assert_int_equal(fread(bytes, 1, 4, pipe), 4);
	(void)pclose(pipe);
	return bytes[0] | (uint32_t)bytes[1] << 8;
}

static void
a_new_epoch_begins_with_a_number_and_seals_all_that_follow(void **state)
{
	struct world w;
	uint64_t number, head;
	uint32_t epoch;
	size_t i;

	(void)state;
	world_make(&w, 3, 2);
	put(&w, "a", 1);
	ASSERT_OK(&w.op, tenant_epoch_rotate(&w.op, w.t, &epoch, &number));
	assert_int_equal(epoch, 2);
	put(&w, "b", 2);
	head = w.t->head.number;
	world_assert_whole(&w, 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(epoch_of(&w, i, number - 1), 1);
		assert_int_equal(epoch_of(&w, i, number), 2);
		assert_int_equal(epoch_of(&w, i, head), 2);
	}
	/* The keyring of every epoch in use is where its numbers are. */
	world_start_without_databases(&w);
	world_check(&w, w.space, "a", 70000, 1);
	world_check(&w, w.space, "b", 70000, 2);
	assert_int_equal(w.t->key_epoch, 2);
	epoch_begin(&w, 3);
	world_assert_no_orphans(&w);
	world_end(&w);
}

/* A file where the tenant's folder should be: nothing can be put there. */
static void
keys_block(struct world *w, const char *site)
{
	char command[300];

	(void)snprintf(command, sizeof(command),
	    "mv %s/keys/%016llx %s/aside; touch %s/keys/%016llx", site,
	    (unsigned long long)w->id, site, site, (unsigned long long)w->id);
	fixture_shell(&w->f, command);
}

static void
keys_unblock(struct world *w, const char *site)
{
	char command[300];

	(void)snprintf(command, sizeof(command),
	    "rm %s/keys/%016llx; mv %s/aside %s/keys/%016llx", site,
	    (unsigned long long)w->id, site, site, (unsigned long long)w->id);
	fixture_shell(&w->f, command);
}

static void
a_site_that_lacks_the_new_epochs_key_leaves_service_first(void **state)
{
	struct world w;
	size_t all;

	(void)state;
	world_make(&w, 3, 2);
	keys_block(&w, "sendai");
	epoch_begin(&w, 2);
	assert_true(world_site_is_out(&w, SENDAI));
	put(&w, "without sendai", 1);
	assert_true(world_site_is_out(&w, SENDAI));
	keys_unblock(&w, "sendai");
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	assert_true(rings_opened(&w, w.f.keystore, SENDAI, w.id, &all) > 0);
	world_assert_whole(&w, 3);
	world_end(&w);
}

static void
with_its_key_on_too_few_sites_no_epoch_begins_and_the_next_call_goes_on(
    void **state)
{
	struct world w;
	uint32_t epoch;

	(void)state;
	world_make(&w, 3, 2);
	keys_block(&w, "osaka");
	keys_block(&w, "sendai");
	ASSERT_RC(&w.op, RC_NOT_STORED, epoch_try(&w, &epoch));
	assert_int_equal(w.t->key_epoch, 1);
	keys_unblock(&w, "osaka");
	keys_unblock(&w, "sendai");
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	put(&w, "of the old epoch", 1);
	world_assert_whole(&w, 3);
	assert_int_equal(epoch_of(&w, TOKYO, w.t->head.number), 1);
	/* Its number is given once: no second key for it. */
	epoch_begin(&w, 2);
	assert_int_equal(keyring_newest_epoch(w.t->ring), 2);
	world_end(&w);
}

static void
an_epochs_key_is_destroyed_only_when_no_header_names_it(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	put(&w, "a", 1);
	epoch_unused(&w); /* 2 */
	epoch_unused(
	    &w); /* 3, which begins: what a call left is gone on with */
	epoch_begin(&w, 3);
	put(&w, "b", 2);
	epoch_begin(&w, 4);
	world_await(&w, "epoch 2 is gone", has_not_epoch, 2);
	assert_true(has_epoch(&w, 1) && has_epoch(&w, 3) && has_epoch(&w, 4));
	assert_int_equal(released(&w), 0);
	/* On the sites it is gone too, from a slow one a little later. */
	world_start_without_databases(&w);
	world_await(&w, "epoch 2 is gone", has_not_epoch, 2);
	world_check(&w, w.space, "a", 70000, 1);
	world_check(&w, w.space, "b", 70000, 2);
	world_end(&w);
}

/* A number of the epoch on a branch that lost, on one site only. */
static void
branch_write(struct world *w, uint32_t epoch, const char *site)
{
	CLEANUP(segment_writer_release) struct segment_writer writer = {0};
	struct segment_header header = {
	    .kind = SEGMENT_NUMBERED,
	    .role = SEGMENT_OPENING,
	    .tenant = w->id,
	    .number = w->t->head.number,
	    .generation = {1, 0},
	    .claim = {1},
	    .previous = {1},
	    .epoch = epoch,
	};
	struct log_name name = {
	    .number = header.number, .generation = header.generation};
	uint8_t hash[OBJECT_HASH_SIZE];
	struct object_name object;
	char command[300];

	ASSERT_OK(&w->op, segment_begin(&w->op, &writer, &header, w->t->ring));
	ASSERT_OK(&w->op, segment_end(&w->op, &writer, hash));
	memcpy(name.hash8, hash, sizeof(name.hash8));
	object_log(&object, w->id, &name);
	fixture_shell(&w->f, "rm -f branch");
	ASSERT_OK(&w->op, io_write_file(&w->op, w->f.dir_fd, "branch",
			      buf_span(&writer.out), 0600));
	(void)snprintf(command, sizeof(command), "cp branch %s/%s/%s", site,
	    object.folder, object.file);
	fixture_shell(&w->f, command);
}

static void
an_epoch_that_a_lost_branch_names_keeps_its_key(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	epoch_unused(&w); /* 2 */
	epoch_unused(&w);
	/* Before 3 begins, from when on the mender's sweeps let 2 go. */
	branch_write(&w, 2, "osaka");
	epoch_begin(&w, 3);
	assert_int_equal(released(&w), 0);
	assert_true(has_epoch(&w, 2));
	/* What cannot be read might name it. */
	fixture_shell(&w.f,
	    "for f in osaka/log/*/*.0000000000000001.00000000.*; do : >$f; "
	    "done");
	assert_int_equal(released(&w), 0);
	fixture_shell(&w.f, "rm osaka/log/*/*.0000000000000001.00000000.*");
	(void)released(&w);
	world_await(&w, "epoch 2 is gone", has_not_epoch, 2);
	world_end(&w);
}

static void
a_keyring_of_64_epochs_takes_no_more_and_goes_on(void **state)
{
	struct world w;
	uint32_t epoch;
	int i;

	(void)state;
	world_make(&w, 2, 2);
	for (i = 1; i < KEYRING_EPOCHS_MAX; i++)
		epoch_begin(&w, (uint32_t)i + 1);
	ASSERT_RC(&w.op, RC_LIMIT, epoch_try(&w, &epoch));
	put(&w, "goes on", 1);
	world_start_without_databases(&w);
	world_check(&w, w.space, "goes on", 70000, 1);
	world_end(&w);
}

/* ---- who did it ---- */

struct rotations {
	int64_t action;
	size_t n;
	int64_t version; /* the newest one's */
};

static enum rc
rotation_count(void *arg, struct op *op, const struct audit_row *row)
{
	struct rotations *found = arg;
	struct span body = row->body;
	struct audit_value value;
	bool more;

	if (row->action != found->action)
		return RC_OK;
	for (;;) {
		TRY(audit_next(op, &body, &value, &more));
		if (!more)
			break;
		if (value.field == AUDIT_KEY_VERSION && found->n == 0)
			found->version = value.number;
	}
	found->n++;
	return RC_OK;
}

static struct rotations
rotations_of(struct world *w, struct tenant *t, enum audit_action action)
{
	struct rotations found = {.action = action};
	struct reader *reader;

	ASSERT_OK(&w->op, tenant_reader(&w->op, t, &reader));
	ASSERT_OK(&w->op, audit_row_list(&w->op, &reader->meta, INT64_MAX, 1000,
			      rotation_count, &found));
	tenant_reader_put(t, reader);
	return found;
}

static void
each_rotation_leaves_an_audit_row(void **state)
{
	CLEANUP(buf_release) struct buf file = {.limit = KEYSTORE_FILE_MAX};
	struct rotations found;
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	rotation_begin(&w);
	ASSERT_OK(&w.op, site_keys_await(&w.op, w.f.service, NULL));
	found = rotations_of(&w, w.f.service->provider, AUDIT_KEY_SITES);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.version, 2);
	/* What is refused is no act. */
	ASSERT_OK(&w.op, io_read_file(&w.op, w.f.dir_fd, "exported", &file));
	ASSERT_RC(&w.op, RC_CONFLICT,
	    site_keys_switch(&w.op, w.f.service, buf_span(&file)));
	found = rotations_of(&w, w.f.service->provider, AUDIT_KEY_SITES);
	assert_int_equal(found.n, 1);
	found = rotations_of(&w, w.t, AUDIT_KEY_EPOCH);
	assert_int_equal(found.n, 0);
	epoch_begin(&w, 2);
	epoch_begin(&w, 3);
	found = rotations_of(&w, w.t, AUDIT_KEY_EPOCH);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.version, 3);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		after_a_rotation_every_keyring_is_under_the_new_key_and_files_are_there),
	    cmocka_unit_test(
		a_keyring_copied_before_a_rotation_is_not_opened_after_it),
	    cmocka_unit_test(
		at_every_step_each_site_opens_with_the_kept_key_and_with_the_export),
	    cmocka_unit_test(
		heads_are_under_the_new_key_before_a_former_one_leaves),
	    cmocka_unit_test(
		a_site_that_is_away_stays_pending_and_gets_its_keyrings_at_its_return),
	    cmocka_unit_test(a_second_rotation_waits_for_the_end_of_the_first),
	    cmocka_unit_test(a_keystore_that_cannot_be_kept_changes_nothing),
	    cmocka_unit_test(
		a_new_epoch_begins_with_a_number_and_seals_all_that_follow),
	    cmocka_unit_test(
		a_site_that_lacks_the_new_epochs_key_leaves_service_first),
	    cmocka_unit_test(
		with_its_key_on_too_few_sites_no_epoch_begins_and_the_next_call_goes_on),
	    cmocka_unit_test(
		an_epochs_key_is_destroyed_only_when_no_header_names_it),
	    cmocka_unit_test(an_epoch_that_a_lost_branch_names_keeps_its_key),
	    cmocka_unit_test(a_keyring_of_64_epochs_takes_no_more_and_goes_on),
	    cmocka_unit_test(each_rotation_leaves_an_audit_row),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

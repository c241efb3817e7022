/* test_purge.c - the end of terms: what is due goes, and nothing else, in steps
 * of bounded size (LOG.md L8, L15). */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rand.h"
#include "core/audit.h"
#include "core/file_version.h"
#include "core/purge.h"
#include "meta/content.h"
#include "rules.h"

#define DAY CLOCK_DAY

static void
discard(struct rules *r, struct op *op, int64_t node)
{
	struct tree_result result;

	ASSERT_OK(
	    op, tree_delete(op, r->tenant, node, &no_precondition, &result));
}

static enum purge_due
due(struct rules *r)
{
	enum purge_due due;

	ASSERT_OK(&r->host,
	    purge_look(&r->host, r->meta, fake_now(r->fake), 0, &due));
	return due;
}

/* Purges until nothing is due; the number of steps. */
static size_t
purge(struct rules *r)
{
	enum purge_due what;
	size_t n = 0;

	while ((what = due(r)) != PURGE_NOTHING) {
		ASSERT_OK(&r->host, purge_do(&r->host, r->tenant, what, 0));
		assert_true(fake_last(r->fake).rows <= CHANGE_ROWS_MAX);
		assert_true(++n < 10000);
	}
	return n;
}

static bool
content_there(struct rules *r, int64_t id)
{
	struct content content;
	enum rc rc = content_get(&r->host, r->meta, id, &content);

	assert_true(rc == RC_OK || rc == RC_NOT_FOUND);
	op_clear_error(&r->host);
	return rc == RC_OK;
}

static bool
node_there(struct rules *r, int64_t id)
{
	int64_t parent;
	enum rc rc = node_parent(&r->host, r->meta, id, &parent);

	assert_true(rc == RC_OK || rc == RC_NOT_FOUND);
	op_clear_error(&r->host);
	return rc == RC_OK;
}

static int64_t
overwrite(struct rules *r, int64_t parent, const char *name, const char *text)
{
	struct file_put_result result;

	ASSERT_OK(
	    &r->alice, put_text(r, &r->alice, parent, name, text, 0, &result));
	return result.version;
}

static void
a_version_goes_at_its_deadline_and_no_second_earlier(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "former");
	int64_t former = row(r, file).content;

	(void)overwrite(r, r->alices, "f", "current");
	fake_advance(r->fake, 7 * DAY - CLOCK_S);
	assert_int_equal(due(r), PURGE_NOTHING);
	fake_advance(r->fake, CLOCK_S);
	assert_int_equal(due(r), PURGE_VERSIONS);
	assert_int_equal(purge(r), 1);
	assert_int_equal(last_action(r, NULL), AUDIT_EXPIRED);
	assert_int_equal(count_versions(r, file), 0);
	assert_false(content_there(r, former));
	assert_true(content_there(r, row(r, file).content));
}

static void
a_content_that_another_names_stays(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "former");
	struct file_save_as save = {.node = file};
	int64_t former = row(r, file).content;
	struct tree_result result;

	save.version = overwrite(r, r->alices, "f", "current");
	save.to = at(&r->alice, r->alices, "g");
	ASSERT_OK(&r->alice,
	    file_version_save_as(&r->alice, r->tenant, &save, &result));
	fake_advance(r->fake, 7 * DAY);
	(void)purge(r);
	assert_int_equal(count_versions(r, file), 0);
	assert_true(content_there(r, former));
	discard(r, &r->alice, child(r, r->alices, "g"));
	fake_advance(r->fake, 30 * DAY);
	(void)purge(r);
	assert_false(content_there(r, former));
}

static void
the_trash_does_not_stop_a_versions_term(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "former");
	int64_t former = row(r, file).content;
	struct tree_result result;
	struct span name;

	(void)overwrite(r, r->alices, "f", "current");
	discard(r, &r->alice, file);
	fake_advance(r->fake, 7 * DAY);
	(void)purge(r);
	assert_false(content_there(r, former));
	ASSERT_OK(&r->alice,
	    trash_restore(&r->alice, r->tenant, file, &result, &name));
	assert_int_equal(count_versions(r, file), 0);
}

static void
the_trash_lets_go_at_its_deadline(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->alices, "a");
	int64_t file = make_file(r, &r->alice, folder, "f", "text");
	int64_t content = row(r, file).content;
	struct tree_result result;
	struct span name;

	discard(r, &r->alice, folder);
	fake_advance(r->fake, 30 * DAY - CLOCK_S);
	assert_int_equal(due(r), PURGE_NOTHING);
	fake_advance(r->fake, CLOCK_S);
	/* Late or not, it cannot be had any more. */
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    trash_restore(&r->alice, r->tenant, folder, &result, &name));
	(void)purge(r);
	assert_false(node_there(r, folder));
	assert_false(node_there(r, file));
	assert_false(content_there(r, content));
}

static void
a_purge_takes_what_is_asked_for_and_nothing_else(void **state)
{
	struct rules *r = *state;
	int64_t kept = make_file(r, &r->alice, r->alices, "kept", "text");
	int64_t other = make_file(r, &r->alice, r->alices, "other", "text");
	int64_t file = make_file(r, &r->alice, r->alices, "f", "former");
	struct tree_result result;
	struct span name;

	(void)overwrite(r, r->alices, "f", "current");
	discard(r, &r->alice, file);
	discard(r, &r->alice, other);
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    trash_purge(&r->alice, r->tenant, kept, &result));
	ASSERT_RC(&r->bob, RC_NOT_FOUND,
	    trash_purge(&r->bob, r->tenant, file, &result));
	ASSERT_OK(&r->alice, trash_purge(&r->alice, r->tenant, file, &result));
	assert_int_equal(last_action(r, NULL), AUDIT_PURGE);
	/* Gone for everybody at once, before its rows are. */
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    trash_restore(&r->alice, r->tenant, file, &result, &name));
	assert_true(node_there(r, file));
	(void)purge(r);
	assert_false(node_there(r, file));
	assert_true(node_there(r, kept));
	ASSERT_OK(&r->alice,
	    trash_restore(&r->alice, r->tenant, other, &result, &name));
}

static void
only_an_administrator_purges_the_companys_trash(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "f", "text");
	int64_t own = make_file(r, &r->alice, r->alices, "g", "text");
	struct tree_result result;
	uint64_t n;

	discard(r, &r->alice, file);
	discard(r, &r->alice, own);
	ASSERT_RC(&r->alice, RC_DENIED,
	    trash_purge(&r->alice, r->tenant, file, &result));
	ASSERT_OK(&r->alice, trash_purge_all(&r->alice, r->tenant, r->meta,
				 fake_now(r->fake), &n));
	assert_int_equal(n, 1);
	ASSERT_OK(&r->admin, trash_purge_all(&r->admin, r->tenant, r->meta,
				 fake_now(r->fake), &n));
	assert_int_equal(n, 1);
	(void)purge(r);
	assert_false(node_there(r, file));
	assert_false(node_there(r, own));
}

enum { FILES = 1200, LEVELS = 30 };

static void
a_large_folder_goes_in_steps(void **state)
{
	struct rules *r = *state;
	int64_t top = make_folder(r, &r->alice, r->alices, "top");
	int64_t folder = top, last = 0;
	char name[32];
	size_t i;

	fake_group(r->fake, 50);
	for (i = 0; i < FILES; i++) {
		if (i % (FILES / LEVELS) == 0)
			folder = make_folder(r, &r->alice, folder, "below");
		(void)snprintf(name, sizeof(name), "f%zu", i);
		last = make_file(r, &r->alice, folder, name, "text");
	}
	fake_flush(r->fake);
	fake_group(r->fake, 1);
	discard(r, &r->alice, top);
	fake_advance(r->fake, 30 * DAY);
	/* Two rows a file, one a folder and one of its tag. */
	assert_in_range(purge(r), 2 * FILES / CHANGE_ROWS_MAX + 1, 8);
	assert_false(node_there(r, top));
	assert_false(node_there(r, folder));
	assert_false(node_there(r, last));
}

/* A content of many chunks, one data segment each, as a file's. */
static int64_t
make_large(struct rules *r, const char *name, size_t chunks)
{
	struct put_chunk list[FILE_PUT_CHUNKS_MAX];
	struct put_data data[FILE_PUT_DATA_MAX];
	struct file_put_result result;
	struct file_put put = {.to = at(&r->alice, r->alices, name)};
	size_t i;

	memset(list, 0, sizeof(list));
	memset(data, 0, sizeof(data));
	for (i = 0; i < chunks; i++) {
		list[i].start = i * 1000;
		list[i].size = 1000;
		rand_id(list[i].data, OBJECT_ID_SIZE);
		memcpy(data[i].data.id, list[i].data, OBJECT_ID_SIZE);
		data[i].data.size = 1100;
		data[i].on = (struct site_set){3};
	}
	put.content = (struct put_content){
	    .size = chunks * 1000,
	    .n_chunks = chunks,
	    .chunks = list,
	    .n_data = chunks,
	    .data = data,
	};
	ASSERT_OK(&r->alice, file_put(&r->alice, r->tenant, &put, &result));
	return result.tree.etag.node;
}

static void
a_files_data_segments_are_dropped_with_it(void **state)
{
	struct rules *r = *state;
	size_t chunks = FILE_PUT_DATA_MAX < FILE_PUT_CHUNKS_MAX
			    ? FILE_PUT_DATA_MAX
			    : FILE_PUT_CHUNKS_MAX;
	int64_t file = make_large(r, "large", chunks);
	int64_t content = row(r, file).content;
	struct tree_result result;
	enum purge_due what;
	size_t dropped = 0;

	discard(r, &r->alice, file);
	ASSERT_OK(&r->alice, trash_purge(&r->alice, r->tenant, file, &result));
	while ((what = due(r)) != PURGE_NOTHING) {
		ASSERT_OK(&r->host, purge_do(&r->host, r->tenant, what, 0));
		dropped += fake_last(r->fake).drops;
	}
	assert_int_equal(dropped, chunks);
	assert_false(content_there(r, content));
}

struct hide_change {
	struct change change;
	int64_t node;
};

static enum rc
hide_run(struct op *op, struct tx *tx, struct change *change)
{
	struct hide_change *c =
	    container_of(change, struct hide_change, change);
	uint8_t key[META_NAME_KEY_SIZE];

	node_fixed_key(c->node, key);
	return node_set_place(op, tx->meta, c->node, NODE_HIDDEN, key);
}

static void
a_copy_that_was_broken_off_is_purged(void **state)
{
	struct rules *r = *state;
	int64_t source = make_folder(r, &r->alice, r->alices, "a");
	int64_t file = make_file(r, &r->alice, source, "f", "text");
	int64_t top = make_folder(r, &r->alice, r->alices, "b");
	struct hide_change hide = {
	    .change = {.run = hide_run, .own_session = true}, .node = top};
	const struct tree_copy copy = {
	    .node = file, .to = at(&r->alice, top, "f")};
	struct tree_result result;
	enum purge_due what;

	/* As a folder's copy stood before its last step, when the power went.
	 */
	ASSERT_OK(&r->alice, tree_copy(&r->alice, r->tenant, &copy, &result));
	fake_audited(r->fake, false);
	ASSERT_OK(&r->host, change_commit(&r->host, r->tenant, &hide.change));
	fake_audited(r->fake, true);
	ASSERT_OK(&r->host,
	    purge_look(&r->host, r->meta, fake_now(r->fake), top - 1, &what));
	assert_int_equal(what, PURGE_NOTHING); /* one that is being made */
	ASSERT_OK(&r->host,
	    purge_look(&r->host, r->meta, fake_now(r->fake), top, &what));
	assert_int_equal(what, PURGE_HIDDEN);
	ASSERT_OK(&r->host, purge_do(&r->host, r->tenant, what, top));
	(void)purge(r);
	assert_false(node_there(r, top));
	assert_false(node_there(r, result.etag.node));
	assert_true(node_there(r, file));
	assert_true(content_there(r, row(r, file).content));
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_version_goes_at_its_deadline_and_no_second_earlier),
	    RULE(a_content_that_another_names_stays),
	    RULE(the_trash_does_not_stop_a_versions_term),
	    RULE(the_trash_lets_go_at_its_deadline),
	    RULE(a_purge_takes_what_is_asked_for_and_nothing_else),
	    RULE(only_an_administrator_purges_the_companys_trash),
	    RULE(a_large_folder_goes_in_steps),
	    RULE(a_files_data_segments_are_dropped_with_it),
	    RULE(a_copy_that_was_broken_off_is_purged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

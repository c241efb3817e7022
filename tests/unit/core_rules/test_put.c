/* test_put.c - an uploaded content becomes a file's current one. */
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "core/audit.h"
#include "meta/content.h"
#include "meta/setting.h"
#include "meta/version.h"
#include "rules.h"

static void
a_small_file_travels_in_the_numbered_segment(void **state)
{
	struct rules *r = *state;
	struct file_put_result result;
	struct content content;
	struct chunk chunk;
	uint8_t digest[SHA256_SIZE];
	struct node node;

	ASSERT_OK(&r->alice,
	    put_text(r, &r->alice, r->alices, "f", "text", 99, &result));
	assert_true(result.tree.created);
	assert_int_equal(result.tree.receipt.number, fake_head(r->fake));
	node = row(r, result.tree.etag.node);
	assert_int_equal(node.mtime, 99);
	assert_int_equal(node.size, 4);
	assert_int_equal(node.tag, result.tree.etag.tag);
	assert_int_equal(last_action(r, NULL), AUDIT_FILE_MAKE);
	ASSERT_OK(
	    &r->alice, content_get(&r->alice, r->meta, node.content, &content));
	sha256_of(span_str("text"), digest);
	assert_memory_equal(content.sha256, digest, sizeof(digest));
	assert_true(content.has_sha1);
	assert_int_equal(content.chunks, 1);
	ASSERT_OK(
	    &r->alice, chunk_find(&r->alice, r->meta, node.content, 3, &chunk));
	assert_int_equal(chunk.place.number, fake_head(r->fake));
	assert_int_equal(chunk.place.offset, 0);
	assert_int_equal(chunk.size, 4);
	assert_memory_equal(chunk.key, digest, sizeof(chunk.key));
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    chunk_find(&r->alice, r->meta, node.content, 4, &chunk));
}

static void
an_upload_without_a_date_has_the_time_of_its_coming(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "text");

	assert_int_equal(row(r, file).mtime, fake_wall(r->fake));
}

static void
an_overwrite_keeps_the_former_content_for_its_term(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "f", "one");
	struct node before = row(r, file);
	struct file_put_result result;
	struct version version;

	fake_advance(r->fake, CLOCK_DAY);
	ASSERT_OK(&r->bob,
	    put_text(r, &r->bob, r->company, "F", "two!", 77, &result));
	assert_false(result.tree.created);
	assert_int_equal(result.tree.etag.node, file);
	assert_int_not_equal(row(r, file).tag, before.tag);
	/* The stored spelling stays. */
	assert_string_equal(name_of(r, file), "f");
	assert_int_equal(row(r, file).changed_by, r->bob.actor.member);
	assert_int_equal(count_versions(r, file), 1);
	version = newest_version(r, file);
	assert_int_equal(version.id, result.version);
	assert_int_equal(version.content, before.content);
	assert_int_equal(version.size, 3);
	assert_int_equal(version.mtime, before.mtime);
	assert_int_equal(version.made_by, r->alice.actor.member);
	assert_int_equal(version.made_at, before.changed_at);
	assert_int_equal(version.kept_until, fake_now(r->fake) + 7 * CLOCK_DAY);
	assert_int_equal(last_action(r, NULL), AUDIT_FILE_OVERWRITE);
}

static enum rc
shorten_run(struct op *op, struct tx *tx, struct change *change)
{
	(void)change;
	return setting_set(op, tx->meta, SETTING_VERSION_DAYS, 1);
}

static void
a_later_setting_does_not_shorten_a_version(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "one");
	struct change shorten = {.run = shorten_run};
	int64_t kept_until;

	(void)make_file(r, &r->alice, r->alices, "f", "two");
	kept_until = newest_version(r, file).kept_until;
	assert_int_equal(kept_until, fake_now(r->fake) + 7 * CLOCK_DAY);
	fake_audited(r->fake, false);
	ASSERT_OK(&r->alice, change_commit(&r->alice, r->tenant, &shorten));
	fake_audited(r->fake, true);
	assert_int_equal(newest_version(r, file).kept_until, kept_until);
	(void)make_file(r, &r->alice, r->alices, "f", "three");
	assert_int_equal(
	    newest_version(r, file).kept_until, fake_now(r->fake) + CLOCK_DAY);
}

static void
an_empty_file_that_is_overwritten_leaves_no_version(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "");
	int64_t content = row(r, file).content;
	struct content gone;

	assert_int_equal(row(r, file).size, 0);
	(void)make_file(r, &r->alice, r->alices, "f", "text");
	assert_int_equal(count_versions(r, file), 0);
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    content_get(&r->alice, r->meta, content, &gone));
	/* The other way: what had bytes is kept. */
	(void)make_file(r, &r->alice, r->alices, "f", "");
	assert_int_equal(count_versions(r, file), 1);
}

static void
an_empty_content_that_a_copy_shares_outlives_the_overwrite(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "");
	struct tree_copy args = {
	    .node = file, .to = at(&r->alice, r->alices, "g")};
	struct tree_result result;
	struct content content;

	ASSERT_OK(&r->alice, tree_copy(&r->alice, r->tenant, &args, &result));
	(void)make_file(r, &r->alice, r->alices, "f", "text");
	ASSERT_OK(&r->alice, content_get(&r->alice, r->meta,
				 row(r, result.etag.node).content, &content));
}

static void
an_upload_of_the_same_bytes_changes_nothing(void **state)
{
	struct rules *r = *state;
	struct file_put_result result;
	int64_t file, tag, folder_tag;

	ASSERT_OK(&r->alice,
	    put_text(r, &r->alice, r->alices, "f", "text", 99, &result));
	file = result.tree.etag.node;
	tag = row(r, file).tag;
	folder_tag = row(r, r->alices).tag;
	fake_advance(r->fake, CLOCK_S);
	ASSERT_OK(&r->alice,
	    put_text(r, &r->alice, r->alices, "f", "text", 0, &result));
	assert_true(result.tree.unchanged);
	assert_true(result.not_taken);
	assert_int_equal(result.tree.receipt.number, 0);
	assert_int_equal(result.tree.etag.tag, tag);
	assert_int_equal(fake_last(r->fake).rows, 0);
	assert_int_equal(fake_last(r->fake).inline_size, 0);
	ASSERT_OK(&r->alice,
	    put_text(r, &r->alice, r->alices, "f", "text", 99, &result));
	assert_true(result.tree.unchanged);
	assert_int_equal(row(r, file).tag, tag);
	assert_int_equal(row(r, r->alices).tag, folder_tag);
	/* With a new date: the date, no version. */
	ASSERT_OK(&r->alice,
	    put_text(r, &r->alice, r->alices, "f", "text", 100, &result));
	assert_false(result.tree.unchanged);
	assert_true(result.not_taken);
	assert_int_equal(row(r, file).mtime, 100);
	assert_int_not_equal(row(r, file).tag, tag);
	assert_int_equal(result.tree.etag.tag, row(r, file).tag);
	assert_int_equal(count_versions(r, file), 0);
}

static void
equal_bytes_in_another_file_are_stored_anew(void **state)
{
	struct rules *r = *state;
	int64_t a = make_file(r, &r->alice, r->alices, "a", "text");
	int64_t b = make_file(r, &r->alice, r->alices, "b", "text");

	assert_int_not_equal(row(r, a).content, row(r, b).content);
}

static void
a_folder_is_not_overwritten(void **state)
{
	struct rules *r = *state;
	struct file_put_result result;

	(void)make_folder(r, &r->alice, r->alices, "d");
	ASSERT_RC(&r->alice, RC_CONFLICT,
	    put_text(r, &r->alice, r->alices, "D", "text", 0, &result));
	assert_int_equal(result.tree.why, TREE_WHY_KIND);
	ASSERT_RC(&r->alice, RC_DENIED,
	    put_text(r, &r->alice, NODE_ROOT, "f", "text", 0, &result));
	assert_int_equal(result.tree.why, TREE_WHY_SPACE);
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    put_text(r, &r->alice, 999999, "f", "text", 0, &result));
	assert_int_equal(result.tree.why, TREE_WHY_PARENT);
}

/* A large content of chunks in data segments, or of an upload session. */
struct large {
	struct put_chunk chunks[6];
	struct put_data data[2];
	struct file_put put;
};

static void
large_init(struct large *l, struct op *op, int64_t parent, const char *name)
{
	size_t i;

	*l = (struct large){0};
	for (i = 0; i < 6; i++) {
		l->chunks[i].start = i * SEGMENT_CHUNK_MAX;
		l->chunks[i].size = i < 5 ? SEGMENT_CHUNK_MAX : 1000;
		memset(l->chunks[i].key, (int)i + 1, AEAD_KEY_SIZE);
		memset(l->chunks[i].data, i < 4 ? 0xA1 : 0xB2, OBJECT_ID_SIZE);
		l->chunks[i].offset = 4096 * i;
	}
	memset(l->data[0].data.id, 0xA1, OBJECT_ID_SIZE);
	memset(l->data[1].data.id, 0xB2, OBJECT_ID_SIZE);
	l->data[0].on = l->data[1].on = (struct site_set){3};
	l->put.to = at(op, parent, name);
	l->put.content.size = 5 * (uint64_t)SEGMENT_CHUNK_MAX + 1000;
	l->put.content.n_chunks = 6;
	l->put.content.chunks = l->chunks;
	l->put.content.n_data = 2;
	l->put.content.data = l->data;
	memset(l->put.content.sha256, 0x77, SHA256_SIZE);
}

static void
a_large_file_lies_in_data_segments(void **state)
{
	struct rules *r = *state;
	struct file_put_result result;
	struct chunk chunk;
	struct large l;
	int64_t content;
	bool used;

	large_init(&l, &r->alice, r->alices, "big");
	ASSERT_OK(&r->alice, file_put(&r->alice, r->tenant, &l.put, &result));
	assert_int_equal(fake_last(r->fake).adds, 2);
	assert_int_equal(fake_last(r->fake).inline_size, 0);
	content = row(r, result.tree.etag.node).content;
	ASSERT_OK(&r->alice, chunk_find(&r->alice, r->meta, content,
				 4 * (uint64_t)SEGMENT_CHUNK_MAX + 5, &chunk));
	assert_int_equal(chunk.start, 4 * SEGMENT_CHUNK_MAX);
	assert_int_equal(chunk.key[0], 5);
	assert_int_equal(chunk.place.data[0], 0xB2);
	assert_int_equal(chunk.place.offset, 4 * 4096);
	assert_int_equal(chunk.place.number, 0);
	ASSERT_OK(&r->alice,
	    content_data_used(&r->alice, r->meta, l.data[1].data.id, &used));
	assert_true(used);
	memset(chunk.place.data, 0xEE, OBJECT_ID_SIZE);
	ASSERT_OK(&r->alice,
	    content_data_used(&r->alice, r->meta, chunk.place.data, &used));
	assert_false(used);
	/* Again: its segments are not named. */
	ASSERT_OK(&r->alice, file_put(&r->alice, r->tenant, &l.put, &result));
	assert_true(result.not_taken);
	assert_int_equal(fake_last(r->fake).adds, 0);
}

static void
chunks_that_do_not_make_up_the_content_are_refused(void **state)
{
	struct rules *r = *state;
	struct file_put_result result;
	struct large l;

	large_init(&l, &r->alice, r->alices, "big");
	l.chunks[2].start++;
	ASSERT_RC(&r->alice, RC_INVALID,
	    file_put(&r->alice, r->tenant, &l.put, &result));
	large_init(&l, &r->alice, r->alices, "big");
	l.put.content.size++;
	ASSERT_RC(&r->alice, RC_INVALID,
	    file_put(&r->alice, r->tenant, &l.put, &result));
	assert_int_equal(count_children(r, r->alices), 0);
}

static void
a_file_is_overwritten_by_its_id_too(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "one");
	struct file_put_result result;
	struct large l;

	large_init(&l, &r->alice, r->alices, "unused");
	l.put.node = file;
	ASSERT_OK(&r->alice, file_put(&r->alice, r->tenant, &l.put, &result));
	assert_int_equal(row(r, file).size, l.put.content.size);
	assert_int_equal(count_children(r, r->alices), 1);
	assert_int_equal(count_versions(r, file), 1);
	ASSERT_RC(&r->bob, RC_NOT_FOUND,
	    file_put(&r->bob, r->tenant, &l.put, &result));
}

static void
preconditions_guard_an_overwrite(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "one");
	struct node_etag etag = {file, row(r, file).tag};
	struct file_put_result result;
	struct large l;

	large_init(&l, &r->alice, r->alices, "f");
	l.put.precondition = (struct precondition){
	    .if_none_match = true, .if_none_match_any = true};
	ASSERT_RC(&r->alice, RC_CONFLICT,
	    file_put(&r->alice, r->tenant, &l.put, &result));
	assert_int_equal(result.tree.why, TREE_WHY_PRECONDITION);
	l.put.precondition = (struct precondition){
	    .if_match = true, .n_match = 1, .match = &etag};
	ASSERT_OK(&r->alice, file_put(&r->alice, r->tenant, &l.put, &result));
	ASSERT_RC(&r->alice, RC_CONFLICT,
	    file_put(&r->alice, r->tenant, &l.put, &result));
	l.put.precondition =
	    (struct precondition){.if_match = true, .if_match_any = true};
	large_init(&l, &r->alice, r->alices, "g");
	l.put.precondition =
	    (struct precondition){.if_match = true, .if_match_any = true};
	ASSERT_RC(&r->alice, RC_CONFLICT,
	    file_put(&r->alice, r->tenant, &l.put, &result));
	assert_int_equal(count_versions(r, file), 1);
}

/* A tebibyte whose rows repeat a few places: positions past 2^40 are found. */
struct seeding {
	struct change change;
	int64_t content;
	uint64_t from, to;
};

static enum rc
seed_run(struct op *op, struct tx *tx, struct change *change)
{
	struct seeding *s = container_of(change, struct seeding, change);
	struct content content = {.id = s->content};
	struct chunk chunk = {.size = SEGMENT_CHUNK_MAX, .place.number = 1};

	if (s->content == 0) {
		s->content = content.id = tx_id(tx);
		TRY(content_insert(op, tx->meta, &content, NULL));
	}
	for (chunk.start = s->from; chunk.start < s->to;
	     chunk.start += SEGMENT_CHUNK_MAX) {
		memcpy(chunk.key, &chunk.start, sizeof(chunk.start));
		TRY(chunk_insert(op, tx->meta, s->content, &chunk));
	}
	return RC_OK;
}

static void
a_session_of_a_tebibyte_is_finished_by_one_small_change(void **state)
{
	const uint64_t size = (uint64_t)1 << 40,
		       step = 500 * (uint64_t)SEGMENT_CHUNK_MAX;
	struct rules *r = *state;
	struct seeding s = {.change.run = seed_run};
	struct file_put put = {.to = at(&r->alice, r->alices, "tebibyte")};
	struct file_put_result result;
	struct chunk chunk;
	uint64_t start;

	fake_group(r->fake, FAKE_GROUP_MAX);
	fake_audited(r->fake, false);
	/* Sparse in its middle: the first and the last GiB or so are there. */
	for (start = 0; start < size + 4096; start += step) {
		if (start > 2 * step && start < size - 2 * step)
			continue;
		s.from = start;
		s.to = start + step;
		ASSERT_OK(
		    &r->alice, change_commit(&r->alice, r->tenant, &s.change));
	}
	fake_group(r->fake, 1);
	fake_audited(r->fake, true);
	put.content = (struct put_content){.session = s.content,
	    .session_chunks = 262145,
	    .size = size + 4096};
	ASSERT_OK(&r->alice, file_put(&r->alice, r->tenant, &put, &result));
	assert_true(fake_last(r->fake).rows <= 5);
	ASSERT_OK(&r->alice,
	    chunk_find(&r->alice, r->meta, s.content, size - 1, &chunk));
	assert_true(
	    chunk.start <= size - 1 && size - 1 < chunk.start + chunk.size);
	assert_memory_equal(chunk.key, &chunk.start, sizeof(chunk.start));
	assert_int_equal(row(r, result.tree.etag.node).content, s.content);
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    chunk_find(&r->alice, r->meta, s.content, UINT64_MAX, &chunk));
}

static void
a_chunks_key_opens_under_its_own_content_and_start_only(void **state)
{
	struct rules *r = *state;
	int64_t a =
	    row(r, make_file(r, &r->alice, r->alices, "a", "one")).content;
	struct meta_keys foreign = *r->meta->keys;
	struct meta meta = *r->meta;
	struct chunk chunk;

	ASSERT_OK(&r->alice, chunk_find(&r->alice, r->meta, a, 0, &chunk));
	foreign.tenant++;
	meta.keys = &foreign;
	ASSERT_RC(
	    &r->alice, RC_DAMAGED, chunk_find(&r->alice, &meta, a, 0, &chunk));
}

/* A put whose n-th allocation fails, inside the change only. */
struct starved {
	struct change change;
	struct op *asker;
	struct file_put put;
	struct file_put_result result;
	long n;
	bool hit;
};

static enum rc
starved_run(struct op *op, struct tx *tx, struct change *change)
{
	struct starved *s = container_of(change, struct starved, change);
	enum rc rc;

	fault_alloc_arm(s->n, true);
	rc = file_put_run(op, tx, s->asker, &s->put, &s->result);
	s->hit = fault_alloc_hit();
	fault_alloc_arm(0, false);
	return rc;
}

static void
a_put_without_memory_changes_nothing(void **state)
{
	struct rules *r = *state;
	struct starved s = {
	    .change = {.run = starved_run, .inline_size = 1 << 20}};
	struct large l;
	struct op poor;
	long n;

	large_init(&l, &r->alice, r->alices, "f");
	s.put = l.put;
	s.put.to = at(&r->alice, r->alices, "f");
	for (n = 1; n < 100; n++) {
		enum rc rc;

		/* An empty arena, so that there is something to ask for. */
		fake_op(&poor, r->alice.actor.member);
		s.asker = &poor;
		s.n = n;
		rc = change_commit(&poor, r->tenant, &s.change);
		op_release(&poor);
		if (!s.hit)
			break;
		assert_int_equal(rc, RC_NO_MEMORY);
		assert_int_equal(count_children(r, r->alices), 0);
	}
	assert_true(n > 1 && n < 100);
	assert_int_equal(count_children(r, r->alices), 1);
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_small_file_travels_in_the_numbered_segment),
	    RULE(an_upload_without_a_date_has_the_time_of_its_coming),
	    RULE(an_overwrite_keeps_the_former_content_for_its_term),
	    RULE(a_later_setting_does_not_shorten_a_version),
	    RULE(an_empty_file_that_is_overwritten_leaves_no_version),
	    RULE(an_empty_content_that_a_copy_shares_outlives_the_overwrite),
	    RULE(an_upload_of_the_same_bytes_changes_nothing),
	    RULE(equal_bytes_in_another_file_are_stored_anew),
	    RULE(a_folder_is_not_overwritten),
	    RULE(a_large_file_lies_in_data_segments),
	    RULE(chunks_that_do_not_make_up_the_content_are_refused),
	    RULE(a_file_is_overwritten_by_its_id_too),
	    RULE(preconditions_guard_an_overwrite),
	    RULE(a_put_without_memory_changes_nothing),
	    RULE(a_session_of_a_tebibyte_is_finished_by_one_small_change),
	    RULE(a_chunks_key_opens_under_its_own_content_and_start_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

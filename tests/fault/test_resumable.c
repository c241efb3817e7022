/* test_resumable.c - uploads that go on (LOG.md L8): what was acknowledged
 * stays, whatever comes between; the file is there at once or not at all. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/member.h"
#include "core/path.h"
#include "core/purge.h"
#include "core/resumable.h"
#include "machine.h"
#include "meta/content.h"
#include "meta/version.h"
#include "world.h"

enum { PIECE = 300000, SEED = 5 };

static const struct precondition none;

/* ---- an upload, as its client sees it ---- */

struct client {
	struct world *w;
	struct resumable_new new;
	struct resumable_state state;
	struct resumable_result result;
};

static struct client
client_of(struct world *w, const char *name, uint64_t size)
{
	struct client c = {
	    .w = w,
	    .new = {.to.parent = w->space, .has_size = true, .size = size},
	};

	ASSERT_OK(
	    &w->op, tree_name_init(&w->op, span_str(name), &c.new.to.name));
	return c;
}

static enum rc
make(struct client *c)
{
	TRY(resumable_make(&c->w->op, c->w->t, &c->new, &c->result));
	c->state = c->result.state;
	return RC_OK;
}

static struct client
made(struct world *w, const char *name, uint64_t size)
{
	struct client c = client_of(w, name, size);

	ASSERT_OK(&w->op, make(&c));
	return c;
}

/* Bytes as they belong at the place, in pieces. */
static enum rc
write_at(struct client *c, struct resumable *r, uint64_t offset, uint64_t n)
{
	uint8_t *piece = malloc(PIECE);
	enum rc rc = RC_OK;

	assert_non_null(piece);
	while (n > 0 && rc == RC_OK) {
		size_t step = n < PIECE ? (size_t)n : PIECE;

		world_fill(piece, step, offset, SEED);
		rc = resumable_write(&c->w->op, r, span_of(piece, step));
		offset += step;
		n -= step;
	}
	free(piece);
	return rc;
}

static enum rc
open_at(struct client *c, uint64_t offset, bool whole, struct resumable **ret_r)
{
	struct resumable_from from = {.offset = offset, .whole = whole};

	return resumable_open(&c->w->op, c->w->t, c->state.id, &from, ret_r);
}

/* A writing from its begin to its end. */
static enum rc
go_on_if(struct client *c, uint64_t offset, uint64_t n, bool whole,
    const struct precondition *precondition)
{
	struct resumable *r;
	enum rc rc;

	TRY(open_at(c, offset, whole, &r));
	rc = write_at(c, r, offset, n);
	if (rc == RC_OK)
		rc = resumable_end(&c->w->op, r, precondition, &c->result);
	resumable_free(r);
	return rc;
}

static enum rc
go_on(struct client *c, uint64_t offset, uint64_t n)
{
	return go_on_if(c, offset, n, false, &none);
}

static uint64_t
offset_of(struct client *c)
{
	ASSERT_OK(&c->w->op,
	    resumable_get(&c->w->op, c->w->t, c->state.id, &c->state));
	return c->state.offset;
}

/* No unfinished content, which nobody names, is left; orphans neither. */
static void
nothing_is_left(struct world *w)
{
	struct reader *reader;
	int64_t content;
	enum rc rc;

	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	rc = content_unfinished(&w->op, &reader->meta, 0, &content);
	tenant_reader_put(w->t, reader);
	assert_int_equal(rc, RC_NOT_FOUND);
	world_assert_no_orphans(w);
}

/* ---- what stays ---- */

static void
goes_on_after(struct world *w, struct client *c, uint64_t at, uint64_t n)
{
	assert_int_equal(offset_of(c), at);
	ASSERT_OK(&w->op, go_on(c, at, n));
	assert_int_equal(c->result.state.offset, at + n);
}

static void
it_goes_on_after_breaks_restarts_a_rebuild_and_without_a_site(void **state)
{
	uint64_t size = 47 * MIB + 77;
	struct resumable *r;
	struct client c;
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	c = made(&w, "file", size);
	goes_on_after(&w, &c, 0, 5 * MIB + 1);
	/* The connection breaks off amid the second data segment. */
	ASSERT_OK(&w.op, open_at(&c, 5 * MIB + 1, false, &r));
	ASSERT_OK(&w.op, write_at(&c, r, 5 * MIB + 1, 19 * MIB));
	resumable_break(r);
	resumable_free(r);
	world_stop(&w);
	world_start(&w);
	goes_on_after(&w, &c, 24 * MIB + 1, 1);
	goes_on_after(&w, &c, 24 * MIB + 2, 65536);
	world_start_without_databases(&w);
	goes_on_after(&w, &c, 24 * MIB + 65538, 65537);
	fixture_away(&w.f, 0);
	world_await(&w, "the site is out", world_site_is_out, 0);
	goes_on_after(&w, &c, 24 * MIB + 131075, MIB);
	world_start_without_databases(&w);
	ASSERT_OK(
	    &w.op, go_on(&c, 25 * MIB + 131075, size - 25 * MIB - 131075));
	assert_true(c.result.state.done);
	assert_true(site_set_count(c.result.put.tree.receipt.sites) == 2);
	world_check(&w, w.space, "file", size, SEED);
	fixture_back(&w.f, 0);
	world_await(&w, "every site is back", world_sites_in_service, 3);
	nothing_is_left(&w);
	world_assert_whole(&w, 3);
	world_end(&w);
}

/* The digests of the whole, from states that were kept in between. */
static void
digests_check(struct world *w, const char *name, uint64_t size)
{
	uint8_t digest[SHA256_SIZE], *bytes = malloc(size);
	struct content content;
	struct reader *reader;
	struct sha1 sha1;
	struct node node;
	uint64_t n_rows;

	assert_non_null(bytes);
	world_fill(bytes, size, 0, SEED);
	ASSERT_OK(&w->op, world_find(&w->op, w, w->space, name, &node));
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	ASSERT_OK(
	    &w->op, content_get(&w->op, &reader->meta, node.content, &content));
	ASSERT_OK(
	    &w->op, chunk_count(&w->op, &reader->meta, node.content, &n_rows));
	tenant_reader_put(w->t, reader);
	/* The only one may stand in the content's own row. */
	assert_int_equal(content.chunks, n_rows == 0 && size > 0 ? 1 : n_rows);
	sha256_of(span_of(bytes, size), digest);
	assert_memory_equal(content.sha256, digest, SHA256_SIZE);
	assert_true(content.has_sha1);
	sha1_init(&sha1);
	sha1_update(&sha1, span_of(bytes, size));
	sha1_digest(&sha1, digest);
	assert_memory_equal(content.sha1, digest, SHA1_SIZE);
	free(bytes);
}

static void
pieces_of_any_size_make_the_same_file(void **state)
{
	static const uint64_t steps[] = {1, 63, 64, 65536, 65537, 3, 4 * MIB,
	    131072, 4 * MIB + 1, 16 * MIB, 1000, 16 * MIB + 65536, 0, 7};
	uint64_t size = 0, at = 0;
	struct client c;
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(steps); i++)
		size += steps[i];
	world_make(&w, 2, 2);
	c = made(&w, "file", size);
	for (i = 0; i < ARRAY_LEN(steps); i++) {
		ASSERT_OK(&w.op, go_on(&c, at, steps[i]));
		at += steps[i];
		assert_int_equal(c.result.state.offset, at);
		assert_int_equal(c.result.state.done, at == size);
		assert_int_equal(offset_of(&c), at);
	}
	world_check(&w, w.space, "file", size, SEED);
	digests_check(&w, "file", size);
	/* In one go: as any small or larger file is put. */
	for (i = 0; i < 3; i++) {
		static const char *const names[] = {"none", "small", "large"};
		static const uint64_t sizes[] = {0, 60000, 9 * MIB};

		c = made(&w, names[i], sizes[i]);
		if (sizes[i] > 0)
			ASSERT_OK(&w.op, go_on(&c, 0, sizes[i]));
		assert_true(c.result.state.done);
		assert_int_equal(offset_of(&c), sizes[i]);
		world_check(&w, w.space, names[i], sizes[i], SEED);
		digests_check(&w, names[i], sizes[i]);
	}
	nothing_is_left(&w);
	world_assert_whole(&w, 2);
	world_start_without_databases(&w);
	world_check(&w, w.space, "file", size, SEED);
	world_end(&w);
}

static void
a_file_is_seen_with_its_last_byte_and_the_upload_tells_of_it(void **state)
{
	struct client c;
	struct world w;
	struct node node;

	(void)state;
	world_make(&w, 2, 2);
	c = made(&w, "file", MIB);
	ASSERT_OK(&w.op, go_on(&c, 0, MIB - 1));
	ASSERT_RC(
	    &w.op, RC_NOT_FOUND, world_find(&w.op, &w, w.space, "file", &node));
	ASSERT_OK(&w.op, go_on(&c, MIB - 1, 1));
	ASSERT_OK(&w.op, world_find(&w.op, &w, w.space, "file", &node));
	assert_int_equal(c.result.put.tree.etag.node, node.id);
	assert_int_equal(c.result.state.node, node.id);
	/* For a client that never got the answer. */
	world_start_without_databases(&w);
	assert_int_equal(offset_of(&c), MIB);
	assert_true(c.state.done);
	assert_int_equal(c.state.node, node.id);
	ASSERT_RC(&w.op, RC_CONFLICT, go_on(&c, MIB, 0));
	/* It is not what keeps the content. */
	ASSERT_OK(&w.op, resumable_drop(&w.op, w.t, c.state.id));
	ASSERT_RC(&w.op, RC_NOT_FOUND,
	    resumable_get(&w.op, w.t, c.state.id, &c.state));
	world_check(&w, w.space, "file", MIB, SEED);
	world_end(&w);
}

/* ---- what counts whole or not at all ---- */

static void
a_whole_writing_that_is_given_up_leaves_nothing(void **state)
{
	struct resumable *r;
	struct client c;
	struct world w;

	(void)state;
	world_make(&w, 2, 2);
	c = made(&w, "file", 50 * MIB);
	ASSERT_OK(&w.op, go_on(&c, 0, MIB));
	ASSERT_OK(&w.op, open_at(&c, MIB, true, &r));
	ASSERT_OK(&w.op, write_at(&c, r, MIB, 40 * MIB));
	/* A segment is named by now, the next one is ending, and none of it
	 * counts. */
	assert_int_equal(offset_of(&c), MIB);
	resumable_break(r);
	resumable_free(r);
	assert_int_equal(offset_of(&c), MIB);
	world_assert_no_orphans(&w);
	assert_int_equal(fixture_count(&w.f, 0, "data", w.id), 1);
	ASSERT_OK(&w.op, go_on_if(&c, MIB, 40 * MIB, true, &none));
	assert_int_equal(offset_of(&c), 41 * MIB);
	ASSERT_OK(&w.op, go_on_if(&c, 41 * MIB, 9 * MIB, true, &none));
	world_check(&w, w.space, "file", 50 * MIB, SEED);
	nothing_is_left(&w);
	world_assert_whole(&w, 2);
	world_end(&w);
}

static void
a_whole_that_is_not_what_was_named_makes_no_file(void **state)
{
	struct client c;
	struct world w;
	struct node node;
	uint8_t bytes[1000];

	(void)state;
	world_make(&w, 2, 2);
	c = client_of(&w, "file", sizeof(bytes));
	c.new.has_digest = true;
	ASSERT_OK(&w.op, make(&c));
	ASSERT_OK(&w.op, go_on(&c, 0, 400));
	ASSERT_RC(&w.op, RC_INVALID, go_on(&c, 400, 600));
	assert_true(c.result.other_digest);
	assert_int_equal(offset_of(&c), 400);
	ASSERT_RC(
	    &w.op, RC_NOT_FOUND, world_find(&w.op, &w, w.space, "file", &node));
	ASSERT_OK(&w.op, resumable_drop(&w.op, w.t, c.state.id));
	c.new.size = 0;
	ASSERT_RC(&w.op, RC_INVALID, make(&c));
	assert_true(c.result.other_digest);
	c.new.size = sizeof(bytes);
	world_fill(bytes, sizeof(bytes), 0, SEED);
	sha256_of(span_of(bytes, sizeof(bytes)), c.new.digest);
	ASSERT_OK(&w.op, make(&c));
	ASSERT_OK(&w.op, go_on(&c, 0, 400));
	world_start_without_databases(&w);
	ASSERT_OK(&w.op, go_on(&c, 400, 600));
	world_check(&w, w.space, "file", sizeof(bytes), SEED);
	nothing_is_left(&w);
	world_end(&w);
}

/* ---- what is refused ---- */

static void
an_offset_that_lies_and_bytes_beyond_the_length_are_refused(void **state)
{
	struct resumable_from from = {.offset = 10, .has_size = true};
	struct resumable *r;
	struct client c;
	struct world w;

	(void)state;
	world_make(&w, 2, 2);
	c = made(&w, "file", 100);
	ASSERT_OK(&w.op, go_on(&c, 0, 10));
	ASSERT_RC(&w.op, RC_CONFLICT, go_on(&c, 0, 10));
	ASSERT_RC(&w.op, RC_CONFLICT, go_on(&c, 11, 10));
	ASSERT_RC(&w.op, RC_CONFLICT, go_on(&c, UINT64_MAX, 10));
	ASSERT_RC(&w.op, RC_LIMIT, go_on(&c, 10, 91));
	assert_int_equal(offset_of(&c), 10);
	from.size = 101;
	ASSERT_RC(&w.op, RC_INVALID,
	    resumable_open(&w.op, w.t, c.state.id, &from, &r));
	ASSERT_OK(&w.op, go_on(&c, 10, 90));
	ASSERT_RC(&w.op, RC_NOT_FOUND, (c.state.id++, go_on(&c, 0, 1)));
	world_end(&w);
}

static void
one_writes_at_a_time(void **state)
{
	struct resumable *first, *second;
	struct client c, other;
	struct world w;

	(void)state;
	world_make(&w, 2, 2);
	c = made(&w, "file", 100);
	other = made(&w, "other", 100);
	ASSERT_OK(&w.op, open_at(&c, 0, false, &first));
	ASSERT_RC(&w.op, RC_BUSY, open_at(&c, 0, false, &second));
	ASSERT_OK(&w.op, open_at(&other, 0, false, &second));
	resumable_free(second);
	ASSERT_RC(&w.op, RC_BUSY, open_at(&c, 0, false, &second));
	resumable_free(first);
	ASSERT_OK(&w.op, open_at(&c, 0, false, &first));
	resumable_free(first);
	world_end(&w);
}

static void
anothers_upload_does_not_exist(void **state)
{
	struct member_new bob = {.login = span_str("bob")};
	struct client c;
	struct world w;

	(void)state;
	world_make(&w, 2, 2);
	c = made(&w, "file", 100);
	ASSERT_OK(&w.op, member_add(&w.op, w.t, &bob, &w.op.actor.member));
	ASSERT_RC(&w.op, RC_NOT_FOUND,
	    resumable_get(&w.op, w.t, c.state.id, &c.state));
	ASSERT_RC(&w.op, RC_NOT_FOUND, go_on(&c, 0, 10));
	ASSERT_RC(&w.op, RC_NOT_FOUND, resumable_drop(&w.op, w.t, c.state.id));
	w.op.actor.member = w.member;
	assert_int_equal(offset_of(&c), 0);
	world_end(&w);
}

static void
a_length_may_be_told_later(void **state)
{
	struct resumable_from from = {
	    .offset = 10, .has_size = true, .size = 9};
	struct resumable *r;
	struct client c;
	struct world w;

	(void)state;
	world_make(&w, 2, 2);
	c = client_of(&w, "file", 0);
	c.new.has_size = false;
	ASSERT_OK(&w.op, make(&c));
	ASSERT_OK(&w.op, go_on(&c, 0, 10));
	(void)offset_of(&c);
	assert_false(c.state.has_size);
	ASSERT_RC(&w.op, RC_INVALID,
	    resumable_open(&w.op, w.t, c.state.id, &from, &r));
	from.size = INT64_MAX;
	ASSERT_RC(&w.op, RC_NO_SPACE,
	    resumable_open(&w.op, w.t, c.state.id, &from, &r));
	from.size = 20;
	ASSERT_OK(&w.op, resumable_open(&w.op, w.t, c.state.id, &from, &r));
	ASSERT_OK(&w.op, resumable_end(&w.op, r, &none, &c.result));
	resumable_free(r);
	assert_int_equal(offset_of(&c), 10);
	assert_true(c.state.has_size && c.state.size == 20);
	ASSERT_OK(&w.op, go_on(&c, 10, 10));
	world_check(&w, w.space, "file", 20, SEED);
	world_end(&w);
}

static void
a_size_that_the_sites_have_no_room_for_is_refused_at_once(void **state)
{
	struct client c;
	struct world w;

	(void)state;
	world_make(&w, 2, 2);
	c = client_of(&w, "file", UINT64_C(1) << 60);
	ASSERT_RC(&w.op, RC_NO_SPACE, make(&c));
	world_end(&w);
}

/* ---- the name ---- */

static void
begins_are_refused_as_a_file_would_be(struct world *w, int64_t folder)
{
	struct client c = client_of(w, "taken", 10);

	c.new.to.taken = TREE_TAKEN_FAIL;
	ASSERT_RC(&w->op, RC_EXISTS, make(&c));
	assert_int_equal(c.result.put.tree.why, TREE_WHY_EXISTS);
	c.new.to.taken = TREE_TAKEN_VERSION;
	c.new.precondition.if_none_match = true;
	c.new.precondition.if_none_match_any = true;
	ASSERT_RC(&w->op, RC_CONFLICT, make(&c));
	assert_int_equal(c.result.put.tree.why, TREE_WHY_PRECONDITION);
	c = client_of(w, "folder", 10);
	c.new.to.taken = TREE_TAKEN_VERSION;
	ASSERT_RC(&w->op, RC_EXISTS, make(&c));
	assert_int_equal(c.result.put.tree.why, TREE_WHY_EXISTS);
	c.new.to.parent = folder + 100000;
	ASSERT_RC(&w->op, RC_NOT_FOUND, make(&c));
	assert_int_equal(c.result.put.tree.why, TREE_WHY_PARENT);
	c.new.to.parent = NODE_ROOT;
	ASSERT_RC(&w->op, RC_DENIED, make(&c));
	assert_int_equal(c.result.put.tree.why, TREE_WHY_SPACE);
	c = client_of(w, "NUL.txt", 10);
	ASSERT_RC(&w->op, RC_INVALID, make(&c));
	assert_int_equal(c.result.put.tree.why, TREE_WHY_NAME);
}

static void
what_has_the_name_stays_becomes_a_version_or_stands_beside(void **state)
{
	struct file_put_result former;
	struct client c;
	struct world w;
	int64_t folder, n;
	struct reader *reader;

	(void)state;
	world_make(&w, 2, 2);
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, "taken", 9, 1, &former));
	ASSERT_OK(&w.op, world_mkdir(&w.op, &w, w.space, "folder", &folder));
	begins_are_refused_as_a_file_would_be(&w, folder);
	c = client_of(&w, "TAKEN", 10);
	c.new.to.taken = TREE_TAKEN_RENAME;
	ASSERT_OK(&w.op, make(&c));
	ASSERT_OK(&w.op, go_on(&c, 0, 10));
	world_check(&w, w.space, "TAKEN (2)", 10, SEED);
	world_check(&w, w.space, "taken", 9, 1);
	c.new.to.taken = TREE_TAKEN_VERSION;
	ASSERT_OK(&w.op, make(&c));
	ASSERT_OK(&w.op, go_on(&c, 0, 10));
	assert_int_equal(c.result.put.tree.etag.node, former.tree.etag.node);
	world_check(&w, w.space, "taken", 10, SEED);
	ASSERT_OK(&w.op, tenant_reader(&w.op, w.t, &reader));
	ASSERT_OK(&w.op,
	    version_count(&w.op, &reader->meta, former.tree.etag.node, 10, &n));
	tenant_reader_put(w.t, reader);
	assert_int_equal(n, 1);
	world_end(&w);
}

static void
an_upload_refused_at_its_end_stays_and_goes_on(void **state)
{
	struct precondition match = {.if_match = true};
	struct file_put_result taker;
	struct tree_result deleted;
	struct client c;
	struct world w;

	(void)state;
	world_make(&w, 2, 2);
	c = made(&w, "file", 20 * MIB);
	ASSERT_OK(&w.op, go_on(&c, 0, MIB));
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, "file", 9, 1, &taker));
	ASSERT_RC(&w.op, RC_EXISTS, go_on(&c, MIB, 19 * MIB));
	assert_int_equal(c.result.put.tree.why, TREE_WHY_EXISTS);
	/* The data segment that was full counts, the rest does not. */
	assert_int_equal(offset_of(&c), 17 * MIB);
	assert_false(c.state.done);
	world_check(&w, w.space, "file", 9, 1);
	ASSERT_OK(&w.op,
	    tree_delete(&w.op, w.t, taker.tree.etag.node, &none, &deleted));
	ASSERT_RC(
	    &w.op, RC_CONFLICT, go_on_if(&c, 17 * MIB, 3 * MIB, false, &match));
	assert_int_equal(c.result.put.tree.why, TREE_WHY_PRECONDITION);
	ASSERT_OK(&w.op, go_on(&c, 17 * MIB, 3 * MIB));
	world_check(&w, w.space, "file", 20 * MIB, SEED);
	nothing_is_left(&w);
	world_end(&w);
}

static void
the_bytes_that_the_file_has_make_no_version_and_leave_nothing(void **state)
{
	struct file_put_result former;
	struct client c;
	struct world w;
	size_t i;

	(void)state;
	world_make(&w, 2, 2);
	ASSERT_OK(&w.op,
	    world_put(&w.op, &w, w.space, "file", 20 * MIB, SEED, &former));
	for (i = 0; i < 2; i++) {
		c = client_of(&w, "file", 20 * MIB);
		c.new.to.taken = TREE_TAKEN_VERSION;
		ASSERT_OK(&w.op, make(&c));
		if (i == 1)
			ASSERT_OK(&w.op, go_on(&c, 0, 5));
		ASSERT_OK(&w.op,
		    go_on(&c, i == 1 ? 5 : 0, 20 * MIB - (i == 1 ? 5 : 0)));
		assert_true(c.result.put.not_taken);
		assert_int_equal(c.result.state.node, former.tree.etag.node);
	}
	nothing_is_left(&w);
	assert_int_equal(fixture_count(&w.f, 0, "data", w.id), 2);
	world_end(&w);
}

/* ---- ends ---- */

static void
an_upload_that_is_given_up_takes_its_content_along(void **state)
{
	struct resumable *r;
	struct client c;
	struct world w;
	uint64_t at;

	(void)state;
	world_make(&w, 2, 2);
	c = made(&w, "file", 100 * MIB);
	ASSERT_OK(&w.op, go_on(&c, 0, 40 * MIB));
	for (at = 40 * MIB; at < 40 * MIB + 300; at++) /* many small ones */
		ASSERT_OK(&w.op, go_on(&c, at, 1));
	ASSERT_OK(&w.op, open_at(&c, at, false, &r));
	ASSERT_OK(&w.op, resumable_drop(&w.op, w.t, c.state.id));
	ASSERT_RC(&w.op, RC_NOT_FOUND,
	    resumable_get(&w.op, w.t, c.state.id, &c.state));
	ASSERT_RC(&w.op, RC_NOT_FOUND, resumable_drop(&w.op, w.t, c.state.id));
	/* Who is writing finds out. */
	ASSERT_RC(&w.op, RC_NOT_FOUND, write_at(&c, r, at, 40 * MIB));
	resumable_free(r);
	nothing_is_left(&w);
	assert_int_equal(fixture_count(&w.f, 0, "data", w.id), 0);
	world_end(&w);
}

static bool
no_data_is_left(struct world *w, size_t unused)
{
	(void)unused;
	return fixture_count(&w->f, 0, "data", w->id) == 0 &&
	       fixture_count(&w->f, 1, "data", w->id) == 0;
}

static void
terms_of_service_time_end_uploads(void **state)
{
	struct machine m;
	struct client c, done;
	struct world w;

	(void)state;
	machine_make(&m);
	world_make(&w, 2, 2);
	c = made(&w, "file", 100 * MIB);
	done = made(&w, "done", 5);
	ASSERT_OK(&w.op, go_on(&done, 0, 5));
	ASSERT_OK(&w.op, go_on(&c, 0, 20 * MIB));
	machine_time_passes(&m, CLOCK_DAY - CLOCK_HOUR);
	assert_int_equal(offset_of(&done), 5);
	machine_time_passes(&m, CLOCK_HOUR);
	ASSERT_RC(&w.op, RC_NOT_FOUND,
	    resumable_get(&w.op, w.t, done.state.id, &done.state));
	machine_time_passes(&m, 6 * CLOCK_DAY - CLOCK_HOUR);
	/* A week from the last bytes on. */
	ASSERT_OK(&w.op, go_on(&c, 20 * MIB, 1));
	machine_time_passes(&m, 7 * CLOCK_DAY - CLOCK_HOUR);
	assert_int_equal(offset_of(&c), 20 * MIB + 1);
	machine_time_passes(&m, CLOCK_HOUR);
	ASSERT_RC(&w.op, RC_NOT_FOUND,
	    resumable_get(&w.op, w.t, c.state.id, &c.state));
	ASSERT_RC(&w.op, RC_NOT_FOUND, go_on(&c, 20 * MIB + 1, 1));
	world_await(
	    &w, "the content of the expired one goes", no_data_is_left, 0);
	nothing_is_left(&w);
	world_check(&w, w.space, "done", 5, SEED);
	world_end(&w);
	machine_end(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		it_goes_on_after_breaks_restarts_a_rebuild_and_without_a_site),
	    cmocka_unit_test(pieces_of_any_size_make_the_same_file),
	    cmocka_unit_test(
		a_file_is_seen_with_its_last_byte_and_the_upload_tells_of_it),
	    cmocka_unit_test(a_whole_writing_that_is_given_up_leaves_nothing),
	    cmocka_unit_test(a_whole_that_is_not_what_was_named_makes_no_file),
	    cmocka_unit_test(
		an_offset_that_lies_and_bytes_beyond_the_length_are_refused),
	    cmocka_unit_test(one_writes_at_a_time),
	    cmocka_unit_test(anothers_upload_does_not_exist),
	    cmocka_unit_test(a_length_may_be_told_later),
	    cmocka_unit_test(
		a_size_that_the_sites_have_no_room_for_is_refused_at_once),
	    cmocka_unit_test(
		what_has_the_name_stays_becomes_a_version_or_stands_beside),
	    cmocka_unit_test(an_upload_refused_at_its_end_stays_and_goes_on),
	    cmocka_unit_test(
		the_bytes_that_the_file_has_make_no_version_and_leave_nothing),
	    cmocka_unit_test(
		an_upload_that_is_given_up_takes_its_content_along),
	    cmocka_unit_test(terms_of_service_time_end_uploads),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

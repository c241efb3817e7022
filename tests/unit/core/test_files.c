/* test_files.c - contents of all sizes in through upload and out through
 * download, over real directories. */
#include "lib/service_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/download.h"
#include "core/locks.h"
#include "core/member.h"
#include "core/path.h"
#include "core/upload.h"

struct world {
	struct fixture f;
	struct op op;
	uint64_t id;
	struct tenant *t;
	int64_t space; /* the company's */
};

static enum rc
space_find(void *arg, struct op *op, const struct node *node)
{
	struct world *w = arg;

	(void)op;
	w->space = node->id;
	return RC_OK;
}

static void
world_enter(struct world *w)
{
	struct reader *reader;
	struct member_row member;

	ASSERT_OK(&w->op, service_tenant(&w->op, w->f.service, w->id, &w->t));
	w->op.actor = (struct actor){.tenant = w->id};
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	ASSERT_OK(&w->op,
	    member_find(&w->op, &reader->meta, span_str("admin"), &member));
	w->op.actor.member = member.id;
	ASSERT_OK(&w->op, path_spaces(&w->op, &reader->meta, space_find, w));
	tenant_reader_put(w->t, reader);
}

static int
world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct member_new admin = {
	    .login = span_str("admin"),
	    .password = span_str("a long password"),
	    .role = MEMBER_ADMINISTRATOR,
	};
	struct tenant *t;

	op_init(&w->op);
	fixture_init(&w->f, 3, 2);
	ASSERT_OK(&w->op, fixture_open(&w->op, &w->f));
	ASSERT_OK(&w->op,
	    service_tenant_add(&w->op, w->f.service, "demo", "ja", &w->id));
	ASSERT_OK(&w->op, service_tenant(&w->op, w->f.service, w->id, &t));
	w->op.actor.tenant = w->id;
	ASSERT_OK(&w->op, member_found(&w->op, t, LANG_JA, &admin));
	tenant_put(t);
	world_enter(w);
	*state = w;
	return 0;
}

static void
world_restart(struct world *w, bool drop_databases)
{
	tenant_put(w->t);
	fixture_close(&w->op, &w->f);
	if (drop_databases)
		fixture_drop_databases(&w->f);
	ASSERT_OK(&w->op, fixture_open(&w->op, &w->f));
	world_enter(w);
}

static int
world_close(void **state)
{
	struct world *w = *state;

	tenant_put(w->t);
	fixture_close(&w->op, &w->f);
	fixture_release(&w->f);
	op_release(&w->op);
	free(w);
	return 0;
}

/* A byte that depends on its place and the file, so that a misplaced piece
 * shows. */
static uint8_t
byte_at(uint64_t position, unsigned seed)
{
	uint64_t x = (position + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ seed;

	return (uint8_t)(x >> 40);
}

static void
fill(uint8_t *out, size_t n, uint64_t position, unsigned seed)
{
	size_t i;

	for (i = 0; i < n; i++)
		out[i] = byte_at(position + i, seed);
}

static int64_t
put(struct world *w, const char *name, uint64_t size, unsigned seed)
{
	struct file_put file = {.to.parent = w->space};
	struct file_put_result result;
	struct upload *upload;
	uint8_t *piece = malloc(100000);
	uint64_t done;

	ASSERT_OK(
	    &w->op, tree_name_init(&w->op, span_str(name), &file.to.name));
	ASSERT_OK(&w->op, upload_open(&w->op, w->t, true, &upload));
	for (done = 0; done < size;) {
		size_t step =
		    size - done < 100000 ? (size_t)(size - done) : 100000;

		fill(piece, step, done, seed);
		ASSERT_OK(
		    &w->op, upload_write(&w->op, upload, span_of(piece, step)));
		done += step;
	}
	free(piece);
	ASSERT_OK(&w->op, upload_end(&w->op, upload, &file.content));
	ASSERT_OK(&w->op, file_put(&w->op, w->t, &file, &result));
	upload_free(upload);
	assert_true(site_set_count(result.tree.receipt.sites) >= 2);
	return result.tree.etag.node;
}

static void
check(struct world *w, int64_t node_id, uint64_t size, unsigned seed)
{
	struct download *download;
	struct reader *reader;
	struct node node;
	uint8_t *piece = malloc(150001);
	uint64_t done = 0;
	size_t n, i;

	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	ASSERT_OK(&w->op, tree_stat(&w->op, &reader->meta, node_id, &node));
	tenant_reader_put(w->t, reader);
	assert_int_equal(node.size, size);
	ASSERT_OK(&w->op, download_open(&w->op, w->t, node.content, &download));
	assert_int_equal(download_size(download), size);
	do {
		ASSERT_OK(&w->op,
		    download_read(&w->op, download, done, piece, 150001, &n));
		for (i = 0; i < n; i++)
			if (piece[i] != byte_at(done + i, seed))
				fail_msg("byte %llu is wrong",
				    (unsigned long long)(done + i));
		done += n;
	} while (n > 0);
	assert_int_equal(done, size);
	/* Anywhere, in any order. */
	for (i = 1; i < 8 && size > 8; i++) {
		uint64_t at = size / 8 * (8 - i);

		ASSERT_OK(
		    &w->op, download_read(&w->op, download, at, piece, 7, &n));
		assert_int_equal(n, size - at < 7 ? size - at : 7);
		assert_int_equal(piece[0], byte_at(at, seed));
	}
	download_free(download);
	free(piece);
}

#define MIB (UINT64_C(1) << 20)
static const uint64_t sizes[] = {0, 1, 4096, 65535, 65536, 65537, 131072,
    4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 16 * MIB - 65536, 16 * MIB, 16 * MIB + 1,
    36 * MIB + 5};

static void
contents_of_all_sizes_come_back_byte_for_byte(void **state)
{
	struct world *w = *state;
	int64_t nodes[ARRAY_LEN(sizes)];
	char name[32];
	size_t i;

	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		(void)snprintf(name, sizeof(name), "file-%zu", i);
		nodes[i] = put(w, name, sizes[i], (unsigned)i);
		check(w, nodes[i], sizes[i], (unsigned)i);
	}
	world_restart(w, true);
	for (i = 0; i < ARRAY_LEN(sizes); i++)
		check(w, nodes[i], sizes[i], (unsigned)i);
}

static void
a_read_passes_over_a_site_that_is_gone_or_damaged(void **state)
{
	struct world *w = *state;
	int64_t large = put(w, "large", 3 * MIB, 1),
		small = put(w, "small", 5000, 2);
	char command[1000], away[320];

	fixture_await_sites(&w->f, w->t, 3);
	/* Every byte of every object on the first site is turned over. */
	(void)snprintf(command, sizeof(command),
	    "find %.300s/data %.300s/log -type f | while read -r f; do chmod "
	    "600 \"$f\"; "
	    "tr '\\000-\\377' '\\001-\\377\\000' <\"$f\" >\"$f.x\" && cat "
	    "\"$f.x\" >\"$f\"; "
	    "rm \"$f.x\"; done",
	    w->f.site_paths[0], w->f.site_paths[0]);
	assert_int_equal(system(command), 0);
	check(w, large, 3 * MIB, 1);
	check(w, small, 5000, 2);
	(void)snprintf(away, sizeof(away), "%s.away", w->f.site_paths[1]);
	assert_int_equal(rename(w->f.site_paths[1], away), 0);
	check(w, large, 3 * MIB, 1);
	check(w, small, 5000, 2);
	assert_int_equal(rename(away, w->f.site_paths[1]), 0);
}

static void
an_upload_that_breaks_off_leaves_no_rows(void **state)
{
	struct world *w = *state;
	struct upload *upload;
	struct reader *reader;
	uint8_t *piece = calloc(1, MIB);
	int i;

	(void)put(w, "other", 10, 1);
	ASSERT_OK(&w->op, upload_open(&w->op, w->t, false, &upload));
	for (i = 0; i < 40; i++)
		ASSERT_OK(
		    &w->op, upload_write(&w->op, upload, span_of(piece, MIB)));
	free(piece);
	upload_free(upload);
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	ASSERT_RC(&w->op, RC_NOT_FOUND,
	    content_unfinished(&w->op, &reader->meta, 0, &w->space));
	tenant_reader_put(w->t, reader);
}

static enum rc
take_lock(void *arg, struct op *op, const struct lock *lock, size_t level)
{
	(void)op;
	(void)level;
	*(struct lock *)arg = *lock;
	return RC_OK;
}

/* Locks are rows of the log. */
static void
locks_outlive_a_restart_and_the_loss_of_the_database(void **state)
{
	struct world *w = *state;
	struct locks_take take = {
	    .term = CLOCK_DAY,
	    .token = "a token of 16 b",
	    .owner = span_str("<a/>"),
	};
	struct tree_result result;
	struct lock taken;
	int i;

	take.node = put(w, "a", 1, 1);
	ASSERT_OK(&w->op, locks_take(&w->op, w->t, &take, &taken, &result));
	for (i = 0; i < 2; i++) {
		struct place folder = {.n = 0};
		struct lock seen = {.id = 0};
		struct reader *reader;

		world_restart(w, i == 1);
		ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
		ASSERT_OK(&w->op, locks_see(&w->op, &reader->meta,
				      service_clock_now(&w->f.service->clock),
				      take.node, &folder, take_lock, &seen));
		tenant_reader_put(w->t, reader);
		assert_int_equal(seen.id, taken.id);
		assert_int_equal(seen.expires_at, taken.expires_at);
		assert_memory_equal(seen.token, take.token, LOCK_TOKEN_SIZE);
		assert_true(span_equal(seen.owner, take.owner));
		assert_int_equal(tree_set_mtime(&w->op, w->t, take.node, 5,
				     &precondition_none, &result),
		    RC_CONFLICT);
		op_clear_error(&w->op);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		contents_of_all_sizes_come_back_byte_for_byte, world_open,
		world_close),
	    cmocka_unit_test_setup_teardown(
		a_read_passes_over_a_site_that_is_gone_or_damaged, world_open,
		world_close),
	    cmocka_unit_test_setup_teardown(
		an_upload_that_breaks_off_leaves_no_rows, world_open,
		world_close),
	    cmocka_unit_test_setup_teardown(
		locks_outlive_a_restart_and_the_loss_of_the_database,
		world_open, world_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

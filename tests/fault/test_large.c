/* test_large.c - sizes that nobody may trip over: a content beyond 1 TiB, 200
 * levels, names of 255 units, folders with very many entries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/download.h"
#include "core/path.h"
#include "core/trash.h"
#include "lib/seed.h"
#include "world.h"

enum { LEVELS = 200, REAL_SEED = 7, ENTRIES_MAX = 10000000 };

/* ---- a content of rows that repeat four real chunks ---- */

static void
huge_make(struct world *w)
{
	struct file_put_result result;
	struct node node;

	ASSERT_OK(&w->op,
	    world_put(&w->op, w, w->space, "real",
		SEED_REAL_CHUNKS * SEED_CHUNK_SIZE, REAL_SEED, &result));
	ASSERT_OK(&w->op, world_node(&w->op, w, result.tree.etag.node, &node));
	seed_huge(&w->op, w->t, w->space, "huge", &node);
}

static void
range_check(
    struct world *w, struct download *download, uint64_t offset, size_t size)
{
	uint8_t *got = malloc(size), *want = malloc(size);
	uint64_t period = SEED_REAL_CHUNKS * SEED_CHUNK_SIZE;
	size_t n, i;

	assert_true(got != NULL && want != NULL);
	ASSERT_OK(
	    &w->op, download_read(&w->op, download, offset, got, size, &n));
	assert_int_equal(
	    n, SEED_HUGE_SIZE - offset < size ? SEED_HUGE_SIZE - offset : size);
	for (i = 0; i < n; i++)
		world_fill(want + i, 1, (offset + i) % period, REAL_SEED);
	assert_memory_equal(got, want, n);
	free(got);
	free(want);
}

static void
huge_check(struct world *w)
{
	struct download *download;
	struct node node;
	uint64_t past = UINT64_C(1) << 40;

	ASSERT_OK(&w->op, world_find(&w->op, w, w->space, "huge", &node));
	assert_int_equal(node.size, SEED_HUGE_SIZE);
	ASSERT_OK(&w->op, download_open(&w->op, w->t, node.content, &download));
	range_check(w, download, 0, 1000);
	range_check(w, download, past - 3, 7);
	range_check(w, download, past + SEED_CHUNK_SIZE - 5, 70000);
	range_check(w, download, past + 9 * MIB + 77, 300000);
	range_check(w, download, SEED_HUGE_SIZE - 10, 100);
	range_check(w, download, UINT64_C(1) << 39, 64);
	/* Every 32-bit boundary of the way. */
	range_check(w, download, (UINT64_C(1) << 32) - 2, 5);
	range_check(w, download, (UINT64_C(1) << 31) - 2, 5);
	download_free(download);
}

static void
a_content_beyond_a_tebibyte_is_read_at_any_place(void **state)
{
	struct tree_copy copy = {0};
	struct tree_result result;
	struct world w;
	struct node node;

	(void)state;
	world_make(&w, 2, 2);
	huge_make(&w);
	huge_check(&w);
	/* A copy shares it: one change. */
	ASSERT_OK(&w.op, world_find(&w.op, &w, w.space, "huge", &node));
	copy.node = node.id;
	copy.to.parent = w.space;
	ASSERT_OK(
	    &w.op, tree_name_init(&w.op, span_str("huge too"), &copy.to.name));
	ASSERT_OK(&w.op, tree_copy(&w.op, w.t, &copy, &result));
	world_start_without_databases(&w);
	huge_check(&w);
	world_end(&w);
}

/* ---- depth and names ---- */

static void
files_stand_two_hundred_levels_deep(void **state)
{
	struct precondition none = {0};
	struct span path[LEVELS + 2];
	struct file_put_result put;
	struct tree_result result;
	struct reader *reader;
	struct span name;
	struct world w;
	struct node node, top;
	int64_t at;
	size_t i;
	enum rc rc;

	(void)state;
	world_make(&w, 2, 2);
	at = w.space;
	for (i = 0; i < LEVELS; i++)
		ASSERT_OK(&w.op, world_mkdir(&w.op, &w, at, "層", &at));
	ASSERT_OK(&w.op, world_put(&w.op, &w, at, "deep", 70000, 3, &put));
	ASSERT_OK(&w.op, world_node(&w.op, &w, w.space, &node));
	path[0] = node.name;
	for (i = 1; i <= LEVELS; i++)
		path[i] = span_str("層");
	path[LEVELS + 1] = span_str("deep");
	ASSERT_OK(&w.op, tenant_reader(&w.op, w.t, &reader));
	rc = path_find(&w.op, &reader->meta, path, LEVELS + 2, &node);
	tenant_reader_put(w.t, reader);
	ASSERT_OK(&w.op, rc);
	assert_int_equal(node.id, put.tree.etag.node);
	/* What is above goes to the trash and back with one row. */
	ASSERT_OK(&w.op, world_find(&w.op, &w, w.space, "層", &top));
	ASSERT_OK(&w.op, tree_delete(&w.op, w.t, top.id, &none, &result));
	ASSERT_OK(&w.op, trash_restore(&w.op, w.t, top.id, &result, &name));
	world_start_without_databases(&w);
	world_check(&w, at, "deep", 70000, 3);
	world_end(&w);
}

static void
repeat(char *out, const char *text, size_t times)
{
	out[0] = '\0';
	while (times-- > 0)
		(void)strcat(out, text);
}

static void
names_have_up_to_255_utf16_units(void **state)
{
	static char name[2000];
	struct file_put_result put;
	struct world w;

	(void)state;
	world_make(&w, 2, 2);
	repeat(name, "あ", 255);
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, name, 10, 1, &put));
	repeat(name, "x", 255);
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, name, 10, 2, &put));
	repeat(name, "😀", 127); /* two units each */
	(void)strcat(name, "y");
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, name, 10, 3, &put));
	(void)strcat(name, "y");
	ASSERT_RC(&w.op, RC_INVALID,
	    world_put(&w.op, &w, w.space, name, 10, 4, &put));
	repeat(name, "あ", 256);
	ASSERT_RC(&w.op, RC_INVALID,
	    world_put(&w.op, &w, w.space, name, 10, 5, &put));
	world_start_without_databases(&w);
	repeat(name, "あ", 255);
	world_check(&w, w.space, name, 10, 1);
	repeat(name, "😀", 127);
	(void)strcat(name, "y");
	world_check(&w, w.space, name, 10, 3);
	world_end(&w);
}

/* ---- a folder with very many entries ---- */

struct entries_seen {
	unsigned n;
	uint8_t last[META_NAME_KEY_SIZE]; /* the highest key so far */
	unsigned twice;
	uint8_t *bits; /* one an entry */
};

static enum rc
entry_see(void *arg, struct op *op, const struct node *node)
{
	struct entries_seen *seen = arg;
	const char *digits = strchr((const char *)node->name.data, '-');
	unsigned long i;

	(void)op;
	node_after(seen->last, node);
	seen->n++;
	if (digits == NULL)
		return RC_OK; /* "one more" */
	i = strtoul(digits + 1, NULL, 10);
	if ((seen->bits[i / 8] >> i % 8 & 1) != 0)
		seen->twice++;
	seen->bits[i / 8] |= (uint8_t)(1 << i % 8);
	return RC_OK;
}

/* Page by page, each in a short life of its own. */
static unsigned
entries_count(struct world *w, int64_t folder)
{
	struct entries_seen seen = {.bits = calloc(1, ENTRIES_MAX / 8)};
	uint8_t after[META_NAME_KEY_SIZE];
	unsigned before;
	enum rc rc;

	assert_non_null(seen.bits);
	do {
		CLEANUP(op_release) struct op op;
		struct reader *reader;

		world_ask(w, &op);
		before = seen.n;
		memcpy(after, seen.last, sizeof(after));
		ASSERT_OK(&op, tenant_reader(&op, w->t, &reader));
		rc = tree_list(&op, &reader->meta, folder,
		    seen.n > 0 ? after : NULL, 2000, entry_see, &seen);
		tenant_reader_put(w->t, reader);
		ASSERT_OK(&op, rc);
	} while (seen.n > before);
	free(seen.bits);
	assert_int_equal(seen.twice, 0);
	return seen.n;
}

static void
a_folder_holds_very_many_entries(void **state)
{
	unsigned n = seed_entries_wanted(50000);
	struct precondition none = {0};
	struct file_put_result put;
	struct tree_result result;
	struct span restored;
	char name[32];
	struct world w;
	struct node node;
	int64_t folder;

	(void)state;
	world_make(&w, 2, 2);
	ASSERT_OK(&w.op, world_mkdir(&w.op, &w, w.space, "many", &folder));
	seed_entries(&w.op, w.t, folder, n);
	assert_int_equal(entries_count(&w, folder), n);
	ASSERT_OK(
	    &w.op, world_put(&w.op, &w, folder, "one more", 100, 1, &put));
	seed_entry_name(name, n / 2);
	ASSERT_OK(&w.op, world_find(&w.op, &w, folder, name, &node));
	ASSERT_OK(&w.op, tree_delete(&w.op, w.t, node.id, &none, &result));
	assert_int_equal(entries_count(&w, folder), n);
	/* One row, however much is below. */
	ASSERT_OK(&w.op, tree_delete(&w.op, w.t, folder, &none, &result));
	ASSERT_OK(&w.op, trash_restore(&w.op, w.t, folder, &result, &restored));
	world_start_without_databases(&w);
	assert_int_equal(entries_count(&w, folder), n);
	world_check(&w, folder, "one more", 100, 1);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_content_beyond_a_tebibyte_is_read_at_any_place),
	    cmocka_unit_test(files_stand_two_hundred_levels_deep),
	    cmocka_unit_test(names_have_up_to_255_utf16_units),
	    cmocka_unit_test(a_folder_holds_very_many_entries),
	};

	log_set_level(LOG_LEVEL_WARN);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

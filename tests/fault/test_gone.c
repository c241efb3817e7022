/* test_gone.c - gone means unreadable (LOG.md L28): a day after the last
 * reference to a content ended, no key that the service holds opens its bytes,
 * wherever their sealed copies lie. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/cut.h"
#include "core/fetch.h"
#include "core/purge.h"
#include "core/snapshot.h"
#include "core/upkeep.h"
#include "core/verify.h"
#include "crypto/aead.h"
#include "machine.h"
#include "meta/content.h"
#include "world.h"

enum {
	SIZE_INLINE = 5000,
	SIZE_DATA = 200000,
	SEED = 77,
	OBJECT_MAX = 32 << 20
};

/* A file, what its content's row said of its only chunk, and its sealed bytes:
 * what somebody who copied a site before the purge has. */
struct stolen {
	int64_t node;
	int64_t content;
	uint64_t size;
	uint8_t key_sealed[AEAD_KEY_SIZE + SIV_TAG_SIZE];
	struct buf sealed;
};

/* ---- stealing ---- */

static void
steal(struct world *w, const char *name, struct stolen *s)
{
	struct chunk chunk = {0};
	struct reader *reader;
	struct siv_ad ad;
	struct node node;

	buf_init(&s->sealed, OBJECT_MAX);
	ASSERT_OK(&w->op, world_find(&w->op, w, w->space, name, &node));
	s->node = node.id;
	s->content = node.content;
	s->size = node.size;
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	ASSERT_OK(
	    &w->op, chunk_find(&w->op, &reader->meta, node.content, 0, &chunk));
	ASSERT_OK(&w->op,
	    fetch_chunk(&w->op, w->t, &reader->meta, &chunk, &s->sealed));
	/* The same keys, row and text seal to the same bytes. */
	siv_ad_init(&ad);
	siv_ad_add_u64(&ad, w->id);
	siv_ad_add(&ad, span_str("chunk"));
	siv_ad_add(&ad, span_str("key"));
	siv_ad_add_u64(&ad, (uint64_t)node.content);
	siv_ad_add_u64(&ad, 0);
	ASSERT_OK(
	    &w->op, siv_seal(&w->op, &reader->meta.siv, &ad,
			span_of(chunk.key, AEAD_KEY_SIZE), s->key_sealed));
	tenant_reader_put(w->t, reader);
}

/* ---- the purge: the last reference ends ---- */

static void
purge(struct world *w, const struct stolen *s)
{
	struct precondition none = {0};
	struct tree_result result;
	struct content content;
	struct reader *reader;
	enum rc rc;

	ASSERT_OK(&w->op, tree_delete(&w->op, w->t, s->node, &none, &result));
	ASSERT_OK(&w->op, trash_purge(&w->op, w->t, s->node, &result));
	ASSERT_OK(&w->op, purge_turn(&w->op, w->t, 100));
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	rc = content_get(&w->op, &reader->meta, s->content, &content);
	tenant_reader_put(w->t, reader);
	op_clear_error(&w->op);
	assert_int_equal(rc, RC_NOT_FOUND);
}

/* ---- the attack: all copies, old and new, and all keys of now ---- */

struct attack {
	struct op op;
	struct world *w;
	const struct keystore *keystore;
	struct keyring *ring; /* all that opens */
	struct buf bytes;
	struct buf plain;
	const struct stolen *stolen;
	bool found; /* the sealed chunk key, readable */
};

static bool
has_key(struct span bytes, const struct stolen *s)
{
	return bytes.size > 0 && memmem(bytes.data, bytes.size, s->key_sealed,
				     sizeof(s->key_sealed)) != NULL;
}

static void
keyring_try(struct attack *a)
{
	struct keyring *ring;
	size_t i;

	for (i = 0; i < a->keystore->n_sites; i++) {
		if (keyring_open(&a->op, buf_span(&a->bytes), a->w->id,
			a->keystore->service, &a->keystore->sites[i],
			&ring) == RC_OK) {
			if (a->ring == NULL)
				a->ring = ring;
			else if (keyring_merge(&a->op, a->ring, ring) == RC_OK)
				keyring_free(ring);
		}
		op_clear_error(&a->op);
	}
}

static void
records_try(struct attack *a)
{
	struct segment segment;
	size_t i;

	a->found = a->found || has_key(buf_span(&a->bytes), a->stolen);
	if (segment_parse(&a->op, buf_span(&a->bytes), &segment) == RC_OK &&
	    segment.header.kind != SEGMENT_DATA)
		for (i = 0; i < segment.n_items; i++)
			if (segment_open_record(&a->op, &segment, i, a->ring,
				&a->plain) == RC_OK)
				a->found =
				    a->found ||
				    has_key(buf_span(&a->plain), a->stolen);
	op_release(&a->op);
	op_init(&a->op);
}

/* Every file below a folder of the sandbox. */
static void
files_each(struct attack *a, const char *folder, void (*each)(struct attack *a))
{
	char command[500], path[600];
	FILE *files, *file;

	(void)snprintf(command, sizeof(command), "find %.200s/%s -type f",
	    a->w->f.path, folder);
	files = popen(command, "re");
	assert_non_null(files);
	while (fgets(path, sizeof(path), files) != NULL) {
		uint8_t *room;
		size_t n;

		path[strcspn(path, "\n")] = '\0';
		file = fopen(path, "re");
		assert_non_null(file);
		buf_clear(&a->bytes);
		ASSERT_OK(
		    &a->op, buf_grow(&a->op, &a->bytes, OBJECT_MAX, &room));
		n = fread(room, 1, OBJECT_MAX, file);
		assert_true(n < OBJECT_MAX);
		a->bytes.size = n;
		(void)fclose(file);
		each(a);
	}
	(void)pclose(files);
}

/* With the sealed chunk key and the tenant's root the old ciphertext opens. */
static void
opens_indeed(struct world *w, const struct stolen *s)
{
	uint8_t key[AEAD_KEY_SIZE], *plain = malloc(s->size),
				    *expected = malloc(s->size);
	struct siv_ad ad;

	siv_ad_init(&ad);
	siv_ad_add_u64(&ad, w->id);
	siv_ad_add(&ad, span_str("chunk"));
	siv_ad_add(&ad, span_str("key"));
	siv_ad_add_u64(&ad, (uint64_t)s->content);
	siv_ad_add_u64(&ad, 0);
	ASSERT_OK(
	    &w->op, siv_open(&w->op, &w->t->meta.siv, &ad,
			span_of(s->key_sealed, sizeof(s->key_sealed)), key));
	ASSERT_OK(&w->op,
	    aead_open(&w->op, span_of(key, sizeof(key)), segment_chunk_ad(),
		buf_span(&s->sealed), plain, s->size));
	world_fill(expected, s->size, 0, SEED);
	assert_memory_equal(plain, expected, s->size);
	free(plain);
	free(expected);
}

/* Whether anything of what is there gives the purged bytes. */
static bool
attack(struct world *w, const struct stolen *s)
{
	struct attack a = {.w = w, .keystore = w->f.keystore, .stolen = s};
	static const char *const folders[] = {"old", "tokyo", "osaka", "db"};
	size_t i;

	op_init(&a.op);
	buf_init(&a.bytes, OBJECT_MAX);
	buf_init(&a.plain, OBJECT_MAX);
	/* Keys are only those of now: of before, the thief has the ciphertext.
	 */
	files_each(&a, "tokyo/keys", keyring_try);
	files_each(&a, "osaka/keys", keyring_try);
	assert_non_null(a.ring);
	for (i = 0; i < ARRAY_LEN(folders); i++)
		files_each(&a, folders[i], records_try);
	if (a.found)
		opens_indeed(w, s);
	keyring_free(a.ring);
	buf_release(&a.bytes);
	buf_release(&a.plain);
	op_release(&a.op);
	return a.found;
}

/* ---- a day ---- */

/* Each hour the service does what is due. */
static void
hours_pass(struct world *w, struct machine *m, unsigned n, bool cut)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		machine_time_passes(m, CLOCK_HOUR);
		if (cut) {
			ASSERT_OK(&w->op, upkeep_tenant(&w->op, w->t));
		} else if (i % 8 == 7 && i < 16) {
			ASSERT_OK(&w->op, snapshot_make(&w->op, w->t));
		}
		w->t->swept = false;
		world_await(w, "the sweep has been", world_is_swept, 0);
	}
}

static void
day_after_a_purge(bool cut, bool expected)
{
	struct stolen inside, beside;
	struct machine m;
	struct world w;
	struct file_put_result result;

	machine_make(&m);
	world_make(&w, 2, 2);
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, "inline", SIZE_INLINE,
			     SEED, &result));
	ASSERT_OK(&w.op,
	    world_put(&w.op, &w, w.space, "data", SIZE_DATA, SEED, &result));
	ASSERT_OK(&w.op,
	    world_put(&w.op, &w, w.space, "stays", SIZE_DATA, 3, &result));
	hours_pass(&w, &m, 9, cut);
	steal(&w, "inline", &inside);
	steal(&w, "data", &beside);
	fixture_shell(&w.f, "mkdir old && cp -r tokyo osaka old/");
	assert_true(attack(&w, &inside));
	assert_true(attack(&w, &beside));
	purge(&w, &inside);
	purge(&w, &beside);
	/* All that was ever on a site or the local disk until now. */
	fixture_shell(&w.f, "mkdir old/later && cp -r tokyo osaka old/later/");
	hours_pass(&w, &m, 24, cut);
	assert_int_equal(attack(&w, &inside), expected);
	assert_int_equal(attack(&w, &beside), expected);
	world_check(&w, w.space, "stays", SIZE_DATA, 3);
	world_assert_whole(&w, 2);
	buf_release(&inside.sealed);
	buf_release(&beside.sealed);
	world_end(&w);
	machine_end(&m);
}

static void
a_day_after_the_purge_no_key_opens_the_bytes_wherever_they_lie(void **state)
{
	(void)state;
	day_after_a_purge(true, false);
}

/* So the test above looks where it has to look. */
static void
without_the_cut_they_open(void **state)
{
	(void)state;
	day_after_a_purge(false, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_day_after_the_purge_no_key_opens_the_bytes_wherever_they_lie),
	    cmocka_unit_test(without_the_cut_they_open),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

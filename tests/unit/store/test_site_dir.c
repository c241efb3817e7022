/* test_site_dir.c - a directory site on the real disk. What stands there is
 * read past base/io.c. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "lib/test.h"
#include "store/site.h"
#include "store/site_id.h"

static const uint8_t service[OBJECT_ID_SIZE] = {1, 2, 3};
static const uint8_t other_service[OBJECT_ID_SIZE] = {9};
static const uint8_t id[OBJECT_ID_SIZE] = {4, 5, 6};
static const uint8_t other_id[OBJECT_ID_SIZE] = {8};
static const char folder[] = "log/0000000000000001";
enum { BIG = (1 << 20) + 13 };

/* A created, attached site with one prepared folder. */
struct fixture {
	struct op op;
	char *sandbox;
	char path[256]; /* of the site's folder, in the sandbox */
	char url[264];
	struct site *site;
};

static void
attach_new(struct fixture *f)
{
	ASSERT_OK(&f->op, site_create(&f->op, f->url, service, id, "here"));
	ASSERT_OK(
	    &f->op, site_open(&f->op, f->url, service, id, "here", &f->site));
	ASSERT_OK(&f->op, site_attach(&f->op, f->site));
	ASSERT_OK(&f->op, site_prepare(&f->op, f->site, folder));
}

static void
fixture_paths(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	op_init(&f->op);
	f->sandbox = test_sandbox();
	(void)snprintf(f->path, sizeof(f->path), "%s/site", f->sandbox);
	(void)snprintf(f->url, sizeof(f->url), "dir:%s", f->path);
}

static int
set_up(void **state)
{
	static struct fixture f;

	fixture_paths(&f);
	attach_new(&f);
	*state = &f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	site_close(f->site);
	test_sandbox_remove(f->sandbox);
	op_release(&f->op);
	return 0;
}

static struct object_name
named(const char *file)
{
	struct object_name name;

	(void)snprintf(name.folder, sizeof(name.folder), "%s", folder);
	(void)snprintf(name.file, sizeof(name.file), "%s", file);
	return name;
}

/* The file's size, or -1 where it is not there. */
static long
raw_size(const struct fixture *f, const char *file)
{
	char path[512];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s/%s", f->path, folder, file);
	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static void
assert_raw(const struct fixture *f, const char *file, struct span bytes)
{
	char path[512];
	uint8_t *seen = malloc(bytes.size + 1);
	FILE *in;

	(void)snprintf(path, sizeof(path), "%s/%s/%s", f->path, folder, file);
	in = fopen(path, "re");
	assert_non_null(in);
	assert_non_null(seen);
	assert_int_equal(fread(seen, 1, bytes.size + 1, in), bytes.size);
	assert_memory_equal(seen, bytes.data, bytes.size);
	assert_int_equal(fclose(in), 0);
	free(seen);
}

/* Entries of the object folder, temporary ones too. */
static unsigned
raw_entries(const struct fixture *f)
{
	char command[512];
	unsigned n = 0;
	FILE *out;

	(void)snprintf(
	    command, sizeof(command), "ls -A %s/%s | wc -l", f->path, folder);
	out = popen(command, "re"); /* NOLINT: a path of our own */
	assert_non_null(out);
	assert_int_equal(fscanf(out, "%u", &n), 1); /* NOLINT: wc's digits */
	assert_int_equal(pclose(out), 0);
	return n;
}

static uint8_t *
pattern(size_t size)
{
	uint8_t *bytes = aligned_alloc(4096, (size + 4096) / 4096 * 4096);
	size_t i;

	assert_non_null(bytes);
	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 4096);
	return bytes;
}

static void
free_bytes(uint8_t **bytes)
{
	free(*bytes);
}

/* ---- objects ---- */

static void
a_put_object_is_read_back_and_looked_up(void **state)
{
	struct fixture *f = *state;
	struct op *op = &f->op;
	struct object_name name = named("a"), none = named("none");
	CLEANUP(buf_release) struct buf bytes = {0};
	uint8_t piece[4];
	uint64_t size;
	bool there;

	buf_init(&bytes, 64);
	ASSERT_OK(op, site_put(op, f->site, &name, span_str("some bytes")));
	assert_raw(f, "a", span_str("some bytes"));
	ASSERT_OK(op, site_get(op, f->site, &name, &bytes));
	assert_true(span_equal(buf_span(&bytes), span_str("some bytes")));
	ASSERT_OK(op, site_size(op, f->site, &name, &size));
	assert_int_equal(size, 10);
	ASSERT_OK(op, site_read(op, f->site, &name, 5, piece, 4));
	assert_memory_equal(piece, "byte", 4);
	ASSERT_RC(op, RC_DAMAGED, site_read(op, f->site, &name, 7, piece, 4));
	ASSERT_OK(op, site_exists(op, f->site, &name, &there));
	assert_true(there);
	ASSERT_OK(op, site_exists(op, f->site, &none, &there));
	assert_false(there);
	ASSERT_RC(op, RC_NOT_FOUND, site_get(op, f->site, &none, &bytes));
	ASSERT_RC(op, RC_NOT_FOUND, site_size(op, f->site, &none, &size));
	assert_int_equal(raw_entries(f), 1);
}

static void
an_object_larger_than_the_buffer_is_refused(void **state)
{
	struct fixture *f = *state;
	struct op *op = &f->op;
	struct object_name name = named("a");
	CLEANUP(buf_release) struct buf bytes = {0};

	buf_init(&bytes, 9);
	ASSERT_OK(op, site_put(op, f->site, &name, span_str("some bytes")));
	ASSERT_RC(op, RC_LIMIT, site_get(op, f->site, &name, &bytes));
}

static void
a_second_put_never_replaces(void **state)
{
	struct fixture *f = *state;
	struct op *op = &f->op;
	struct object_name name = named("a");
	CLEANUP(free_bytes) uint8_t *big = pattern(BIG);

	ASSERT_OK(op, site_put(op, f->site, &name, span_of(big, BIG)));
	ASSERT_OK(op, site_put(op, f->site, &name, span_of(big, BIG)));
	ASSERT_RC(
	    op, RC_EXISTS, site_put(op, f->site, &name, span_of(big, BIG - 1)));
	big[BIG - 1] ^= 1;
	ASSERT_RC(
	    op, RC_EXISTS, site_put(op, f->site, &name, span_of(big, BIG)));
	big[BIG - 1] ^= 1;
	assert_raw(f, "a", span_of(big, BIG));
	assert_int_equal(raw_entries(f), 1);
}

static void
an_empty_object_is_an_object(void **state)
{
	struct fixture *f = *state;
	struct op *op = &f->op;
	struct object_name name = named("empty");

	ASSERT_OK(op, site_put(op, f->site, &name, span_of(NULL, 0)));
	ASSERT_OK(op, site_put(op, f->site, &name, span_of(NULL, 0)));
	assert_int_equal(raw_size(f, "empty"), 0);
	ASSERT_RC(op, RC_EXISTS, site_put(op, f->site, &name, span_str("x")));
}

static void
a_removed_object_is_gone_and_removing_it_again_is_no_error(void **state)
{
	struct fixture *f = *state;
	struct op *op = &f->op;
	struct object_name name = named("a");

	ASSERT_OK(op, site_put(op, f->site, &name, span_str("x")));
	ASSERT_OK(op, site_remove(op, f->site, &name, SITE_REMOVE_DURABLE));
	assert_int_equal(raw_size(f, "a"), -1);
	ASSERT_OK(op, site_remove(op, f->site, &name, SITE_REMOVE_DURABLE));
	ASSERT_OK(op, site_remove(op, f->site, &name, SITE_REMOVE));
}

struct names {
	unsigned n;
	unsigned last; /* stop at so many, 0: never */
	char text[256];
};

static enum rc
note_name(void *arg, struct op *op, const char *file)
{
	struct names *names = arg;

	if (names->last != 0 && names->n == names->last)
		return op_fail(op, RC_BUSY, "enough");
	names->n++;
	(void)strncat(names->text, file, 8);
	return RC_OK;
}

static void
a_listing_names_each_object_once(void **state)
{
	struct fixture *f = *state;
	struct op *op = &f->op;
	struct object_name a = named("a"), b = named("b");
	struct names names = {0}, one = {.last = 1}, none = {0};

	ASSERT_OK(op, site_put(op, f->site, &a, span_str("x")));
	ASSERT_OK(op, site_put(op, f->site, &b, span_str("y")));
	ASSERT_OK(op, site_list(op, f->site, folder, SITE_LIST_DURABLE,
			  note_name, &names));
	assert_int_equal(names.n, 2);
	assert_non_null(strchr(names.text, 'a'));
	assert_non_null(strchr(names.text, 'b'));
	ASSERT_RC(op, RC_BUSY,
	    site_list(op, f->site, folder, SITE_LIST_SEEN, note_name, &one));
	ASSERT_OK(op, site_list(op, f->site, "log/0000000000000002",
			  SITE_LIST_DURABLE, note_name, &none));
	assert_int_equal(none.n, 0);
}

static void
a_put_makes_no_folder(void **state)
{
	struct fixture *f = *state;
	struct object_name name = {"data/0000000000000001", "a"};

	ASSERT_RC(&f->op, RC_NOT_FOUND,
	    site_put(&f->op, f->site, &name, span_str("x")));
}

static void
damaged_bytes_are_set_aside_under_a_telling_name(void **state)
{
	struct fixture *f = *state;
	struct op *op = &f->op;
	struct object_name name = named("bad");
	char path[512];
	struct stat st;
	int round;

	(void)snprintf(path, sizeof(path),
	    "%s/damaged/0000000000000001/%.3s.bad", f->path, folder);
	for (round = 0; round < 2; round++) {
		ASSERT_OK(op, site_put(op, f->site, &name, span_str("rot")));
		ASSERT_OK(op, site_set_aside(op, f->site, &name, 1));
		assert_int_equal(raw_entries(f), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, 3);
	}
}

/* ---- streams ---- */

static enum rc
stream(struct fixture *f, const char *file, struct span bytes, size_t piece,
    bool commit)
{
	struct op *op = &f->op;
	struct object_name name = named(file);
	struct site_stream *s = NULL;
	size_t step;
	enum rc rc = site_stream_open(op, f->site, &name, &s);

	for (; rc == RC_OK && bytes.size > 0;
	     bytes.data += step, bytes.size -= step) {
		step = bytes.size < piece ? bytes.size : piece;
		rc = site_stream_write(op, s, span_of(bytes.data, step));
	}
	if (rc == RC_OK && commit)
		rc = site_stream_commit(op, s);
	site_stream_close(s);
	return rc;
}

static void
streams_of_any_size_and_piece_arrive_whole(void **state)
{
	static const size_t sizes[] = {
	    0, 1, 4095, 4096, 4097, 8192, 65537, BIG};
	static const size_t pieces[] = {4096, 262144, 1000};
	struct fixture *f = *state;
	CLEANUP(free_bytes) uint8_t *big = pattern(BIG);
	char file[64];
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(sizes); i++)
		for (j = 0; j < ARRAY_LEN(pieces); j++) {
			(void)snprintf(file, sizeof(file), "s%zu-%zu", i, j);
			ASSERT_OK(
			    &f->op, stream(f, file, span_of(big, sizes[i]),
					pieces[j], true));
			assert_raw(f, file, span_of(big, sizes[i]));
		}
}

static void
a_stream_that_is_not_committed_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	CLEANUP(free_bytes) uint8_t *big = pattern(BIG);

	ASSERT_OK(&f->op, stream(f, "a", span_of(big, BIG), 65536, false));
	assert_int_equal(raw_entries(f), 0);
}

static void
a_stream_never_replaces(void **state)
{
	struct fixture *f = *state;
	struct object_name name = named("a");

	ASSERT_OK(&f->op, site_put(&f->op, f->site, &name, span_str("first")));
	ASSERT_RC(
	    &f->op, RC_EXISTS, stream(f, "a", span_str("second"), 4096, true));
	assert_raw(f, "a", span_str("first"));
}

/* ---- identity (L20) ---- */

static void
assert_attach(struct fixture *f, enum rc expected, const uint8_t *a_service,
    const uint8_t *an_id)
{
	CLEANUP(site_close_ptr) struct site *site = NULL;
	struct object_name name = named("a");
	enum rc put;

	ASSERT_OK(
	    &f->op, site_open(&f->op, f->url, a_service, an_id, "x", &site));
	ASSERT_RC(&f->op, expected, site_attach(&f->op, site));
	put = site_put(&f->op, site, &name, span_str("x"));
	op_clear_error(&f->op);
	assert_int_equal(put, expected == RC_OK ? RC_OK : RC_IO);
	assert_int_equal(raw_size(f, "a"), expected == RC_OK ? 1 : -1);
}

static void
a_site_of_another_service_or_id_is_refused(void **state)
{
	struct fixture *f = *state;
	struct site_id seen;

	assert_attach(f, RC_REFUSED, other_service, id);
	assert_attach(f, RC_REFUSED, service, other_id);
	assert_attach(f, RC_OK, service, id);
	ASSERT_OK(&f->op, site_identify(&f->op, f->url, &seen));
	assert_memory_equal(seen.service, service, OBJECT_ID_SIZE);
	assert_memory_equal(seen.id, id, OBJECT_ID_SIZE);
	assert_string_equal(seen.name, "here");
}

/* Every call of a site that is away fails with RC_IO: "not found" would read as
 * "no such object". */
static void
assert_away(struct fixture *f)
{
	struct op *op = &f->op;
	struct object_name name = named("kept");
	CLEANUP(buf_release) struct buf bytes = {0};
	struct names names = {0};
	struct io_space space;
	uint64_t size;
	bool there;

	buf_init(&bytes, 64);
	ASSERT_RC(op, RC_IO, site_verify(op, f->site));
	ASSERT_RC(op, RC_IO, site_put(op, f->site, &name, span_str("kept")));
	ASSERT_RC(op, RC_IO, site_get(op, f->site, &name, &bytes));
	ASSERT_RC(op, RC_IO, site_size(op, f->site, &name, &size));
	ASSERT_RC(op, RC_IO, site_exists(op, f->site, &name, &there));
	ASSERT_RC(op, RC_IO, site_remove(op, f->site, &name, SITE_REMOVE));
	ASSERT_RC(op, RC_IO, site_prepare(op, f->site, folder));
	ASSERT_RC(op, RC_IO, site_space(op, f->site, &space));
	ASSERT_RC(op, RC_IO, stream(f, "s", span_str("s"), 4096, true));
	ASSERT_RC(op, RC_IO,
	    site_list(op, f->site, folder, SITE_LIST_SEEN, note_name, &names));
	assert_int_equal(names.n, 0);
}

static void
a_folder_that_is_renamed_away_is_away_until_it_is_back(void **state)
{
	struct fixture *f = *state;
	struct object_name name = named("kept");
	char elsewhere[300];

	(void)snprintf(
	    elsewhere, sizeof(elsewhere), "%s/elsewhere", f->sandbox);
	ASSERT_OK(&f->op, site_put(&f->op, f->site, &name, span_str("kept")));
	assert_int_equal(rename(f->path, elsewhere), 0);
	assert_away(f);
	ASSERT_RC(&f->op, RC_NOT_FOUND, site_attach(&f->op, f->site));

	/* Another folder in its place is not the site, even attached to. */
	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_away(f);
	ASSERT_RC(&f->op, RC_NOT_FOUND, site_attach(&f->op, f->site));
	assert_int_equal(rmdir(f->path), 0);

	assert_int_equal(rename(elsewhere, f->path), 0);
	ASSERT_OK(&f->op, site_verify(&f->op, f->site));
	assert_raw(f, "kept", span_str("kept"));
}

static void
a_copy_in_its_place_is_taken_only_when_attached_anew(void **state)
{
	struct fixture *f = *state;
	char elsewhere[300];

	(void)snprintf(
	    elsewhere, sizeof(elsewhere), "%s/elsewhere", f->sandbox);
	assert_int_equal(rename(f->path, elsewhere), 0);
	ASSERT_OK(&f->op, site_create(&f->op, f->url, service, id, "here"));
	assert_away(f);
	ASSERT_OK(&f->op, site_attach(&f->op, f->site));
	ASSERT_OK(&f->op, site_verify(&f->op, f->site));
}

static void
a_missing_or_damaged_site_id_is_no_site(void **state)
{
	struct fixture *f = *state;
	char path[300];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/site.id", f->path);
	assert_int_equal(unlink(path), 0);
	ASSERT_RC(&f->op, RC_IO, site_verify(&f->op, f->site));
	ASSERT_RC(&f->op, RC_NOT_FOUND, site_attach(&f->op, f->site));
	out = fopen(path, "we");
	assert_non_null(out);
	assert_int_equal(fputs("not a site", out) >= 0, 1);
	assert_int_equal(fclose(out), 0);
	ASSERT_RC(&f->op, RC_DAMAGED, site_attach(&f->op, f->site));
}

static void
a_site_is_made_only_in_an_empty_folder(void **state)
{
	struct fixture *f = *state;

	ASSERT_RC(&f->op, RC_EXISTS,
	    site_create(&f->op, f->url, service, other_id, "again"));
	assert_attach(f, RC_OK, service, id);
}

static void
an_unknown_address_is_invalid(void **state)
{
	struct fixture *f = *state;
	struct site *site = NULL;

	ASSERT_RC(&f->op, RC_INVALID,
	    site_open(&f->op, "ftp://x", service, id, "x", &site));
	ASSERT_RC(&f->op, RC_INVALID,
	    site_open(&f->op, "dir:relative", service, id, "x", &site));
	assert_null(site);
}

/* ---- full and read-only: a small file system of its own ---- */

static bool
mount_small(struct fixture *f)
{
	fixture_paths(f);
	assert_int_equal(mkdir(f->path, 0700), 0);
	if (mount("none", f->path, "tmpfs", 0, "size=1m") == 0)
		return true;
	print_message("skipped: cannot mount a tmpfs (%s)\n", strerror(errno));
	test_sandbox_remove(f->sandbox);
	op_release(&f->op);
	return false;
}

static void
unmount_small(struct fixture *f)
{
	site_close(f->site);
	assert_int_equal(umount(f->path), 0);
	test_sandbox_remove(f->sandbox);
	op_release(&f->op);
}

static void
a_full_site_refuses_and_can_be_emptied(void **state)
{
	struct fixture f;
	struct object_name name = named("a"), large = named("large");
	CLEANUP(free_bytes) uint8_t *big = pattern(BIG);
	struct io_space space;

	(void)state;
	if (!mount_small(&f))
		skip();
	attach_new(&f);
	ASSERT_RC(&f.op, RC_NO_SPACE,
	    site_put(&f.op, f.site, &large, span_of(big, BIG)));
	ASSERT_RC(&f.op, RC_NO_SPACE,
	    stream(&f, "large", span_of(big, BIG), 65536, true));
	assert_int_equal(raw_entries(&f), 0);

	ASSERT_OK(
	    &f.op, site_put(&f.op, f.site, &name, span_of(big, 900 * 1024)));
	ASSERT_OK(&f.op, site_space(&f.op, f.site, &space));
	assert_int_equal(space.total, 1 << 20);
	assert_true(space.free < 200 * 1024);
	assert_false(space.read_only || space.network);
	ASSERT_OK(
	    &f.op, site_remove(&f.op, f.site, &name, SITE_REMOVE_DURABLE));
	ASSERT_OK(
	    &f.op, site_put(&f.op, f.site, &large, span_of(big, 900 * 1024)));
	unmount_small(&f);
}

static void
a_read_only_site_is_read_and_not_written(void **state)
{
	struct fixture f;
	struct object_name name = named("a"), other = named("b");
	struct io_space space;

	(void)state;
	if (!mount_small(&f))
		skip();
	attach_new(&f);
	ASSERT_OK(&f.op, site_put(&f.op, f.site, &name, span_str("kept")));
	assert_int_equal(
	    mount("none", f.path, "tmpfs", MS_REMOUNT | MS_RDONLY, ""), 0);
	ASSERT_RC(&f.op, RC_IO, site_put(&f.op, f.site, &other, span_str("x")));
	ASSERT_RC(&f.op, RC_IO, stream(&f, "b", span_str("x"), 4096, true));
	ASSERT_RC(&f.op, RC_IO,
	    site_remove(&f.op, f.site, &name, SITE_REMOVE_DURABLE));
	assert_raw(&f, "a", span_str("kept"));
	ASSERT_OK(&f.op, site_verify(&f.op, f.site));
	ASSERT_OK(&f.op, site_space(&f.op, f.site, &space));
	assert_true(space.read_only);
	unmount_small(&f);
}

/* An unmounted site's mount point is an empty folder, and nothing is put into
 * it. */
static void
an_unmounted_site_is_away(void **state)
{
	struct fixture f;

	(void)state;
	if (!mount_small(&f))
		skip();
	attach_new(&f);
	assert_int_equal(umount(f.path), 0);
	assert_away(&f);
	assert_int_equal(rmdir(f.path), 0); /* still empty */
	site_close(f.site);
	test_sandbox_remove(f.sandbox);
	op_release(&f.op);
}

/* ---- faults ---- */

static unsigned tries;

static void
assert_absent_or_whole(
    const struct fixture *f, const char *file, struct span bytes, enum rc rc)
{
	long size = raw_size(f, file);

	assert_true(size == -1 || size == (long)bytes.size);
	if (size >= 0)
		assert_raw(f, file, bytes);
	if (rc == RC_OK)
		assert_true(size >= 0);
}

static enum rc
put_new(void *arg)
{
	struct fixture *f = arg;
	uint8_t bytes[5000];
	struct object_name name;
	char file[32];
	enum rc rc;

	(void)snprintf(file, sizeof(file), "try-%u", tries++);
	name = named(file);
	memset(bytes, 'p', sizeof(bytes));
	rc = site_put(&f->op, f->site, &name, span_of(bytes, sizeof(bytes)));
	op_clear_error(&f->op);
	assert_absent_or_whole(f, file, span_of(bytes, sizeof(bytes)), rc);
	return rc;
}

static enum rc
stream_new(void *arg)
{
	struct fixture *f = arg;
	static uint8_t bytes[8193] __attribute__((aligned(4096)));
	char file[32];
	enum rc rc;

	(void)snprintf(file, sizeof(file), "try-%u", tries++);
	memset(bytes, 's', sizeof(bytes));
	rc = stream(f, file, span_of(bytes, sizeof(bytes)), 4096, true);
	op_clear_error(&f->op);
	assert_absent_or_whole(f, file, span_of(bytes, sizeof(bytes)), rc);
	return rc;
}

/* As put_new under a name that has the bytes already. */
static enum rc
put_again(void *arg)
{
	struct fixture *f = arg;
	struct object_name name = named("same");
	enum rc rc = site_put(&f->op, f->site, &name, span_str("same"));

	op_clear_error(&f->op);
	assert_raw(f, "same", span_str("same"));
	return rc;
}

static enum rc
remove_again(void *arg)
{
	struct fixture *f = arg;
	struct object_name name = named("none");
	enum rc rc = site_remove(&f->op, f->site, &name, SITE_REMOVE_DURABLE);

	op_clear_error(&f->op);
	return rc;
}

static enum rc
list_all(void *arg)
{
	struct fixture *f = arg;
	struct names names = {0};
	enum rc rc = site_list(
	    &f->op, f->site, folder, SITE_LIST_DURABLE, note_name, &names);

	op_clear_error(&f->op);
	assert_true(rc != RC_OK || names.n == 1);
	return rc;
}

static void
each_failing_call_leaves_nothing_or_the_whole_object(void **state)
{
	struct fixture *f = *state;
	struct object_name name = named("same");
	static const int errors[] = {EIO, ENOSPC};
	size_t i;

	for (i = 0; i < ARRAY_LEN(errors); i++) {
		unsigned before = tries;

		test_torture_io(put_new, f, errors[i], 100);
		assert_true(tries > before + 6); /* open, write, sync ... */
		test_torture_io(stream_new, f, errors[i], 100);
		ASSERT_OK(
		    &f->op, site_put(&f->op, f->site, &name, span_str("same")));
		test_torture_io(put_again, f, errors[i], 100);
		test_torture_io(remove_again, f, errors[i], 100);
	}
}

static void
a_listing_that_fails_is_never_taken_for_an_empty_one(void **state)
{
	struct fixture *f = *state;
	struct object_name name = named("same");

	ASSERT_OK(&f->op, site_put(&f->op, f->site, &name, span_str("same")));
	test_torture_io(list_all, f, EIO, 100);
}

static void
each_failing_allocation_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct object_name name = named("same");

	ASSERT_OK(&f->op, site_put(&f->op, f->site, &name, span_str("same")));
	test_torture_alloc(list_all, f, 100);
	test_torture_alloc(put_again, f, 100);
	test_torture_alloc(stream_new, f, 100);
}

struct killer {
	unsigned at;
};

static void
kill_at(void *arg, const char *name)
{
	struct killer *killer = arg;

	(void)name;
	if (--killer->at == 0)
		(void)kill(getpid(), SIGKILL);
}

/* Runs body in a child that is killed at its at-th failpoint; false where it
 * has fewer. */
static bool
killed(struct fixture *f, enum rc (*body)(void *arg), unsigned at)
{
	struct killer killer = {at};
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		fault_point_arm(kill_at, &killer);
		_exit(body(f) == RC_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGKILL);
		return true;
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	return false;
}

static void
kill_everywhere(
    struct fixture *f, enum rc (*body)(void *arg), struct span bytes)
{
	char file[32];
	unsigned at;

	for (at = 1;; at++) {
		tries = 1000 + at;
		(void)snprintf(file, sizeof(file), "try-%u", tries);
		if (!killed(f, body, at))
			break;
		assert_absent_or_whole(f, file, bytes, RC_IO);
		assert_int_equal(raw_size(f, file) >= 0, at == 3);
		/* What comes after is not in its way. */
		tries = 1000 + at;
		assert_int_equal(
		    body(f), at == 3 && body == stream_new ? RC_EXISTS : RC_OK);
	}
	assert_int_equal(at, 4); /* written, synced, linked */
}

static void
a_kill_at_each_point_leaves_nothing_or_the_whole_object(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[8193];

	memset(bytes, 'p', sizeof(bytes));
	kill_everywhere(f, put_new, span_of(bytes, 5000));
	ASSERT_OK(&f->op, site_prepare(&f->op, f->site, folder));
}

static void
a_kill_amid_a_stream_leaves_nothing_or_the_whole_object(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[8193];

	memset(bytes, 's', sizeof(bytes));
	kill_everywhere(f, stream_new, span_of(bytes, sizeof(bytes)));
}

#define SITE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SITE_TEST(a_put_object_is_read_back_and_looked_up),
	    SITE_TEST(an_object_larger_than_the_buffer_is_refused),
	    SITE_TEST(a_second_put_never_replaces),
	    SITE_TEST(an_empty_object_is_an_object),
	    SITE_TEST(
		a_removed_object_is_gone_and_removing_it_again_is_no_error),
	    SITE_TEST(a_listing_names_each_object_once),
	    SITE_TEST(a_put_makes_no_folder),
	    SITE_TEST(damaged_bytes_are_set_aside_under_a_telling_name),
	    SITE_TEST(streams_of_any_size_and_piece_arrive_whole),
	    SITE_TEST(a_stream_that_is_not_committed_leaves_nothing),
	    SITE_TEST(a_stream_never_replaces),
	    SITE_TEST(a_site_of_another_service_or_id_is_refused),
	    SITE_TEST(a_folder_that_is_renamed_away_is_away_until_it_is_back),
	    SITE_TEST(a_copy_in_its_place_is_taken_only_when_attached_anew),
	    SITE_TEST(a_missing_or_damaged_site_id_is_no_site),
	    SITE_TEST(a_site_is_made_only_in_an_empty_folder),
	    SITE_TEST(an_unknown_address_is_invalid),
	    cmocka_unit_test(a_full_site_refuses_and_can_be_emptied),
	    cmocka_unit_test(a_read_only_site_is_read_and_not_written),
	    cmocka_unit_test(an_unmounted_site_is_away),
	    SITE_TEST(each_failing_call_leaves_nothing_or_the_whole_object),
	    SITE_TEST(a_listing_that_fails_is_never_taken_for_an_empty_one),
	    SITE_TEST(each_failing_allocation_is_an_error),
	    SITE_TEST(a_kill_at_each_point_leaves_nothing_or_the_whole_object),
	    SITE_TEST(a_kill_amid_a_stream_leaves_nothing_or_the_whole_object),
	};

	test_become_able_to_mount();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

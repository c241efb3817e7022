/* test_io.c - files and folders, and what is left when a call fails. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/io.h"
#include "base/mem.h"
#include "lib/test.h"

struct world {
	struct op op;
	char *box;
	int dir_fd;
};

static int
setup(void **state)
{
	static struct world world;

	op_init(&world.op);
	world.box = test_sandbox();
	world.dir_fd = -1;
	*state = &world;
	return io_open_root(&world.op, world.box, &world.dir_fd) != RC_OK;
}

static int
teardown(void **state)
{
	struct world *world = *state;

	fault_io_arm(0, 0, false);
	io_close(&world->dir_fd);
	test_sandbox_remove(world->box);
	op_release(&world->op);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static int
open_descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static enum rc
count_name(void *arg, struct op *op, const char *name)
{
	(void)op;
	(void)name;
	++*(int *)arg;
	return RC_OK;
}

static int
names_in(struct world *world, int fd)
{
	int n = 0;

	ASSERT_OK(&world->op, io_list(&world->op, fd, count_name, &n));
	return n;
}

/* All entries, temporary ones too. */
static int
entries_in(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	assert_int_equal(closedir(dir), 0);
	return n - 2;
}

/* The whole content of a small file. */
static void
assert_content(struct world *world, const char *name, struct span want)
{
	CLEANUP(buf_release) struct buf buf = {.limit = 1 << 20};

	ASSERT_OK(
	    &world->op, io_read_file(&world->op, world->dir_fd, name, &buf));
	assert_true(span_equal(buf_span(&buf), want));
}

static void
a_small_file_comes_back_with_its_mode(void **state)
{
	struct world *world = *state;
	CLEANUP(buf_release) struct buf buf = {.limit = 4};
	struct stat st;

	ASSERT_OK(&world->op, io_write_file(&world->op, world->dir_fd, "f",
				  span_str("first"), 0640));
	assert_content(world, "f", span_str("first"));
	ASSERT_OK(&world->op,
	    io_write_file(&world->op, world->dir_fd, "f", span_str("2"), 0400));
	assert_content(world, "f", span_str("2"));
	assert_int_equal(fstatat(world->dir_fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	ASSERT_OK(&world->op, io_write_file(&world->op, world->dir_fd, "f",
				  span_of(NULL, 0), 0600));
	assert_content(world, "f", span_of(NULL, 0));
	ASSERT_OK(&world->op, io_write_file(&world->op, world->dir_fd, "f",
				  span_str("12345"), 0600));
	ASSERT_RC(&world->op, RC_LIMIT,
	    io_read_file(&world->op, world->dir_fd, "f", &buf));
	ASSERT_RC(&world->op, RC_NOT_FOUND,
	    io_read_file(&world->op, world->dir_fd, "g", &buf));
	assert_int_equal(names_in(world, world->dir_fd), 1);
}

static enum rc
replace_once(void *arg)
{
	CLEANUP(op_release) struct op op;
	struct world *world = arg;

	op_init(&op);
	return io_write_file(
	    &op, world->dir_fd, "conf", span_str("new content"), 0600);
}

/* B3: whichever call fails, the name leads to the old bytes or to the new ones,
 * and no descriptor or file is left. */
static void
a_failed_call_leaves_the_old_file_or_the_new_one(void **state)
{
	struct world *world = *state;
	int descriptors = open_descriptors();
	long n;

	for (n = 1; n < 100; n++) {
		CLEANUP(buf_release) struct buf buf = {.limit = 100};
		bool old, new, hit;
		enum rc rc;

		fault_io_arm(0, 0, false);
		ASSERT_OK(&world->op, io_write_file(&world->op, world->dir_fd,
					  "conf", span_str("old"), 0600));
		fault_io_arm(n, ENOSPC, false);
		rc = replace_once(world);
		hit = fault_io_hit();
		fault_io_arm(0, 0, false);
		ASSERT_OK(&world->op,
		    io_read_file(&world->op, world->dir_fd, "conf", &buf));
		old = span_equal(buf_span(&buf), span_str("old"));
		new = span_equal(buf_span(&buf), span_str("new content"));
		assert_true(old || new);
		assert_int_equal(open_descriptors(), descriptors);
		ASSERT_OK(&world->op, io_sweep(&world->op, world->dir_fd));
		assert_int_equal(names_in(world, world->dir_fd), 1);
		if (!hit) {
			assert_int_equal(rc, RC_OK);
			assert_true(new);
			break;
		}
		assert_int_equal(rc, RC_NO_SPACE);
	}
	/* create, chmod, write, fdatasync, link, rename, fsync */
	assert_in_range(n, 8, 20);
}

static enum rc
read_once(void *arg)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf buf = {.limit = 100};
	struct world *world = arg;
	enum rc rc;

	op_init(&op);
	rc = io_read_file(&op, world->dir_fd, "f", &buf);
	assert_true(rc == RC_OK || rc == RC_IO);
	return rc;
}

static void
a_failed_read_is_told(void **state)
{
	struct world *world = *state;

	ASSERT_OK(&world->op,
	    io_write_file(&world->op, world->dir_fd, "f", span_str("x"), 0600));
	test_torture_io(read_once, world, EIO, 20);
}

static void
a_file_has_no_name_until_it_is_linked(void **state)
{
	struct world *world = *state;
	CLEANUP(io_tmp_discard) struct io_tmp tmp = IO_TMP_NONE;
	struct op *op = &world->op;
	bool exists = true;

	ASSERT_OK(op, io_tmp_create(op, world->dir_fd, false, &tmp));
	ASSERT_OK(op, io_tmp_write(op, &tmp, span_str("bytes")));
	ASSERT_OK(op, io_sync_file(op, tmp.fd));
	ASSERT_OK(op, io_exists(op, world->dir_fd, "object", &exists));
	assert_false(exists);
	assert_int_equal(names_in(world, world->dir_fd), 0);
	ASSERT_OK(op, io_tmp_link(op, &tmp, "object"));
	ASSERT_OK(op, io_exists(op, world->dir_fd, "object", &exists));
	assert_true(exists);
	io_tmp_discard(&tmp);
	assert_content(world, "object", span_str("bytes"));
}

static void
a_taken_name_is_told_and_kept(void **state)
{
	struct world *world = *state;
	CLEANUP(io_tmp_discard) struct io_tmp tmp = IO_TMP_NONE;
	struct op *op = &world->op;

	ASSERT_OK(op,
	    io_write_file(op, world->dir_fd, "object", span_str("old"), 0600));
	ASSERT_OK(op, io_tmp_create(op, world->dir_fd, false, &tmp));
	ASSERT_OK(op, io_tmp_write(op, &tmp, span_str("new")));
	ASSERT_RC(op, RC_EXISTS, io_tmp_link(op, &tmp, "object"));
	assert_content(world, "object", span_str("old"));
	/* It is still there to be linked elsewhere. */
	ASSERT_OK(op, io_tmp_link(op, &tmp, "other"));
	assert_content(world, "other", span_str("new"));
}

static void
a_discarded_file_leaves_nothing(void **state)
{
	struct world *world = *state;
	struct io_tmp tmp = IO_TMP_NONE;
	struct op *op = &world->op;
	int descriptors = open_descriptors();

	ASSERT_OK(op, io_tmp_create(op, world->dir_fd, false, &tmp));
	ASSERT_OK(op, io_tmp_write(op, &tmp, span_str("bytes")));
	io_tmp_discard(&tmp);
	io_tmp_discard(&tmp);
	assert_int_equal(open_descriptors(), descriptors);
	assert_int_equal(names_in(world, world->dir_fd), 0);
}

/* File systems that have no O_TMPFILE, or no O_DIRECT. */
static void
a_file_system_without_nameless_files_gives_the_same(void **state)
{
	static const int errors[] = {EOPNOTSUPP, EISDIR, EINVAL};
	struct world *world = *state;
	struct op *op = &world->op;
	size_t i;

	for (i = 0; i < ARRAY_LEN(errors); i++) {
		struct io_tmp tmp = IO_TMP_NONE;

		fault_io_arm(1, errors[i], false);
		ASSERT_OK(op, io_tmp_create(op, world->dir_fd, true, &tmp));
		assert_true(fault_io_hit());
		assert_int_equal(tmp.name[0] == '\0', errors[i] == EINVAL);
		assert_int_equal(tmp.direct, errors[i] != EINVAL);
		ASSERT_OK(op, io_tmp_write(op, &tmp, span_str("bytes")));
		assert_int_equal(names_in(world, world->dir_fd), 0);
		ASSERT_OK(op, io_tmp_link(op, &tmp, "linked"));
		ASSERT_RC(op, RC_EXISTS, io_tmp_link(op, &tmp, "linked"));
		assert_content(world, "linked", span_str("bytes"));
		io_tmp_discard(&tmp);
		assert_content(world, "linked", span_str("bytes"));

		fault_io_arm(1, errors[i], false);
		ASSERT_OK(op, io_tmp_create(op, world->dir_fd, true, &tmp));
		ASSERT_OK(op, io_tmp_write(op, &tmp, span_str("newer")));
		ASSERT_OK(op, io_tmp_replace(op, &tmp, "linked"));
		io_tmp_discard(&tmp);
		assert_content(world, "linked", span_str("newer"));

		/* Given up before it has a name, it leaves none. */
		fault_io_arm(1, errors[i], false);
		ASSERT_OK(op, io_tmp_create(op, world->dir_fd, true, &tmp));
		io_tmp_discard(&tmp);
		ASSERT_OK(op, io_unlink(op, world->dir_fd, "linked"));
		/* An empty folder: no temporary file was forgotten either. */
		assert_int_equal(entries_in(world->box), 0);
	}
}

enum { DIRECT_SIZE = 3 * 65536 + 1234 };

/* One file of DIRECT_SIZE bytes in pieces of the given size, compared byte by
 * byte. */
static void
write_in_pieces(
    struct world *world, const uint8_t *bytes, size_t piece, const char *name)
{
	CLEANUP(io_tmp_discard) struct io_tmp tmp = IO_TMP_NONE;
	CLEANUP(io_close) int fd = -1;
	CLEANUP(mem_free_ptr) uint8_t *back = mem_alloc(DIRECT_SIZE);
	struct op *op = &world->op;
	uint64_t size;
	size_t at, n;

	assert_non_null(back);
	ASSERT_OK(op, io_tmp_create(op, world->dir_fd, true, &tmp));
	for (at = 0; at < DIRECT_SIZE; at += n) {
		n = DIRECT_SIZE - at < piece ? DIRECT_SIZE - at : piece;
		ASSERT_OK(op, io_tmp_write(op, &tmp, span_of(bytes + at, n)));
	}
	assert_int_equal(tmp.offset, DIRECT_SIZE);
	ASSERT_OK(op, io_sync_file(op, tmp.fd));
	ASSERT_OK(op, io_tmp_link(op, &tmp, name));
	ASSERT_OK(op, io_open_read(op, world->dir_fd, name, &fd));
	ASSERT_OK(op, io_size(op, fd, &size));
	assert_int_equal(size, DIRECT_SIZE);
	ASSERT_OK(op, io_read_at(op, fd, 0, back, DIRECT_SIZE));
	assert_memory_equal(bytes, back, DIRECT_SIZE);
	ASSERT_RC(op, RC_DAMAGED, io_read_at(op, fd, 1, back, DIRECT_SIZE));
}

static void
direct_writes_with_odd_tails_come_back_byte_by_byte(void **state)
{
	static const size_t pieces[] = {
	    4096, 65536, 8192 + 1, 4095, 100000, DIRECT_SIZE};
	struct world *world = *state;
	uint8_t *block = aligned_alloc(
	    4096, DIRECT_SIZE + 4096 + 4096 - (DIRECT_SIZE % 4096));
	size_t i, k;

	assert_non_null(block);
	for (i = 0; i < DIRECT_SIZE + 1; i++)
		block[i] = (uint8_t)(i * 2654435761U >> 13);
	for (i = 0; i < ARRAY_LEN(pieces); i++)
		for (k = 0; k < 2; k++) {
			char name[32];

			/* k: an address that is not aligned, too. */
			(void)snprintf(name, sizeof(name), "%zu-%zu", i, k);
			write_in_pieces(world, block + k, pieces[i], name);
		}
	free(block);
}

static void
folders_are_made_level_by_level(void **state)
{
	struct world *world = *state;
	CLEANUP(io_close) int fd = -1;
	CLEANUP(io_close) int again = -1;
	struct op *op = &world->op;
	struct io_dir_id a, b;

	ASSERT_RC(op, RC_NOT_FOUND,
	    io_open_dir(op, world->dir_fd, "log/0011", false, &fd));
	assert_int_equal(fd, -1);
	ASSERT_OK(op, io_open_dir(op, world->dir_fd, "log/0011", true, &fd));
	ASSERT_OK(
	    op, io_open_dir(op, world->dir_fd, "log/0011", false, &again));
	ASSERT_OK(op, io_dir_id(op, fd, &a));
	ASSERT_OK(op, io_dir_id(op, again, &b));
	assert_true(a.device == b.device && a.inode == b.inode);
	ASSERT_RC(op, RC_INVALID,
	    io_open_dir(op, world->dir_fd, "log//x", true, &fd));
	ASSERT_RC(
	    op, RC_INVALID, io_open_dir(op, world->dir_fd, "/log", true, &fd));
}

static void
a_link_is_not_followed_to_another_folder(void **state)
{
	struct world *world = *state;
	struct op *op = &world->op;
	int fd = -1;

	assert_int_equal(symlinkat("/tmp", world->dir_fd, "log"), 0);
	ASSERT_RC(op, RC_IO, io_open_dir(op, world->dir_fd, "log", true, &fd));
	assert_int_equal(symlinkat("/etc/passwd", world->dir_fd, "f"), 0);
	ASSERT_RC(op, RC_IO, io_open_read(op, world->dir_fd, "f", &fd));
	ASSERT_RC(op, RC_IO, io_lock(op, world->dir_fd, "f", &fd));
	assert_int_equal(fd, -1);
}

static enum rc
folders_once(void *arg)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(io_close) int fd = -1;
	struct world *world = arg;

	op_init(&op);
	(void)unlinkat(world->dir_fd, "log/0011", AT_REMOVEDIR);
	(void)unlinkat(world->dir_fd, "log", AT_REMOVEDIR);
	return io_open_dir(&op, world->dir_fd, "log/0011", true, &fd);
}

static void
a_failed_call_while_folders_are_made_is_told(void **state)
{
	int descriptors = open_descriptors();

	test_torture_io(folders_once, *state, EIO, 30);
	assert_int_equal(open_descriptors(), descriptors);
}

static void
a_folder_that_was_renamed_is_no_longer_the_same(void **state)
{
	struct world *world = *state;
	CLEANUP(io_close) int fd = -1;
	struct op *op = &world->op;
	char path[300], moved[300];

	(void)snprintf(path, sizeof(path), "%s/site", world->box);
	(void)snprintf(moved, sizeof(moved), "%s/moved", world->box);
	ASSERT_OK(op, io_open_dir(op, world->dir_fd, "site", true, &fd));
	assert_true(io_same_dir(path, fd));
	assert_int_equal(rename(path, moved), 0);
	assert_false(io_same_dir(path, fd));
	assert_int_equal(mkdir(path, 0700), 0);
	assert_false(io_same_dir(path, fd));
	assert_true(io_same_dir(moved, fd));
	assert_int_equal(rmdir(moved), 0);
	assert_false(io_same_dir(moved, fd));
}

struct names {
	char found[8][64];
	size_t n;
	size_t stop_at;
};

static enum rc
note_name(void *arg, struct op *op, const char *name)
{
	struct names *names = arg;

	if (names->n == names->stop_at)
		FAIL(op, RC_CONFLICT, "enough");
	(void)snprintf(
	    names->found[names->n++], sizeof(names->found[0]), "%s", name);
	return RC_OK;
}

static void
a_listing_has_all_names_but_temporary_ones(void **state)
{
	static const char *const made[] = {"a", ".hidden", "z.seg"};
	struct world *world = *state;
	struct names names = {.stop_at = 8};
	struct op *op = &world->op;
	int descriptors = open_descriptors();
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(made); i++)
		ASSERT_OK(op, io_write_file(op, world->dir_fd, made[i],
				  span_str("x"), 0600));
	ASSERT_OK(op,
	    io_write_file(op, world->dir_fd, ".tmp.0123", span_str("x"), 0600));
	ASSERT_OK(op, io_list(op, world->dir_fd, note_name, &names));
	assert_int_equal(names.n, ARRAY_LEN(made));
	for (i = 0; i < ARRAY_LEN(made); i++) {
		for (k = 0; k < names.n && strcmp(names.found[k], made[i]) != 0;
		     k++)
			;
		assert_true(k < names.n);
	}
	/* It stops at the first failure, and tells it. */
	names = (struct names){.stop_at = 2};
	ASSERT_RC(
	    op, RC_CONFLICT, io_list(op, world->dir_fd, note_name, &names));
	assert_int_equal(names.n, 2);
	assert_int_equal(open_descriptors(), descriptors);
}

static enum rc
list_once(void *arg)
{
	CLEANUP(op_release) struct op op;
	struct world *world = arg;
	struct names names = {.stop_at = 8};

	op_init(&op);
	TRY(io_list(&op, world->dir_fd, note_name, &names));
	assert_int_equal(names.n, 2);
	return RC_OK;
}

/* B4: a listing that ends early without a word would let a site forget its
 * objects.
 */
static void
a_listing_that_fails_is_never_short(void **state)
{
	struct world *world = *state;
	struct op *op = &world->op;
	long n;

	ASSERT_OK(
	    op, io_write_file(op, world->dir_fd, "a", span_str("x"), 0600));
	ASSERT_OK(
	    op, io_write_file(op, world->dir_fd, "b", span_str("x"), 0600));
	for (n = 1; n < 30; n++) {
		enum rc rc;

		fault_io_arm(n, EIO, false);
		rc = list_once(world);
		if (!fault_io_hit()) {
			assert_int_equal(rc, RC_OK);
			break;
		}
		assert_int_equal(rc, RC_IO);
	}
	/* opendir, and a readdir for each of ., .., a, b and the end */
	assert_int_equal(n, 7);
}

static void
a_sweep_takes_temporary_files_only(void **state)
{
	struct world *world = *state;
	struct op *op = &world->op;
	bool exists = true;

	ASSERT_OK(
	    op, io_write_file(op, world->dir_fd, "kept", span_str("x"), 0600));
	ASSERT_OK(op,
	    io_write_file(op, world->dir_fd, ".tmp.dead", span_str("x"), 0600));
	ASSERT_OK(op, io_sweep(op, world->dir_fd));
	ASSERT_OK(op, io_exists(op, world->dir_fd, ".tmp.dead", &exists));
	assert_false(exists);
	assert_content(world, "kept", span_str("x"));
}

static void
a_lock_is_held_by_one(void **state)
{
	struct world *world = *state;
	CLEANUP(io_close) int first = -1;
	CLEANUP(io_close) int second = -1;
	struct op *op = &world->op;

	ASSERT_OK(op, io_lock(op, world->dir_fd, "lock", &first));
	ASSERT_RC(op, RC_BUSY, io_lock(op, world->dir_fd, "lock", &second));
	assert_int_equal(second, -1);
	io_close(&first);
	ASSERT_OK(op, io_lock(op, world->dir_fd, "lock", &second));
}

static void
names_are_moved_but_never_over_another(void **state)
{
	struct world *world = *state;
	struct op *op = &world->op;
	int fd = world->dir_fd;

	ASSERT_OK(op, io_write_file(op, fd, "a", span_str("a"), 0600));
	ASSERT_OK(op, io_write_file(op, fd, "b", span_str("b"), 0600));
	ASSERT_RC(op, RC_EXISTS, io_rename(op, fd, "a", fd, "b"));
	assert_content(world, "b", span_str("b"));
	ASSERT_OK(op, io_rename(op, fd, "a", fd, "c"));
	assert_content(world, "c", span_str("a"));
	ASSERT_RC(op, RC_NOT_FOUND, io_rename(op, fd, "a", fd, "d"));
	ASSERT_OK(op, io_unlink(op, fd, "b"));
	ASSERT_RC(op, RC_NOT_FOUND, io_unlink(op, fd, "b"));
}

static void
space_is_told(void **state)
{
	struct world *world = *state;
	struct op *op = &world->op;
	struct io_space space = {0};
	struct stat st;

	ASSERT_OK(op, io_space(op, world->dir_fd, &space));
	assert_int_equal(fstat(world->dir_fd, &st), 0);
	assert_true(space.total > 0 && space.free <= space.total);
	assert_true(space.device == st.st_dev);
	assert_false(space.read_only);
}

/* Errors of the system that callers tell apart. */
static void
the_systems_errors_keep_their_meaning(void **state)
{
	static const struct {
		int error;
		enum rc rc;
	} cases[] = {{ENOSPC, RC_NO_SPACE}, {EDQUOT, RC_NO_SPACE},
	    {ENOMEM, RC_NO_MEMORY}, {EIO, RC_IO}, {EROFS, RC_IO},
	    {EACCES, RC_IO}, {ENOENT, RC_NOT_FOUND}};
	struct world *world = *state;
	struct op *op = &world->op;
	bool exists;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		fault_io_arm(1, cases[i].error, false);
		ASSERT_RC(op, cases[i].rc, io_sync_dir(op, world->dir_fd));
	}
	/* That it cannot be told is not "absent". */
	fault_io_arm(1, EIO, false);
	ASSERT_RC(op, RC_IO, io_exists(op, world->dir_fd, "x", &exists));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_small_file_comes_back_with_its_mode),
	    TEST(a_failed_call_leaves_the_old_file_or_the_new_one),
	    TEST(a_failed_read_is_told),
	    TEST(a_file_has_no_name_until_it_is_linked),
	    TEST(a_taken_name_is_told_and_kept),
	    TEST(a_discarded_file_leaves_nothing),
	    TEST(a_file_system_without_nameless_files_gives_the_same),
	    TEST(direct_writes_with_odd_tails_come_back_byte_by_byte),
	    TEST(folders_are_made_level_by_level),
	    TEST(a_link_is_not_followed_to_another_folder),
	    TEST(a_failed_call_while_folders_are_made_is_told),
	    TEST(a_folder_that_was_renamed_is_no_longer_the_same),
	    TEST(a_listing_has_all_names_but_temporary_ones),
	    TEST(a_listing_that_fails_is_never_short),
	    TEST(a_sweep_takes_temporary_files_only),
	    TEST(a_lock_is_held_by_one),
	    TEST(names_are_moved_but_never_over_another),
	    TEST(space_is_told),
	    TEST(the_systems_errors_keep_their_meaning),
	};

	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}

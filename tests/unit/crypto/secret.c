/* secret.c - the pool of locked memory: what the kernel says of it, its limit,
 * wiping. */
#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/thread.h"
#include "lib/test.h"

enum { PAGE = 4096, POOL_LIMIT = 8 << 20, MOST = POOL_LIMIT / SECRET_MAX };

static struct secret *many[MOST + 1];

/* The line of VmFlags of the mapping that has the address; "" where none has.
 */
static void
vm_flags(const void *address, char *out, size_t size)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	char line[512];
	bool inside = false;

	assert_non_null(file);
	out[0] = '\0';
	while (fgets(line, sizeof(line), file) != NULL) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (uintptr_t)address >= from &&
				 (uintptr_t)address < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			(void)snprintf(out, size, "%s", line);
	}
	(void)fclose(file);
}

static void
secrets_lie_in_locked_memory_that_is_not_dumped(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(secret_free_ptr) struct secret *secret = NULL;
	char flags[512];

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, secret_new(&op, 32, &secret));
	vm_flags(secret_bytes(secret), flags, sizeof(flags));
	assert_non_null(strstr(flags, " lo")); /* locked */
	assert_non_null(strstr(flags, " dd")); /* do not dump */
	assert_non_null(strstr(flags, " wf")); /* wipe on fork */
	/* so the words are not always there */
	vm_flags(many, flags, sizeof(flags));
	assert_non_null(strstr(flags, "VmFlags"));
	assert_null(strstr(flags, " lo"));
	assert_null(strstr(flags, " dd"));
}

/* The kernel's answer, as touching it would end the process. */
static bool
readable(const uint8_t *address)
{
	int ends[2];
	bool ok;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	ok = syscall(SYS_write, ends[1], address, 1) == 1;
	if (!ok)
		assert_int_equal(errno, EFAULT);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return ok;
}

static void
a_page_of_secrets_has_a_guard_at_either_end(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(secret_free_ptr) struct secret *secret = NULL;
	uint8_t *page;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, secret_new(&op, SECRET_MAX, &secret));
	page = secret_bytes(secret) - (uintptr_t)secret_bytes(secret) % PAGE;
	assert_true(readable(page));
	assert_true(readable(page + PAGE - 1));
	assert_false(readable(page - 1));
	assert_false(readable(page + PAGE));
}

static void
a_forked_child_finds_zeros(void **state)
{
	static const uint8_t zeros[SECRET_MAX];
	CLEANUP(op_release) struct op op;
	CLEANUP(secret_free_ptr) struct secret *secret = NULL;
	uint8_t ones[SECRET_MAX];
	int status;
	pid_t child;

	(void)state;
	op_init(&op);
	memset(ones, 1, sizeof(ones));
	ASSERT_OK(
	    &op, secret_new_from(&op, span_of(ones, sizeof(ones)), &secret));
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0)
		_exit(memcmp(secret_bytes(secret), zeros, SECRET_MAX) == 0 ? 0
									   : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_memory_equal(secret_bytes(secret), ones, sizeof(ones));
}

static void
a_secret_is_wiped_when_it_is_given_back(void **state)
{
	static const uint8_t zeros[SECRET_MAX];
	CLEANUP(op_release) struct op op;
	struct secret *secret;
	const uint8_t *place;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, secret_new(&op, 5, &secret));
	place = secret_bytes(secret);
	/* more than its size, as an overrun would */
	memset(secret_bytes(secret), 0xaa, SECRET_MAX);
	secret_free(secret);
	assert_memory_equal(place, zeros, SECRET_MAX);
}

static void
a_new_secret_is_zeroed_and_has_its_size(void **state)
{
	static const uint8_t zeros[SECRET_MAX];
	CLEANUP(op_release) struct op op;
	size_t size;

	(void)state;
	op_init(&op);
	for (size = 0; size <= SECRET_MAX; size++) {
		struct secret *secret;

		ASSERT_OK(&op, secret_new_random(&op, size, &secret));
		if (size >= 16)
			assert_memory_not_equal(
			    secret_bytes(secret), zeros, size);
		secret_free(secret);
		ASSERT_OK(&op, secret_new(&op, size, &secret));
		assert_int_equal(secret_span(secret).size, size);
		assert_ptr_equal(
		    secret_span(secret).data, secret_bytes(secret));
		assert_memory_equal(secret_bytes(secret), zeros, SECRET_MAX);
		secret_free(secret);
	}
	secret_free(NULL);
}

static void
a_longer_key_is_refused(void **state)
{
	CLEANUP(op_release) struct op op;
	static const uint8_t bytes[SECRET_MAX + 1];
	struct secret *secret = NULL;

	(void)state;
	op_init(&op);
	ASSERT_RC(&op, RC_LIMIT, secret_new(&op, SECRET_MAX + 1, &secret));
	ASSERT_RC(&op, RC_LIMIT, secret_new(&op, SIZE_MAX, &secret));
	ASSERT_RC(&op, RC_LIMIT,
	    secret_new_from(&op, span_of(bytes, sizeof(bytes)), &secret));
	assert_null(secret);
}

static void
secrets_do_not_share_bytes(void **state)
{
	CLEANUP(op_release) struct op op;
	size_t i, k;

	(void)state;
	op_init(&op);
	for (i = 0; i < 1000; i++) {
		ASSERT_OK(&op, secret_new(&op, SECRET_MAX, &many[i]));
		memset(secret_bytes(many[i]), (int)(i % 251) + 1, SECRET_MAX);
	}
	for (i = 0; i < 1000; i += 2)
		secret_free(many[i]);
	for (i = 0; i < 1000; i += 2) {
		ASSERT_OK(&op, secret_new(&op, SECRET_MAX, &many[i]));
		memset(secret_bytes(many[i]), (int)(i % 251) + 1, SECRET_MAX);
	}
	for (i = 0; i < 1000; i++) {
		for (k = 0; k < SECRET_MAX; k++)
			assert_int_equal(secret_bytes(many[i])[k], i % 251 + 1);
		secret_free(many[i]);
	}
}

/* Each run takes a page's worth and keeps it, so that each has to grow. */
static enum rc
take_a_page(void *arg)
{
	CLEANUP(op_release) struct op op;
	size_t *taken = arg;
	int i;

	op_init(&op);
	for (i = 0; i < PAGE / SECRET_MAX; i++) {
		TRY(secret_new(&op, 1, &many[*taken]));
		++*taken;
	}
	return RC_OK;
}

static void
a_failing_allocation_is_passed_up(void **state)
{
	size_t taken = 0;

	(void)state;
	/* what earlier tests have left free */
	while (taken < 2000)
		assert_int_equal(take_a_page(&taken), RC_OK);
	test_torture_alloc(take_a_page, &taken, 10);
	while (taken > 0)
		secret_free(many[--taken]);
}

static atomic_int ready;

static void
hammer(void *arg)
{
	uint8_t mark = *(uint8_t *)arg;
	CLEANUP(op_release) struct op op;
	struct secret *mine[32] = {0};
	int i, k;

	op_init(&op);
	/* All at the same time. A missing lock shows here only sometimes,
	 * under TSan always. */
	atomic_fetch_add(&ready, 1);
	while (atomic_load(&ready) < 4)
		(void)sched_yield();
	for (i = 0; i < 20000; i++) {
		int at = i * 7 % 32;

		if (mine[at] != NULL)
			for (k = 0; k < SECRET_MAX; k++)
				if (secret_bytes(mine[at])[k] != mark)
					abort();
		secret_free(mine[at]);
		if (secret_new(&op, SECRET_MAX, &mine[at]) != RC_OK)
			abort();
		memset(secret_bytes(mine[at]), mark, SECRET_MAX);
	}
	for (i = 0; i < 32; i++)
		secret_free(mine[i]);
}

static void
many_threads_keep_their_secrets_apart(void **state)
{
	CLEANUP(op_release) struct op op;
	struct thread threads[4];
	uint8_t marks[4] = {1, 2, 3, 4};
	int i;

	(void)state;
	op_init(&op);
	for (i = 0; i < 4; i++)
		ASSERT_OK(&op, thread_start(&op, &threads[i], "hammer", hammer,
				   &marks[i]));
	for (i = 0; i < 4; i++)
		thread_join(&threads[i]);
}

/* An ordinary user's rights, whoever runs the tests. */
static bool
become_ordinary(void)
{
	struct rlimit limit = {POOL_LIMIT, POOL_LIMIT};
	struct __user_cap_header_struct header = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
	    syscall(SYS_capget, &header, data) != 0)
		return false;
	data[0].effective &= ~(1U << CAP_IPC_LOCK);
	data[0].permitted &= ~(1U << CAP_IPC_LOCK);
	data[0].inheritable &= ~(1U << CAP_IPC_LOCK);
	return syscall(SYS_capset, &header, data) == 0;
}

/* What is given back can be had again, and no more. */
static bool
turn_over(struct op *op, size_t n)
{
	size_t i;

	for (i = 0; i < 20000; i++)
		secret_free(many[i]);
	for (i = 0; i < 20000; i++)
		if (secret_new_random(op, 64, &many[i]) != RC_OK)
			return false;
	return secret_new(op, 32, &many[n]) == RC_LIMIT;
}

/* 0: as it should be; else the number of the step that was not. */
static int
reach_the_limit(void)
{
	CLEANUP(op_release) struct op op;
	enum rc rc = RC_OK;
	size_t n = 0;

	op_init(&op);
	if (!become_ordinary())
		return 2;
	while (n <= MOST && (rc = secret_new(&op, 32, &many[n])) == RC_OK)
		n++;
	/* nearly all of the limit is keys */
	if (rc != RC_LIMIT || n < MOST / 10 * 9)
		return 3;
	(void)printf("%zu secrets, then: %s\n", n, op_error(&op, rc));
	if (secret_new(&op, 32, &many[n]) != RC_LIMIT)
		return 4;
	if (!turn_over(&op, n))
		return 5;
	while (n > 0)
		secret_free(many[--n]);
	return 0;
}

static void
twenty_thousand_secrets_fit_an_ordinary_users_limit(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_int_not_equal(child, -1);
	if (child == 0) {
		(void)execl("/proc/self/exe", "secret", "limit", (char *)NULL);
		_exit(9);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(secrets_lie_in_locked_memory_that_is_not_dumped),
	    cmocka_unit_test(a_page_of_secrets_has_a_guard_at_either_end),
	    cmocka_unit_test(a_forked_child_finds_zeros),
	    cmocka_unit_test(a_secret_is_wiped_when_it_is_given_back),
	    cmocka_unit_test(a_new_secret_is_zeroed_and_has_its_size),
	    cmocka_unit_test(a_longer_key_is_refused),
	    cmocka_unit_test(secrets_do_not_share_bytes),
	    cmocka_unit_test(a_failing_allocation_is_passed_up),
	    cmocka_unit_test(many_threads_keep_their_secrets_apart),
	    cmocka_unit_test(
		twenty_thousand_secrets_fit_an_ordinary_users_limit),
	};

	if (argc == 2 && strcmp(argv[1], "limit") == 0)
		return reach_the_limit();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

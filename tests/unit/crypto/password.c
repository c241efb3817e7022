/* password.c - password hashes, their costs, the gate, tokens. */
#include "crypto/password.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/fault.h"
#include "base/thread.h"
#include "lib/test.h"

static void
a_password_matches_its_own_hash_only(void **state)
{
	CLEANUP(op_release) struct op op;
	char hash[PASSWORD_HASH_SIZE];

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, password_hash(&op, span_str("correct horse"), hash));
	assert_int_equal(
	    strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
	ASSERT_OK(&op, password_verify(&op, span_str("correct horse"), hash));
	ASSERT_RC(&op, RC_DENIED,
	    password_verify(&op, span_str("correct hors"), hash));
	ASSERT_RC(&op, RC_DENIED,
	    password_verify(&op, span_str("Correct horse"), hash));
	ASSERT_RC(&op, RC_DENIED, password_verify(&op, span_of(NULL, 0), hash));
}

static void
equal_passwords_have_different_hashes(void **state)
{
	CLEANUP(op_release) struct op op;
	char a[PASSWORD_HASH_SIZE];
	char b[PASSWORD_HASH_SIZE];

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, password_hash(&op, span_str("same"), a));
	ASSERT_OK(&op, password_hash(&op, span_str("same"), b));
	assert_string_not_equal(a, b);
}

/* Bytes and an empty one too: a password is no C string. */
static void
passwords_may_hold_any_bytes(void **state)
{
	CLEANUP(op_release) struct op op;
	char hash[PASSWORD_HASH_SIZE];

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, password_hash(&op, span_of("a\0b", 3), hash));
	ASSERT_OK(&op, password_verify(&op, span_of("a\0b", 3), hash));
	ASSERT_RC(
	    &op, RC_DENIED, password_verify(&op, span_of("a\0c", 3), hash));
	ASSERT_OK(&op, password_hash(&op, span_of(NULL, 0), hash));
	ASSERT_OK(&op, password_verify(&op, span_of(NULL, 0), hash));
}

/* From the test list of Argon2's reference implementation. */
static void
a_published_hash_with_other_costs_verifies(void **state)
{
	static const char hash[] =
	    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ"
	    "$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
	CLEANUP(op_release) struct op op;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, password_verify(&op, span_str("password"), hash));
	ASSERT_RC(
	    &op, RC_DENIED, password_verify(&op, span_str("passwore"), hash));
}

static void
what_is_no_bearable_hash_is_refused_at_once(void **state)
{
#define TAIL "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	static const char *const bad[] = {
	    "",
	    "x",
	    "password",
	    "$argon2id",
	    "$argon2i$v=19$m=65536,t=2,p=1" TAIL,
	    "$argon2d$v=19$m=65536,t=2,p=1" TAIL,
	    "$argon2id$v=16$m=65536,t=2,p=1" TAIL,
	    "$argon2id$m=65536,t=2,p=1" TAIL,
	    "$argon2id$v=19$m=262145,t=2,p=1" TAIL,
	    "$argon2id$v=19$m=4294967296,t=2,p=1" TAIL,
	    "$argon2id$v=19$m=99999999999999999999,t=2,p=1" TAIL,
	    "$argon2id$v=19$m=65536,t=11,p=1" TAIL,
	    "$argon2id$v=19$m=65536,t=0,p=1" TAIL,
	    "$argon2id$v=19$m=65536,t=2,p=5" TAIL,
	    "$argon2id$v=19$m=65536,t=2,p=16777215" TAIL,
	    "$argon2id$v=19$m=65536,t=2,p=-1" TAIL,
	    "$argon2id$v=19$m=,t=2,p=1" TAIL,
	    "$argon2id$v=19$m=65536,t=2" TAIL,
	    "$argon2id$v=19$m=65536,t=2,p=1",
	    "$argon2id$v=19$m=65536,t=2,p=1$",
	    "$argon2id$v=19$m=65536,t=2,p=1$!!!$!!!",
	    "$argon2id$v=19$m=65536,t=2,p=1" TAIL "!",
	};
	CLEANUP(op_release) struct op op;
	char longest[2 * PASSWORD_HASH_SIZE];
	size_t i;

	(void)state;
	op_init(&op);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_RC(&op, RC_DAMAGED,
		    password_verify(&op, span_str("password"), bad[i]));
	memset(longest, 'A', sizeof(longest));
	memcpy(longest, "$argon2id$v=19$m=65536,t=2,p=1$", 31);
	longest[sizeof(longest) - 1] = '\0';
	ASSERT_RC(&op, RC_DAMAGED,
	    password_verify(&op, span_str("password"), longest));
}

static void
a_password_over_the_limit_is_refused(void **state)
{
	static const uint8_t bytes[PASSWORD_MAX + 1];
	CLEANUP(op_release) struct op op;
	char hash[PASSWORD_HASH_SIZE] = "unchanged";
	char good[PASSWORD_HASH_SIZE];

	(void)state;
	op_init(&op);
	ASSERT_RC(&op, RC_LIMIT,
	    password_hash(&op, span_of(bytes, sizeof(bytes)), hash));
	assert_string_equal(hash, "unchanged");
	ASSERT_OK(&op, password_hash(&op, span_of(bytes, PASSWORD_MAX), good));
	ASSERT_OK(
	    &op, password_verify(&op, span_of(bytes, PASSWORD_MAX), good));
	ASSERT_RC(&op, RC_DENIED,
	    password_verify(&op, span_of(bytes, sizeof(bytes)), good));
}

/* This thread's own time, which other programs on the machine do not touch. */
static int64_t
cpu_time(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
an_unknown_user_costs_as_much_as_a_known_one(void **state)
{
	CLEANUP(op_release) struct op op;
	char hash[PASSWORD_HASH_SIZE];
	int64_t known = INT64_MAX, unknown = INT64_MAX;
	int i;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, password_hash(&op, span_str("right"), hash));
	for (i = 0; i < 5; i++) {
		int64_t start = cpu_time();
		int64_t middle, end;

		ASSERT_RC(&op, RC_DENIED,
		    password_verify(&op, span_str("wrong"), hash));
		middle = cpu_time();
		password_verify_dummy(span_str("wrong"));
		end = cpu_time();
		known = middle - start < known ? middle - start : known;
		unknown = end - middle < unknown ? end - middle : unknown;
	}
	assert_true(unknown > known / 4 * 3);
	assert_true(unknown < known / 3 * 4);
}

static atomic_int inside;
static atomic_int most;

static void
count(void *arg, const char *name)
{
	(void)arg;
	if (strcmp(name, "password.entered") == 0) {
		int now = atomic_fetch_add(&inside, 1) + 1;

		if (now > atomic_load(&most))
			atomic_store(&most, now); /* the gate's lock is held */
	} else if (strcmp(name, "password.leaving") == 0) {
		atomic_fetch_sub(&inside, 1);
	}
}

static void
sign_in(void *arg)
{
	CLEANUP(op_release) struct op op;
	char hash[PASSWORD_HASH_SIZE];

	(void)arg;
	op_init(&op);
	if (password_hash(&op, span_str("x"), hash) != RC_OK ||
	    password_verify(&op, span_str("x"), hash) != RC_OK)
		abort();
	password_verify_dummy(span_str("x"));
}

static void
at_most_two_hashes_run_at_once_and_all_come_through(void **state)
{
	CLEANUP(op_release) struct op op;
	struct thread threads[8];
	size_t i;

	(void)state;
	op_init(&op);
	fault_point_arm(count, NULL);
	for (i = 0; i < ARRAY_LEN(threads); i++)
		ASSERT_OK(&op,
		    thread_start(&op, &threads[i], "sign-in", sign_in, NULL));
	for (i = 0; i < ARRAY_LEN(threads); i++)
		thread_join(&threads[i]);
	fault_point_arm(NULL, NULL);
	assert_int_equal(atomic_load(&inside), 0);
	assert_int_equal(atomic_load(&most), 2);
}

static void
tokens_are_43_signs_of_base64url_and_differ(void **state)
{
	static char tokens[200][PASSWORD_TOKEN_SIZE];
	bool seen[128] = {false};
	int signs = 0;
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(tokens); i++) {
		password_token(tokens[i]);
		assert_int_equal(strlen(tokens[i]), 43);
		for (k = 0; k < 43; k++) {
			char c = tokens[i][k];

			assert_true(
			    isalnum((unsigned char)c) || c == '-' || c == '_');
			seen[(unsigned char)c] = true;
		}
		/* 256 bits: the last sign has only 4 */
		assert_non_null(strchr("AEIMQUYcgkosw048", tokens[i][42]));
		for (k = 0; k < i; k++)
			assert_string_not_equal(tokens[i], tokens[k]);
	}
	/* no place always has the same sign */
	for (k = 0; k < 43; k++) {
		i = 1;
		while (i < ARRAY_LEN(tokens) && tokens[i][k] == tokens[0][k])
			i++;
		assert_true(i < ARRAY_LEN(tokens));
	}
	for (i = 0; i < ARRAY_LEN(seen); i++)
		signs += seen[i];
	assert_int_equal(signs, 64);
}

static void
passwords_for_people_have_20_signs_in_groups_without_look_alikes(void **state)
{
	char text[PASSWORD_TOKEN_SIZE];
	int counts[128] = {0};
	int first = 0;
	int i, k;

	(void)state;
	for (i = 0; i < 5000; i++) {
		password_generate(text);
		assert_int_equal(strlen(text), 23);
		for (k = 0; k < 23; k++) {
			if (k % 6 == 5) {
				assert_int_equal(text[k], '-');
				continue;
			}
			assert_non_null(
			    strchr("23456789abcdefghjkmnpqrstuvwxyz", text[k]));
			counts[(unsigned char)text[k]]++;
		}
	}
	/* 3226 of each expected, standard deviation 56 */
	for (k = '0'; k <= 'z'; k++)
		if (counts[k] != 0)
			assert_in_range(counts[k], 2726, 3726);
	/* 25806 and 138; a plain remainder of 256 would give 28125 */
	for (k = '2'; k <= '9'; k++)
		first += counts[k];
	assert_in_range(first, 24806, 26806);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_password_matches_its_own_hash_only),
	    cmocka_unit_test(equal_passwords_have_different_hashes),
	    cmocka_unit_test(passwords_may_hold_any_bytes),
	    cmocka_unit_test(a_published_hash_with_other_costs_verifies),
	    cmocka_unit_test(what_is_no_bearable_hash_is_refused_at_once),
	    cmocka_unit_test(a_password_over_the_limit_is_refused),
	    cmocka_unit_test(an_unknown_user_costs_as_much_as_a_known_one),
	    cmocka_unit_test(
		at_most_two_hashes_run_at_once_and_all_come_through),
	    cmocka_unit_test(tokens_are_43_signs_of_base64url_and_differ),
	    cmocka_unit_test(
		passwords_for_people_have_20_signs_in_groups_without_look_alikes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

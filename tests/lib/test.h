/* test.h - what all tests share: cmocka with its headers in order, sandboxes,
 * results that print the op's error. */
#ifndef DOZO_TESTS_TEST_H
#define DOZO_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/op.h"
#include "base/span.h"

/* A fresh empty folder in TMPDIR or /tmp; free the path with
 * test_sandbox_remove. One that a failed test leaves goes at the program's end,
 * with what is mounted in it. */
char *test_sandbox(void);

/* Removes the folder with all below it and frees the path. */
void test_sandbox_remove(char *path);

/* Frees path; the sandbox stays for whoever started this program. */
void test_sandbox_leave(char *path);

/*
 * For the beginning of a main(): an ordinary user gets a namespace of his own,
 * where he may mount, if the system allows that. To its programs he is root.
 */
void test_become_able_to_mount(void);

/* Fails the test, with the op's error text, unless call gives the expected rc.
 */
#define ASSERT_RC(op, expected, call) \
	do { \
		enum rc got_ = (call); \
		if (got_ != (expected)) \
			fail_msg("%s: %s (%s), expected %s", #call, \
			    rc_name(got_), op_error((op), got_), \
			    rc_name(expected)); \
		op_clear_error(op); \
	} while (0)
#define ASSERT_OK(op, call) ASSERT_RC(op, RC_OK, call)

/*
 * Runs body(arg) again and again, the n-th allocation (or I/O call) failing,
 * for n = 1, 2, ... until it passes without the fault happening. body returns
 * what it got; each faulty run must return something other than RC_OK or pass
 * for a reason of its own, and must leak nothing (ASan sees to that). At most
 * limit runs.
 */
void test_torture_alloc(enum rc (*body)(void *arg), void *arg, long limit);
void
test_torture_io(enum rc (*body)(void *arg), void *arg, int error, long limit);

#endif

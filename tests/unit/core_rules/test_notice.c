/* test_notice.c - what administrators are told, and that nothing is done for a
 * tenant before they are. */
#include <string.h>

#include "core/audit.h"
#include "core/notice.h"
#include "rules.h"

static const struct span command = {(const uint8_t *)"member password x", 17};
static const struct span reason = {(const uint8_t *)"lost", 4};

static void
take_over(struct rules *r)
{
	struct member_sign_in note = {.member = r->admin.actor.member};

	ASSERT_OK(
	    &r->admin, member_note_sign_in(&r->admin, r->tenant, &note, 20000));
}

struct seen {
	int n;
	int acknowledged;
	int64_t last;
};

static enum rc
see(void *arg, struct op *op, const struct notice *notice, bool acknowledged)
{
	struct seen *seen = arg;

	(void)op;
	assert_int_equal(notice->kind, NOTICE_BREAK_GLASS);
	assert_string_equal(notice->subject.data, "member password x");
	assert_string_equal(notice->text.data, "lost");
	assert_true(notice->id > seen->last);
	seen->last = notice->id;
	seen->n++;
	seen->acknowledged += acknowledged;
	return RC_OK;
}

static struct seen
look(struct rules *r, struct op *op, bool all)
{
	struct seen seen = {0};

	ASSERT_OK(op, notice_items(op, r->meta, all, see, &seen));
	return seen;
}

static void
breaking_the_glass_is_told_before_anything_is_done(void **state)
{
	struct rules *r = *state;

	take_over(r);
	assert_int_equal(look(r, &r->admin, false).n, 0);
	ASSERT_RC(&r->host, RC_DENIED,
	    access_manage(&r->host, r->meta, &r->host.actor));
	ASSERT_OK(
	    &r->host, notice_break_glass(&r->host, r->tenant, command, reason));
	/* The notice and its audit row, and nothing else. */
	assert_int_equal(last_action(r, NULL), AUDIT_BREAK_GLASS);
	assert_int_equal(fake_last(r->fake).rows, 2);
	assert_int_equal(look(r, &r->admin, false).n, 1);
	ASSERT_OK(&r->host, access_manage(&r->host, r->meta, &r->host.actor));
}

static void
a_reason_that_nobody_can_read_breaks_no_glass(void **state)
{
	static char longest[NOTICE_REASON_UNITS + 2];
	struct rules *r = *state;
	const struct span bad[] = {span_str(""), span_str("\xff"),
	    span_of(longest, NOTICE_REASON_UNITS + 1)};
	size_t i;

	take_over(r);
	memset(longest, 'x', sizeof(longest));
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		ASSERT_RC(&r->host, RC_INVALID,
		    notice_break_glass(&r->host, r->tenant, command, bad[i]));
		assert_false(r->host.actor.glass_broken);
	}
	ASSERT_OK(&r->host, notice_break_glass(&r->host, r->tenant, command,
				span_of(longest, NOTICE_REASON_UNITS)));
}

static void
each_administrator_acknowledges_for_oneself(void **state)
{
	struct rules *r = *state;
	struct member_new member = {
	    .login = span_str("second"), .role = MEMBER_ADMINISTRATOR};
	struct op second;
	int64_t id, first = 0;
	int i;

	take_over(r);
	ASSERT_OK(&r->admin, member_add(&r->admin, r->tenant, &member, &id));
	fake_op(&second, id);
	/* More than a page of them. */
	for (i = 0; i < 70; i++) {
		ASSERT_OK(&r->host,
		    notice_break_glass(&r->host, r->tenant, command, reason));
		if (i == 0)
			first = look(r, &r->admin, false).last;
	}
	assert_int_equal(look(r, &r->admin, false).n, 70);
	ASSERT_OK(&r->admin, notice_acknowledge(&r->admin, r->tenant, first));
	assert_int_equal(last_action(r, NULL), AUDIT_NOTICE_ACKNOWLEDGE);
	assert_int_equal(look(r, &r->admin, false).n, 69);
	assert_int_equal(look(r, &r->admin, true).n, 70);
	assert_int_equal(look(r, &r->admin, true).acknowledged, 1);
	assert_int_equal(look(r, &second, false).n, 70);
	ASSERT_OK(&r->admin, notice_acknowledge(&r->admin, r->tenant,
				 look(r, &r->admin, false).last));
	assert_int_equal(look(r, &r->admin, false).n, 0);
	/* What was acknowledged stays so. */
	ASSERT_OK(&r->admin, notice_acknowledge(&r->admin, r->tenant, first));
	assert_int_equal(look(r, &r->admin, false).n, 0);
	assert_int_equal(look(r, &second, false).n, 70);
	op_release(&second);
}

static void
notices_are_for_those_who_manage_and_there_is_none_to_invent(void **state)
{
	struct rules *r = *state;
	struct seen seen = {0};
	int64_t id;

	take_over(r);
	ASSERT_OK(
	    &r->host, notice_break_glass(&r->host, r->tenant, command, reason));
	id = look(r, &r->admin, false).last;
	r->host.actor.glass_broken = false;
	ASSERT_RC(&r->alice, RC_DENIED,
	    notice_items(&r->alice, r->meta, true, see, &seen));
	ASSERT_RC(&r->host, RC_DENIED,
	    notice_items(&r->host, r->meta, true, see, &seen));
	ASSERT_RC(
	    &r->alice, RC_DENIED, notice_acknowledge(&r->alice, r->tenant, id));
	ASSERT_RC(
	    &r->host, RC_DENIED, notice_acknowledge(&r->host, r->tenant, id));
	ASSERT_RC(&r->admin, RC_NOT_FOUND,
	    notice_acknowledge(&r->admin, r->tenant, id + 1));
	ASSERT_RC(&r->admin, RC_NOT_FOUND,
	    notice_acknowledge(&r->admin, r->tenant, id - 1));
	assert_int_equal(look(r, &r->admin, false).n, 1);
	/* Nobody but the host breaks it. */
	ASSERT_RC(&r->alice, RC_DENIED,
	    notice_break_glass(&r->alice, r->tenant, command, reason));
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(breaking_the_glass_is_told_before_anything_is_done),
	    RULE(a_reason_that_nobody_can_read_breaks_no_glass),
	    RULE(each_administrator_acknowledges_for_oneself),
	    RULE(notices_are_for_those_who_manage_and_there_is_none_to_invent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

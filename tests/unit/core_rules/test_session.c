/* test_session.c - browsers that are signed in: how long, and what ends them.
 */
#include <string.h>

#include "base/clock.h"
#include "core/audit.h"
#include "core/policy.h"
#include "core/session.h"
#include "rules.h"

#define MINUTE (60 * CLOCK_S)

static const struct span browser = {(const uint8_t *)"Browser", 7};

struct begun {
	char token[PASSWORD_TOKEN_SIZE];
	struct session_found found;
};

static struct begun
begin(struct rules *r, struct op *op)
{
	struct begun b;

	ASSERT_OK(op, session_begin(op, r->tenant, browser, b.token, &b.found));
	return b;
}

static enum rc
check(struct rules *r, const char *token, struct session_found *ret)
{
	op_clear_error(&r->host);
	return session_check(
	    &r->host, r->meta, span_str(token), fake_now(r->fake), ret);
}

static enum rc
count_one(void *arg, struct op *op, const struct session *session)
{
	size_t *n = arg;

	(void)op;
	assert_string_equal((const char *)session->label.data, "Browser");
	(*n)++;
	return RC_OK;
}

static size_t
count(struct rules *r, struct op *op, int64_t member)
{
	size_t n = 0;

	ASSERT_OK(op, session_each_of(op, r->meta, member, fake_now(r->fake),
			  count_one, &n));
	return n;
}

static void
a_token_is_its_members_until_the_session_is_ended(void **state)
{
	struct rules *r = *state;
	struct begun b = begin(r, &r->alice);
	struct session_found found;

	assert_int_equal(last_action(r, NULL), AUDIT_SESSION_BEGIN);
	ASSERT_OK(&r->host, check(r, b.token, &found));
	assert_int_equal(found.member, r->alice.actor.member);
	assert_false(found.administrator);
	assert_false(found.to_note);
	assert_int_equal(count(r, &r->alice, found.member), 1);
	/* Another's looks like one that is not there; an administrator may. */
	ASSERT_RC(
	    &r->bob, RC_NOT_FOUND, session_end(&r->bob, r->tenant, found.id));
	ASSERT_OK(&r->host, check(r, b.token, &found));
	ASSERT_OK(&r->admin, session_end(&r->admin, r->tenant, found.id));
	assert_int_equal(last_action(r, NULL), AUDIT_SESSION_END);
	ASSERT_RC(&r->host, RC_DENIED, check(r, b.token, &found));
	assert_int_equal(count(r, &r->alice, r->alice.actor.member), 0);
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    session_end(&r->alice, r->tenant, found.id));
}

static void
a_session_ends_when_it_lay_idle_and_when_it_is_old(void **state)
{
	struct rules *r = *state;
	struct session_found found;
	struct begun b = begin(r, &r->alice);
	int hours;

	fake_advance(r->fake, 480 * MINUTE - CLOCK_S);
	ASSERT_OK(&r->host, check(r, b.token, &found));
	assert_true(found.to_note);
	fake_advance(r->fake, CLOCK_S);
	ASSERT_RC(&r->host, RC_DENIED, check(r, b.token, &found));

	/* In use each hour it lasts for 30 days to the second. */
	b = begin(r, &r->alice);
	for (hours = 1; hours < 30 * 24; hours++) {
		fake_advance(r->fake, CLOCK_HOUR);
		ASSERT_OK(&r->host, check(r, b.token, &found));
		ASSERT_OK(
		    &r->alice, session_note(&r->alice, r->tenant, found.id));
	}
	fake_advance(r->fake, CLOCK_HOUR - CLOCK_S);
	ASSERT_OK(&r->host, check(r, b.token, &found));
	fake_advance(r->fake, CLOCK_S);
	ASSERT_RC(&r->host, RC_DENIED, check(r, b.token, &found));
}

static void
a_tenants_setting_says_how_long_a_browser_may_be_left_alone(void **state)
{
	struct rules *r = *state;
	struct session_found found;
	struct begun b = begin(r, &r->alice);

	ASSERT_OK(&r->admin, policy_set(&r->admin, r->tenant,
				 policy_find("session_idle_minutes"), 15));
	fake_advance(r->fake, 15 * MINUTE - CLOCK_S);
	ASSERT_OK(&r->host, check(r, b.token, &found));
	fake_advance(r->fake, CLOCK_S);
	ASSERT_RC(&r->host, RC_DENIED, check(r, b.token, &found));
}

static void
a_new_password_and_a_suspension_end_all_sessions(void **state)
{
	struct rules *r = *state;
	struct session_found found;
	struct begun first = begin(r, &r->alice), second = begin(r, &r->alice);
	struct begun bobs = begin(r, &r->bob);

	ASSERT_OK(
	    &r->admin, member_set_password(&r->admin, r->tenant,
			   r->alice.actor.member, span_str("new secret")));
	ASSERT_RC(&r->host, RC_DENIED, check(r, first.token, &found));
	ASSERT_RC(&r->host, RC_DENIED, check(r, second.token, &found));
	ASSERT_OK(&r->host, check(r, bobs.token, &found));
	ASSERT_OK(&r->admin, member_set_status(&r->admin, r->tenant,
				 r->bob.actor.member, MEMBER_SUSPENDED));
	ASSERT_RC(&r->host, RC_DENIED, check(r, bobs.token, &found));
	/* Made active again he signs in anew. */
	ASSERT_OK(&r->admin, member_set_status(&r->admin, r->tenant,
				 r->bob.actor.member, MEMBER_ACTIVE));
	ASSERT_RC(&r->host, RC_DENIED, check(r, bobs.token, &found));
}

static void
a_member_has_a_bounded_number_of_sessions(void **state)
{
	struct rules *r = *state;
	struct session_found found;
	struct begun first = begin(r, &r->alice), last = first;
	size_t i;

	for (i = 1; i <= SESSIONS_MAX; i++) {
		fake_advance(r->fake, CLOCK_S);
		last = begin(r, &r->alice);
	}
	assert_int_equal(
	    count(r, &r->alice, r->alice.actor.member), SESSIONS_MAX);
	ASSERT_RC(&r->host, RC_DENIED, check(r, first.token, &found));
	ASSERT_OK(&r->host, check(r, last.token, &found));
}

static void
a_link_signs_in_once_and_soon(void **state)
{
	struct rules *r = *state;
	int64_t alice = r->alice.actor.member;
	char link[PASSWORD_TOKEN_SIZE], token[PASSWORD_TOKEN_SIZE];
	struct session_found found;

	ASSERT_RC(
	    &r->bob, RC_DENIED, session_link(&r->bob, r->tenant, alice, link));
	ASSERT_OK(&r->admin, session_link(&r->admin, r->tenant, alice, link));
	assert_int_equal(last_action(r, NULL), AUDIT_SESSION_LINK);
	/* It is no session itself. */
	ASSERT_RC(&r->host, RC_DENIED, check(r, link, &found));
	assert_int_equal(count(r, &r->alice, alice), 0);
	op_clear_error(&r->host);
	ASSERT_OK(&r->host, session_by_link(&r->host, r->tenant, span_str(link),
				browser, token, &found));
	assert_int_equal(found.member, alice);
	ASSERT_OK(&r->host, check(r, token, &found));
	ASSERT_RC(&r->host, RC_DENIED,
	    session_by_link(
		&r->host, r->tenant, span_str(link), browser, token, &found));

	ASSERT_OK(&r->admin, session_link(&r->admin, r->tenant, alice, link));
	fake_advance(r->fake, SESSION_LINK_TIME);
	op_clear_error(&r->host);
	ASSERT_RC(&r->host, RC_DENIED,
	    session_by_link(
		&r->host, r->tenant, span_str(link), browser, token, &found));
	/* Nor does a session's token. */
	strcpy(link, begin(r, &r->alice).token);
	op_clear_error(&r->host);
	ASSERT_RC(&r->host, RC_DENIED,
	    session_by_link(
		&r->host, r->tenant, span_str(link), browser, token, &found));
}

static void
an_app_password_begins_no_session(void **state)
{
	struct rules *r = *state;
	char token[PASSWORD_TOKEN_SIZE];
	struct session_found found;

	r->alice.actor.app_password = 17;
	ASSERT_RC(&r->alice, RC_DENIED,
	    session_begin(&r->alice, r->tenant, browser, token, &found));
}

static void
a_long_label_is_cut_between_characters(void **state)
{
	struct rules *r = *state;
	char label[302], token[PASSWORD_TOKEN_SIZE];
	struct session_found found;
	struct session session;
	size_t i;

	label[0] = 'x';
	for (i = 1; i + 3 < sizeof(label); i += 3)
		memcpy(label + i, "\xE5\x9C\x9F", 3);
	ASSERT_OK(&r->alice, session_begin(&r->alice, r->tenant,
				 span_of(label, i), token, &found));
	ASSERT_OK(
	    &r->alice, session_get(&r->alice, r->meta, found.id, &session));
	assert_int_equal(session.label.size, 199);
	assert_memory_equal(session.label.data, label, 199);
}

#define SESSION(name) \
	cmocka_unit_test_setup_teardown(name, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SESSION(a_token_is_its_members_until_the_session_is_ended),
	    SESSION(a_session_ends_when_it_lay_idle_and_when_it_is_old),
	    SESSION(
		a_tenants_setting_says_how_long_a_browser_may_be_left_alone),
	    SESSION(a_new_password_and_a_suspension_end_all_sessions),
	    SESSION(a_member_has_a_bounded_number_of_sessions),
	    SESSION(a_link_signs_in_once_and_soon),
	    SESSION(an_app_password_begins_no_session),
	    SESSION(a_long_label_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

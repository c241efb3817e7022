/* test_member.c - members, passwords, sign-in, and what the host may still do.
 */
#include <string.h>

#include "base/clock.h"
#include "core/audit.h"
#include "core/notice.h"
#include "rules.h"

static const struct span secret = {(const uint8_t *)"correct horse", 13};

static enum rc
sign_in(struct rules *r, const char *login, struct span password,
    struct member_sign_in *ret_sign_in)
{
	return member_sign_in(
	    &r->host, r->meta, span_str(login), password, 20000, ret_sign_in);
}

static void
take_over(struct rules *r)
{
	struct member_sign_in note = {.member = r->admin.actor.member};

	ASSERT_OK(
	    &r->admin, member_note_sign_in(&r->admin, r->tenant, &note, 20000));
}

static void
a_member_signs_in_by_name_and_password(void **state)
{
	struct rules *r = *state;
	struct member_sign_in who;

	ASSERT_OK(&r->admin, member_set_password(&r->admin, r->tenant,
				 r->alice.actor.member, secret));
	assert_int_equal(last_action(r, NULL), AUDIT_MEMBER_PASSWORD);
	ASSERT_OK(&r->host, sign_in(r, "ALICE", secret, &who));
	assert_int_equal(who.member, r->alice.actor.member);
	assert_false(who.administrator);
	assert_true(who.to_note);
	assert_int_equal(who.app_password, 0);
	ASSERT_OK(
	    &r->alice, member_note_sign_in(&r->alice, r->tenant, &who, 20000));
	assert_int_equal(last_action(r, NULL), AUDIT_MEMBER_FIRST_SIGN_IN);
	ASSERT_OK(&r->host, sign_in(r, "alice", secret, &who));
	assert_false(who.to_note);
}

static void
whatever_is_wrong_is_refused_alike(void **state)
{
	struct rules *r = *state;
	struct member_sign_in who;
	static const struct {
		const char *login;
		const char *password;
	} wrong[] = {
	    {"alice", "wrong horse"},
	    {"nobody", "correct horse"},
	    {"bob", "correct horse"}, /* has no password */
	    {"alice", ""},
	    {"a/b", "correct horse"},
	    {"\xFF", "correct horse"},
	    {"", ""},
	};
	size_t i;

	ASSERT_OK(&r->admin, member_set_password(&r->admin, r->tenant,
				 r->alice.actor.member, secret));
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(sign_in(r, wrong[i].login,
				     span_str(wrong[i].password), &who),
		    RC_DENIED);
		assert_string_equal(
		    op_error(&r->host, RC_DENIED), "wrong name or password");
		op_clear_error(&r->host);
	}
	ASSERT_OK(&r->admin, member_set_status(&r->admin, r->tenant,
				 r->alice.actor.member, MEMBER_SUSPENDED));
	assert_int_equal(sign_in(r, "alice", secret, &who), RC_DENIED);
	assert_string_equal(
	    op_error(&r->host, RC_DENIED), "wrong name or password");
	op_clear_error(&r->host);
	ASSERT_OK(&r->admin, member_set_status(&r->admin, r->tenant,
				 r->alice.actor.member, MEMBER_ACTIVE));
	ASSERT_OK(&r->host, sign_in(r, "alice", secret, &who));
}

/* The quickest of three, so that a busy machine does not count. */
static int64_t
time_refused(struct rules *r, const char *login)
{
	struct member_sign_in who;
	int64_t best = INT64_MAX;
	int i;

	for (i = 0; i < 3; i++) {
		int64_t start = clock_mono();
		int64_t took;

		ASSERT_RC(&r->host, RC_DENIED,
		    sign_in(r, login, span_str("wrong horse"), &who));
		took = clock_mono() - start;
		best = took < best ? took : best;
	}
	return best;
}

static void
an_unknown_name_takes_as_long_as_a_wrong_password(void **state)
{
	struct rules *r = *state;

	ASSERT_OK(&r->admin, member_set_password(&r->admin, r->tenant,
				 r->alice.actor.member, secret));
	/* A look-up alone takes under a hundredth of a hash. */
	assert_true(time_refused(r, "nobody") > time_refused(r, "alice") / 20);
	assert_true(time_refused(r, "bob") > time_refused(r, "alice") / 20);
}

static void
an_app_password_is_shown_once_and_works_until_it_is_revoked(void **state)
{
	struct rules *r = *state;
	char token[PASSWORD_TOKEN_SIZE];
	struct member_sign_in who;
	int64_t id;

	ASSERT_OK(&r->alice,
	    member_app_password_add(&r->alice, r->tenant, r->alice.actor.member,
		span_str("laptop"), token, &id));
	assert_int_equal(strlen(token), 43);
	ASSERT_OK(&r->host, sign_in(r, "alice", span_str(token), &who));
	assert_int_equal(who.app_password, id);
	assert_true(who.to_note);
	ASSERT_OK(
	    &r->alice, member_note_sign_in(&r->alice, r->tenant, &who, 20000));
	ASSERT_OK(&r->host, sign_in(r, "alice", span_str(token), &who));
	assert_false(who.to_note);
	/* Another's name with it. */
	ASSERT_RC(
	    &r->host, RC_DENIED, sign_in(r, "bob", span_str(token), &who));
	/* Another's hands on it. */
	ASSERT_RC(&r->bob, RC_DENIED,
	    member_app_password_revoke(
		&r->bob, r->tenant, r->alice.actor.member, id));
	ASSERT_RC(&r->bob, RC_NOT_FOUND,
	    member_app_password_revoke(
		&r->bob, r->tenant, r->bob.actor.member, id));
	ASSERT_OK(&r->alice, member_app_password_revoke(&r->alice, r->tenant,
				 r->alice.actor.member, id));
	ASSERT_RC(
	    &r->host, RC_DENIED, sign_in(r, "alice", span_str(token), &who));
}

static enum rc
count(void *arg, struct op *op, const struct app_password *password)
{
	(void)op;
	assert_true(span_equal(password->label, span_str("laptop")));
	++*(int *)arg;
	return RC_OK;
}

static void
app_passwords_are_listed_for_their_member(void **state)
{
	struct rules *r = *state;
	char token[PASSWORD_TOKEN_SIZE];
	int64_t id;
	int n = 0;

	ASSERT_OK(&r->alice,
	    member_app_password_add(&r->alice, r->tenant, r->alice.actor.member,
		span_str("laptop"), token, &id));
	ASSERT_OK(&r->alice, member_app_password_list(&r->alice, r->meta,
				 r->alice.actor.member, count, &n));
	assert_int_equal(n, 1);
	ASSERT_RC(&r->bob, RC_DENIED,
	    member_app_password_list(
		&r->bob, r->meta, r->alice.actor.member, count, &n));
}

static void
names_and_passwords_have_their_form(void **state)
{
	static const char *const bad[] = {
	    "", "a b", "a@b", "a:b", "a/b", "a\\b", "..", "a\tb"};
	struct rules *r = *state;
	uint8_t longest[MEMBER_LOGIN_UNITS + 1];
	struct member_new member = {
	    .login = span_str("carol"), .password = span_str("short")};
	int64_t id;
	size_t i;

	ASSERT_RC(&r->admin, RC_INVALID,
	    member_add(&r->admin, r->tenant, &member, &id));
	for (i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_RC(&r->admin, RC_INVALID,
		    member_login_check(&r->admin, span_str(bad[i])));
	memset(longest, 'x', sizeof(longest));
	ASSERT_RC(&r->admin, RC_INVALID,
	    member_login_check(&r->admin, span_of(longest, sizeof(longest))));
	ASSERT_OK(&r->admin, member_login_check(&r->admin,
				 span_of(longest, MEMBER_LOGIN_UNITS)));
	ASSERT_OK(&r->admin, member_login_check(&r->admin,
				 span_str("\xE5\xB1\xB1\xE7\x94\xB0")));
	member = (struct member_new){.login = span_str("ALICE")};
	ASSERT_RC(&r->admin, RC_EXISTS,
	    member_add(&r->admin, r->tenant, &member, &id));
}

static void
only_administrators_manage_members(void **state)
{
	struct rules *r = *state;
	struct member_new member = {.login = span_str("carol")};
	int64_t id;

	ASSERT_RC(&r->alice, RC_DENIED,
	    member_add(&r->alice, r->tenant, &member, &id));
	ASSERT_RC(&r->alice, RC_DENIED,
	    member_set_password(
		&r->alice, r->tenant, r->bob.actor.member, secret));
	/* Nobody talks themselves out of a suspension, or into one. */
	ASSERT_RC(&r->alice, RC_DENIED,
	    member_set_status(
		&r->alice, r->tenant, r->alice.actor.member, MEMBER_SUSPENDED));
	ASSERT_OK(&r->alice, member_set_password(&r->alice, r->tenant,
				 r->alice.actor.member, secret));
	ASSERT_OK(&r->admin, member_add(&r->admin, r->tenant, &member, &id));
	ASSERT_RC(&r->admin, RC_NOT_FOUND,
	    member_set_password(&r->admin, r->tenant, 4242, secret));
}

static void
the_last_administrator_cannot_be_suspended(void **state)
{
	struct rules *r = *state;

	ASSERT_RC(&r->admin, RC_CONFLICT,
	    member_set_status(
		&r->admin, r->tenant, r->admin.actor.member, MEMBER_SUSPENDED));
}

static void
the_host_manages_until_an_administrator_has_signed_in(void **state)
{
	struct rules *r = *state;
	struct member_new member = {.login = span_str("carol")};
	int64_t id;

	ASSERT_OK(&r->host, member_add(&r->host, r->tenant, &member, &id));
	take_over(r);
	member.login = span_str("dave");
	ASSERT_RC(
	    &r->host, RC_DENIED, member_add(&r->host, r->tenant, &member, &id));
	ASSERT_RC(&r->host, RC_DENIED,
	    member_set_password(
		&r->host, r->tenant, r->admin.actor.member, secret));
	/* Breaking the glass lets it in. */
	ASSERT_OK(&r->host, notice_break_glass(&r->host, r->tenant,
				span_str("member password admin"),
				span_str("locked out, call of 3 May")));
	ASSERT_OK(&r->host, member_set_password(&r->host, r->tenant,
				r->admin.actor.member, secret));
	assert_int_equal(last_action(r, NULL), AUDIT_MEMBER_PASSWORD);
}

static enum rc
see_space(void *arg, struct op *op, const struct node *node)
{
	char *names = arg;

	(void)op;
	strcat(names, (const char *)node->name.data);
	strcat(names, "|");
	return RC_OK;
}

static void
spaces_are_named_in_the_tenants_language(void **state)
{
	struct fake *fake = fake_new();
	struct member_new admin = {
	    .login = span_str("admin"), .role = MEMBER_ADMINISTRATOR};
	struct member_row row;
	char names[256] = "";
	struct op host, op;

	(void)state;
	fake_op(&host, 0);
	ASSERT_OK(
	    &host, member_found(&host, fake_tenant(fake), LANG_JA, &admin));
	ASSERT_OK(
	    &host, member_find(&host, fake_meta(fake), admin.login, &row));
	assert_int_equal(row.role, MEMBER_ADMINISTRATOR);
	fake_op(&op, row.id);
	ASSERT_OK(&op, path_spaces(&op, fake_meta(fake), see_space, names));
	assert_string_equal(names, "マイフォルダ|全社共有|");
	/* A second founding changes nothing (L25). */
	ASSERT_RC(&host, RC_EXISTS,
	    member_found(&host, fake_tenant(fake), LANG_EN, NULL));
	fake_free(fake);
	op_release(&host);
	op_release(&op);
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_member_signs_in_by_name_and_password),
	    RULE(whatever_is_wrong_is_refused_alike),
	    RULE(an_unknown_name_takes_as_long_as_a_wrong_password),
	    RULE(an_app_password_is_shown_once_and_works_until_it_is_revoked),
	    RULE(app_passwords_are_listed_for_their_member),
	    RULE(names_and_passwords_have_their_form),
	    RULE(only_administrators_manage_members),
	    RULE(the_last_administrator_cannot_be_suspended),
	    RULE(the_host_manages_until_an_administrator_has_signed_in),
	    cmocka_unit_test(spaces_are_named_in_the_tenants_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

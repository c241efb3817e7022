/* auth_test.c - reading credentials, remembering good ones, holding back who
 * guesses. */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/thread.h"
#include "http/auth.h"
#include "lib/test.h"

struct world {
	struct op op;
	struct auth *auth;
	struct mutex lock;
	struct cond changed;
	int verified; /* how often */
	bool holds;
	bool wait; /* a verification waits until this is false */
	enum rc fails; /* instead of verifying */
	int64_t keep;
};

static int
setup(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof(w));
	op_init(&w.op);
	mutex_init(&w.lock);
	cond_init(&w.changed);
	w.holds = true;
	w.keep = 600 * CLOCK_S;
	ASSERT_OK(&w.op, auth_new(&w.op, &w.auth));
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	auth_free(w->auth);
	cond_release(&w->changed);
	mutex_release(&w->lock);
	op_release(&w->op);
	return 0;
}

/* ---- reading ---- */

static enum rc
read_plain(struct op *op, struct span plain, struct auth_basic *basic)
{
	char base64[4096], *header;

	base64_encode(base64, plain);
	TRY(op_format(op, &header, "bAsIc  %s", base64));
	return auth_basic_parse(op, header, basic);
}

static void
a_name_and_a_password_are_apart_at_the_first_colon(void **state)
{
	struct world *w = *state;
	struct auth_basic basic;

	ASSERT_OK(
	    &w->op, read_plain(&w->op, span_str("DOM\\me@co:a:b\\c"), &basic));
	assert_true(span_equal(basic.user, span_str("me@co")));
	assert_true(span_equal(basic.password, span_str("a:b\\c")));
	auth_basic_wipe(&basic);
	ASSERT_OK(&w->op, read_plain(&w->op, span_str(":"), &basic));
	assert_int_equal(basic.user.size, 0);
	assert_int_equal(basic.password.size, 0);
	auth_basic_wipe(&basic);
	ASSERT_OK(&w->op,
	    read_plain(&w->op, span_str("\xe5\x9c\x9f:\xc3\xa9"), &basic));
	assert_true(span_equal(basic.password, span_str("\xc3\xa9")));
	auth_basic_wipe(&basic);
}

static void
what_is_no_credential_is_refused(void **state)
{
	struct world *w = *state;
	struct auth_basic basic;
	char long_text[AUTH_TEXT_MAX + 10];

	assert_int_equal(auth_basic_parse(&w->op, NULL, &basic), RC_NOT_FOUND);
	assert_int_equal(
	    auth_basic_parse(&w->op, "Bearer YTpi", &basic), RC_NOT_FOUND);
	assert_int_equal(
	    auth_basic_parse(&w->op, "Basic", &basic), RC_NOT_FOUND);
	ASSERT_RC(&w->op, RC_INVALID,
	    auth_basic_parse(&w->op, "Basic YTpi YTpi", &basic));
	ASSERT_RC(
	    &w->op, RC_INVALID, read_plain(&w->op, span_str("abc"), &basic));
	ASSERT_RC(
	    &w->op, RC_INVALID, read_plain(&w->op, span_str("a:\xff"), &basic));
	ASSERT_RC(&w->op, RC_INVALID,
	    read_plain(&w->op, span_of("a:\0b", 4), &basic));
	memset(long_text, 'a', sizeof(long_text));
	ASSERT_RC(&w->op, RC_LIMIT,
	    read_plain(&w->op, span_of(long_text, sizeof(long_text)), &basic));
}

/* ---- checking: "name:right" is good ---- */

static enum rc
verify(struct op *op, void *arg, const struct auth_basic *basic,
    struct auth_subject *ret_subject, int64_t *ret_keep)
{
	struct world *w = arg;

	mutex_lock(&w->lock);
	w->verified++;
	cond_broadcast(&w->changed);
	while (w->wait)
		cond_wait(&w->changed, &w->lock);
	mutex_unlock(&w->lock);
	if (w->fails != RC_OK)
		FAIL(op, w->fails, "it fails");
	if (!span_equal(basic->password, span_str("right")))
		FAIL(op, RC_DENIED, "wrong");
	*ret_keep = w->keep;
	*ret_subject = (struct auth_subject){
	    .tenant = 7, .member = (int64_t)basic->user.size};
	return RC_OK;
}

static enum rc
holds(struct op *op, void *arg, const struct auth_subject *subject,
    bool *ret_holds)
{
	struct world *w = arg;

	(void)op;
	assert_int_equal(subject->tenant, 7);
	*ret_holds = w->holds;
	return RC_OK;
}

static enum rc
check(struct world *w, struct op *op, const char *user, const char *password,
    const char *address, unsigned *ret_wait)
{
	const struct auth_verifier verifier = {
	    .verify = verify, .holds = holds, .arg = w};
	const struct auth_basic basic = {
	    .user = span_str(user), .password = span_str(password)};
	struct auth_subject subject = {0};
	enum rc rc;

	rc = auth_check(
	    op, w->auth, &basic, address, &verifier, &subject, ret_wait);
	if (rc == RC_OK)
		assert_int_equal(subject.member, strlen(user));
	op_clear_error(op);
	return rc;
}

static enum rc
ask(struct world *w, const char *user, const char *password)
{
	unsigned wait;

	return check(w, &w->op, user, password, "127.0.0.1", &wait);
}

static void
a_good_credential_is_verified_once(void **state)
{
	struct world *w = *state;
	int i;

	for (i = 0; i < 50; i++)
		assert_int_equal(ask(w, "me", "right"), RC_OK);
	assert_int_equal(w->verified, 1);
	assert_int_equal(ask(w, "you", "right"), RC_OK);
	assert_int_equal(w->verified, 2);
	/* The same bytes, cut elsewhere, are another credential. */
	assert_int_equal(ask(w, "mer", "ight"), RC_DENIED);
	assert_int_equal(w->verified, 3);
}

static void
what_does_not_hold_any_more_is_verified_again(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, "me", "right"), RC_OK);
	w->holds = false;
	assert_int_equal(ask(w, "me", "right"), RC_OK);
	assert_int_equal(w->verified, 2);
	w->fails = RC_DENIED;
	assert_int_equal(ask(w, "me", "right"), RC_DENIED);
	w->holds = true;
	assert_int_equal(ask(w, "me", "right"), RC_DENIED);
}

static void
what_was_not_to_be_kept_is_verified_each_time(void **state)
{
	struct world *w = *state;

	w->keep = 0;
	assert_int_equal(ask(w, "me", "right"), RC_OK);
	assert_int_equal(ask(w, "me", "right"), RC_OK);
	assert_int_equal(w->verified, 2);
}

static void
guessing_an_account_has_to_wait_however_it_is_spelled(void **state)
{
	static const char *const spellings[] = {"me@co", "ME@co", "Me@CO"};
	struct world *w = *state;
	unsigned wait = 0;
	int i;

	for (i = 0; i < AUTH_FREE_ACCOUNT; i++)
		assert_int_equal(ask(w, spellings[i % 3], "x"), RC_DENIED);
	assert_int_equal(
	    check(w, &w->op, "me@co", "right", "10.0.0.9", &wait), RC_BUSY);
	assert_int_equal(wait, 1);
	assert_int_equal(w->verified, AUTH_FREE_ACCOUNT);
	/* Others do not. */
	assert_int_equal(ask(w, "you@co", "right"), RC_OK);
}

static void
guessing_from_an_address_has_to_wait(void **state)
{
	struct world *w = *state;
	unsigned wait = 0;
	char user[16];
	int i;

	for (i = 0; i < AUTH_FREE_ADDRESS; i++) {
		(void)snprintf(user, sizeof(user), "user%d", i);
		assert_int_equal(ask(w, user, "x"), RC_DENIED);
	}
	assert_int_equal(ask(w, "me", "right"), RC_BUSY);
	assert_int_equal(
	    check(w, &w->op, "me", "right", "10.0.0.9", &wait), RC_OK);
	/* Known by now, it is heard from anywhere. */
	assert_int_equal(ask(w, "me", "right"), RC_OK);
}

static void
a_success_forgives_and_a_fault_of_the_server_does_not_count(void **state)
{
	struct world *w = *state;
	int i, k;

	for (k = 0; k < 3; k++) {
		for (i = 0; i < AUTH_FREE_ACCOUNT - 1; i++)
			assert_int_equal(ask(w, "me", "x"), RC_DENIED);
		w->keep = 0;
		assert_int_equal(ask(w, "me", "right"), RC_OK);
	}
	w->fails = RC_IO;
	for (i = 0; i < 3 * AUTH_FREE_ACCOUNT; i++)
		assert_int_equal(ask(w, "me", "right"), RC_IO);
	w->fails = RC_OK;
	assert_int_equal(ask(w, "me", "right"), RC_OK);
}

/* ---- many at once ---- */

struct client {
	struct thread thread;
	struct world *world;
	const char *password;
	enum rc rc;
};

static void
client_run(void *arg)
{
	struct client *client = arg;
	CLEANUP(op_release) struct op op;
	unsigned wait;

	op_init(&op);
	client->rc = check(
	    client->world, &op, "me", client->password, "127.0.0.1", &wait);
}

enum { CLIENTS = 16 };

static void
together(struct world *w, struct client *clients, bool same)
{
	static char passwords[CLIENTS][16];
	int i;

	w->wait = true;
	for (i = 0; i < CLIENTS; i++) {
		(void)snprintf(passwords[i], sizeof(passwords[i]), "x%d", i);
		clients[i].world = w;
		clients[i].password = same ? "right" : passwords[i];
		ASSERT_OK(&w->op, thread_start(&w->op, &clients[i].thread,
				      "client", client_run, &clients[i]));
	}
	mutex_lock(&w->lock);
	while (w->verified < (same ? 1 : AUTH_FREE_ACCOUNT))
		cond_wait(&w->changed, &w->lock);
	w->wait = false;
	cond_broadcast(&w->changed);
	mutex_unlock(&w->lock);
	for (i = 0; i < CLIENTS; i++)
		thread_join(&clients[i].thread);
}

static void
a_clients_first_requests_cost_one_verification(void **state)
{
	struct client clients[CLIENTS];
	struct world *w = *state;
	int i;

	together(w, clients, true);
	for (i = 0; i < CLIENTS; i++)
		assert_int_equal(clients[i].rc, RC_OK);
	assert_int_equal(w->verified, 1);
}

static void
guesses_at_once_do_not_slip_through(void **state)
{
	struct client clients[CLIENTS];
	struct world *w = *state;
	int i, busy = 0;

	together(w, clients, false);
	for (i = 0; i < CLIENTS; i++)
		busy += clients[i].rc == RC_BUSY;
	assert_int_equal(w->verified, AUTH_FREE_ACCOUNT);
	assert_int_equal(busy, CLIENTS - AUTH_FREE_ACCOUNT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_name_and_a_password_are_apart_at_the_first_colon),
	    TEST(what_is_no_credential_is_refused),
	    TEST(a_good_credential_is_verified_once),
	    TEST(what_does_not_hold_any_more_is_verified_again),
	    TEST(what_was_not_to_be_kept_is_verified_each_time),
	    TEST(guessing_an_account_has_to_wait_however_it_is_spelled),
	    TEST(guessing_from_an_address_has_to_wait),
	    TEST(a_success_forgives_and_a_fault_of_the_server_does_not_count),
	    TEST(a_clients_first_requests_cost_one_verification),
	    TEST(guesses_at_once_do_not_slip_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

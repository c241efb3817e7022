/* test_dav_races.c - two or more clients at one file or folder: who wins, and
 * that nothing is lost or made up. */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/str.h"
#include "base/thread.h"
#include "lib/dozo_server.h"

static struct dozo_server server;

static void
await(const char *what, bool (*question)(size_t arg), size_t arg)
{
	const struct timespec step = {.tv_nsec = 10000000};
	int64_t until = clock_mono() + 120 * CLOCK_S;

	while (!question(arg)) {
		if (clock_mono() > until)
			fail_msg("not within 120 s: %s", what);
		(void)nanosleep(&step, NULL);
	}
}

/* ---- two at once ---- */

enum { RACERS = 4, RACES = 12 };

/* A client of its own, for one request. */
struct client {
	char request[900];
	int status;
	struct thread thread;
};

/* No assertions: cmocka's belong to the main thread. */
static void
client_run(void *arg)
{
	struct client *c = arg;
	const struct https_options options = {
	    .ca_path = server.ca_path, .name = "127.0.0.1"};
	struct https_response response = HTTPS_RESPONSE;
	struct https_client *https = NULL;
	CLEANUP(op_release) struct op op;

	op_init(&op);
	if (https_open(&op, server.port, &options, &https) == RC_OK &&
	    https_send_str(&op, https, c->request) == RC_OK &&
	    https_receive(&op, https, false, &response) == RC_OK)
		c->status = response.status;
	https_close(https);
	buf_release(&response.body);
}

static void
client_start_as(struct client *c, const char *user, const char *password,
    const char *method, const char *path, const char *headers, const char *body)
{
	int size = snprintf(c->request, sizeof(c->request),
	    "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%sContent-Length: "
	    "%zu\r\n\r\n%s",
	    method, path, dozo_authorization(&server, user, password), headers,
	    strlen(body), body);

	assert_true(size > 0 && (size_t)size < sizeof(c->request));
	c->status = 0;
	ASSERT_OK(&server.op,
	    thread_start(&server.op, &c->thread, "client", client_run, c));
}

static void
client_start(struct client *c, const char *method, const char *path,
    const char *headers, const char *body)
{
	client_start_as(
	    c, DOZO_ADMIN, DOZO_PASSWORD, method, path, headers, body);
}

/* All at once; exactly one gets the status, the others 412; what is there then
 * is the winner's. */
static void
race_run(unsigned round, const char *condition, int status)
{
	struct client clients[RACERS];
	char texts[RACERS][16];
	size_t i, winner = RACERS;

	for (i = 0; i < RACERS; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "%u-%zu", round, i);
		client_start(&clients[i], "PUT", "/dav/Company/race", condition,
		    texts[i]);
	}
	for (i = 0; i < RACERS; i++)
		thread_join(&clients[i].thread);
	for (i = 0; i < RACERS; i++) {
		if (clients[i].status == status && winner == RACERS)
			winner = i;
		else
			assert_int_equal(clients[i].status, 412);
	}
	assert_true(winner < RACERS);
	(void)dozo_expect(&server, 200, "GET", "/dav/Company/race", NULL, NULL);
	assert_string_equal(dozo_body(&server), texts[winner]);
}

static void
of_clients_with_the_same_if_match_one_wins(void **state)
{
	char condition[96], etag[64];
	unsigned round;

	(void)state;
	(void)dozo_expect(
	    &server, 201, "PUT", "/dav/Company/race", NULL, "first");
	for (round = 0; round < RACES; round++) {
		assert_true(
		    str_copy(etag, sizeof(etag), dozo_header(&server, "ETag")));
		(void)snprintf(
		    condition, sizeof(condition), "If-Match: %s\r\n", etag);
		race_run(round, condition, 204);
	}
}

static void
of_clients_that_want_a_name_to_be_free_one_wins(void **state)
{
	unsigned round;

	(void)state;
	for (round = 0; round < RACES; round++) {
		race_run(round, "If-None-Match: *\r\n", 201);
		(void)dozo_expect(
		    &server, 204, "DELETE", "/dav/Company/race", NULL, NULL);
	}
}

/* ---- a condition that held when it was looked at first ---- */

/* The next number waits here, once it is sealed. */
static atomic_bool holding, held;

static void
hold(void *arg, const char *name)
{
	(void)arg;
	if (strcmp(name, "committer.sealed") != 0)
		return;
	while (atomic_load(&holding)) {
		atomic_store(&held, true);
		(void)usleep(1000);
	}
}

static int
hold_setup(void **state)
{
	fault_point_arm(hold, NULL);
	return dozo_server_setup(state);
}

static int
hold_teardown(void **state)
{
	(void)dozo_server_teardown(state);
	fault_point_arm(NULL, NULL);
	return 0;
}

static bool
is_held(size_t unused)
{
	(void)unused;
	return atomic_load(&held);
}

static bool
are_queued(size_t n)
{
	struct tenant *t = dozo_server_tenant(&server);
	size_t queued;

	mutex_lock(&t->lock);
	queued = t->n_queued;
	mutex_unlock(&t->lock);
	tenant_put(t);
	return queued == n;
}

/* Behind a number that waits, a PUT and then another change are queued, both
 * under the file's ETag: for the second it is another when its turn comes. */
static void
second_fails(const char *method, const char *headers, const char *body)
{
	struct client other, first, second;
	char condition[96], both[300], folder[64];

	(void)dozo_expect(
	    &server, 201, "PUT", "/dav/Company/file", NULL, "old");
	(void)snprintf(condition, sizeof(condition), "If-Match: %s\r\n",
	    dozo_header(&server, "ETag"));
	(void)snprintf(both, sizeof(both), "%s%s", condition, headers);
	(void)snprintf(folder, sizeof(folder), "/dav/Company/d-%s", method);
	atomic_store(&held, false);
	atomic_store(&holding, true);
	client_start(&other, "MKCOL", folder, "", "");
	await("a number waits", is_held, 0);
	client_start(&first, "PUT", "/dav/Company/file", condition, "new");
	await("one change is queued", are_queued, 1);
	client_start(&second, method, "/dav/Company/file", both, body);
	await("two changes are queued", are_queued, 2);
	atomic_store(&holding, false);
	thread_join(&other.thread);
	thread_join(&first.thread);
	thread_join(&second.thread);
	assert_int_equal(other.status, 201);
	assert_int_equal(first.status, 204);
	if (second.status != 412)
		fail_msg("%s: %d", method, second.status);
	(void)dozo_expect(&server, 200, "GET", "/dav/Company/file", NULL, NULL);
	assert_string_equal(dozo_body(&server), "new");
	(void)dozo_expect(&server, 404, "GET", "/dav/Company/to", NULL, NULL);
	(void)dozo_expect(
	    &server, 204, "DELETE", "/dav/Company/file", NULL, NULL);
}

static void
a_condition_holds_when_the_change_is_made_or_it_is_not_made(void **state)
{
	static const char to[] = "Destination: /dav/Company/to\r\n";

	(void)state;
	second_fails("PUT", "", "third");
	second_fails("MOVE", to, "");
	second_fails("COPY", to, "");
	second_fails("DELETE", "", "");
	second_fails("PROPPATCH", "",
	    "<propertyupdate xmlns=\"DAV:\"><set><prop><lastmodified>1"
	    "</lastmodified></prop></set></propertyupdate>");
}

/* ---- two changes of which the first decides over the second ---- */

/* What is asked of a client, and what it is to hear. */
struct want {
	const char *method, *path, *headers, *body;
	int status;
};

/* Both are queued, in this order, behind a number that waits: whatever they
 * looked at before was so for both. The second one is the other member's. */
static void
in_order(const char *name, const struct want *a, const struct want *b)
{
	struct client other, first, second;
	char folder[64];

	(void)snprintf(folder, sizeof(folder), "/dav/Company/d-%s", name);
	atomic_store(&held, false);
	atomic_store(&holding, true);
	client_start(&other, "MKCOL", folder, "", "");
	await("a number waits", is_held, 0);
	client_start(&first, a->method, a->path, a->headers, a->body);
	await("one change is queued", are_queued, 1);
	client_start_as(&second, DOZO_OTHER, DOZO_OTHER_PASSWORD, b->method,
	    b->path, b->headers, b->body);
	await("two changes are queued", are_queued, 2);
	atomic_store(&holding, false);
	thread_join(&other.thread);
	thread_join(&first.thread);
	thread_join(&second.thread);
	if (first.status != a->status || second.status != b->status)
		fail_msg("%s: %d, %d", name, first.status, second.status);
}

static void
holds(const char *path, const char *text)
{
	(void)dozo_expect(&server, 200, "GET", path, NULL, NULL);
	assert_string_equal(dozo_body(&server), text);
}

static void
gone(const char *path)
{
	(void)dozo_expect(&server, 404, "GET", path, NULL, NULL);
}

#define FOLDER "/dav/Company/folder"
#define INSIDE FOLDER "/f"
#define LOCK_INFO \
	"<lockinfo xmlns=\"DAV:\"><lockscope><exclusive/></lockscope>" \
	"<locktype><write/></locktype></lockinfo>"

/* The other member's first sign-in is a change, too: it is made before. */
static void
make_folder(void)
{
	const struct ask ask = {.method = "OPTIONS",
	    .path = "/dav/",
	    .user = DOZO_OTHER,
	    .password = DOZO_OTHER_PASSWORD};

	assert_int_equal(dozo_ask(&server, &ask)->status, 200);
	(void)dozo_expect(&server, 201, "MKCOL", FOLDER, NULL, NULL);
	(void)dozo_expect(&server, 201, "PUT", INSIDE, NULL, "old");
}

static const struct want put = {"PUT", INSIDE, "", "new", 204};

static void
a_lock_that_came_first_refuses_a_put_that_was_let_in(void **state)
{
	static const struct want lock = {"LOCK", INSIDE, "", LOCK_INFO, 200};
	static const struct want deep = {"LOCK", FOLDER, "", LOCK_INFO, 200};
	struct want refused = put;

	(void)state;
	make_folder();
	refused.status = 423;
	in_order("file", &lock, &refused);
	holds(INSIDE, "old");
	(void)dozo_expect(&server, 423, "DELETE", FOLDER "/f", NULL, NULL);
	(void)dozo_expect(&server, 201, "MKCOL", "/dav/Company/g", NULL, NULL);
	(void)dozo_expect(&server, 201, "PUT", "/dav/Company/g/f", NULL, "old");
	{
		struct want all = deep;

		all.path = "/dav/Company/g";
		refused.path = "/dav/Company/g/f";
		in_order("folder", &all, &refused);
		holds("/dav/Company/g/f", "old");
	}
}

static void
a_put_that_came_first_is_there_when_the_lock_is_taken(void **state)
{
	static const struct want lock = {"LOCK", INSIDE, "", LOCK_INFO, 200};

	(void)state;
	make_folder();
	in_order("put", &put, &lock);
	holds(INSIDE, "new");
	(void)dozo_expect(&server, 423, "PUT", INSIDE, NULL, "third");
}

static void
of_two_exclusive_locks_one_is_granted(void **state)
{
	static const struct want first = {"LOCK", INSIDE, "", LOCK_INFO, 200};
	static const struct want second = {"LOCK", INSIDE, "", LOCK_INFO, 423};

	(void)state;
	make_folder();
	in_order("lock", &first, &second);
}

static void
a_put_below_goes_where_its_folder_went(void **state)
{
	static const struct want move = {
	    "MOVE", FOLDER, "Destination: /dav/Company/moved\r\n", "", 201};
	static const struct want fresh = {
	    "PUT", FOLDER "/fresh", "", "fresh", 201};

	(void)state;
	make_folder();
	in_order("move", &move, &fresh);
	gone(FOLDER);
	holds("/dav/Company/moved/fresh", "fresh");
	holds("/dav/Company/moved/f", "old");
}

static void
a_put_below_what_was_deleted_is_refused(void **state)
{
	static const struct want delete = {"DELETE", FOLDER, "", "", 204};
	static const struct want fresh = {
	    "PUT", FOLDER "/fresh", "", "fresh", 409};

	(void)state;
	make_folder();
	in_order("delete", &delete, &fresh);
	gone(FOLDER);
}

/* ---- and without any order ---- */

static void
no_put_is_lost_while_its_folder_is_moved_to_and_fro(void **state)
{
	static const char *const folders[] = {
	    "/dav/Company/here", "/dav/Company/there"};
	struct client mover, putters[RACERS];
	char path[64], text[16], destination[80];
	unsigned round, now = 0, i;

	(void)state;
	(void)dozo_expect(&server, 201, "MKCOL", folders[0], NULL, NULL);
	for (round = 0; round < RACES; round++) {
		(void)snprintf(destination, sizeof(destination),
		    "Destination: %s\r\n", folders[1 - now]);
		client_start(&mover, "MOVE", folders[now], destination, "");
		for (i = 0; i < RACERS; i++) {
			(void)snprintf(path, sizeof(path), "%s/%u-%u",
			    folders[(now + i) % 2], round, i);
			(void)snprintf(text, sizeof(text), "%u-%u", round, i);
			client_start(&putters[i], "PUT", path, "", text);
		}
		thread_join(&mover.thread);
		assert_int_equal(mover.status, 201);
		now = 1 - now;
		for (i = 0; i < RACERS; i++) {
			thread_join(&putters[i].thread);
			(void)snprintf(path, sizeof(path), "%s/%u-%u",
			    folders[now], round, i);
			(void)snprintf(text, sizeof(text), "%u-%u", round, i);
			if (putters[i].status == 201) {
				holds(path, text);
			} else {
				assert_int_equal(putters[i].status, 409);
				gone(path);
			}
		}
		gone(folders[1 - now]);
	}
}

/* The copy is made in steps: each file in it is whole, as it was or as it is.
 */
static void
a_copy_of_a_folder_that_changes_has_no_file_that_never_was(void **state)
{
	enum { FILES = 150 };
	struct client copier, putters[RACERS];
	char path[64], before[16], after[16];
	unsigned i;

	(void)state;
	(void)dozo_expect(&server, 201, "MKCOL", FOLDER, NULL, NULL);
	for (i = 0; i < FILES; i++) {
		(void)snprintf(path, sizeof(path), FOLDER "/%u", i);
		(void)snprintf(before, sizeof(before), "before %u", i);
		(void)dozo_expect(&server, 201, "PUT", path, NULL, before);
	}
	client_start(
	    &copier, "COPY", FOLDER, "Destination: /dav/Company/copy\r\n", "");
	for (i = 0; i < FILES; i += RACERS) {
		unsigned k;

		for (k = 0; k < RACERS && i + k < FILES; k++) {
			(void)snprintf(path, sizeof(path), FOLDER "/%u", i + k);
			(void)snprintf(after, sizeof(after), "after %u", i + k);
			client_start(&putters[k], "PUT", path, "", after);
		}
		for (k = 0; k < RACERS && i + k < FILES; k++) {
			thread_join(&putters[k].thread);
			assert_int_equal(putters[k].status, 204);
		}
	}
	thread_join(&copier.thread);
	assert_int_equal(copier.status, 201);
	for (i = 0; i < FILES; i++) {
		(void)snprintf(path, sizeof(path), "/dav/Company/copy/%u", i);
		(void)snprintf(before, sizeof(before), "before %u", i);
		(void)snprintf(after, sizeof(after), "after %u", i);
		(void)dozo_expect(&server, 200, "GET", path, NULL, NULL);
		if (strcmp(dozo_body(&server), before) != 0)
			assert_string_equal(dozo_body(&server), after);
	}
}

#define HOLD_TEST(f) \
	cmocka_unit_test_prestate_setup_teardown( \
	    f, hold_setup, hold_teardown, &server)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(of_clients_with_the_same_if_match_one_wins),
	    SERVER_TEST(of_clients_that_want_a_name_to_be_free_one_wins),
	    HOLD_TEST(
		a_condition_holds_when_the_change_is_made_or_it_is_not_made),
	    HOLD_TEST(a_lock_that_came_first_refuses_a_put_that_was_let_in),
	    HOLD_TEST(a_put_that_came_first_is_there_when_the_lock_is_taken),
	    HOLD_TEST(of_two_exclusive_locks_one_is_granted),
	    HOLD_TEST(a_put_below_goes_where_its_folder_went),
	    HOLD_TEST(a_put_below_what_was_deleted_is_refused),
	    SERVER_TEST(no_put_is_lost_while_its_folder_is_moved_to_and_fro),
	    SERVER_TEST(
		a_copy_of_a_folder_that_changes_has_no_file_that_never_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_claims.c - claims that come too late on a site, and servers that see
 * different sites (LOG.md L2): a stale claim is taken anew while the server
 * runs, a server that is overtaken ends, and nothing forks. */
#include "lib/service_fixture.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rand.h"
#include "core/upload.h"

enum { A, B, C, AWAIT_MS = 30000, ROUNDS = 12 };

static const char *const names[] = {"tokyo", "osaka", "sendai"};

/*
 * A server with a way of its own to the sites: links, so that a site is away
 * for one server and there for another.
 */
struct server {
	struct fixture f;
	struct op op;
	struct tenant *t;
};

struct world {
	struct fixture f; /* makes sites and service; then only their owner */
	struct op op;
	uint64_t id;
	uint64_t counter; /* of the claim that made the tenant */
	struct server one, two;
};

static void
server_make(struct world *w, struct server *s, const char *name)
{
	char path[400], target[40];
	size_t i;

	memset(s, 0, sizeof(*s));
	op_init(&s->op);
	s->f = w->f;
	(void)snprintf(path, sizeof(path), "%.200s/%s", w->f.path, name);
	s->f.path = strdup(path);
	assert_non_null(s->f.path);
	assert_int_equal(mkdir(path, 0700), 0);
	ASSERT_OK(&s->op, io_open_root(&s->op, path, &s->f.dir_fd));
	(void)snprintf(
	    s->f.db_path, sizeof(s->f.db_path), "%.200s/db", s->f.path);
	assert_int_equal(mkdir(s->f.db_path, 0700), 0);
	for (i = 0; i < w->f.n_sites; i++) {
		(void)snprintf(target, sizeof(target), "../%s", names[i]);
		(void)snprintf(s->f.site_paths[i], sizeof(s->f.site_paths[i]),
		    "%.200s/%s", s->f.path, names[i]);
		assert_int_equal(symlink(target, s->f.site_paths[i]), 0);
	}
}

static void
server_open(struct world *w, struct server *s)
{
	ASSERT_OK(&s->op, fixture_open(&s->op, &s->f));
	ASSERT_OK(&s->op, service_tenant(&s->op, s->f.service, w->id, &s->t));
}

static void
server_close(struct server *s)
{
	if (s->f.service == NULL)
		return;
	if (s->t != NULL)
		tenant_put(s->t);
	s->t = NULL;
	fixture_close(&s->op, &s->f);
}

static void
server_end(struct server *s)
{
	server_close(s);
	io_close(&s->f.dir_fd);
	free(s->f.path);
	op_release(&s->op);
}

/* A service of n sites with a tenant, made and stopped; its servers are still
 * to be opened. */
static void
world_make(struct world *w, size_t n)
{
	struct tenant *t;

	memset(w, 0, sizeof(*w));
	op_init(&w->op);
	fixture_init(&w->f, n, 2);
	w->f.offer_time = 300 * CLOCK_MS;
	ASSERT_OK(&w->op, fixture_open(&w->op, &w->f));
	ASSERT_OK(&w->op,
	    service_tenant_add(&w->op, w->f.service, "demo", "ja", &w->id));
	ASSERT_OK(&w->op, service_tenant(&w->op, w->f.service, w->id, &t));
	ASSERT_OK(&w->op, fixture_set(&w->op, t, 1, NULL));
	fixture_await_sites(&w->f, t, n);
	w->counter = w->f.service->claim->counter;
	tenant_put(t);
	fixture_close(&w->op, &w->f);
	server_make(w, &w->one, "one");
	server_make(w, &w->two, "two");
}

static void
world_end(struct world *w)
{
	server_end(&w->one);
	server_end(&w->two);
	fixture_release(&w->f);
	op_release(&w->op);
}

/* What a server leaves on a site that it died on, amid a claim. */
static void
leave_fences(const struct world *w, size_t site, uint64_t up_to)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release)
	struct buf bytes = {.limit = FENCE_OBJECT_SIZE_MAX};
	struct fence_object fence = {
	    .counter = up_to, .n_registers = 1, .host = "gone"};
	struct object_name name;
	char path[500];
	uint64_t counter;
	FILE *file;

	op_init(&op);
	fence.registers[0] = w->f.reg;
	rand_id(fence.claim, sizeof(fence.claim));
	ASSERT_OK(&op, fence_object_write(&op, &fence, &bytes));
	for (counter = 1; counter <= up_to; counter++) {
		object_fence(&name, counter);
		(void)snprintf(path, sizeof(path), "%.300s/%.40s/%.90s",
		    w->f.site_paths[site], name.folder, name.file);
		file = fopen(path, "wxe");
		if (file == NULL)
			continue; /* there is one */
		assert_int_equal(
		    fwrite(bytes.data, 1, bytes.size, file), bytes.size);
		assert_int_equal(fclose(file), 0);
	}
}

static size_t
fences_on(const struct world *w, size_t site)
{
	char command[600];
	FILE *pipe;
	size_t n = 0;

	(void)snprintf(command, sizeof(command), "ls '%.300s/fence' | wc -l",
	    w->f.site_paths[site]);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%zu", &n), 1);
	(void)pclose(pipe);
	return n;
}

static uint64_t
counter_of(const struct server *s)
{
	return s->f.service->claim->counter;
}

/* ---- waiting ---- */

static void
await(struct server *s, const char *what,
    bool (*question)(struct server *s, uint64_t arg), uint64_t arg)
{
	struct timespec step = {.tv_nsec = 5000000};
	int64_t until = clock_mono() + AWAIT_MS * CLOCK_MS;

	while (!question(s, arg)) {
		if (clock_mono() > until)
			fail_msg("not within %d s: %s", AWAIT_MS / 1000, what);
		mutex_lock(&s->f.service->lock);
		cond_broadcast(&s->f.service->changed);
		mutex_unlock(&s->f.service->lock);
		(void)nanosleep(&step, NULL);
	}
}

/* Under the claim in force, that is. */
static bool
serves_on(struct server *s, uint64_t n)
{
	return s->t->mode == TENANT_READY &&
	       s->t->lanes.claim == s->f.service->claim &&
	       site_set_count(lanes_in_service(&s->t->lanes)) == n;
}

static bool
has_ended(struct server *s, uint64_t unused)
{
	(void)unused;
	return !service_stands(s->f.service);
}

static bool
one_has_ended(struct server *s, uint64_t other)
{
	struct server *t = (struct server *)(uintptr_t)other;

	return has_ended(s, 0) || has_ended(t, 0);
}

/* ---- a claim that is stale ---- */

/* Reads and writes from other threads, while the claim changes. */
struct users {
	struct server *s;
	atomic_bool stop;
	atomic_uint reads;
	atomic_uint unreadable;
	atomic_llong tried; /* values, ascending */
	atomic_llong acknowledged;
	atomic_uint wrong; /* answers that no server gives then */
	struct thread reader, writer;
};

static void
read_on(void *arg)
{
	struct users *u = arg;

	while (!atomic_load(&u->stop)) {
		CLEANUP(op_release) struct op op;
		struct reader *reader;

		op_init(&op);
		if (tenant_reader(&op, u->s->t, &reader) == RC_OK)
			tenant_reader_put(u->s->t, reader);
		else
			atomic_fetch_add(&u->unreadable, 1);
		atomic_fetch_add(&u->reads, 1);
	}
}

static void
write_on(void *arg)
{
	struct users *u = arg;
	long long value;
	enum rc rc;

	for (value = 100; !atomic_load(&u->stop); value++) {
		CLEANUP(op_release) struct op op;

		op_init(&op);
		atomic_store(&u->tried, value);
		rc = fixture_set(&op, u->s->t, value, NULL);
		if (rc == RC_OK)
			atomic_store(&u->acknowledged, value);
		else if (rc != RC_IN_DOUBT && rc != RC_NOT_STORED)
			atomic_fetch_add(&u->wrong, 1);
	}
}

static void
users_start(struct users *u, struct server *s)
{
	memset(u, 0, sizeof(*u));
	u->s = s;
	ASSERT_OK(
	    &s->op, thread_start(&s->op, &u->reader, "reader", read_on, u));
	ASSERT_OK(
	    &s->op, thread_start(&s->op, &u->writer, "writer", write_on, u));
}

/* Some more were acknowledged; reading never stopped, and nothing that was
 * acknowledged is lost. */
static void
users_stop(struct users *u)
{
	struct timespec step = {.tv_nsec = 2000000};
	int64_t until = clock_mono() + AWAIT_MS * CLOCK_MS;
	long long from = atomic_load(&u->acknowledged);
	int64_t value;

	while (
	    atomic_load(&u->acknowledged) < from + 10 && clock_mono() < until)
		(void)nanosleep(&step, NULL);
	atomic_store(&u->stop, true);
	thread_join(&u->reader);
	thread_join(&u->writer);
	value = fixture_get(&u->s->op, u->s->t);
	print_message("%u reads, %lld values tried\n", atomic_load(&u->reads),
	    atomic_load(&u->tried) - 100);
	assert_int_equal(atomic_load(&u->wrong), 0);
	assert_int_equal(atomic_load(&u->unreadable), 0);
	assert_true(atomic_load(&u->acknowledged) >= from + 10);
	assert_in_range(
	    value, atomic_load(&u->acknowledged), atomic_load(&u->tried));
}

/* A site comes whose fences go as far above the server's own as more says. */
static void
a_stale_claim_is_taken_anew(uint64_t more)
{
	static struct users users;
	struct world w;
	uint64_t before;

	world_make(&w, 3);
	fixture_away(&w.one.f, C);
	server_open(&w, &w.one);
	before = counter_of(&w.one);
	users_start(&users, &w.one);
	leave_fences(&w, C, before + more);
	fixture_back(&w.one.f, C);
	await(&w.one, "all sites are in service", serves_on, 3);
	assert_true(service_stands(w.one.f.service));
	assert_int_equal(counter_of(&w.one), before + more + 1);
	users_stop(&users);
	/* What stands on the sites says the same. */
	server_close(&w.one);
	fixture_drop_databases(&w.one.f);
	server_open(&w, &w.one);
	assert_in_range(fixture_get(&w.one.op, w.one.t),
	    atomic_load(&users.acknowledged), atomic_load(&users.tried));
	world_end(&w);
}

static void
a_site_that_comes_with_the_counter_taken_makes_the_server_claim_anew(
    void **state)
{
	(void)state;
	a_stale_claim_is_taken_anew(0);
}

static void
a_site_that_comes_with_a_higher_counter_makes_the_server_claim_anew(
    void **state)
{
	(void)state;
	a_stale_claim_is_taken_anew(3);
}

static void
with_too_few_sites_to_claim_a_stale_server_only_reads_until_they_are_there(
    void **state)
{
	struct world w;
	uint64_t before;

	(void)state;
	world_make(&w, 3);
	fixture_away(&w.one.f, C);
	server_open(&w, &w.one);
	before = counter_of(&w.one);
	fixture_away(&w.one.f, A);
	fixture_away(&w.one.f, B);
	leave_fences(&w, C, before);
	fixture_back(&w.one.f, C);
	while (atomic_load(&w.one.f.service->claim->end) == CLAIM_STANDS)
		(void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	ASSERT_RC(
	    &w.one.op, RC_NOT_STORED, fixture_set(&w.one.op, w.one.t, 2, NULL));
	assert_int_equal(service_health(w.one.f.service), HEALTH_READ_ONLY);
	assert_int_equal(fixture_get(&w.one.op, w.one.t), 1);
	assert_true(service_stands(w.one.f.service));
	fixture_back(&w.one.f, A);
	await(&w.one, "two sites are in service", serves_on, 2);
	ASSERT_OK(&w.one.op, fixture_set(&w.one.op, w.one.t, 2, NULL));
	fixture_back(&w.one.f, B);
	await(&w.one, "all sites are in service", serves_on, 3);
	assert_int_equal(fixture_get(&w.one.op, w.one.t), 2);
	world_end(&w);
}

/* ---- data of before ---- */

struct naming {
	struct change change;
	const struct put_data *data;
};

static enum rc
naming_run(struct op *op, struct tx *tx, struct change *change)
{
	struct naming *naming = container_of(change, struct naming, change);

	return tx_add_data(op, tx, naming->data);
}

static void
upload_fill(struct server *s, struct upload *upload)
{
	uint8_t *bytes = calloc(1, 200000);

	assert_non_null(bytes);
	ASSERT_OK(&s->op, upload_write(&s->op, upload, span_of(bytes, 200000)));
	free(bytes);
}

static bool
has_no_data(struct server *s, uint64_t id)
{
	size_t i, n = 0;

	for (i = 0; i < s->f.n_sites; i++)
		n += fixture_count(&s->f, i, "data", id);
	return n == 0;
}

static void
data_that_was_put_under_the_claim_of_before_is_not_named(void **state)
{
	struct naming naming = {.change.run = naming_run};
	struct put_content content;
	struct upload *whole, *amid;
	struct world w;

	(void)state;
	world_make(&w, 3);
	fixture_away(&w.one.f, C);
	server_open(&w, &w.one);
	ASSERT_OK(&w.one.op, upload_open(&w.one.op, w.one.t, false, &whole));
	ASSERT_OK(&w.one.op, upload_open(&w.one.op, w.one.t, false, &amid));
	upload_fill(&w.one, whole);
	ASSERT_OK(&w.one.op, upload_end(&w.one.op, whole, &content));
	assert_int_equal(content.n_data, 1);
	upload_fill(&w.one, amid);
	leave_fences(&w, C, counter_of(&w.one));
	fixture_back(&w.one.f, C);
	await(&w.one, "all sites are in service", serves_on, 3);
	naming.data = content.data;
	ASSERT_RC(&w.one.op, RC_NOT_STORED,
	    change_commit(&w.one.op, w.one.t, &naming.change));
	assert_int_not_equal(upload_end(&w.one.op, amid, &content), RC_OK);
	op_clear_error(&w.one.op);
	upload_free(whole);
	upload_free(amid);
	ASSERT_OK(&w.one.op, fixture_set(&w.one.op, w.one.t, 2, NULL));
	await(&w.one, "what came to nothing is gone", has_no_data, w.id);
	world_end(&w);
}

/* ---- two servers ---- */

static void
a_server_that_is_overtaken_where_it_stands_does_not_claim_anew(void **state)
{
	struct world w;
	uint64_t second;

	(void)state;
	world_make(&w, 3);
	fixture_away(&w.one.f, C);
	server_open(&w, &w.one);
	fixture_away(&w.two.f, A);
	server_open(&w, &w.two);
	second = counter_of(&w.two);
	assert_int_equal(second, counter_of(&w.one) + 1);
	/* On C the first one never stood; on B it did, and is overtaken. */
	fixture_back(&w.one.f, C);
	await(&w.one, "the first server has ended", has_ended, 0);
	assert_int_not_equal(fixture_set(&w.one.op, w.one.t, 2, NULL), RC_OK);
	op_clear_error(&w.one.op);
	server_close(&w.one);
	fixture_back(&w.two.f, A);
	await(&w.two, "all sites are in service", serves_on, 3);
	ASSERT_OK(&w.two.op, fixture_set(&w.two.op, w.two.t, 3, NULL));
	assert_int_equal(counter_of(&w.two), second);
	assert_int_equal(fixture_get(&w.two.op, w.two.t), 3);
	world_end(&w);
}

/* Two servers that each see two sites of three, other ones each time. */
struct rivals {
	int64_t value; /* tried last */
	int64_t acknowledged;
	bool away[2][3];
};

/* Starts it again where it has ended, as whoever watches over it would. */
static bool
rival_runs(struct world *w, struct server *s)
{
	if (s->f.service != NULL && !has_ended(s, 0))
		return true;
	server_close(s);
	if (fixture_open(&s->op, &s->f) == RC_OK &&
	    service_tenant(&s->op, s->f.service, w->id, &s->t) == RC_OK)
		return true;
	op_clear_error(&s->op);
	server_close(s);
	return false;
}

static void
rival_try(struct rivals *r, struct world *w, struct server *s)
{
	enum rc rc;

	if (!rival_runs(w, s))
		return;
	rc = fixture_set(&s->op, s->t, ++r->value, NULL);
	op_clear_error(&s->op);
	if (rc == RC_OK)
		r->acknowledged = r->value;
}

/* Of these sites this server sees all but one from now on; SIZE_MAX: all. */
static void
rival_see(struct rivals *r, struct server *s, size_t which, size_t but)
{
	size_t i;

	for (i = 0; i < 3; i++) {
		if (r->away[which][i] && i != but)
			fixture_back(&s->f, i);
		if (!r->away[which][i] && i == but)
			fixture_away(&s->f, i);
		r->away[which][i] = i == but;
	}
}

static void
rivals_round(struct rivals *r, struct world *w, size_t i)
{
	rival_see(r, &w->one, 0, (i + 2) % 3);
	rival_see(r, &w->two, 1, i % 3);
	rival_try(r, w, &w->one);
	rival_try(r, w, &w->two);
	rival_try(r, w, &w->one);
}

static void
of_two_servers_whose_sites_come_and_go_one_gives_way(void **state)
{
	struct rivals r = {.value = 1, .acknowledged = 1};
	struct server *left;
	struct world w;
	int64_t value;
	size_t i, fences;

	(void)state;
	world_make(&w, 3);
	for (i = 0; i < ROUNDS; i++)
		rivals_round(&r, &w, i);
	rival_see(&r, &w.one, 0, SIZE_MAX);
	rival_see(&r, &w.two, 1, SIZE_MAX);
	(void)rival_runs(&w, &w.one);
	(void)rival_runs(&w, &w.two);
	await(&w.one, "one of the servers has ended", one_has_ended,
	    (uint64_t)(uintptr_t)&w.two);
	assert_true(!has_ended(&w.one, 0) || !has_ended(&w.two, 0));
	left = has_ended(&w.one, 0) ? &w.two : &w.one;
	await(left, "all sites are in service", serves_on, 3);
	fences = fences_on(&w, A);
	value = fixture_get(&left->op, left->t);
	print_message("%lld of %lld, %zu fences\n", (long long)r.acknowledged,
	    (long long)r.value, fences);
	assert_in_range(value, r.acknowledged, r.value);
	/* Each start makes a claim, and each site that comes one at the most:
	 * they do not go on for ever. */
	assert_in_range(fences, w.counter, w.counter + 4 * ROUNDS);
	ASSERT_OK(&left->op, fixture_set(&left->op, left->t, 1000, NULL));
	assert_int_equal(counter_of(left), fences_on(&w, A));
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_site_that_comes_with_the_counter_taken_makes_the_server_claim_anew),
	    cmocka_unit_test(
		a_site_that_comes_with_a_higher_counter_makes_the_server_claim_anew),
	    cmocka_unit_test(
		with_too_few_sites_to_claim_a_stale_server_only_reads_until_they_are_there),
	    cmocka_unit_test(
		data_that_was_put_under_the_claim_of_before_is_not_named),
	    cmocka_unit_test(
		a_server_that_is_overtaken_where_it_stands_does_not_claim_anew),
	    cmocka_unit_test(
		of_two_servers_whose_sites_come_and_go_one_gives_way),
	};

	log_set_level(LOG_LEVEL_ERROR);
	/* Into memory, where syncs cost nothing. */
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		assert_int_equal(setenv("TMPDIR", "/dev/shm", 1), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

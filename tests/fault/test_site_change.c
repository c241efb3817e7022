/*
 * test_site_change.c - a site joins the register, leaves it, takes another's
 * place, while people read and write (LOG.md L20): nothing stops, nothing is
 * lost, the new one counts only when it has everything, and from then on it
 * alone is enough to get everything back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/state.h"
#include "meta/local.h"
#include "world.h"

enum { WRITERS = 3, FILES = 12, STEPS_BEFORE = 4 };

/* ---- people ---- */

struct writer {
	struct world *w;
	struct thread thread;
	unsigned number;
	atomic_bool *stop;
	atomic_uint done; /* puts that were acknowledged */
	atomic_uint refused;
	atomic_uint wrong;
};

struct people {
	struct world *w;
	atomic_bool stop;
	struct writer writers[WRITERS];
};

static uint64_t
size_of(unsigned i)
{
	static const uint64_t sizes[] = {10, 5000, 70000, 300000};

	return sizes[i % ARRAY_LEN(sizes)];
}

static void
name_of(char out[40], unsigned writer, unsigned i)
{
	(void)snprintf(out, 40, "w%u-%u", writer, i);
}

/* Puts a file and reads it back; 503 is for the client to try again. */
static void
write_one(struct writer *writer, unsigned i)
{
	struct world *w = writer->w;
	struct file_put_result result;
	struct node node;
	char name[40];
	struct op op;
	bool same = false;
	enum rc rc;

	world_ask(w, &op);
	name_of(name, writer->number, i);
	rc = world_put(&op, w, w->space, name, size_of(i), i, &result);
	if (rc == RC_NOT_STORED || rc == RC_IN_DOUBT) {
		atomic_fetch_add(&writer->refused, 1);
	} else if (rc != RC_OK ||
		   world_find(&op, w, w->space, name, &node) != RC_OK ||
		   world_read(&op, w, node.content, size_of(i), i, &same) !=
		       RC_OK ||
		   !same) {
		print_message("%s: %s\n", name, op_error(&op, rc));
		atomic_fetch_add(&writer->wrong, 1);
	}
	if (rc == RC_OK)
		atomic_store(&writer->done, i + 1);
	op_release(&op);
}

static void
write_on(void *arg)
{
	struct writer *writer = arg;
	unsigned i = 0;

	while (!atomic_load(writer->stop)) {
		write_one(writer, i);
		if (atomic_load(&writer->done) == i + 1)
			i++;
	}
}

static void
people_start(struct people *p, struct world *w)
{
	unsigned i;

	memset(p, 0, sizeof(*p));
	p->w = w;
	for (i = 0; i < WRITERS; i++) {
		p->writers[i].w = w;
		p->writers[i].number = i;
		p->writers[i].stop = &p->stop;
		ASSERT_OK(&w->op, thread_start(&w->op, &p->writers[i].thread,
				      "writer", write_on, &p->writers[i]));
	}
}

static unsigned
people_done(const struct people *p)
{
	unsigned i, n = 0;

	for (i = 0; i < WRITERS; i++)
		n += atomic_load(&p->writers[i].done);
	return n;
}

static bool
people_have_done(struct world *w, size_t n)
{
	(void)w;
	return people_done((const struct people *)(uintptr_t)n) > 0;
}

/* Nobody was told anything wrong, and whatever was acknowledged is there. */
static void
people_stop(struct people *p)
{
	unsigned i, k, refused = 0;
	char name[40];

	atomic_store(&p->stop, true);
	for (i = 0; i < WRITERS; i++) {
		thread_join(&p->writers[i].thread);
		refused += atomic_load(&p->writers[i].refused);
		assert_int_equal(atomic_load(&p->writers[i].wrong), 0);
	}
	print_message("%u files, %u refused\n", people_done(p), refused);
	for (i = 0; i < WRITERS; i++)
		for (k = 0; k < atomic_load(&p->writers[i].done); k++) {
			name_of(name, i, k);
			world_check(p->w, p->w->space, name, size_of(k), k);
		}
}

/* ---- the register ---- */

static void
begin(struct world *w, const uint8_t *joins, const uint8_t *leaves)
{
	struct site_change_want want = {.joins = joins,
	    .leaves = leaves,
	    .name = joins != NULL ? "new" : NULL};

	ASSERT_OK(&w->op, site_change_begin(&w->op, w->f.service, &want));
}

static bool
no_change_is_under_way(struct world *w, size_t unused)
{
	struct site_change_state state;

	(void)unused;
	site_change_look(w->f.service, &state);
	return state.phase == SITE_PHASE_DONE;
}

static bool
is_healthy(struct world *w, size_t unused)
{
	(void)unused;
	return service_health(w->f.service) == HEALTH_OK;
}

static void
await_end(struct world *w)
{
	world_await(w, "the change is over", no_change_is_under_way, 0);
	world_await(w, "all is well", is_healthy, 0);
}

/* One register rules, with these sites of the sandbox and no others. */
static void
assert_register(struct world *w, uint64_t version, uint32_t m, unsigned bits)
{
	const struct claim *claim = w->f.service->claim;
	const struct site_register *reg = claim_register(claim);
	size_t i;

	assert_int_equal(claim->n_registers, 1);
	assert_int_equal(reg->version, version);
	assert_int_equal(reg->m, m);
	assert_int_equal(reg->n, (unsigned)__builtin_popcount(bits));
	for (i = 0; i < w->f.n_sites; i++)
		assert_int_equal(register_contains(reg, w->f.reg.ids[i]),
		    (bits >> i & 1) != 0);
}

/* From this site alone, and the key, the same state comes. */
static void
assert_alone(struct world *w, size_t site)
{
	uint8_t want[DB_HASH_SIZE], got[DB_HASH_SIZE];
	struct service *service;
	struct reader *reader;
	struct tenant *t;

	world_state_hash(w, want);
	ASSERT_OK(&w->op, fixture_open_alone(&w->op, &w->f, site, &service));
	ASSERT_OK(&w->op, service_tenant(&w->op, service, w->id, &t));
	ASSERT_OK(&w->op, tenant_reader(&w->op, t, &reader));
	ASSERT_OK(&w->op, db_state_hash(&w->op, reader->db, got));
	tenant_reader_put(t, reader);
	tenant_put(t);
	service_close(&w->op, service);
	fixture_shell(&w->f, "rm -rf db.alone");
	assert_memory_equal(got, want, sizeof(want));
}

static void
files_put(struct world *w)
{
	struct file_put_result result;
	char name[40];
	unsigned i;

	for (i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "file-%u", i);
		ASSERT_OK(&w->op, world_put(&w->op, w, w->space, name,
				      size_of(i), i, &result));
	}
}

static void
files_check(struct world *w)
{
	char name[40];
	unsigned i;

	for (i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "file-%u", i);
		world_check(w, w->space, name, size_of(i), i);
	}
}

/* Objects but fences and site.id. */
static size_t
objects_on(struct world *w, size_t site)
{
	return fixture_count(&w->f, site, "log", w->id) +
	       fixture_count(&w->f, site, "data", w->id) +
	       fixture_count(&w->f, site, "keys", w->id) +
	       fixture_count(&w->f, site, "log", TENANT_PROVIDER) +
	       fixture_count(&w->f, site, "keys", TENANT_PROVIDER);
}

static uint64_t
acks_of(struct world *w, struct tenant *t, size_t site)
{
	struct reader *reader;
	uint64_t number;

	ASSERT_OK(&w->op, tenant_reader(&w->op, t, &reader));
	ASSERT_OK(&w->op,
	    ack_first(&w->op, &reader->meta, w->f.reg.ids[site], &number));
	tenant_reader_put(t, reader);
	return number;
}

/* The site has left with all that was its own. */
static void
assert_left(struct world *w, size_t site)
{
	assert_true(w->f.gone[site]);
	assert_null(keystore_find(w->f.keystore, w->f.reg.ids[site]));
	assert_int_equal(acks_of(w, w->t, site), 0);
	assert_int_equal(acks_of(w, w->f.service->provider, site), 0);
}

/* ---- adding ---- */

static void
a_site_that_is_added_while_people_work_gets_everything(void **state)
{
	static struct people people;
	struct world w;
	size_t site;

	(void)state;
	world_make(&w, 3, 2);
	files_put(&w);
	people_start(&people, &w);
	site = fixture_site_make(&w.op, &w.f);
	begin(&w, w.f.reg.ids[site], NULL);
	await_end(&w);
	world_await(
	    &w, "people go on", people_have_done, (size_t)(uintptr_t)&people);
	people_stop(&people);
	assert_register(&w, 2, 2, 0xf);
	files_check(&w);
	world_assert_whole(&w, 4);
	assert_alone(&w, site);
	/* The next start finds it the same, without the databases too. */
	world_start_without_databases(&w);
	world_await(&w, "all is well", is_healthy, 0);
	assert_register(&w, 2, 2, 0xf);
	files_check(&w);
	world_end(&w);
}

static void
a_service_of_one_site_gets_a_second_one(void **state)
{
	struct world w;
	size_t site;

	(void)state;
	world_make(&w, 1, 1);
	files_put(&w);
	site = fixture_site_make(&w.op, &w.f);
	begin(&w, w.f.reg.ids[site], NULL);
	await_end(&w);
	assert_register(&w, 2, 2, 0x3);
	files_check(&w);
	world_assert_whole(&w, 2);
	assert_alone(&w, site);
	world_end(&w);
}

/* ---- removing ---- */

static void
a_site_that_is_removed_while_people_work_leaves_nothing_behind(void **state)
{
	static struct people people;
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	files_put(&w);
	people_start(&people, &w);
	begin(&w, NULL, w.f.reg.ids[1]);
	await_end(&w);
	people_stop(&people);
	assert_register(&w, 2, 2, 0x5);
	assert_left(&w, 1);
	assert_int_equal(objects_on(&w, 1), 0);
	files_check(&w);
	assert_alone(&w, 0);
	assert_alone(&w, 2);
	world_start_without_databases(&w);
	world_await(&w, "all is well", is_healthy, 0);
	assert_register(&w, 2, 2, 0x5);
	files_check(&w);
	world_end(&w);
}

/* ---- heads ---- */

/* The tenant's numbers find no folder on the site, which is there else. */
static void
log_folder_bar(struct world *w, const char *site, bool bar)
{
	char command[300];

	(void)snprintf(command, sizeof(command),
	    bar ? "mv %s/log/%016llx barred && : > %s/log/%016llx"
		: "rm %s/log/%016llx && mv barred %s/log/%016llx",
	    site, (unsigned long long)w->id, site, (unsigned long long)w->id);
	fixture_shell(&w->f, command);
}

/* The site that is barred is away in between: then it is refused. */
static bool
removal_begins(struct world *w, size_t site)
{
	struct site_change_want want = {.leaves = w->f.reg.ids[site]};
	enum rc rc = site_change_begin(&w->op, w->f.service, &want);

	if (rc != RC_REFUSED)
		ASSERT_OK(&w->op, rc);
	op_clear_error(&w->op);
	return rc == RC_OK;
}

static bool
waits_for_heads(struct world *w, size_t unused)
{
	struct site_change_state state;

	(void)unused;
	site_change_look(w->f.service, &state);
	return state.phase == SITE_PHASE_SWITCHING &&
	       w->f.service->claim->n_registers == 2 &&
	       strstr(state.why, "open logs are on the sites of both") != NULL;
}

static void
a_site_does_not_leave_before_the_others_have_every_head(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	log_folder_bar(&w, "sendai", true);
	files_put(&w); /* on tokyo and osaka */
	world_await(&w, "osaka is leaving", removal_begins, 1);
	world_await(&w, "it waits for sendai", waits_for_heads, 0);
	files_check(&w);
	assert_int_equal(w.f.service->claim->n_registers, 2);
	log_folder_bar(&w, "sendai", false);
	await_end(&w);
	assert_register(&w, 2, 2, 0x5);
	files_check(&w);
	assert_alone(&w, 2);
	world_end(&w);
}

/* ---- taking back ---- */

static bool
nothing_is_on(struct world *w, size_t site)
{
	return objects_on(w, site) == 0;
}

static void
a_site_that_is_being_filled_can_be_taken_back(void **state)
{
	struct world w;
	size_t site;

	(void)state;
	world_make(&w, 3, 2);
	files_put(&w);
	site = fixture_site_make(&w.op, &w.f);
	fixture_away(&w.f, site);
	begin(&w, w.f.reg.ids[site], NULL);
	begin(&w, NULL, w.f.reg.ids[site]);
	fixture_back(&w.f, site);
	await_end(&w);
	assert_register(&w, 1, 2, 0x7);
	assert_left(&w, site);
	world_await(&w, "what it got is gone", nothing_is_on, site);
	/* The version is used again. */
	site = fixture_site_make(&w.op, &w.f);
	begin(&w, w.f.reg.ids[site], NULL);
	await_end(&w);
	assert_register(&w, 2, 2, 0x17);
	assert_alone(&w, site);
	world_end(&w);
}

/* ---- replacing ---- */

static void
a_site_whose_disk_is_dead_is_replaced_while_people_work(void **state)
{
	static struct people people;
	struct world w;
	size_t site;

	(void)state;
	world_make(&w, 3, 2);
	files_put(&w);
	fixture_shell(&w.f, "rm -rf osaka");
	people_start(&people, &w);
	site = fixture_site_make(&w.op, &w.f);
	begin(&w, w.f.reg.ids[site], w.f.reg.ids[1]);
	await_end(&w);
	people_stop(&people);
	assert_register(&w, 2, 2, 0xd);
	assert_left(&w, 1);
	files_check(&w);
	assert_alone(&w, site);
	world_end(&w);
}

static void
both_sites_of_two_are_replaced_one_after_the_other(void **state)
{
	static struct people people;
	struct world w;
	size_t site;

	(void)state;
	world_make(&w, 2, 2);
	files_put(&w);
	people_start(&people, &w);
	site = fixture_site_make(&w.op, &w.f);
	begin(&w, w.f.reg.ids[site], w.f.reg.ids[0]);
	await_end(&w);
	site = fixture_site_make(&w.op, &w.f);
	begin(&w, w.f.reg.ids[site], w.f.reg.ids[1]);
	await_end(&w);
	people_stop(&people);
	assert_register(&w, 3, 2, 0xc);
	assert_int_equal(objects_on(&w, 0) + objects_on(&w, 1), 0);
	files_check(&w);
	assert_alone(&w, site);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_site_that_is_added_while_people_work_gets_everything),
	    cmocka_unit_test(a_service_of_one_site_gets_a_second_one),
	    cmocka_unit_test(
		a_site_that_is_removed_while_people_work_leaves_nothing_behind),
	    cmocka_unit_test(
		a_site_does_not_leave_before_the_others_have_every_head),
	    cmocka_unit_test(a_site_that_is_being_filled_can_be_taken_back),
	    cmocka_unit_test(
		a_site_whose_disk_is_dead_is_replaced_while_people_work),
	    cmocka_unit_test(
		both_sites_of_two_are_replaced_one_after_the_other),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

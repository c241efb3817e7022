/* test_tenants.c - a thousand tenants: databases are open for those in use
 * only (DESIGN, L27). */
#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "world.h"

enum { TENANTS = 1000, MAKERS = 4, TOUCHED = 300 };

struct makers {
	struct world *w;
	atomic_uint next;
	char failure[300];
};

static void
name_of(char out[32], unsigned i)
{
	(void)snprintf(out, 32, "customer-%u", i);
}

static void
maker_run(void *arg)
{
	struct makers *makers = arg;
	unsigned i;

	while ((i = atomic_fetch_add(&makers->next, 1)) < TENANTS) {
		CLEANUP(op_release) struct op op;
		char name[32];
		uint64_t id;
		enum rc rc;

		op_init(&op);
		name_of(name, i);
		rc = service_tenant_add(
		    &op, makers->w->f.service, name, "ja", &id);
		if (rc != RC_OK)
			(void)snprintf(makers->failure, sizeof(makers->failure),
			    "%s: %s (%.200s)", name, rc_name(rc),
			    op_error(&op, rc));
	}
}

static void
tenants_make(struct world *w)
{
	struct makers makers = {.w = w};
	struct thread threads[MAKERS];
	size_t i;

	for (i = 0; i < MAKERS; i++)
		ASSERT_OK(&w->op, thread_start(&w->op, &threads[i], "maker",
				      maker_run, &makers));
	for (i = 0; i < MAKERS; i++)
		thread_join(&threads[i]);
	if (makers.failure[0] != '\0')
		fail_msg("%s", makers.failure);
}

/* Databases of this sandbox that the process has open, each counted once. */
static size_t
databases_open(const struct world *w)
{
	char link[300], path[600], last[TENANTS + 16][24];
	struct dirent *entry;
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0, i;
	ssize_t size;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		(void)snprintf(
		    link, sizeof(link), "/proc/self/fd/%.200s", entry->d_name);
		size = readlink(link, path, sizeof(path) - 1);
		if (size < 3)
			continue;
		path[size] = '\0';
		if (strncmp(path, w->f.db_path, strlen(w->f.db_path)) != 0 ||
		    strcmp(path + size - 3, ".db") != 0)
			continue;
		for (i = 0; i < n; i++)
			if (strncmp(last[i], strrchr(path, '/'), 20) == 0)
				break;
		if (i == n)
			(void)snprintf(last[n++], sizeof(last[0]), "%.20s",
			    strrchr(path, '/'));
	}
	(void)closedir(dir);
	return n;
}

static size_t
locked_kib(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[200];
	size_t kib = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "VmLck: %zu", &kib) == 1)
			break;
	(void)fclose(file);
	return kib;
}

static void
touch(struct world *w, unsigned i)
{
	struct tenant *t;
	char name[32];

	name_of(name, i);
	ASSERT_OK(&w->op, service_tenant_named(&w->op, w->f.service, name, &t));
	assert_true(fixture_get(&w->op, t) > 0);
	tenant_put(t);
}

/* The provider's own database is open beside them. */
static bool
at_most_open(struct world *w, size_t n)
{
	return databases_open(w) <= n + 1;
}

static void
of_a_thousand_tenants_only_those_in_use_have_an_open_database(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	world_make(&w, 2, 2);
	tenants_make(&w);
	print_message("locked after making: %zu KiB\n", locked_kib());
	world_await(&w, "databases beyond the limit are closed", at_most_open,
	    SERVICE_TENANTS_OPEN);
	assert_true(locked_kib() < 8192); /* what an ordinary user may lock */
	tenant_put(w.t);
	w.t = NULL;
	fixture_close(&w.op, &w.f);
	assert_int_equal(databases_open(&w), 0);
	ASSERT_OK(&w.op, fixture_open(&w.op, &w.f));
	assert_int_equal(databases_open(&w), 1);
	for (i = 0; i < 3; i++)
		touch(&w, i * 300);
	assert_int_equal(databases_open(&w), 4);
	touch(&w, 0);
	assert_int_equal(databases_open(&w), 4);
	for (i = 0; i < TOUCHED; i++)
		touch(&w, i);
	world_await(&w, "databases beyond the limit are closed", at_most_open,
	    SERVICE_TENANTS_OPEN);
	/* The least recently used one was closed, and opens again. */
	touch(&w, 0);
	ASSERT_RC(&w.op, RC_NOT_FOUND,
	    service_tenant_named(&w.op, w.f.service, "customer-1000", &w.t));
	w.t = NULL;
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		of_a_thousand_tenants_only_those_in_use_have_an_open_database),
	};

	log_set_level(LOG_LEVEL_WARN);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_schema.c - both schemas keep L5's rules, and no statement reads a whole
 * table. */
#include <string.h>

#include "rows.h"

/*
 * Statements that may read a table from end to end or from a row of it on, and
 * why.
 */
static const struct {
	const char *name;
	const char *why;
} scans[] = {
    {"content_totals", "the sums of a whole tenant, for dozo status"},
    {"content_next", "all contents one after the other, for dozo check"},
    {"member_list", "all members, in pages"},
    {"notice_list", "what came since the last acknowledged one, in pages"},
    {"tenant_list", "all tenants, in pages"},
    {"local_log_list", "numbers from one on, in pages"},
    {"local_log_users", "numbers since the last snapshot, until a user's"},
    {"local_log_forget", "every number up to a cut"},
    {"audit_list",
	"the newest rows of all, in the order of the key, up to a limit"},
    {"audit_trim", "the oldest rows by the key, up to a limit"},
    {"ack_last", "back from the last row to the first one of a site"},
    {"local_log_head", "the last row by the key"},
    {"register_fact_newest", "the last row by the key"},
    {"node_names", "a search looks at all names, in batches"},
    {"lock_any", "whether there is a row at all"},
    {"property_any", "whether there is a row at all"},
    {"lock_live", "all locks in batches, where a whole folder goes"},
    {"site_list", "a handful of rows, all of them wanted"},
};

static bool
may_scan(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(scans); i++)
		if (strcmp(scans[i].name, name) == 0)
			return true;
	return false;
}

/*
 * A full scan of a table, or all rows beyond a key; a subquery's own rows
 * (count of a limited one) are none.
 */
static bool
scans_table(struct buf *plan)
{
	const char *line = (const char *)plan->data;

	if (strstr(line, "PRIMARY KEY (rowid>") != NULL ||
	    strstr(line, "PRIMARY KEY (rowid<") != NULL)
		return true;

	while (*line != '\0') {
		const char *at = strstr(line, "SCAN ");
		const char *end = strchr(line, '\n');

		if (at != NULL && (end == NULL || at < end) &&
		    strncmp(at, "SCAN CONSTANT", 13) != 0 &&
		    strncmp(at, "SCAN (sub", 9) != 0)
			return true;
		if (end == NULL)
			return false;
		line = end + 1;
	}
	return false;
}

static void
check_plans(const struct db_sql *sql, const struct db_migration *migration)
{
	struct rows *r = rows_new(sql, migration);
	struct buf plan;
	size_t i;

	buf_init(&plan, 1 << 16);
	ASSERT_OK(&r->op, db_prepare_all(&r->op, r->db));
	ASSERT_OK(&r->op, db_check_schema(&r->op, r->db));
	for (i = 0; i < sql->n_statements; i++) {
		buf_clear(&plan);
		ASSERT_OK(&r->op, db_plan(&r->op, r->db, i, &plan));
		ASSERT_OK(&r->op, buf_add(&r->op, &plan, span_of("", 1)));
		/* An order that no index gives: all rows are sorted first. */
		if (strstr((const char *)plan.data, "TEMP B-TREE") != NULL)
			fail_msg("%s: %s", sql->statements[i].name,
			    (const char *)plan.data);
		if (scans_table(&plan) && !may_scan(sql->statements[i].name))
			fail_msg("%s: %s", sql->statements[i].name,
			    (const char *)plan.data);
	}
	buf_release(&plan);
	rows_free(r);
}

static void
the_tenants_schema_replays_and_its_statements_use_indexes(void **state)
{
	(void)state;
	check_plans(tenant_statements, tenant_first);
}

static void
the_providers_schema_replays_and_its_statements_use_indexes(void **state)
{
	(void)state;
	check_plans(provider_statements, provider_first);
}

static void
shared_statements_have_the_same_numbers_in_both_tables(void **state)
{
	size_t i;

	(void)state;
	for (i = 0;; i++) {
		assert_string_equal(tenant_statements->statements[i].name,
		    provider_statements->statements[i].name);
		assert_string_equal(tenant_statements->statements[i].text,
		    provider_statements->statements[i].text);
		if (strcmp(tenant_statements->statements[i].name,
			"local_state_set") == 0)
			return; /* the last of shared.sql */
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		the_tenants_schema_replays_and_its_statements_use_indexes),
	    cmocka_unit_test(
		the_providers_schema_replays_and_its_statements_use_indexes),
	    cmocka_unit_test(
		shared_statements_have_the_same_numbers_in_both_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_version.c - former contents: until the second of their deadline they are
 * there, from it on they never were (LOG.md L19, L26). */
#include <string.h>

#include "base/clock.h"
#include "core/audit.h"
#include "core/file_version.h"
#include "core/policy.h"
#include "meta/content.h"
#include "rules.h"

#define DAY CLOCK_DAY

struct seen {
	size_t n;
	struct version last;
};

static enum rc
see(void *arg, struct op *op, const struct version *version)
{
	struct seen *seen = arg;

	(void)op;
	seen->n++;
	seen->last = *version;
	return RC_OK;
}

/* How many versions of a file somebody sees. */
static size_t
sees(struct rules *r, struct op *op, int64_t file)
{
	struct seen seen = {.n = 0};

	ASSERT_OK(op, file_versions(op, r->meta, file, fake_now(r->fake),
			  INT64_MAX, SIZE_MAX, see, &seen));
	return seen.n;
}

/* A file with a former content; the version's id. */
static int64_t
overwritten(
    struct rules *r, int64_t parent, const char *name, int64_t *ret_file)
{
	struct file_put_result result;

	*ret_file = make_file(r, &r->alice, parent, name, "former");
	ASSERT_OK(&r->alice,
	    put_text(r, &r->alice, parent, name, "current", 7, &result));
	assert_int_not_equal(result.version, 0);
	return result.version;
}

static enum rc
swap(struct rules *r, struct op *op, int64_t file, int64_t version,
    struct tree_result *result)
{
	const struct file_swap swap = {.node = file, .version = version};

	op_clear_error(op);
	return file_version_swap(op, r->tenant, &swap, result);
}

static enum rc
save_as(struct rules *r, struct op *op, int64_t file, int64_t version,
    int64_t parent, const char *name, struct tree_result *result)
{
	struct file_save_as save = {.node = file, .version = version};

	op_clear_error(op);
	save.to = at(op, parent, name);
	return file_version_save_as(op, r->tenant, &save, result);
}

static enum rc
find(struct rules *r, struct op *op, int64_t file, int64_t version,
    struct version *ret_version)
{
	op_clear_error(op);
	return file_version_find(
	    op, r->meta, file, version, fake_now(r->fake), ret_version);
}

static void
a_swap_gives_the_former_content_back_and_keeps_the_displaced_one(void **state)
{
	struct rules *r = *state;
	struct tree_result result;
	struct version kept;
	struct node before, after;
	int64_t file, version, tag;

	version = overwritten(r, r->alices, "f", &file);
	ASSERT_OK(&r->alice, find(r, &r->alice, file, version, &kept));
	before = row(r, file);
	tag = row(r, r->alices).tag;
	fake_advance(r->fake, DAY);
	ASSERT_OK(&r->alice, swap(r, &r->alice, file, version, &result));
	assert_int_equal(last_action(r, NULL), AUDIT_VERSION_SWAP);
	after = row(r, file);
	assert_int_equal(after.content, kept.content);
	assert_int_equal(after.size, strlen("former"));
	assert_int_equal(after.mtime, kept.mtime);
	assert_int_not_equal(after.tag, before.tag);
	assert_int_not_equal(row(r, r->alices).tag, tag);
	/* The displaced one has a full new term; the swapped one is none. */
	assert_int_equal(count_versions(r, file), 1);
	kept = newest_version(r, file);
	assert_int_equal(kept.content, before.content);
	assert_int_equal(kept.kept_until, fake_now(r->fake) + 7 * DAY);
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    swap(r, &r->alice, file, version, &result));
	/* And back. */
	ASSERT_OK(&r->alice, swap(r, &r->alice, file, kept.id, &result));
	assert_int_equal(row(r, file).content, before.content);
}

static void
a_swap_is_a_few_rows_whatever_the_size(void **state)
{
	struct rules *r = *state;
	struct tree_result result;
	int64_t file, version;

	version = overwritten(r, r->alices, "f", &file);
	ASSERT_OK(&r->alice, swap(r, &r->alice, file, version, &result));
	/* The file, a version gone, one made, the audit row. */
	assert_int_equal(fake_last(r->fake).rows, 4);
	version = newest_version(r, file).id;
	ASSERT_OK(&r->alice,
	    save_as(r, &r->alice, file, version, r->alices, "g", &result));
	assert_int_equal(fake_last(r->fake).rows, 2);
	assert_int_equal(fake_last(r->fake).adds, 0);
}

static void
a_swap_under_another_state_is_refused(void **state)
{
	struct rules *r = *state;
	struct file_put_result put;
	struct tree_result result;
	struct file_swap stale;
	struct node_etag tag;
	struct node before;
	int64_t file, version;

	version = overwritten(r, r->alices, "f", &file);
	before = row(r, file);
	stale = (struct file_swap){.node = file, .version = version};
	tag = node_etag(&before);
	stale.precondition = (struct precondition){
	    .if_match = true, .n_match = 1, .match = &tag};
	ASSERT_OK(&r->alice,
	    put_text(r, &r->alice, r->alices, "f", "newer", 8, &put));
	ASSERT_RC(&r->alice, RC_CONFLICT,
	    file_version_swap(&r->alice, r->tenant, &stale, &result));
	assert_int_equal(result.why, TREE_WHY_PRECONDITION);
	assert_int_equal(count_versions(r, file), 2);
}

static void
a_version_saved_as_a_file_stays_a_version(void **state)
{
	struct rules *r = *state;
	struct tree_result result;
	struct version kept;
	struct node made;
	int64_t file, version;

	version = overwritten(r, r->alices, "f", &file);
	kept = newest_version(r, file);
	ASSERT_OK(&r->alice,
	    save_as(r, &r->alice, file, version, r->company, "g", &result));
	assert_true(result.created);
	made = row(r, child(r, r->company, "g"));
	assert_int_equal(made.content, kept.content);
	assert_int_equal(made.size, kept.size);
	assert_int_equal(made.mtime, kept.mtime);
	assert_int_equal(newest_version(r, file).kept_until, kept.kept_until);
	assert_int_equal(last_action(r, NULL), AUDIT_VERSION_SAVE);
	ASSERT_RC(&r->alice, RC_EXISTS,
	    save_as(r, &r->alice, file, version, r->company, "G", &result));
	assert_int_equal(result.why, TREE_WHY_EXISTS);
}

static void
at_its_deadline_a_version_never_was(void **state)
{
	struct rules *r = *state;
	struct tree_result result;
	struct version kept;
	int64_t file, version;

	version = overwritten(r, r->alices, "f", &file);
	kept = newest_version(r, file);
	assert_int_equal(kept.kept_until, fake_now(r->fake) + 7 * DAY);
	fake_advance(r->fake, 7 * DAY - CLOCK_S);
	assert_int_equal(sees(r, &r->alice, file), 1);
	ASSERT_OK(&r->alice, find(r, &r->alice, file, version, &kept));
	fake_advance(r->fake, CLOCK_S);
	assert_int_equal(sees(r, &r->alice, file), 0);
	ASSERT_RC(
	    &r->alice, RC_NOT_FOUND, find(r, &r->alice, file, version, &kept));
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    swap(r, &r->alice, file, version, &result));
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    save_as(r, &r->alice, file, version, r->alices, "g", &result));
	assert_int_equal(child(r, r->alices, "g"), 0);
}

static void
a_setting_decides_terms_to_come_and_shortens_none(void **state)
{
	struct rules *r = *state;
	const struct policy *days = policy_find("version_days");
	struct file_put_result put;
	struct version first;
	int64_t file;

	(void)overwritten(r, r->alices, "f", &file);
	first = newest_version(r, file);
	ASSERT_OK(&r->admin, policy_set(&r->admin, r->tenant, days, 1));
	assert_int_equal(last_action(r, NULL), AUDIT_SETTING);
	ASSERT_OK(&r->alice,
	    put_text(r, &r->alice, r->alices, "f", "third", 9, &put));
	assert_int_equal(
	    newest_version(r, file).kept_until, fake_now(r->fake) + DAY);
	ASSERT_OK(&r->alice, find(r, &r->alice, file, first.id, &first));
	assert_int_equal(first.kept_until, fake_now(r->fake) + 7 * DAY);
	/* Only an administrator sets, and only what is possible. */
	ASSERT_RC(
	    &r->alice, RC_DENIED, policy_set(&r->alice, r->tenant, days, 30));
	ASSERT_RC(
	    &r->admin, RC_INVALID, policy_set(&r->admin, r->tenant, days, 0));
}

static void
others_versions_are_not_there(void **state)
{
	struct rules *r = *state;
	struct tree_result result;
	struct seen seen = {.n = 0};
	struct version kept;
	int64_t file, other, version;

	version = overwritten(r, r->alices, "f", &file);
	ASSERT_RC(&r->bob, RC_NOT_FOUND,
	    file_versions(&r->bob, r->meta, file, fake_now(r->fake), INT64_MAX,
		SIZE_MAX, see, &seen));
	ASSERT_RC(
	    &r->bob, RC_NOT_FOUND, find(r, &r->bob, file, version, &kept));
	ASSERT_RC(
	    &r->bob, RC_NOT_FOUND, swap(r, &r->bob, file, version, &result));
	ASSERT_RC(&r->bob, RC_NOT_FOUND,
	    save_as(r, &r->bob, file, version, r->bobs, "g", &result));
	/* Nor is one of another file's. */
	other = make_file(r, &r->alice, r->alices, "other", "text");
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    swap(r, &r->alice, other, version, &result));
	ASSERT_RC(&r->alice, RC_INVALID,
	    file_versions(&r->alice, r->meta, r->alices, 0, INT64_MAX, SIZE_MAX,
		see, &seen));
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(
		a_swap_gives_the_former_content_back_and_keeps_the_displaced_one),
	    RULE(a_swap_is_a_few_rows_whatever_the_size),
	    RULE(a_swap_under_another_state_is_refused),
	    RULE(a_version_saved_as_a_file_stays_a_version),
	    RULE(at_its_deadline_a_version_never_was),
	    RULE(a_setting_decides_terms_to_come_and_shortens_none),
	    RULE(others_versions_are_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

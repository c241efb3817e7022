/* test_rows.c - rows of meta/ as they are written and read. */
#include <string.h>

#include "meta/content.h"
#include "meta/local.h"
#include "meta/node.h"
#include "meta/setting.h"
#include "meta/tenant.h"
#include "rows.h"

static int
tenant_setup(void **state)
{
	*state = rows_new(tenant_statements, tenant_first);
	return 0;
}

static int
provider_setup(void **state)
{
	*state = rows_new(provider_statements, provider_first);
	return 0;
}

static int
teardown(void **state)
{
	rows_free(*state);
	return 0;
}

static void
a_sealed_column_opens_in_its_own_place_only(void **state)
{
	struct rows *r = *state;
	struct span plain = span_str("name");
	struct span sealed, open;
	uint8_t room[4];

	ASSERT_OK(&r->op,
	    meta_seal(&r->op, &r->meta, "node", "name", 1, plain, &sealed));
	assert_int_equal(sealed.size, 4 + SIV_TAG_SIZE);
	ASSERT_OK(&r->op,
	    meta_open(&r->op, &r->meta, "node", "name", 1, sealed, &open));
	assert_true(span_equal(open, plain));
	ASSERT_RC(&r->op, RC_DAMAGED,
	    meta_open(&r->op, &r->meta, "node", "name", 2, sealed, &open));
	ASSERT_RC(&r->op, RC_DAMAGED,
	    meta_open(&r->op, &r->meta, "node", "nam", 1, sealed, &open));
	ASSERT_RC(&r->op, RC_DAMAGED,
	    meta_open(&r->op, &r->meta, "nodename", "", 1, sealed, &open));
	ASSERT_OK(&r->op, meta_open_into(&r->op, &r->meta, "node", "name", 1,
			      sealed, room, 4, &open));
	ASSERT_RC(&r->op, RC_DAMAGED,
	    meta_open_into(
		&r->op, &r->meta, "node", "name", 1, sealed, room, 3, &open));
	sealed.size = SIV_TAG_SIZE - 1;
	ASSERT_RC(&r->op, RC_DAMAGED,
	    meta_open(&r->op, &r->meta, "node", "name", 1, sealed, &open));
	r->keys.tenant++;
	sealed.size = 4 + SIV_TAG_SIZE;
	ASSERT_RC(&r->op, RC_DAMAGED,
	    meta_open(&r->op, &r->meta, "node", "name", 1, sealed, &open));
}

static void
keys_of_names_differ_by_tenant_parent_and_name(void **state)
{
	struct rows *r = *state;
	struct meta_keys other = r->keys;
	uint8_t key[META_NAME_KEY_SIZE], twin[META_NAME_KEY_SIZE];
	uint8_t lookup[32], lookup_twin[32];

	node_key(&r->keys, 5, span_str("a"), key);
	node_key(&r->keys, 5, span_str("a"), twin);
	assert_memory_equal(key, twin, sizeof(key));
	node_key(&r->keys, 6, span_str("a"), twin);
	assert_memory_not_equal(key, twin, sizeof(key));
	node_key(&r->keys, 5, span_str("b"), twin);
	assert_memory_not_equal(key, twin, sizeof(key));
	other.tenant++;
	node_key(&other, 5, span_str("a"), twin);
	assert_memory_not_equal(key, twin, sizeof(key));
	meta_lookup_key(&r->meta, "login", span_str("a"), lookup);
	meta_lookup_key(&r->meta, "tenant", span_str("a"), lookup_twin);
	assert_memory_not_equal(lookup, lookup_twin, sizeof(lookup));
}

static void
a_parent_has_a_name_once(void **state)
{
	struct rows *r = *state;
	struct node node = {.id = 2000,
	    .parent = 1500,
	    .name = span_str("x"),
	    .kind = NODE_FOLDER};

	ASSERT_OK(&r->op, node_insert(&r->op, &r->meta, &node));
	node.id++;
	ASSERT_RC(&r->op, RC_EXISTS, node_insert(&r->op, &r->meta, &node));
	node.parent++;
	ASSERT_OK(&r->op, node_insert(&r->op, &r->meta, &node));
	ASSERT_RC(&r->op, RC_EXISTS,
	    node_set_place(&r->op, &r->meta, node.id, 1500, node.key));
	ASSERT_RC(&r->op, RC_NOT_FOUND,
	    node_set_place(&r->op, &r->meta, 1, 1, node.key));
	ASSERT_RC(&r->op, RC_NOT_FOUND, node_delete(&r->op, &r->meta, 1));
}

static void
a_folders_tag_falls_back_to_the_number_that_made_it(void **state)
{
	struct rows *r = *state;
	struct node folder = {.id = 2000,
	    .parent = 2,
	    .name = span_str("x"),
	    .kind = NODE_FOLDER,
	    .tag = 7};
	struct node file = {
	    .id = 2001, .parent = 2000, .name = span_str("x"), .tag = 8};

	ASSERT_OK(&r->op, node_insert(&r->op, &r->meta, &folder));
	ASSERT_OK(&r->op, node_insert(&r->op, &r->meta, &file));
	ASSERT_OK(&r->op, node_get(&r->op, &r->meta, 2000, &folder));
	assert_int_equal(folder.tag, 7);
	ASSERT_OK(&r->op, folder_tag_set(&r->op, &r->meta, 2000, 9));
	/* A file's is its own, whatever the small table says. */
	ASSERT_OK(&r->op, folder_tag_set(&r->op, &r->meta, 2001, 9));
	ASSERT_OK(&r->op, node_get(&r->op, &r->meta, 2000, &folder));
	ASSERT_OK(&r->op, node_get(&r->op, &r->meta, 2001, &file));
	assert_int_equal(folder.tag, 9);
	assert_int_equal(file.tag, 8);
	assert_int_equal(file.content, 0);
}

/* ---- contents: what is live is found by index (L15) ---- */

static bool
used(struct rows *r, int64_t content)
{
	bool result;

	ASSERT_OK(&r->op, content_used(&r->op, &r->meta, content, &result));
	return result;
}

static void
a_content_is_live_while_a_file_names_it(void **state)
{
	struct rows *r = *state;
	struct node file = {
	    .id = 2000, .parent = 2, .name = span_str("x"), .content = 3000};

	assert_false(used(r, 3000));
	ASSERT_OK(&r->op, node_insert(&r->op, &r->meta, &file));
	assert_true(used(r, 3000));
	file.content = 3001;
	ASSERT_OK(&r->op, node_set_content(&r->op, &r->meta, &file));
	assert_false(used(r, 3000));
	assert_true(used(r, 3001));
}

static enum rc
gather(void *arg, struct op *op, const struct chunk *chunk)
{
	uint64_t *sum = arg;
	static const uint8_t none[AEAD_KEY_SIZE];

	(void)op;
	assert_memory_equal(chunk->key, none, sizeof(none));
	sum[0]++;
	sum[1] += chunk->size;
	return RC_OK;
}

static void
chunks_are_found_by_position_listed_in_order_and_deleted(void **state)
{
	struct rows *r = *state;
	struct content content = {.id = 3000, .chunks = 3};
	struct chunk chunk = {.size = 100, .place.number = 5};
	uint64_t sum[2] = {0};

	ASSERT_OK(&r->op, content_insert(&r->op, &r->meta, &content, NULL));
	for (; chunk.start < 300; chunk.start += 100)
		ASSERT_OK(&r->op, chunk_insert(&r->op, &r->meta, 3000, &chunk));
	ASSERT_RC(&r->op, RC_NOT_FOUND,
	    chunk_find(&r->op, &r->meta, 3000, 300, &chunk));
	ASSERT_RC(&r->op, RC_NOT_FOUND,
	    chunk_find(&r->op, &r->meta, 3001, 0, &chunk));
	ASSERT_OK(&r->op, chunk_find(&r->op, &r->meta, 3000, 199, &chunk));
	assert_int_equal(chunk.start, 100);
	ASSERT_OK(
	    &r->op, chunk_list(&r->op, &r->meta, 3000, 0, 100, gather, sum));
	assert_int_equal(sum[0], 3);
	assert_int_equal(sum[1], 300);
	sum[0] = 0;
	ASSERT_OK(
	    &r->op, chunk_list(&r->op, &r->meta, 3000, 101, 100, gather, sum));
	assert_int_equal(sum[0], 1);
	ASSERT_OK(&r->op, chunk_delete(&r->op, &r->meta, 3000, 100));
	ASSERT_RC(&r->op, RC_NOT_FOUND,
	    chunk_find(&r->op, &r->meta, 3000, 100, &chunk));
	ASSERT_RC(
	    &r->op, RC_NOT_FOUND, chunk_delete(&r->op, &r->meta, 3000, 100));
}

/* The sealed key as it stands in the row: SIV makes equal bytes of equal keys
 * in one place. */
static struct span
sealed_key(struct rows *r, int64_t content, uint64_t start)
{
	struct db_rows *rows;
	struct span key;
	uint8_t *copy;
	size_t i = 0;

	while (strcmp(tenant_statements->statements[i].name, "chunk_find") != 0)
		i++;
	ASSERT_OK(&r->op,
	    db_get(&r->op, r->db, i, &rows, "ii", content, (int64_t)start));
	key = db_blob(rows, 2);
	assert_int_equal(key.size, AEAD_KEY_SIZE + SIV_TAG_SIZE);
	ASSERT_OK(&r->op, op_alloc(&r->op, key.size, &copy));
	memcpy(copy, key.data, key.size);
	key.data = copy;
	db_rows_end(rows);
	return key;
}

static void
a_chunks_key_is_sealed_for_its_content_and_start_whatever_its_place(
    void **state)
{
	struct rows *r = *state;
	struct chunk chunk = {.size = 100, .key = {1, 2, 3}, .place.number = 5};
	struct span first;

	ASSERT_OK(&r->op, chunk_insert(&r->op, &r->meta, 3000, &chunk));
	first = sealed_key(r, 3000, 0);
	assert_memory_not_equal(first.data, chunk.key, 3);
	chunk.start = 100;
	ASSERT_OK(&r->op, chunk_insert(&r->op, &r->meta, 3000, &chunk));
	assert_false(span_equal(first, sealed_key(r, 3000, 100)));
	chunk.start = 0;
	ASSERT_OK(&r->op, chunk_insert(&r->op, &r->meta, 3001, &chunk));
	assert_false(span_equal(first, sealed_key(r, 3001, 0)));
	ASSERT_OK(&r->op, chunk_delete(&r->op, &r->meta, 3000, 0));
	chunk.place.number = 6;
	ASSERT_OK(&r->op, chunk_insert(&r->op, &r->meta, 3000, &chunk));
	assert_true(span_equal(first, sealed_key(r, 3000, 0)));
}

static void
the_only_chunk_stands_in_the_contents_row(void **state)
{
	struct rows *r = *state;
	struct content content = {
	    .id = 3000, .size = 70000, .finished = true, .chunks = 1};
	struct chunk chunk = {.size = 70000,
	    .key = {1, 2, 3},
	    .place = {.offset = 11, .data = {9}}};
	struct chunk got;
	struct content read;
	uint64_t sum[2] = {0};
	uint8_t id[OBJECT_ID_SIZE] = {9};
	bool in_use;

	memset(content.sha256, 0x5A, sizeof(content.sha256));
	ASSERT_OK(&r->op, content_insert(&r->op, &r->meta, &content, &chunk));
	ASSERT_OK(&r->op, chunk_find(&r->op, &r->meta, 3000, 69999, &got));
	assert_memory_equal(got.key, chunk.key, sizeof(got.key));
	assert_int_equal(got.place.offset, 11);
	assert_int_equal(got.place.number, 0);
	assert_memory_equal(got.place.data, id, sizeof(id));
	ASSERT_OK(
	    &r->op, chunk_list(&r->op, &r->meta, 3000, 0, 10, gather, sum));
	assert_int_equal(sum[0], 1);
	ASSERT_OK(&r->op, content_data_used(&r->op, &r->meta, id, &in_use));
	assert_true(in_use);
	ASSERT_OK(&r->op, content_get(&r->op, &r->meta, 3000, &read));
	assert_memory_equal(read.sha256, content.sha256, sizeof(read.sha256));
	assert_false(read.has_sha1);
	ASSERT_OK(&r->op, content_delete(&r->op, &r->meta, 3000));
	ASSERT_OK(&r->op, content_data_used(&r->op, &r->meta, id, &in_use));
	assert_false(in_use);
}

static void
an_unfinished_content_has_no_digest_until_it_is_finished(void **state)
{
	struct rows *r = *state;
	struct content content = {.id = 3000};
	struct content read;

	ASSERT_OK(&r->op, content_insert(&r->op, &r->meta, &content, NULL));
	ASSERT_OK(&r->op, content_get(&r->op, &r->meta, 3000, &read));
	assert_false(read.finished);
	content = (struct content){.id = 3000,
	    .size = 5,
	    .finished = true,
	    .has_sha1 = true,
	    .chunks = 2};
	memset(content.sha1, 0x11, sizeof(content.sha1));
	ASSERT_OK(&r->op, content_finish(&r->op, &r->meta, &content));
	ASSERT_OK(&r->op, content_get(&r->op, &r->meta, 3000, &read));
	assert_true(read.finished && read.has_sha1);
	assert_int_equal(read.size, 5);
	assert_memory_equal(read.sha1, content.sha1, sizeof(read.sha1));
	content.id++;
	ASSERT_RC(
	    &r->op, RC_NOT_FOUND, content_finish(&r->op, &r->meta, &content));
}

/* ---- the tables that both schemas have: run on both ---- */

static void
settings_have_defaults(void **state)
{
	struct rows *r = *state;
	int64_t value;

	ASSERT_OK(
	    &r->op, setting_get(&r->op, &r->meta, SETTING_TRASH_DAYS, &value));
	assert_int_equal(value, 30);
	ASSERT_OK(
	    &r->op, setting_set(&r->op, &r->meta, SETTING_TRASH_DAYS, 90));
	ASSERT_OK(
	    &r->op, setting_set(&r->op, &r->meta, SETTING_TRASH_DAYS, 60));
	ASSERT_OK(
	    &r->op, setting_get(&r->op, &r->meta, SETTING_TRASH_DAYS, &value));
	assert_int_equal(value, 60);
	ASSERT_OK(&r->op,
	    setting_get(&r->op, &r->meta, SETTING_FOLD_VERSION, &value));
	assert_int_equal(value, 1);
	ASSERT_OK(&r->op, counter_get(&r->op, &r->meta, "id", &value));
	assert_true(value > NODE_FIXED_MAX);
	ASSERT_RC(&r->op, RC_NOT_FOUND,
	    counter_get(&r->op, &r->meta, "none", &value));
}

static enum rc
count_log(void *arg, struct op *op, const struct local_log *log)
{
	(void)op;
	assert_true(log->number > 0);
	++*(int *)arg;
	return RC_OK;
}

static void
the_databases_place_in_the_log_is_kept(void **state)
{
	struct rows *r = *state;
	struct local_log log = {
	    .generation = {3, 1}, .body_offset = 200, .changes = true};
	struct local_log read;
	struct span value;
	int n = 0;

	ASSERT_RC(
	    &r->op, RC_NOT_FOUND, local_log_head(&r->op, &r->meta, &read));
	for (log.number = 1; log.number <= 3; log.number++) {
		memset(log.hash, (int)log.number, sizeof(log.hash));
		ASSERT_OK(&r->op, local_log_add(&r->op, &r->meta, &log));
	}
	ASSERT_OK(&r->op, local_log_head(&r->op, &r->meta, &read));
	assert_int_equal(read.number, 3);
	assert_int_equal(read.generation.counter, 3);
	assert_int_equal(read.generation.attempt, 1);
	assert_int_equal(read.hash[31], 3);
	assert_int_equal(read.body_offset, 200);
	assert_true(read.changes);
	ASSERT_OK(&r->op, local_log_get(&r->op, &r->meta, 2, &read));
	assert_int_equal(read.hash[0], 2);
	ASSERT_OK(
	    &r->op, local_log_list(&r->op, &r->meta, 2, 10, count_log, &n));
	assert_int_equal(n, 2);
	ASSERT_OK(&r->op, local_log_forget(&r->op, &r->meta, 2));
	ASSERT_RC(
	    &r->op, RC_NOT_FOUND, local_log_get(&r->op, &r->meta, 2, &read));
	ASSERT_OK(&r->op, local_aside_add(&r->op, &r->meta, &log));
	ASSERT_OK(&r->op, local_aside_add(&r->op, &r->meta, &log));
	n = 0;
	ASSERT_OK(&r->op, local_aside_list(&r->op, &r->meta, 0, count_log, &n));
	assert_int_equal(n, 1);
	ASSERT_RC(&r->op, RC_NOT_FOUND,
	    local_state_get(&r->op, &r->meta, "boot", &value));
	ASSERT_OK(
	    &r->op, local_state_set(&r->op, &r->meta, "boot", span_str("id")));
	ASSERT_OK(&r->op, local_state_get(&r->op, &r->meta, "boot", &value));
	assert_true(span_equal(value, span_str("id")));
}

static enum rc
count_data(void *arg, struct op *op, const struct local_data *data)
{
	(void)op;
	assert_int_equal(data->size, 77);
	++*(int *)arg;
	return RC_OK;
}

static enum rc
count_ack(
    void *arg, struct op *op, const uint8_t site[OBJECT_ID_SIZE], int64_t time)
{
	(void)op;
	assert_int_equal(time, site[0] * 10);
	++*(int *)arg;
	return RC_OK;
}

static void
live_data_segments_and_acks_are_listed(void **state)
{
	struct rows *r = *state;
	struct local_data data = {.size = 77, .number = 5};
	struct local_data read;
	uint8_t site[OBJECT_ID_SIZE] = {0};
	uint64_t last;
	int n = 0;

	for (data.id[0] = 1; data.id[0] <= 3; data.id[0]++)
		ASSERT_OK(&r->op, local_data_add(&r->op, &r->meta, &data));
	data.id[0] = 2;
	ASSERT_RC(&r->op, RC_EXISTS, local_data_add(&r->op, &r->meta, &data));
	ASSERT_OK(&r->op,
	    local_data_list(&r->op, &r->meta, data.id, 10, count_data, &n));
	assert_int_equal(n, 1);
	ASSERT_OK(&r->op, local_data_get(&r->op, &r->meta, data.id, &read));
	assert_int_equal(read.number, 5);
	ASSERT_OK(&r->op, local_data_remove(&r->op, &r->meta, data.id));
	ASSERT_RC(
	    &r->op, RC_NOT_FOUND, local_data_remove(&r->op, &r->meta, data.id));
	for (site[0] = 1; site[0] <= 2; site[0]++)
		ASSERT_OK(
		    &r->op, ack_add(&r->op, &r->meta, 9, site, site[0] * 10));
	n = 0;
	ASSERT_OK(&r->op, ack_list(&r->op, &r->meta, 9, count_ack, &n));
	assert_int_equal(n, 2);
	/* Another number's are others. */
	site[0] = 1;
	ASSERT_OK(&r->op, ack_add(&r->op, &r->meta, 12, site, 10));
	ASSERT_OK(&r->op, ack_last(&r->op, &r->meta, site, &last));
	assert_int_equal(last, 12);
	ASSERT_OK(&r->op, ack_remove(&r->op, &r->meta, 9, site));
	ASSERT_RC(&r->op, RC_NOT_FOUND, ack_remove(&r->op, &r->meta, 9, site));
	n = 0;
	ASSERT_OK(&r->op, ack_list(&r->op, &r->meta, 9, count_ack, &n));
	assert_int_equal(n, 1);
	site[0] = 3;
	ASSERT_OK(&r->op, ack_last(&r->op, &r->meta, site, &last));
	assert_int_equal(last, 0);
}

/* ---- the provider's ---- */

static enum rc
count_tenant(void *arg, struct op *op, const struct tenant_row *tenant)
{
	(void)op;
	assert_true(tenant->id != 0);
	++*(int *)arg;
	return RC_OK;
}

static void
tenants_are_found_by_id_name_and_state(void **state)
{
	struct rows *r = *state;
	struct tenant_row tenant = {.id = INT64_MAX,
	    .name = span_str("demo"),
	    .lang = LANG_EN,
	    .state = TENANT_ROW_ADDING,
	    .created_at = 5};
	struct tenant_row read;
	uint8_t key[32], other[32];
	int n = 0;

	tenant_row_key(&r->meta, span_str("demo"), key);
	tenant_row_key(&r->meta, span_str("other"), other);
	ASSERT_OK(&r->op, tenant_row_insert(&r->op, &r->meta, &tenant, key));
	tenant.id--;
	ASSERT_RC(&r->op, RC_EXISTS,
	    tenant_row_insert(&r->op, &r->meta, &tenant, key));
	ASSERT_OK(&r->op, tenant_row_insert(&r->op, &r->meta, &tenant, other));
	ASSERT_OK(&r->op, tenant_row_find(&r->op, &r->meta, key, &read));
	assert_true(read.id == INT64_MAX);
	assert_true(span_equal(read.name, span_str("demo")));
	assert_int_equal(read.lang, LANG_EN);
	ASSERT_OK(&r->op,
	    tenant_row_set_state(&r->op, &r->meta, read.id, TENANT_ROW_ACTIVE));
	ASSERT_OK(&r->op, tenant_row_get(&r->op, &r->meta, read.id, &read));
	assert_int_equal(read.state, TENANT_ROW_ACTIVE);
	ASSERT_OK(&r->op, tenant_row_list_state(&r->op, &r->meta,
			      TENANT_ROW_ADDING, count_tenant, &n));
	assert_int_equal(n, 1);
	ASSERT_OK(
	    &r->op, tenant_row_list(&r->op, &r->meta, 0, 10, count_tenant, &n));
	assert_int_equal(n, 3);
}

static enum rc
see_site(void *arg, struct op *op, const struct site_row *site)
{
	(void)op;
	assert_string_equal(site->name, "tokyo");
	assert_string_equal(site->place, "\xE6\x9D\xB1\xE4\xBA\xAC");
	++*(int *)arg;
	return RC_OK;
}

static void
sites_and_register_facts_are_kept(void **state)
{
	struct rows *r = *state;
	struct site_row site = {
	    .id = {1}, .name = "tokyo", .place = "", .country = "JP"};
	struct span body;
	uint64_t version;
	int n = 0;

	ASSERT_OK(&r->op, site_row_put(&r->op, &r->meta, &site));
	site.place = "\xE6\x9D\xB1\xE4\xBA\xAC";
	ASSERT_OK(&r->op, site_row_put(&r->op, &r->meta, &site));
	ASSERT_OK(&r->op, site_row_list(&r->op, &r->meta, see_site, &n));
	assert_int_equal(n, 1);
	ASSERT_RC(&r->op, RC_NOT_FOUND,
	    register_fact_newest(&r->op, &r->meta, &version, &body));
	ASSERT_OK(
	    &r->op, register_fact_put(&r->op, &r->meta, 2, span_str("x"), 0));
	ASSERT_OK(
	    &r->op, register_fact_put(&r->op, &r->meta, 1, span_str("one"), 0));
	ASSERT_OK(
	    &r->op, register_fact_put(&r->op, &r->meta, 2, span_str("two"), 0));
	ASSERT_OK(
	    &r->op, register_fact_newest(&r->op, &r->meta, &version, &body));
	assert_int_equal(version, 2);
	assert_true(span_equal(body, span_str("two")));
	ASSERT_OK(&r->op, site_row_remove(&r->op, &r->meta, site.id));
	ASSERT_OK(&r->op, site_row_remove(&r->op, &r->meta, site.id));
	ASSERT_OK(&r->op, site_row_list(&r->op, &r->meta, see_site, &n));
	assert_int_equal(n, 1);
}

#define TENANT(f) cmocka_unit_test_setup_teardown(f, tenant_setup, teardown)
#define PROVIDER(f) cmocka_unit_test_setup_teardown(f, provider_setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TENANT(a_sealed_column_opens_in_its_own_place_only),
	    TENANT(keys_of_names_differ_by_tenant_parent_and_name),
	    TENANT(a_parent_has_a_name_once),
	    TENANT(a_folders_tag_falls_back_to_the_number_that_made_it),
	    TENANT(a_content_is_live_while_a_file_names_it),
	    TENANT(chunks_are_found_by_position_listed_in_order_and_deleted),
	    TENANT(
		a_chunks_key_is_sealed_for_its_content_and_start_whatever_its_place),
	    TENANT(the_only_chunk_stands_in_the_contents_row),
	    TENANT(an_unfinished_content_has_no_digest_until_it_is_finished),
	    TENANT(settings_have_defaults),
	    PROVIDER(settings_have_defaults),
	    TENANT(the_databases_place_in_the_log_is_kept),
	    PROVIDER(the_databases_place_in_the_log_is_kept),
	    TENANT(live_data_segments_and_acks_are_listed),
	    PROVIDER(live_data_segments_and_acks_are_listed),
	    PROVIDER(tenants_are_found_by_id_name_and_state),
	    PROVIDER(sites_and_register_facts_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

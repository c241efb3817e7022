/* test_dav_large.c - sizes at the door: a folder with very many entries
 * (DOZO_TEST_ENTRIES; ./dev large has a million), a file beyond 1 TiB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "core/path.h"
#include "core/trash.h"
#include "lib/dozo_server.h"
#include "lib/seed.h"

static struct dozo_server server;

/* The node at a path of two names. server.op asks as the administrator from
 * then on. */
static struct node
find(struct tenant *tenant, const char *space, const char *name)
{
	const struct span names[] = {span_str(space), span_str(name)};
	struct reader *reader;
	struct node node;

	server.op.actor =
	    (struct actor){.tenant = tenant->id, .member = server.admin};
	ASSERT_OK(&server.op, tenant_reader(&server.op, tenant, &reader));
	ASSERT_OK(
	    &server.op, path_find(&server.op, &reader->meta, names, 2, &node));
	tenant_reader_put(tenant, reader);
	return node;
}

static int64_t began;

/* How long it took, for whoever runs it by hand; nothing depends on it. */
static void
took(const char *what)
{
	int64_t now = clock_mono();

	print_message("  %-24s %8.1f ms\n", what, (double)(now - began) / 1e6);
	began = now;
}

/* ---- a folder with very many entries ---- */

static unsigned
entries_told(const char *path)
{
	static const char text[] = "<d:response>";
	const struct https_response *response =
	    dozo_expect(&server, 207, "PROPFIND", path, "Depth: 1\r\n",
		"<propfind xmlns=\"DAV:\"><prop><getetag/></prop></propfind>");
	const uint8_t *at = response->body.data;
	const uint8_t *end = at + response->body.size;
	unsigned found = 0;

	while ((at = memmem(at, (size_t)(end - at), text, sizeof(text) - 1)) !=
	       NULL) {
		at += sizeof(text) - 1;
		found++;
	}
	return found;
}

static void
a_folder_of_very_many_entries_is_as_good_as_any_other(void **state)
{
	unsigned n = seed_entries_wanted(20000);
	struct tenant *tenant = dozo_server_tenant(&server);
	struct tree_result result;
	struct span name;
	struct node node;

	(void)state;
	(void)dozo_expect(
	    &server, 201, "MKCOL", "/dav/Company/many/", NULL, NULL);
	node = find(tenant, "Company", "many");
	began = clock_mono();
	seed_entries(&server.op, tenant, node.id, n);
	took("seeded");
	/* The server has long ended the idle connection. */
	https_close(server.client);
	server.client = NULL;
	assert_int_equal(entries_told("/dav/Company/many/"), n + 1);
	took("PROPFIND, depth 1");
	(void)dozo_expect(
	    &server, 201, "PUT", "/dav/Company/many/one", NULL, "more");
	took("PUT into it");
	(void)dozo_expect(
	    &server, 200, "GET", "/dav/Company/many/one", NULL, NULL);
	took("GET out of it");
	(void)dozo_expect(&server, 204, "DELETE",
	    "/dav/Company/many/entry-0000007", NULL, NULL);
	took("DELETE in it");
	(void)dozo_expect(&server, 201, "MOVE", "/dav/Company/many/",
	    "Destination: /dav/My%20files/moved/\r\n", NULL);
	took("MOVE of the folder");
	(void)dozo_expect(
	    &server, 204, "DELETE", "/dav/My%20files/moved/", NULL, NULL);
	took("DELETE of the folder");
	ASSERT_OK(&server.op,
	    trash_restore(&server.op, tenant, node.id, &result, &name));
	took("restore of the folder");
	assert_int_equal(entries_told("/dav/My%20files/moved/"), n + 1);
	took("PROPFIND, depth 1");
	tenant_put(tenant);
}

/* ---- a file beyond 1 TiB ---- */

static uint8_t
real_byte(uint64_t at)
{
	uint64_t period = SEED_REAL_CHUNKS * SEED_CHUNK_SIZE;
	uint64_t word = (at % period / 4 + 1) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint8_t)(word >> (32 + 8 * (at % 4)));
}

static void
range_is(uint64_t from, size_t size)
{
	char headers[80], expected[96];
	const struct https_response *response;
	size_t i;

	(void)snprintf(headers, sizeof(headers), "Range: bytes=%llu-%llu\r\n",
	    (unsigned long long)from, (unsigned long long)(from + size - 1));
	(void)snprintf(expected, sizeof(expected), "bytes %llu-%llu/%llu",
	    (unsigned long long)from, (unsigned long long)(from + size - 1),
	    (unsigned long long)SEED_HUGE_SIZE);
	response = dozo_expect(
	    &server, 206, "GET", "/dav/Company/huge", headers, NULL);
	assert_string_equal(dozo_header(&server, "Content-Range"), expected);
	assert_int_equal(response->body.size, size);
	for (i = 0; i < size; i++)
		assert_int_equal(response->body.data[i], real_byte(from + i));
}

static void
a_file_beyond_a_tebibyte_is_served_by_ranges(void **state)
{
	size_t size = SEED_REAL_CHUNKS * SEED_CHUNK_SIZE, i;
	struct tenant *tenant = dozo_server_tenant(&server);
	uint64_t past = UINT64_C(1) << 40;
	struct ask put = {.method = "PUT", .path = "/dav/Company/real"};
	uint8_t *bytes = malloc(size);
	struct node real;

	(void)state;
	assert_non_null(bytes);
	for (i = 0; i < size; i++)
		bytes[i] = real_byte(i);
	put.body = span_of(bytes, size);
	assert_int_equal(dozo_ask(&server, &put)->status, 201);
	free(bytes);
	real = find(tenant, "Company", "real");
	seed_huge(&server.op, tenant, real.parent, "huge", &real);
	tenant_put(tenant);
	(void)dozo_expect(
	    &server, 200, "HEAD", "/dav/Company/huge", NULL, NULL);
	assert_string_equal(
	    dozo_header(&server, "Content-Length"), "1099528404992");
	range_is(0, 10);
	range_is((UINT64_C(1) << 31) - 2, 5);
	range_is((UINT64_C(1) << 32) - 2, 5);
	range_is(past - 3, 7);
	range_is(past + SEED_CHUNK_SIZE - 5, 70000);
	range_is(SEED_HUGE_SIZE - 100, 100);
	(void)dozo_expect(&server, 416, "GET", "/dav/Company/huge",
	    "Range: bytes=1099528404992-\r\n", NULL);
	/* Rows: as quick as a small one. */
	(void)dozo_expect(&server, 201, "COPY", "/dav/Company/huge",
	    "Destination: /dav/Company/huge2\r\n", NULL);
	(void)dozo_expect(
	    &server, 204, "DELETE", "/dav/Company/huge", NULL, NULL);
	(void)dozo_expect(&server, 206, "GET", "/dav/Company/huge2",
	    "Range: bytes=-1\r\n", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(a_folder_of_very_many_entries_is_as_good_as_any_other),
	    SERVER_TEST(a_file_beyond_a_tebibyte_is_served_by_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

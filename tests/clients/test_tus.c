/* test_tus.c - the tus door over TLS: each status with what it leaves, and
 * uploads that break off. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/str.h"
#include "core/path.h"
#include "core/resumable.h"
#include "door/id.h"
#include "lib/dozo_server.h"

#define TUS "Tus-Resumable: 1.0.0\r\n"
#define PART "Content-Type: application/offset+octet-stream\r\n"

enum { PATH_SIZE = 64, HEADERS_SIZE = 8192, CHECKSUM_SIZE = 96 };

static struct dozo_server server;

/* ---- the company's space, and metadata that names files in it ---- */

/* The own one, then the company's. */
struct spaces {
	size_t n;
	int64_t nodes[2];
};

static enum rc
space_find(void *arg, struct op *op, const struct node *node)
{
	struct spaces *spaces = arg;

	(void)op;
	assert_true(spaces->n < 2);
	spaces->nodes[spaces->n++] = node->id;
	return RC_OK;
}

static struct spaces
spaces_of_admin(void)
{
	struct tenant *tenant = dozo_server_tenant(&server);
	struct spaces spaces = {0};
	struct reader *reader;

	server.op.actor =
	    (struct actor){.tenant = tenant->id, .member = server.admin};
	ASSERT_OK(&server.op, tenant_reader(&server.op, tenant, &reader));
	ASSERT_OK(&server.op,
	    path_spaces(&server.op, &reader->meta, space_find, &spaces));
	tenant_reader_put(tenant, reader);
	tenant_put(tenant);
	return spaces;
}

static int64_t
company(void)
{
	return spaces_of_admin().nodes[1];
}

/* "key base64" for a value. */
static char *
pair(const char *key, const char *value)
{
	char *base64, *text;

	ASSERT_OK(&server.op,
	    op_alloc(&server.op, BASE64_SIZE(strlen(value)) + 1, &base64));
	base64_encode(base64, span_str(value));
	ASSERT_OK(
	    &server.op, op_format(&server.op, &text, "%s %s", key, base64));
	return text;
}

/* parent and name, and more pairs behind a comma (or ""). */
static char *
metadata(const char *name, const char *more)
{
	char id[DOOR_ID_SIZE], *text;

	door_id(company(), id);
	ASSERT_OK(
	    &server.op, op_format(&server.op, &text, "%s,%s%s",
			    pair("parent", id), pair("name", name), more));
	return text;
}

/* ---- requests ---- */

static int
post(const char *metadata_text, const char *headers, struct span body)
{
	struct ask ask = {.method = "POST", .path = "/uploads/", .body = body};
	char text[HEADERS_SIZE];

	(void)snprintf(text, sizeof(text), TUS "%s%s%s%s", headers,
	    metadata_text != NULL ? "Upload-Metadata: " : "",
	    metadata_text != NULL ? metadata_text : "",
	    metadata_text != NULL ? "\r\n" : "");
	ask.headers = text;
	return dozo_ask(&server, &ask)->status;
}

/* A new upload's path. */
static void
made(const char *name, uint64_t size, char path[PATH_SIZE])
{
	char length[64];

	(void)snprintf(length, sizeof(length), "Upload-Length: %llu\r\n",
	    (unsigned long long)size);
	assert_int_equal(
	    post(metadata(name, ""), length, span_of(NULL, 0)), 201);
	assert_true(
	    str_copy(path, PATH_SIZE, dozo_header(&server, "Location")));
	assert_string_equal(dozo_header(&server, "Upload-Offset"), "0");
	assert_non_null(dozo_header(&server, "Upload-Expires"));
}

static int
patch_as(const char *user, const char *password, const char *path,
    uint64_t offset, const char *headers, struct span body)
{
	struct ask ask = {
	    .method = "PATCH",
	    .path = path,
	    .user = user,
	    .password = password,
	    .body = body,
	};
	char text[HEADERS_SIZE];

	(void)snprintf(text, sizeof(text), TUS PART "Upload-Offset: %llu\r\n%s",
	    (unsigned long long)offset, headers);
	ask.headers = text;
	return dozo_ask(&server, &ask)->status;
}

static int
patch(const char *path, uint64_t offset, const char *headers, const char *body)
{
	return patch_as(NULL, NULL, path, offset, headers, span_str(body));
}

static uint64_t
offset_of(const char *path)
{
	uint64_t offset = 0;

	(void)dozo_expect(&server, 200, "HEAD", path, TUS, NULL);
	assert_string_equal(dozo_header(&server, "Cache-Control"), "no-store");
	assert_string_equal(dozo_header(&server, "Tus-Resumable"), "1.0.0");
	assert_true(str_to_u64(
	    dozo_header(&server, "Upload-Offset"), 0, INT64_MAX, &offset));
	return offset;
}

static void
file_is(const char *path, const char *content)
{
	(void)dozo_expect(&server, 200, "GET", path, NULL, NULL);
	assert_string_equal(dozo_body(&server), content);
}

static void
no_file(const char *path)
{
	(void)dozo_expect(&server, 404, "GET", path, NULL, NULL);
}

/* ---- the protocol ---- */

static void
options_tell_what_there_is_to_anybody(void **state)
{
	const struct ask ask = {
	    .method = "OPTIONS", .path = "/uploads/", .user = ""};

	(void)state;
	assert_int_equal(dozo_ask(&server, &ask)->status, 204);
	assert_string_equal(dozo_header(&server, "Tus-Resumable"), "1.0.0");
	assert_string_equal(dozo_header(&server, "Tus-Version"), "1.0.0");
	assert_string_equal(dozo_header(&server, "Tus-Extension"),
	    "creation,creation-with-upload,creation-defer-length,termination,"
	    "checksum,expiration");
	assert_string_equal(
	    dozo_header(&server, "Tus-Checksum-Algorithm"), "sha1,sha256");
	assert_non_null(dozo_header(&server, "Tus-Max-Size"));
}

static void
a_file_comes_in_pieces_and_is_there_with_the_last(void **state)
{
	char path[PATH_SIZE], etag[64];
	const char *described;

	(void)state;
	made("pieces.txt", 10, path);
	assert_int_equal(strncmp(path, "/uploads/", 9), 0);
	assert_non_null(dozo_header(&server, "Dozo-Commit"));
	assert_int_equal(offset_of(path), 0);
	assert_string_equal(dozo_header(&server, "Upload-Length"), "10");
	described = dozo_header(&server, "Upload-Metadata");
	assert_string_equal(described, metadata("pieces.txt", ""));
	assert_int_equal(patch(path, 0, "", "0123"), 204);
	assert_string_equal(dozo_header(&server, "Upload-Offset"), "4");
	assert_non_null(dozo_header(&server, "Upload-Expires"));
	assert_non_null(dozo_header(&server, "Dozo-Sites"));
	assert_null(dozo_header(&server, "Dozo-Node"));
	assert_int_equal(offset_of(path), 4);
	no_file("/dav/Company/pieces.txt");
	assert_int_equal(patch(path, 4, "", "456789"), 204);
	assert_string_equal(dozo_header(&server, "Upload-Offset"), "10");
	assert_non_null(dozo_header(&server, "Dozo-Node"));
	assert_non_null(dozo_header(&server, "Dozo-Commit"));
	assert_non_null(dozo_header(&server, "Dozo-Sites"));
	assert_null(dozo_header(&server, "Upload-Expires"));
	assert_true(str_copy(etag, sizeof(etag), dozo_header(&server, "ETag")));
	file_is("/dav/Company/pieces.txt", "0123456789");
	assert_string_equal(dozo_header(&server, "ETag"), etag);
	/* Whoever missed the answer. */
	assert_int_equal(offset_of(path), 10);
	assert_non_null(dozo_header(&server, "Dozo-Node"));
	assert_int_equal(patch(path, 10, "", ""), 204);
	assert_non_null(dozo_header(&server, "Dozo-Node"));
	assert_int_equal(patch(path, 10, "", "x"), 413);
	assert_int_equal(patch(path, 4, "", "456789"), 409);
}

static void
the_first_bytes_come_with_the_creation(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	assert_int_equal(post(metadata("all", ""), PART "Upload-Length: 3\r\n",
			     span_str("all")),
	    201);
	assert_string_equal(dozo_header(&server, "Upload-Offset"), "3");
	assert_non_null(dozo_header(&server, "Location"));
	assert_non_null(dozo_header(&server, "Dozo-Node"));
	assert_non_null(dozo_header(&server, "ETag"));
	file_is("/dav/Company/all", "all");
	assert_int_equal(post(metadata("some", ""), PART "Upload-Length: 6\r\n",
			     span_str("some")),
	    201);
	assert_string_equal(dozo_header(&server, "Upload-Offset"), "4");
	assert_null(dozo_header(&server, "Dozo-Node"));
	assert_true(
	    str_copy(path, sizeof(path), dozo_header(&server, "Location")));
	assert_int_equal(patch(path, 4, "", "th"), 204);
	file_is("/dav/Company/some", "someth");
	/* Nothing is complete at once. */
	assert_int_equal(post(metadata("none", ""), "Upload-Length: 0\r\n",
			     span_of(NULL, 0)),
	    201);
	assert_non_null(dozo_header(&server, "Dozo-Node"));
	assert_non_null(dozo_header(&server, "Location"));
	file_is("/dav/Company/none", "");
	/* More than was declared, and another type. */
	assert_int_equal(post(metadata("more", ""), PART "Upload-Length: 3\r\n",
			     span_str("more")),
	    413);
	assert_int_equal(post(metadata("more", ""), "Upload-Length: 4\r\n",
			     span_str("more")),
	    415);
	no_file("/dav/Company/more");
}

static void
the_length_can_be_told_with_the_last_bytes(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	assert_int_equal(post(metadata("later", ""),
			     "Upload-Defer-Length: 1\r\n", span_of(NULL, 0)),
	    201);
	assert_true(
	    str_copy(path, sizeof(path), dozo_header(&server, "Location")));
	assert_int_equal(patch(path, 0, "", "abc"), 204);
	assert_int_equal(offset_of(path), 3);
	assert_string_equal(dozo_header(&server, "Upload-Defer-Length"), "1");
	assert_null(dozo_header(&server, "Upload-Length"));
	assert_int_equal(patch(path, 3, "Upload-Length: 2\r\n", "d"), 400);
	assert_int_equal(patch(path, 3, "Upload-Length: 4\r\n", "de"), 413);
	assert_int_equal(patch(path, 3, "Upload-Length: 5\r\n", "d"), 204);
	assert_int_equal(offset_of(path), 4);
	assert_string_equal(dozo_header(&server, "Upload-Length"), "5");
	assert_int_equal(patch(path, 4, "Upload-Length: 6\r\n", "e"), 400);
	assert_int_equal(patch(path, 4, "Upload-Length: 5\r\n", "e"), 204);
	file_is("/dav/Company/later", "abcde");
}

static void
a_deleted_upload_is_gone(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	made("deleted", 10, path);
	assert_int_equal(patch(path, 0, "", "01234"), 204);
	(void)dozo_expect(&server, 204, "DELETE", path, TUS, NULL);
	assert_string_equal(dozo_header(&server, "Tus-Resumable"), "1.0.0");
	(void)dozo_expect(&server, 404, "HEAD", path, TUS, NULL);
	assert_int_equal(patch(path, 5, "", "56789"), 404);
	assert_string_equal(dozo_header(&server, "Tus-Resumable"), "1.0.0");
	(void)dozo_expect(&server, 404, "DELETE", path, TUS, NULL);
	/* Of one that is done only the upload goes. */
	made("kept", 1, path);
	assert_int_equal(patch(path, 0, "", "k"), 204);
	(void)dozo_expect(&server, 204, "DELETE", path, TUS, NULL);
	(void)dozo_expect(&server, 404, "HEAD", path, TUS, NULL);
	file_is("/dav/Company/kept", "k");
}

static void
a_post_stands_for_methods_that_do_not_come_through(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	made("posted", 4, path);
	(void)dozo_expect(&server, 204, "POST", path,
	    TUS PART "Upload-Offset: 0\r\nX-HTTP-Method-Override: PATCH\r\n",
	    "ab");
	assert_int_equal(offset_of(path), 2);
	(void)dozo_expect(&server, 400, "POST", path,
	    TUS "X-HTTP-Method-Override: GET\r\n", NULL);
	(void)dozo_expect(&server, 204, "POST", path,
	    TUS "X-HTTP-Method-Override: DELETE\r\n", NULL);
	(void)dozo_expect(&server, 404, "HEAD", path, TUS, NULL);
	/* The same door as a part of the API. */
	(void)dozo_expect(
	    &server, 404, "HEAD", "/api/v1/uploads/7777", TUS, NULL);
	made("elsewhere", 1, path);
	(void)memmove(path + 7, path, strlen(path) + 1);
	memcpy(path, "/api/v1", 7);
	assert_int_equal(patch(path, 0, "", "e"), 204);
	file_is("/dav/Company/elsewhere", "e");
}

/* ---- checksums ---- */

static const char *
checksum_line(const char *name, const char *of)
{
	static char line[CHECKSUM_SIZE];
	char base64[BASE64_SIZE(SHA256_SIZE) + 1];
	uint8_t digest[SHA256_SIZE];
	struct sha1 sha1;

	sha256_of(span_str(of), digest);
	if (strcmp(name, "sha1") == 0) {
		sha1_init(&sha1);
		sha1_update(&sha1, span_str(of));
		sha1_digest(&sha1, digest);
	}
	base64_encode(
	    base64, span_of(digest,
			strcmp(name, "sha1") == 0 ? SHA1_SIZE : SHA256_SIZE));
	(void)snprintf(
	    line, sizeof(line), "Upload-Checksum: %s %s\r\n", name, base64);
	return line;
}

static void
a_content_that_is_not_its_checksum_does_not_count(void **state)
{
	char path[PATH_SIZE];
	uint64_t offset = 0;
	size_t i;
	static const char *const names[] = {"sha1", "sha256"};

	(void)state;
	made("checked", 12, path);
	for (i = 0; i < 2; i++, offset += 3) {
		assert_int_equal(
		    patch(path, offset, checksum_line(names[i], "abx"), "abc"),
		    460);
		assert_non_null(
		    strstr(dozo_body(&server), "checksum-mismatch"));
		assert_string_equal(
		    dozo_header(&server, "Tus-Resumable"), "1.0.0");
		assert_int_equal(offset_of(path), offset);
		assert_int_equal(
		    patch(path, offset, checksum_line(names[i], "abc"), "abc"),
		    204);
		assert_int_equal(offset_of(path), offset + 3);
	}
	assert_int_equal(patch(path, 6, checksum_line("md5", "a"), "a"), 400);
	assert_int_equal(patch(path, 6, "Upload-Checksum: sha1\r\n", "a"), 400);
	assert_int_equal(
	    patch(path, 6, "Upload-Checksum: sha1 AAAA\r\n", "a"), 400);
	assert_int_equal(
	    patch(path, 6, "Upload-Checksum: sha256 !\r\n", "a"), 400);
	assert_int_equal(offset_of(path), 6);
	/* The last bytes. */
	assert_int_equal(
	    patch(path, 6, checksum_line("sha256", "x"), "ABCDEF"), 460);
	no_file("/dav/Company/checked");
	assert_int_equal(
	    patch(path, 6, checksum_line("sha256", "ABCDEF"), "ABCDEF"), 204);
	file_is("/dav/Company/checked", "abcabcABCDEF");
	/* With the creation. */
	(void)snprintf(path, sizeof(path), "%s", "unused");
	assert_int_equal(post(metadata("wrong", ""),
			     PART "Upload-Length: 5\r\n"
				  "Upload-Checksum: sha1 "
				  "AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n",
			     span_str("wrong")),
	    460);
	no_file("/dav/Company/wrong");
}

static void
the_whole_has_to_be_what_the_metadata_says(void **state)
{
	uint8_t digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1], more[256],
	    length[] = "Upload-Length: 6\r\n";
	char path[PATH_SIZE];

	(void)state;
	sha256_of(span_str("abcdef"), digest);
	str_hex(hex, span_of(digest, sizeof(digest)));
	(void)snprintf(more, sizeof(more), ",%s", pair("sha256", hex));
	assert_int_equal(
	    post(metadata("whole", more), length, span_of(NULL, 0)), 201);
	assert_true(
	    str_copy(path, sizeof(path), dozo_header(&server, "Location")));
	assert_int_equal(patch(path, 0, "", "abc"), 204);
	assert_int_equal(patch(path, 3, "", "deF"), 460);
	no_file("/dav/Company/whole");
	assert_int_equal(offset_of(path), 3);
	assert_int_equal(patch(path, 3, "", "def"), 204);
	file_is("/dav/Company/whole", "abcdef");
}

/* ---- bad input ---- */

static void
another_version_or_none_is_refused(void **state)
{
	static const char *const versions[] = {"", "Tus-Resumable: 0.2.2\r\n",
	    "Tus-Resumable: 1.0\r\n", "Tus-Resumable: 1.0.00\r\n"};
	char path[PATH_SIZE];
	size_t i;

	(void)state;
	made("version", 4, path);
	for (i = 0; i < ARRAY_LEN(versions); i++) {
		(void)dozo_expect(
		    &server, 412, "DELETE", path, versions[i], NULL);
		assert_string_equal(
		    dozo_header(&server, "Tus-Version"), "1.0.0");
	}
	assert_int_equal(offset_of(path), 0);
}

static void
malformed_requests_are_told_apart_from_refused_ones(void **state)
{
	static const struct {
		int status;
		const char *headers;
	} creations[] = {
	    {400, ""},
	    {400, "Upload-Length: 3\r\nUpload-Defer-Length: 1\r\n"},
	    {400, "Upload-Defer-Length: 2\r\n"},
	    {400, "Upload-Length: -1\r\n"},
	    {400, "Upload-Length: 9223372036854775808\r\n"},
	    {400, "Upload-Length: 0x10\r\n"},
	    {400, "Upload-Length: 3\r\nUpload-Concat: partial\r\n"},
	    {507, "Upload-Length: 9223372036854775807\r\n"},
	};
	char path[PATH_SIZE], text[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(creations); i++)
		assert_int_equal(post(metadata("bad", ""), creations[i].headers,
				     span_of(NULL, 0)),
		    creations[i].status);
	made("bad", 10, path);
	(void)dozo_expect(
	    &server, 415, "PATCH", path, TUS "Upload-Offset: 0\r\n", "0123");
	(void)dozo_expect(&server, 415, "PATCH", path,
	    TUS "Upload-Offset: 0\r\nContent-Type: text/plain\r\n", "0123");
	(void)dozo_expect(&server, 400, "PATCH", path, TUS PART, "0123");
	(void)dozo_expect(&server, 400, "PATCH", path,
	    TUS PART "Upload-Offset: zero\r\n", "0123");
	assert_int_equal(patch(path, 1, "", "0123"), 409);
	assert_int_equal(patch(path, INT64_MAX, "", "0123"), 409);
	assert_int_equal(patch(path, 0, "", "0123456789a"), 413);
	(void)snprintf(text, sizeof(text), "%s", TUS);
	(void)dozo_expect(&server, 415, "DELETE", path, text, "x");
	(void)dozo_expect(&server, 405, "GET", path, text, NULL);
	(void)dozo_expect(&server, 405, "HEAD", "/uploads/", text, NULL);
	(void)dozo_expect(&server, 405, "POST", path, text, NULL);
	assert_int_equal(offset_of(path), 0);
}

static void
metadata_is_refused_where_it_cannot_be_meant(void **state)
{
	char parent[DOOR_ID_SIZE], long_one[4200], *text;
	const char *bad[] = {"parent", "name YQ==", "parent YQ==,name YQ==,",
	    "name YQ==,name YQ==", "name Y", "name YQ==  YQ==", "name =", ",",
	    "n\xc3\xa4me YQ=="};
	size_t i;

	(void)state;
	door_id(company(), parent);
	assert_int_equal(
	    post(NULL, "Upload-Length: 1\r\n", span_of(NULL, 0)), 400);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(
		    post(bad[i], "Upload-Length: 1\r\n", span_of(NULL, 0)),
		    400);
	assert_int_equal(
	    post(metadata("a/b", ""), "Upload-Length: 1\r\n", span_of(NULL, 0)),
	    400);
	assert_int_equal(post(metadata("a", ",if_exists bm8="),
			     "Upload-Length: 1\r\n", span_of(NULL, 0)),
	    400);
	assert_int_equal(post(metadata("a", ",mtime bm8="),
			     "Upload-Length: 1\r\n", span_of(NULL, 0)),
	    400);
	assert_int_equal(post(metadata("a", ",sha256 bm8="),
			     "Upload-Length: 1\r\n", span_of(NULL, 0)),
	    400);
	memset(long_one, 'A', sizeof(long_one));
	memcpy(long_one, "name ", 5);
	long_one[sizeof(long_one) - 1] = '\0';
	assert_int_equal(
	    post(long_one, "Upload-Length: 1\r\n", span_of(NULL, 0)), 413);
	/* What is not known is passed over, and told again. */
	ASSERT_OK(&server.op, op_format(&server.op, &text, "%s",
				  metadata("ok", ",filetype dGV4dA==,empty")));
	assert_int_equal(
	    post(text, "Upload-Length: 1\r\n", span_of(NULL, 0)), 201);
	(void)offset_of(dozo_header(&server, "Location"));
	assert_string_equal(dozo_header(&server, "Upload-Metadata"), text);
}

static void
the_date_that_the_metadata_names_is_the_files(void **state)
{
	char more[96];

	(void)state;
	(void)snprintf(more, sizeof(more), ",%s",
	    pair("mtime", "2024-02-29T12:34:56.789Z"));
	assert_int_equal(post(metadata("dated", more),
			     PART "Upload-Length: 1\r\n", span_str("d")),
	    201);
	(void)dozo_expect(
	    &server, 200, "HEAD", "/dav/Company/dated", NULL, NULL);
	assert_string_equal(dozo_header(&server, "Last-Modified"),
	    "Thu, 29 Feb 2024 12:34:56 GMT");
}

/* ---- who ---- */

static void
anothers_upload_and_a_forged_address_are_not_found(void **state)
{
	static const char *const forged[] = {"/uploads/1", "/uploads/root",
	    "/uploads/7fffffffffffffff", "/uploads/0x10", "/uploads/-5",
	    "/uploads/10/11", "/uploads/%E3%81%82"};
	char path[PATH_SIZE], answers[2][256];
	const struct ask stranger = {.method = "HEAD",
	    .path = path,
	    .headers = TUS,
	    .user = DOZO_OTHER,
	    .password = DOZO_OTHER_PASSWORD};
	size_t i;

	(void)state;
	made("mine", 4, path);
	assert_int_equal(dozo_ask(&server, &stranger)->status, 404);
	assert_int_equal(patch_as(DOZO_OTHER, DOZO_OTHER_PASSWORD, path, 0, "",
			     span_str("evil")),
	    404);
	(void)str_copy(answers[0], sizeof(answers[0]), dozo_body(&server));
	assert_int_equal(patch("/uploads/123456", 0, "", "evil"), 404);
	(void)str_copy(answers[1], sizeof(answers[1]), dozo_body(&server));
	/* But for the request's id. */
	*strstr(answers[0], "request_id") = '\0';
	*strstr(answers[1], "request_id") = '\0';
	assert_string_equal(answers[0], answers[1]);
	for (i = 0; i < ARRAY_LEN(forged); i++)
		assert_int_equal(patch(forged[i], 0, "", "evil"), 404);
	assert_int_equal(offset_of(path), 0);
}

static void
nobody_comes_in_without_credentials_and_guessers_wait(void **state)
{
	struct ask ask = {.method = "HEAD",
	    .path = "/uploads/1000",
	    .headers = TUS,
	    .user = ""};
	int i, status = 401;

	(void)state;
	assert_int_equal(dozo_ask(&server, &ask)->status, 401);
	assert_non_null(dozo_header(&server, "WWW-Authenticate"));
	assert_string_equal(dozo_header(&server, "Tus-Resumable"), "1.0.0");
	ask.user = "bob@demo";
	ask.password = "guessed";
	for (i = 0; i < 50 && status == 401; i++)
		status = dozo_ask(&server, &ask)->status;
	assert_int_equal(status, 429);
	assert_non_null(dozo_header(&server, "Retry-After"));
}

/* ---- the name ---- */

static void
a_taken_name_is_refused_versioned_or_numbered(void **state)
{
	char more[64], etag[64], line[160];

	(void)state;
	(void)dozo_expect(
	    &server, 201, "PUT", "/dav/Company/taken.txt", NULL, "old");
	(void)str_copy(etag, sizeof(etag), dozo_header(&server, "ETag"));
	assert_int_equal(post(metadata("taken.txt", ""),
			     PART "Upload-Length: 3\r\n", span_str("new")),
	    412);
	assert_non_null(strstr(dozo_body(&server), "/problems/exists"));
	(void)snprintf(more, sizeof(more), ",%s", pair("if_exists", "rename"));
	assert_int_equal(post(metadata("taken.txt", more),
			     PART "Upload-Length: 3\r\n", span_str("new")),
	    201);
	file_is("/dav/Company/taken%20(2).txt", "new");
	(void)snprintf(more, sizeof(more), ",%s", pair("if_exists", "version"));
	assert_int_equal(post(metadata("taken.txt", more),
			     PART "Upload-Length: 3\r\nIf-Match: \"1-1\"\r\n",
			     span_str("new")),
	    412);
	file_is("/dav/Company/taken.txt", "old");
	(void)snprintf(line, sizeof(line),
	    PART "Upload-Length: 3\r\nIf-Match: %s\r\n", etag);
	assert_int_equal(
	    post(metadata("taken.txt", more), line, span_str("new")), 201);
	file_is("/dav/Company/taken.txt", "new");
	(void)dozo_expect(
	    &server, 201, "MKCOL", "/dav/Company/folder", NULL, NULL);
	assert_int_equal(post(metadata("folder", more), "Upload-Length: 3\r\n",
			     span_of(NULL, 0)),
	    412);
}

static void
what_happens_to_the_place_meanwhile_is_told_at_the_end(void **state)
{
	char path[PATH_SIZE], more[64], *text;

	(void)state;
	made("late", 6, path);
	assert_int_equal(patch(path, 0, "", "abc"), 204);
	(void)dozo_expect(&server, 201, "PUT", "/dav/Company/late", NULL, "x");
	assert_int_equal(patch(path, 3, "", "def"), 412);
	assert_int_equal(offset_of(path), 3);
	file_is("/dav/Company/late", "x");
	(void)dozo_expect(
	    &server, 204, "DELETE", "/dav/Company/late", NULL, NULL);
	assert_int_equal(patch(path, 3, "", "def"), 204);
	file_is("/dav/Company/late", "abcdef");
	/* If-Match of the request that ends it. */
	(void)snprintf(more, sizeof(more), ",%s", pair("if_exists", "version"));
	assert_int_equal(post(metadata("late", more), "Upload-Length: 3\r\n",
			     span_of(NULL, 0)),
	    201);
	(void)str_copy(path, sizeof(path), dozo_header(&server, "Location"));
	assert_int_equal(patch(path, 0, "If-Match: \"1-1\"\r\n", "new"), 412);
	assert_int_equal(patch(path, 0, "If-None-Match: *\r\n", "new"), 412);
	assert_int_equal(patch(path, 0, "If-Match: *\r\n", "new"), 204);
	file_is("/dav/Company/late", "new");
	/* Folders that are not there, or others'. */
	ASSERT_OK(&server.op, op_format(&server.op, &text, "%s,%s",
				  pair("parent", "777777"), pair("name", "a")));
	assert_int_equal(
	    post(text, "Upload-Length: 1\r\n", span_of(NULL, 0)), 422);
	ASSERT_OK(&server.op, op_format(&server.op, &text, "%s,%s",
				  pair("parent", "no id"), pair("name", "a")));
	assert_int_equal(
	    post(text, "Upload-Length: 1\r\n", span_of(NULL, 0)), 422);
	ASSERT_OK(&server.op, op_format(&server.op, &text, "%s,%s",
				  pair("parent", "root"), pair("name", "a")));
	assert_int_equal(
	    post(text, "Upload-Length: 1\r\n", span_of(NULL, 0)), 403);
}

static void
a_locked_file_is_not_written_over(void **state)
{
	char path[PATH_SIZE], more[64], token[128], line[192];

	(void)state;
	(void)dozo_expect(
	    &server, 201, "PUT", "/dav/Company/locked", NULL, "old");
	(void)snprintf(more, sizeof(more), ",%s", pair("if_exists", "version"));
	assert_int_equal(post(metadata("locked", more), "Upload-Length: 3\r\n",
			     span_of(NULL, 0)),
	    201);
	assert_true(
	    str_copy(path, sizeof(path), dozo_header(&server, "Location")));
	(void)dozo_expect(&server, 200, "LOCK", "/dav/Company/locked", NULL,
	    "<lockinfo xmlns=\"DAV:\"><lockscope><exclusive/></lockscope>"
	    "<locktype><write/></locktype></lockinfo>");
	assert_true(
	    str_copy(token, sizeof(token), dozo_header(&server, "Lock-Token")));
	assert_int_equal(post(metadata("locked", more), "Upload-Length: 3\r\n",
			     span_of(NULL, 0)),
	    423);
	assert_non_null(strstr(dozo_body(&server), "/problems/locked"));
	assert_int_equal(patch(path, 0, "", "new"), 423);
	assert_non_null(strstr(dozo_body(&server), "/problems/locked"));
	assert_int_equal(offset_of(path), 0);
	file_is("/dav/Company/locked", "old");
	(void)snprintf(line, sizeof(line), "Lock-Token: %s\r\n", token);
	(void)dozo_expect(
	    &server, 204, "UNLOCK", "/dav/Company/locked", line, NULL);
	assert_int_equal(patch(path, 0, "", "new"), 204);
	file_is("/dav/Company/locked", "new");
}

/* bob's answer to an upload into a folder with this id. */
static const char *
answer_to_bob(const char *parent)
{
	struct ask ask = {.method = "POST",
	    .path = "/uploads/",
	    .user = DOZO_OTHER,
	    .password = DOZO_OTHER_PASSWORD};
	char *headers, *text;

	ASSERT_OK(&server.op,
	    op_format(&server.op, &headers,
		TUS "Upload-Length: 1\r\nUpload-Metadata: %s,%s\r\n",
		pair("parent", parent), pair("name", "a")));
	ask.headers = headers;
	assert_int_equal(dozo_ask(&server, &ask)->status, 422);
	ASSERT_OK(
	    &server.op, op_format(&server.op, &text, "%s", dozo_body(&server)));
	*strstr(text, "request_id") = '\0';
	return text;
}

static void
anothers_folder_and_none_get_the_same_answer(void **state)
{
	char own[DOOR_ID_SIZE];

	(void)state;
	door_id(spaces_of_admin().nodes[0], own);
	assert_string_equal(answer_to_bob(own), answer_to_bob("777777"));
	assert_string_equal(answer_to_bob(own), answer_to_bob("no id"));
}

static void
an_upload_that_could_not_be_answered_for_is_given_up(void **state)
{
	char before[PATH_SIZE], after[PATH_SIZE], path[PATH_SIZE];
	char id_text[DOOR_ID_SIZE];
	int64_t from, to, id;

	(void)state;
	made("before", 1, before);
	assert_int_equal(post(metadata("refused", ""),
			     PART "Upload-Length: 6\r\nUpload-Checksum: sha1 "
				  "AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n",
			     span_str("abc")),
	    460);
	made("after", 1, after);
	assert_true(
	    door_id_parse(span_str(before + strlen("/uploads/")), &from));
	assert_true(door_id_parse(span_str(after + strlen("/uploads/")), &to));
	assert_true(to > from + 1);
	for (id = from + 1; id < to; id++) {
		door_id(id, id_text);
		(void)snprintf(path, sizeof(path), "/uploads/%s", id_text);
		(void)dozo_expect(&server, 404, "HEAD", path, TUS, NULL);
	}
}

static void
a_creation_asked_for_again_under_its_key_makes_no_second_upload(void **state)
{
	static const char *const lines =
	    "Idempotency-Key: k1\r\nUpload-Length: 4\r\n";
	char path[PATH_SIZE], again[PATH_SIZE];

	(void)state;
	assert_int_equal(
	    post(metadata("once", ""), lines, span_of(NULL, 0)), 201);
	(void)str_copy(path, sizeof(path), dozo_header(&server, "Location"));
	assert_int_equal(patch(path, 0, "", "ab"), 204);
	assert_int_equal(
	    post(metadata("once", ""), lines, span_of(NULL, 0)), 201);
	(void)str_copy(again, sizeof(again), dozo_header(&server, "Location"));
	assert_string_equal(path, again);
	assert_string_equal(dozo_header(&server, "Upload-Offset"), "2");
	/* Another request under the key, and a key that is none. */
	assert_int_equal(
	    post(metadata("twice", ""), lines, span_of(NULL, 0)), 422);
	assert_non_null(strstr(dozo_body(&server), "key-reused"));
	assert_int_equal(post(metadata("once", ""),
			     "Idempotency-Key: a b\r\nUpload-Length: 4\r\n",
			     span_of(NULL, 0)),
	    400);
	assert_int_equal(patch(path, 2, "", "cd"), 204);
	assert_int_equal(
	    post(metadata("once", ""), lines, span_of(NULL, 0)), 201);
	assert_string_equal(dozo_header(&server, "Upload-Offset"), "4");
	assert_non_null(dozo_header(&server, "Dozo-Node"));
	/* Its name is taken by now, and nothing is asked of that. */
	file_is("/dav/Company/once", "abcd");
	/* What was refused has not used its key up. */
	assert_int_equal(post(metadata("once", ""),
			     "Idempotency-Key: k2\r\nUpload-Length: 1\r\n",
			     span_of(NULL, 0)),
	    412);
	assert_int_equal(post(metadata("other", ""),
			     "Idempotency-Key: k2\r\nUpload-Length: 1\r\n",
			     span_of(NULL, 0)),
	    201);
	/* What failed for its content stays for whoever has the key. */
	assert_int_equal(
	    post(metadata("failed", ""),
		PART "Idempotency-Key: k3\r\nUpload-Length: 3\r\n"
		     "Upload-Checksum: sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n",
		span_str("abc")),
	    460);
	assert_int_equal(post(metadata("failed", ""),
			     PART "Idempotency-Key: k3\r\nUpload-Length: 3\r\n",
			     span_str("abc")),
	    201);
	assert_string_equal(dozo_header(&server, "Upload-Offset"), "0");
	assert_int_equal(
	    patch(dozo_header(&server, "Location"), 0, "", "abc"), 204);
	file_is("/dav/Company/failed", "abc");
	assert_int_equal(post(metadata("other", ""),
			     "Idempotency-Key: k2\r\nUpload-Length: 1\r\n",
			     span_of(NULL, 0)),
	    201);
	/* It was given up since. */
	(void)dozo_expect(&server, 204, "DELETE",
	    dozo_header(&server, "Location"), TUS, NULL);
	assert_int_equal(post(metadata("other", ""),
			     "Idempotency-Key: k2\r\nUpload-Length: 1\r\n",
			     span_of(NULL, 0)),
	    404);
}

/* ---- breaks, and two at once ---- */

enum { LARGE = 40 << 20 };

static uint8_t *
large_bytes(void)
{
	uint8_t *bytes = malloc(LARGE);
	uint32_t x = 1;
	size_t i;

	assert_non_null(bytes);
	for (i = 0; i < LARGE; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(x >> 24);
	}
	return bytes;
}

/* Sends the head and a part of the content, on a connection of its own. */
static struct https_client *
begin_patch(const char *path, uint64_t offset, const char *more,
    const uint8_t *bytes, size_t size, size_t sent)
{
	const struct https_options options = {
	    .ca_path = server.ca_path, .name = "127.0.0.1"};
	struct https_client *client;
	char *head;

	ASSERT_OK(
	    &server.op, https_open(&server.op, server.port, &options, &client));
	ASSERT_OK(&server.op,
	    op_format(&server.op, &head,
		"PATCH %s HTTP/1.1\r\nHost: localhost\r\n%s" TUS PART
		"Upload-Offset: %llu\r\n%sContent-Length: %zu\r\n\r\n",
		path, dozo_authorization(&server, DOZO_ADMIN, DOZO_PASSWORD),
		(unsigned long long)offset, more, size));
	ASSERT_OK(&server.op, https_send_str(&server.op, client, head));
	ASSERT_OK(
	    &server.op, https_send(&server.op, client, span_of(bytes, sent)));
	return client;
}

/* Asks until the offset is as large as that, 120 s at most. */
static uint64_t
await_offset(const char *path, uint64_t least)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	int64_t until = clock_mono() + 120 * CLOCK_S;
	uint64_t offset;

	while ((offset = offset_of(path)) < least) {
		if (clock_mono() > until)
			fail_msg("the upload stays at %llu",
			    (unsigned long long)offset);
		(void)nanosleep(&pause, NULL);
	}
	return offset;
}

/* Where it stands when nobody writes to it any more. */
static uint64_t
await_idle(const char *path)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	int64_t until = clock_mono() + 120 * CLOCK_S;
	uint64_t offset = offset_of(path);
	int status;

	while ((status = patch(path, offset, "", "")) != 204) {
		assert_true(status == 423 || status == 409);
		assert_true(clock_mono() < until);
		(void)nanosleep(&pause, NULL);
		offset = offset_of(path);
	}
	return offset;
}

static void
check_large(const char *path, const uint8_t *bytes)
{
	const struct https_response *response =
	    dozo_expect(&server, 200, "GET", path, NULL, NULL);

	assert_int_equal(response->body.size, LARGE);
	assert_memory_equal(response->body.data, bytes, LARGE);
}

static void
a_content_that_breaks_off_counts_as_far_as_it_came(void **state)
{
	uint8_t *bytes = large_bytes();
	struct https_client *client;
	char path[PATH_SIZE];
	uint64_t offset;

	(void)state;
	made("broken", LARGE, path);
	client = begin_patch(path, 0, "", bytes, LARGE, 36 << 20);
	/* A segment is named when the one after it is full. */
	offset = await_offset(path, 16 << 20);
	assert_int_equal(offset, 16 << 20);
	/* Two at once: one goes on. */
	assert_int_equal(patch(path, offset, "", "second"), 423);
	https_close(client);
	/* What the closed connection's buffers still held may be lost. */
	offset = await_idle(path);
	assert_true(offset >= 16 << 20 && offset <= 36 << 20);
	assert_int_equal(patch_as(NULL, NULL, path, offset, "",
			     span_of(bytes + offset, LARGE - offset)),
	    204);
	check_large("/dav/Company/broken", bytes);
	free(bytes);
}

/* A PATCH whose content comes in chunks, of no length told before. */
static int
patch_chunked(const char *path, uint64_t offset, const char *chunks)
{
	char headers[HEADERS_SIZE];
	struct https_response response = HTTPS_RESPONSE;
	const struct https_options options = {
	    .ca_path = server.ca_path, .name = "127.0.0.1"};
	struct https_client *client;
	int status;

	(void)snprintf(headers, sizeof(headers),
	    "PATCH %s HTTP/1.1\r\nHost: localhost\r\n%s" TUS PART
	    "Upload-Offset: %llu\r\nTransfer-Encoding: chunked\r\n\r\n%s",
	    path, dozo_authorization(&server, DOZO_ADMIN, DOZO_PASSWORD),
	    (unsigned long long)offset, chunks);
	ASSERT_OK(
	    &server.op, https_open(&server.op, server.port, &options, &client));
	ASSERT_OK(&server.op, https_send_str(&server.op, client, headers));
	ASSERT_OK(
	    &server.op, https_receive(&server.op, client, false, &response));
	status = response.status;
	buf_release(&response.body);
	https_close(client);
	return status;
}

static void
a_content_of_no_told_length_ends_at_the_uploads_own(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	made("chunked", 6, path);
	assert_int_equal(patch_chunked(path, 0, "3\r\nabc\r\n0\r\n\r\n"), 204);
	assert_int_equal(offset_of(path), 3);
	assert_int_equal(
	    patch_chunked(path, 3, "2\r\nde\r\n2\r\nfg\r\n0\r\n\r\n"), 413);
	assert_int_equal(offset_of(path), 3);
	assert_int_equal(
	    patch_chunked(path, 3, "2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"), 204);
	file_is("/dav/Company/chunked", "abcdef");
}

static void
a_checked_content_that_breaks_off_or_lies_counts_nothing(void **state)
{
	uint8_t *bytes = large_bytes();
	char path[PATH_SIZE], more[CHECKSUM_SIZE];
	struct https_client *client;
	struct tenant *tenant;
	struct reader *reader;
	int64_t id;
	uint64_t n;
	struct upload_row row;

	(void)state;
	(void)snprintf(
	    more, sizeof(more), "%s", checksum_line("sha256", "something"));
	made("lied", LARGE, path);
	assert_int_equal(patch(path, 0, "", "x"), 204);
	bytes[0] = 'x';
	client = begin_patch(path, 1, more, bytes + 1, LARGE - 1, 36 << 20);
	https_close(client);
	assert_int_equal(await_idle(path), 1);
	assert_int_equal(
	    patch_as(NULL, NULL, path, 1, more, span_of(bytes + 1, LARGE - 1)),
	    460);
	assert_int_equal(offset_of(path), 1);
	/* Nothing of it is left. */
	assert_true(door_id_parse(span_str(path + strlen("/uploads/")), &id));
	tenant = dozo_server_tenant(&server);
	ASSERT_OK(&server.op, tenant_reader(&server.op, tenant, &reader));
	ASSERT_OK(
	    &server.op, upload_row_get(&server.op, &reader->meta, id, &row));
	ASSERT_OK(&server.op,
	    chunk_count(&server.op, &reader->meta, row.content, &n));
	tenant_reader_put(tenant, reader);
	tenant_put(tenant);
	assert_int_equal(n, 1);
	assert_int_equal(
	    patch_as(NULL, NULL, path, 1, "", span_of(bytes + 1, LARGE - 1)),
	    204);
	check_large("/dav/Company/lied", bytes);
	free(bytes);
}

static void
an_upload_deleted_amid_a_content_ends_it(void **state)
{
	uint8_t *bytes = large_bytes();
	struct https_response response = HTTPS_RESPONSE;
	struct https_client *client;
	char path[PATH_SIZE];

	(void)state;
	made("ended", LARGE, path);
	client = begin_patch(path, 0, "", bytes, LARGE, 36 << 20);
	(void)await_offset(path, 16 << 20);
	(void)dozo_expect(&server, 204, "DELETE", path, TUS, NULL);
	ASSERT_OK(
	    &server.op, https_send(&server.op, client,
			    span_of(bytes + (36 << 20), LARGE - (36 << 20))));
	ASSERT_OK(
	    &server.op, https_receive(&server.op, client, false, &response));
	assert_int_equal(response.status, 404);
	buf_release(&response.body);
	https_close(client);
	no_file("/dav/Company/ended");
	free(bytes);
}

static void
without_enough_sites_nothing_counts_and_it_goes_on_when_they_are_back(
    void **state)
{
	struct tenant *tenant = dozo_server_tenant(&server);
	char path[PATH_SIZE];

	(void)state;
	made("sites", 6, path);
	fixture_away(&server.fixture, 0);
	fixture_away(&server.fixture, 1);
	assert_int_equal(patch(path, 0, "", "abc"), 503);
	assert_int_equal(offset_of(path), 0);
	fixture_back(&server.fixture, 0);
	fixture_back(&server.fixture, 1);
	fixture_await_ready(tenant);
	fixture_await_sites(&server.fixture, tenant, server.fixture.n_sites);
	assert_int_equal(patch(path, 0, "", "abcdef"), 204);
	file_is("/dav/Company/sites", "abcdef");
	tenant_put(tenant);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(options_tell_what_there_is_to_anybody),
	    SERVER_TEST(a_file_comes_in_pieces_and_is_there_with_the_last),
	    SERVER_TEST(the_first_bytes_come_with_the_creation),
	    SERVER_TEST(the_length_can_be_told_with_the_last_bytes),
	    SERVER_TEST(a_deleted_upload_is_gone),
	    SERVER_TEST(a_post_stands_for_methods_that_do_not_come_through),
	    SERVER_TEST(a_content_that_is_not_its_checksum_does_not_count),
	    SERVER_TEST(the_whole_has_to_be_what_the_metadata_says),
	    SERVER_TEST(another_version_or_none_is_refused),
	    SERVER_TEST(malformed_requests_are_told_apart_from_refused_ones),
	    SERVER_TEST(metadata_is_refused_where_it_cannot_be_meant),
	    SERVER_TEST(the_date_that_the_metadata_names_is_the_files),
	    SERVER_TEST(anothers_upload_and_a_forged_address_are_not_found),
	    SERVER_TEST(nobody_comes_in_without_credentials_and_guessers_wait),
	    SERVER_TEST(a_taken_name_is_refused_versioned_or_numbered),
	    SERVER_TEST(what_happens_to_the_place_meanwhile_is_told_at_the_end),
	    SERVER_TEST(a_locked_file_is_not_written_over),
	    SERVER_TEST(
		a_creation_asked_for_again_under_its_key_makes_no_second_upload),
	    SERVER_TEST(anothers_folder_and_none_get_the_same_answer),
	    SERVER_TEST(an_upload_that_could_not_be_answered_for_is_given_up),
	    SERVER_TEST(a_content_that_breaks_off_counts_as_far_as_it_came),
	    SERVER_TEST(a_content_of_no_told_length_ends_at_the_uploads_own),
	    SERVER_TEST(
		a_checked_content_that_breaks_off_or_lies_counts_nothing),
	    SERVER_TEST(an_upload_deleted_amid_a_content_ends_it),
	    SERVER_TEST(
		without_enough_sites_nothing_counts_and_it_goes_on_when_they_are_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

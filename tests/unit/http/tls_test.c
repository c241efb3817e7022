/* tls_test.c - versions, suites, tickets, reload (H12), and the local CA. */
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "http/inside.h"
#include "http/tls.h"
#include "service.h"

static struct service service;

static void
only_ecdhe_and_aead_under_tls_1_2_and_1_3_are_spoken(void **state)
{
	static const struct {
		const char *priorities;
		const char *protocol; /* NULL: refused */
	} cases[] = {
	    {"NORMAL", "TLS1.3"},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.3", "TLS1.3"},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.2", "TLS1.2"},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM",
		"TLS1.2"},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+CHACHA20-POLY1305",
		"TLS1.2"},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.1:+SHA1", NULL},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.0:+SHA1", NULL},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:+AES-256-"
	     "CBC:+SHA1",
		NULL},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA", NULL},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA", NULL},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CCM", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		const struct https_options options = {
		    .priorities = cases[i].priorities};
		struct https_client *client = NULL;
		enum rc rc =
		    https_open(&service.op, service.port, &options, &client);

		if ((rc == RC_OK) != (cases[i].protocol != NULL))
			fail_msg("%s: %s", cases[i].priorities,
			    op_error(&service.op, rc));
		op_clear_error(&service.op);
		if (rc == RC_OK)
			assert_string_equal(
			    https_protocol(client), cases[i].protocol);
		https_close(client);
	}
}

/* The test's key cannot show what an RSA key would be used for. */
static void
no_key_exchange_is_offered_but_ecdhe(void **state)
{
	const unsigned *exchanges;
	gnutls_priority_t priorities;
	int n, i;

	(void)state;
	assert_int_equal(
	    gnutls_priority_init(&priorities, tls_priorities(), NULL), 0);
	n = gnutls_priority_kx_list(priorities, &exchanges);
	for (i = 0; i < n; i++)
		if (exchanges[i] != GNUTLS_KX_ECDHE_RSA &&
		    exchanges[i] != GNUTLS_KX_ECDHE_ECDSA)
			fail_msg(
			    "%s is offered", gnutls_kx_get_name(exchanges[i]));
	assert_int_equal(n, 2);
	gnutls_priority_deinit(priorities);
}

static void
alpn_is_http_1_1_or_nothing(void **state)
{
	static const char *const offers[] = {
	    "http/1.1", NULL, "h2", "http/1.0"};
	static const char *const chosen[] = {"http/1.1", "", NULL, NULL};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(offers); i++) {
		const struct https_options options = {.alpn = offers[i]};
		struct https_client *client = NULL;
		enum rc rc =
		    https_open(&service.op, service.port, &options, &client);

		op_clear_error(&service.op);
		assert_true((rc == RC_OK) == (chosen[i] != NULL));
		if (rc == RC_OK)
			assert_string_equal(
			    https_alpn(&service.op, client), chosen[i]);
		https_close(client);
	}
}

/* Opens with a session of before; whether it was resumed. Keeps the new
 * session's data. */
static bool
resumes(const char *priorities, struct span *session)
{
	const struct https_options options = {
	    .priorities = priorities,
	    .resume = *session,
	};
	struct https_response response = HTTPS_RESPONSE;
	struct https_client *client;
	bool resumed;

	ASSERT_OK(&service.op,
	    https_open(&service.op, service.port, &options, &client));
	service_get(&service, client, "/hello",
	    &response); /* brings TLS 1.3's tickets */
	assert_int_equal(response.status, 200);
	resumed = https_resumed(client);
	ASSERT_OK(&service.op, https_session(&service.op, client, session));
	https_close(client);
	buf_release(&response.body);
	return resumed;
}

static void
sessions_resume_until_the_ticket_key_is_rotated(void **state)
{
	static const char *const priorities[] = {
	    "NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(priorities); i++) {
		struct span session = {NULL, 0};

		assert_false(resumes(priorities[i], &session));
		assert_true(resumes(priorities[i], &session));
		tls_rotate_tickets(service.server->tls);
		assert_false(resumes(priorities[i], &session));
		assert_true(resumes(priorities[i], &session));
	}
}

static int
folder_open(void)
{
	int fd = -1;

	ASSERT_OK(&service.op, io_open_root(&service.op, service.folder, &fd));
	return fd;
}

static void
a_new_certificate_is_taken_without_a_break(void **state)
{
	static const char *const names[] = {
	    "127.0.0.1", "localhost", "new.example"};
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	CLEANUP(https_close_ptr) struct https_client *other = NULL;
	CLEANUP(io_close) int fd = folder_open();
	struct https_response response = HTTPS_RESPONSE;
	uint8_t before[32], after[32];
	bool renewed;

	(void)state;
	ASSERT_OK(&service.op, https_fingerprint(&service.op, client, before));
	ASSERT_OK(&service.op, tls_local_renew_if_due(&service.op, fd, names, 3,
				   clock_wall(), &renewed));
	assert_true(renewed);
	ASSERT_OK(&service.op, http_server_reload(&service.op, service.server));
	other = service_client(&service);
	ASSERT_OK(&service.op, https_fingerprint(&service.op, other, after));
	assert_memory_not_equal(before, after, 32);
	service_get(&service, client, "/hello", &response);
	assert_int_equal(response.status, 200);
	buf_release(&response.body);
}

static void
a_bad_certificate_is_not_taken(void **state)
{
	CLEANUP(io_close) int fd = folder_open();
	struct https_client *client;

	(void)state;
	ASSERT_OK(&service.op, io_write_file(&service.op, fd, "server.crt",
				   span_str("no certificate"), 0644));
	ASSERT_RC(&service.op, RC_INVALID,
	    http_server_reload(&service.op, service.server));
	client = service_client(&service);
	https_close(client);
	ASSERT_OK(&service.op, io_unlink(&service.op, fd, "server.crt"));
	ASSERT_RC(&service.op, RC_NOT_FOUND,
	    http_server_reload(&service.op, service.server));
	client = service_client(&service);
	https_close(client);
}

static void
shaker(void *arg)
{
	atomic_int *good = arg;
	int i;

	for (i = 0; i < 40; i++) {
		CLEANUP(op_release) struct op op;
		const struct https_options options = {
		    .ca_path = service.ca_path,
		    .name = "localhost",
		};
		struct https_client *client = NULL;

		op_init(&op);
		if (https_open(&op, service.port, &options, &client) == RC_OK)
			atomic_fetch_add(good, 1);
		https_close(client);
	}
}

static void
handshakes_during_reloads_all_succeed(void **state)
{
	struct thread threads[2];
	atomic_int good = 0;
	int i;

	(void)state;
	for (i = 0; i < 2; i++)
		ASSERT_OK(&service.op, thread_start(&service.op, &threads[i],
					   "shaker", shaker, &good));
	while (atomic_load(&good) < 80 && i++ < 2000) {
		ASSERT_OK(&service.op,
		    http_server_reload(&service.op, service.server));
		tls_rotate_tickets(service.server->tls);
	}
	for (i = 0; i < 2; i++)
		thread_join(&threads[i]);
	assert_int_equal(atomic_load(&good), 80);
}

static void
a_certificate_behind_a_link_is_read(void **state)
{
	char crt[512], link[512], key[512];
	struct tls *tls;

	(void)state;
	(void)snprintf(crt, sizeof(crt), "%s/server.crt", service.folder);
	(void)snprintf(key, sizeof(key), "%s/server.key", service.folder);
	(void)snprintf(link, sizeof(link), "%s/live.crt", service.folder);
	assert_int_equal(symlink(crt, link), 0);
	ASSERT_OK(&service.op, tls_open(&service.op, link, key, &tls));
	tls_close(tls);
}

/* The local CA */

static char *folder;
static struct op op;
static int folder_fd = -1;

static int
ca_start(void **state)
{
	(void)state;
	op_init(&op);
	folder = test_sandbox();
	return io_open_root(&op, folder, &folder_fd) != RC_OK;
}

static int
ca_stop(void **state)
{
	(void)state;
	io_close(&folder_fd);
	test_sandbox_remove(folder);
	op_release(&op);
	return 0;
}

static const char *const ca_names[] = {
    "files.example.com", "192.0.2.1", "2001:db8::1"};

static void
file_read(const char *name, struct buf *buf)
{
	*buf = (struct buf){.limit = 65536};
	ASSERT_OK(&op, io_read_file(&op, folder_fd, name, buf));
}

static gnutls_datum_t
datum(struct buf *buf)
{
	return (gnutls_datum_t){buf->data, (unsigned)buf->size};
}

/* GnuTLS's verdict on server.crt under ca.crt for a name. */
static unsigned
verdict(const char *name)
{
	gnutls_x509_crt_t chain[4], ca;
	gnutls_x509_trust_list_t trust;
	gnutls_typed_vdata_st names[2] = {
	    {.type = GNUTLS_DT_DNS_HOSTNAME,
		.data = (unsigned char *)(uintptr_t)name},
	    {.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER},
	};
	struct buf ca_pem, pem;
	gnutls_datum_t ca_datum, chain_datum;
	unsigned n = 4, status = 0, i;

	file_read("ca.crt", &ca_pem);
	file_read("server.crt", &pem);
	ca_datum = datum(&ca_pem);
	chain_datum = datum(&pem);
	assert_int_equal(gnutls_x509_crt_init(&ca), 0);
	assert_int_equal(
	    gnutls_x509_crt_import(ca, &ca_datum, GNUTLS_X509_FMT_PEM), 0);
	assert_true(gnutls_x509_crt_list_import(
			chain, &n, &chain_datum, GNUTLS_X509_FMT_PEM, 0) > 0);
	assert_int_equal(n, 2); /* with the CA behind it */
	assert_int_equal(gnutls_x509_trust_list_init(&trust, 0), 0);
	assert_int_equal(gnutls_x509_trust_list_add_cas(trust, &ca, 1, 0), 1);
	assert_int_equal(gnutls_x509_trust_list_verify_crt2(
			     trust, chain, n, names, 2, 0, &status, NULL),
	    0);
	for (i = 0; i < n; i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_x509_trust_list_deinit(trust, 1);
	buf_release(&ca_pem);
	buf_release(&pem);
	return status;
}

static unsigned
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(folder_fd, name, &st, 0), 0);
	return st.st_mode & 0777;
}

static void
the_local_ca_makes_a_certificate_that_verifies_for_its_names_only(void **state)
{
	(void)state;
	ASSERT_OK(&op, tls_local_ca_make(&op, folder_fd, ca_names, 3));
	assert_int_equal(verdict("files.example.com"), 0);
	assert_int_equal(verdict("192.0.2.1"), 0);
	assert_int_equal(verdict("2001:db8::1"), 0);
	assert_int_not_equal(verdict("other.example.com"), 0);
	assert_int_not_equal(verdict("192.0.2.2"), 0);
	assert_int_equal(mode_of("ca.key"), 0600);
	assert_int_equal(mode_of("server.key"), 0600);
	assert_int_equal(mode_of("ca.crt"), 0644);
	ASSERT_RC(
	    &op, RC_EXISTS, tls_local_ca_make(&op, folder_fd, ca_names, 3));
}

static void
a_making_that_was_cut_short_goes_on_with_the_same_keys(void **state)
{
	struct buf before, after;

	(void)state;
	ASSERT_OK(&op, tls_local_ca_make(&op, folder_fd, ca_names, 3));
	file_read("ca.crt", &before);
	ASSERT_OK(&op, io_unlink(&op, folder_fd, "server.crt"));
	ASSERT_OK(&op, tls_local_ca_make(&op, folder_fd, ca_names, 3));
	file_read("ca.crt", &after);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	assert_int_equal(verdict("files.example.com"), 0);
	buf_release(&before);
	buf_release(&after);
	/* Without a name there is nothing to certify. */
	ASSERT_OK(&op, io_unlink(&op, folder_fd, "server.crt"));
	ASSERT_RC(
	    &op, RC_INVALID, tls_local_ca_make(&op, folder_fd, ca_names, 0));
}

static enum rc
renew(int64_t now, const char *const *names, size_t n, bool *ret_renewed)
{
	return tls_local_renew_if_due(
	    &op, folder_fd, names, n, now, ret_renewed);
}

static void
a_certificate_is_renewed_in_its_last_thirty_days(void **state)
{
	static const char *const others[] = {"files.example.com", "192.0.2.1"};
	int64_t now = clock_wall();
	struct buf key, same;
	bool renewed;

	(void)state;
	ASSERT_RC(&op, RC_NOT_FOUND, renew(now, ca_names, 3, &renewed));
	ASSERT_OK(&op, tls_local_ca_make(&op, folder_fd, ca_names, 3));
	file_read("server.key", &key);
	ASSERT_OK(&op, renew(now, ca_names, 3, &renewed));
	assert_false(renewed);
	ASSERT_OK(&op, renew(now + 59 * CLOCK_DAY, ca_names, 3, &renewed));
	assert_false(renewed);
	ASSERT_OK(&op, renew(now + 61 * CLOCK_DAY, ca_names, 3, &renewed));
	assert_true(renewed);
	ASSERT_OK(&op, renew(now + 100 * CLOCK_DAY, ca_names, 3, &renewed));
	assert_false(renewed);
	/* Other names: at once. Back at the present, it verifies. */
	ASSERT_OK(&op, renew(now, others, 2, &renewed));
	assert_true(renewed);
	assert_int_equal(verdict("files.example.com"), 0);
	assert_int_not_equal(verdict("2001:db8::1"), 0);
	file_read("server.key", &same);
	assert_true(span_equal(buf_span(&key), buf_span(&same)));
	buf_release(&key);
	buf_release(&same);
}

static enum rc
make_again(void *arg)
{
	static const char *const files[] = {
	    "ca.crt", "ca.key", "server.crt", "server.key"};
	enum rc rc;
	size_t i;

	(void)arg;
	/* What the failure before left would make this run shorter. */
	for (i = 0; i < ARRAY_LEN(files); i++)
		(void)unlinkat(folder_fd, files[i], 0);
	rc = tls_local_ca_make(&op, folder_fd, ca_names, 3);
	op_clear_error(&op);
	return rc;
}

static void
a_making_survives_failing_memory_and_disks(void **state)
{
	(void)state;
	test_torture_alloc(make_again, NULL, 200);
	test_torture_io(make_again, NULL, 5 /* EIO */, 400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVED(NULL, only_ecdhe_and_aead_under_tls_1_2_and_1_3_are_spoken),
	    cmocka_unit_test(no_key_exchange_is_offered_but_ecdhe),
	    SERVED(NULL, alpn_is_http_1_1_or_nothing),
	    SERVED(NULL, sessions_resume_until_the_ticket_key_is_rotated),
	    SERVED(NULL, a_new_certificate_is_taken_without_a_break),
	    SERVED(NULL, a_bad_certificate_is_not_taken),
	    SERVED(NULL, handshakes_during_reloads_all_succeed),
	    SERVED(NULL, a_certificate_behind_a_link_is_read),
	    cmocka_unit_test_setup_teardown(
		the_local_ca_makes_a_certificate_that_verifies_for_its_names_only,
		ca_start, ca_stop),
	    cmocka_unit_test_setup_teardown(
		a_making_that_was_cut_short_goes_on_with_the_same_keys,
		ca_start, ca_stop),
	    cmocka_unit_test_setup_teardown(
		a_certificate_is_renewed_in_its_last_thirty_days, ca_start,
		ca_stop),
	    cmocka_unit_test_setup_teardown(
		a_making_survives_failing_memory_and_disks, ca_start, ca_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

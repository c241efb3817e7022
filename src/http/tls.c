/* tls.c - GnuTLS under libmicrohttpd, and the local CA. */
#include "http/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/thread.h"
#include "http/pem_file.h"

enum { CHAIN_MAX = 8 };

/* A chain and its key; shared by the handshakes that use it. */
struct tls_certificate {
	atomic_uint refs;
	unsigned n;
	gnutls_pcert_st chain[CHAIN_MAX];
	gnutls_privkey_t key;
};

struct tls {
	struct mutex mutex; /* guards the three below */
	struct tls_certificate *certificate;
	gnutls_datum_t ticket_key;
	char *certificate_path;
	char *key_path;
};

const char *
tls_priorities(void)
{
	/* GnuTLS takes TLS 1.3's key exchange from the groups; KX rules
	 * TLS 1.2. */
	return "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-ECDSA:+ECDHE-RSA:"
	       "+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD:"
	       "+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"
	       "+SIGN-ALL:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1:"
	       "-SIGN-DSA-SHA256:+COMP-NULL:+CTYPE-X509:"
	       "%SERVER_PRECEDENCE:%SAFE_RENEGOTIATION";
}

static enum rc
fail_tls(struct op *op, enum rc rc, const char *what, int error)
{
	if (error == GNUTLS_E_MEMORY_ERROR)
		rc = RC_NO_MEMORY;
	FAIL(op, rc, "%s: %s", what, gnutls_strerror(error));
}

/* Certificates */

static void
certificate_unref(struct tls_certificate *certificate)
{
	unsigned i;

	if (certificate == NULL || atomic_fetch_sub(&certificate->refs, 1) != 1)
		return;
	for (i = 0; i < certificate->n; i++)
		gnutls_pcert_deinit(&certificate->chain[i]);
	if (certificate->key != NULL)
		gnutls_privkey_deinit(certificate->key);
	mem_free(certificate);
}

static void
certificate_unref_ptr(struct tls_certificate **certificate)
{
	certificate_unref(*certificate);
}

/* For CLEANUP: keys pass through here. */
static void
buf_wipe(struct buf *buf)
{
	if (buf->data != NULL)
		mem_wipe(buf->data, buf->capacity);
	buf_release(buf);
}

static gnutls_datum_t
datum_of(struct span bytes)
{
	union {
		const uint8_t *in;
		unsigned char *out; /* GnuTLS does not write through it */
	} data = {.in = bytes.data};

	return (gnutls_datum_t){data.out, (unsigned)bytes.size};
}

/* Whether the key is the leaf's. */
static enum rc
pair_check(struct op *op, const struct tls_certificate *certificate)
{
	uint8_t a[64], b[64];
	size_t a_size = sizeof(a), b_size = sizeof(b);
	gnutls_pubkey_t public;
	int error = gnutls_pubkey_init(&public);

	if (error != 0)
		return fail_tls(op, RC_INVALID, "key", error);
	error = gnutls_pubkey_import_privkey(public, certificate->key, 0, 0);
	if (error == 0)
		error = gnutls_pubkey_get_key_id(
		    public, GNUTLS_KEYID_USE_SHA256, a, &a_size);
	gnutls_pubkey_deinit(public);
	if (error == 0)
		error = gnutls_pubkey_get_key_id(certificate->chain[0].pubkey,
		    GNUTLS_KEYID_USE_SHA256, b, &b_size);
	if (error != 0)
		return fail_tls(op, RC_INVALID, "key", error);
	if (!span_equal(span_of(a, a_size), span_of(b, b_size)))
		FAIL(op, RC_INVALID,
		    "the key does not belong to the certificate");
	return RC_OK;
}

static enum rc
certificate_load(struct op *op, const char *certificate_path,
    const char *key_path, struct tls_certificate **ret_certificate)
{
	CLEANUP(certificate_unref_ptr) struct tls_certificate *c = NULL;
	CLEANUP(buf_wipe) struct buf pem = {.limit = PEM_FILE_LIMIT};
	gnutls_datum_t datum;
	unsigned n = CHAIN_MAX;
	int error;

	c = mem_alloc(sizeof(*c));
	if (c == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for a certificate");
	atomic_init(&c->refs, 1);
	TRY(pem_file_read(op, certificate_path, &pem));
	datum = datum_of(buf_span(&pem));
	error = gnutls_pcert_list_import_x509_raw(
	    c->chain, &n, &datum, GNUTLS_X509_FMT_PEM, 0);
	if (error != 0 || n == 0)
		return fail_tls(op, RC_INVALID, "certificate", error);
	c->n = n;
	TRY(pem_file_read(op, key_path, &pem));
	datum = datum_of(buf_span(&pem));
	error = gnutls_privkey_init(&c->key);
	if (error == 0)
		error = gnutls_privkey_import_x509_raw(
		    c->key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (error != 0)
		return fail_tls(op, RC_INVALID, "key", error);
	TRY(pair_check(op, c));
	*ret_certificate = c;
	c = NULL;
	return RC_OK;
}

/* Server */

static void
tls_close_ptr(struct tls **tls)
{
	tls_close(*tls);
}

enum rc
tls_open(struct op *op, const char *certificate_path, const char *key_path,
    struct tls **ret_tls)
{
	CLEANUP(tls_close_ptr) struct tls *tls = mem_alloc(sizeof(*tls));
	int error;

	if (tls == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for TLS");
	mutex_init(&tls->mutex);
	tls->certificate_path = mem_strdup(certificate_path);
	tls->key_path = mem_strdup(key_path);
	if (tls->certificate_path == NULL || tls->key_path == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for TLS");
	TRY(certificate_load(
	    op, certificate_path, key_path, &tls->certificate));
	error = gnutls_session_ticket_key_generate(&tls->ticket_key);
	if (error != 0)
		return fail_tls(op, RC_IO, "ticket key", error);
	*ret_tls = tls;
	tls = NULL;
	return RC_OK;
}

static void
ticket_key_free(gnutls_datum_t *key)
{
	if (key->data != NULL)
		mem_wipe(key->data, key->size);
	gnutls_free(key->data);
	key->data = NULL;
}

void
tls_close(struct tls *tls)
{
	if (tls == NULL)
		return;
	certificate_unref(tls->certificate);
	ticket_key_free(&tls->ticket_key);
	mem_free(tls->certificate_path);
	mem_free(tls->key_path);
	mutex_release(&tls->mutex);
	mem_free(tls);
}

enum rc
tls_reload(struct op *op, struct tls *tls)
{
	struct tls_certificate *fresh, *old;

	TRY(certificate_load(op, tls->certificate_path, tls->key_path, &fresh));
	mutex_lock(&tls->mutex);
	old = tls->certificate;
	tls->certificate = fresh;
	mutex_unlock(&tls->mutex);
	certificate_unref(old);
	return RC_OK;
}

void
tls_rotate_tickets(struct tls *tls)
{
	gnutls_datum_t fresh, old;

	/* Without memory the old key serves on; it is tried again next time. */
	if (gnutls_session_ticket_key_generate(&fresh) != 0)
		return;
	mutex_lock(&tls->mutex);
	old = tls->ticket_key;
	tls->ticket_key = fresh;
	mutex_unlock(&tls->mutex);
	ticket_key_free(&old);
}

/* Sessions */

static ssize_t
side_result(struct tls_side *side, ssize_t n)
{
	if (n >= 0)
		return n;
	gnutls_transport_set_errno(side->session, (int)-n);
	return -1;
}

static ssize_t
side_pull(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
	struct tls_side *side = ptr;

	return side_result(side, side->transport->pull(side->arg, data, size));
}

static ssize_t
side_push(gnutls_transport_ptr_t ptr, const giovec_t *pieces, int n)
{
	struct tls_side *side = ptr;

	return side_result(side, side->transport->push(side->arg, pieces, n));
}

/* Asked only where GnuTLS has a time-out of its own; it has none here. */
static int
side_pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
	(void)ptr;
	(void)ms;
	return 1;
}

#ifdef DOZO_TEST_BUILD
static _Atomic(const char *) armed;

void
tls_priorities_arm(const char *priorities)
{
	atomic_store(&armed, priorities);
}

static int
session_arm(gnutls_session_t session)
{
	const char *priorities = atomic_load(&armed);

	return priorities == NULL
		   ? 0
		   : gnutls_priority_set_direct(session, priorities, NULL);
}
#else
static int
session_arm(gnutls_session_t session)
{
	(void)session;
	return 0;
}
#endif

enum rc
tls_attach(struct op *op, struct tls *tls, void *session,
    const struct tls_transport *transport, void *arg, struct tls_side *side)
{
	static const char protocol[] = "http/1.1";
	gnutls_datum_t alpn = datum_of(span_str(protocol));
	int error;
	MUTEX_GUARD(&tls->mutex);

	error = gnutls_session_ticket_enable_server(session, &tls->ticket_key);
	if (error == 0)
		error = gnutls_alpn_set_protocols(
		    session, &alpn, 1, GNUTLS_ALPN_MANDATORY);
	if (error == 0)
		error = session_arm(session);
	if (error != 0)
		return fail_tls(op, RC_IO, "TLS session", error);
	atomic_fetch_add(&tls->certificate->refs, 1);
	*side = (struct tls_side){
	    .tls = tls,
	    .certificate = tls->certificate,
	    .transport = transport,
	    .arg = arg,
	    .session = session,
	};
	gnutls_transport_set_ptr(session, side);
	gnutls_transport_set_pull_function(session, side_pull);
	gnutls_transport_set_vec_push_function(session, side_push);
	gnutls_transport_set_pull_timeout_function(session, side_pull_timeout);
	return RC_OK;
}

void
tls_detach(struct tls_side *side)
{
	certificate_unref(side->certificate);
	side->certificate = NULL;
}

static int
certificate_give(gnutls_session_t session, const gnutls_datum_t *ca_names,
    int n_ca_names, const gnutls_pk_algorithm_t *algorithms, int n_algorithms,
    gnutls_pcert_st **ret_chain, unsigned *ret_n, gnutls_privkey_t *ret_key)
{
	struct tls_side *side = gnutls_transport_get_ptr(session);

	(void)ca_names;
	(void)n_ca_names;
	(void)algorithms;
	(void)n_algorithms;
	*ret_chain = side->certificate->chain;
	*ret_n = side->certificate->n;
	*ret_key = side->certificate->key;
	return 0;
}

void *
tls_certificate_callback(void)
{
	union {
		gnutls_certificate_retrieve_function2 *function;
		void *pointer;
	} callback = {.function = certificate_give};

	return callback.pointer;
}

bool
tls_send_all(struct tls_side *side, struct span bytes)
{
	while (bytes.size > 0) {
		ssize_t n =
		    gnutls_record_send(side->session, bytes.data, bytes.size);

		if (n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n < 0)
			return false;
		bytes = span_of(bytes.data + n, bytes.size - (size_t)n);
	}
	return true;
}

/* The local CA */

#define CA_DAYS 3653
#define SERVER_DAYS 90
#define RENEW_DAYS 30
/* Clients' clocks may be behind this one. */
#define BACKDATE (3600 * CLOCK_S)

static void
crt_free(gnutls_x509_crt_t *crt)
{
	if (*crt != NULL)
		gnutls_x509_crt_deinit(*crt);
}

static void
key_free(gnutls_x509_privkey_t *key)
{
	if (*key != NULL)
		gnutls_x509_privkey_deinit(*key);
}

static void
datum_free(gnutls_datum_t *datum)
{
	if (datum->data != NULL)
		mem_wipe(datum->data, datum->size);
	gnutls_free(datum->data);
	datum->data = NULL;
}

static enum rc
crt_read(
    struct op *op, int dir_fd, const char *name, gnutls_x509_crt_t *ret_crt)
{
	CLEANUP(buf_release) struct buf pem = {.limit = PEM_FILE_LIMIT};
	CLEANUP(crt_free) gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t datum;
	int error;

	TRY(io_read_file(op, dir_fd, name, &pem));
	datum = datum_of(buf_span(&pem));
	error = gnutls_x509_crt_init(&crt);
	if (error == 0)
		error =
		    gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_PEM);
	if (error != 0)
		return fail_tls(op, RC_INVALID, name, error);
	*ret_crt = crt;
	crt = NULL;
	return RC_OK;
}

static enum rc
key_read(
    struct op *op, int dir_fd, const char *name, gnutls_x509_privkey_t *ret_key)
{
	CLEANUP(buf_wipe) struct buf pem = {.limit = PEM_FILE_LIMIT};
	CLEANUP(key_free) gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t datum;
	int error;

	TRY(io_read_file(op, dir_fd, name, &pem));
	datum = datum_of(buf_span(&pem));
	error = gnutls_x509_privkey_init(&key);
	if (error == 0)
		error = gnutls_x509_privkey_import(
		    key, &datum, GNUTLS_X509_FMT_PEM);
	if (error != 0)
		return fail_tls(op, RC_INVALID, name, error);
	*ret_key = key;
	key = NULL;
	return RC_OK;
}

/* Makes and writes a key where there is none, and reads it. */
static enum rc
key_need(
    struct op *op, int dir_fd, const char *name, gnutls_x509_privkey_t *ret_key)
{
	CLEANUP(key_free) gnutls_x509_privkey_t key = NULL;
	CLEANUP(datum_free) gnutls_datum_t pem = {NULL, 0};
	bool exists;
	int error;

	TRY(io_exists(op, dir_fd, name, &exists));
	if (exists)
		return key_read(op, dir_fd, name, ret_key);
	error = gnutls_x509_privkey_init(&key);
	if (error == 0)
		error = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (error == 0)
		error = gnutls_x509_privkey_export2_pkcs8(
		    key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem);
	if (error != 0)
		return fail_tls(op, RC_IO, name, error);
	TRY(io_write_file(op, dir_fd, name, span_of(pem.data, pem.size), 0600));
	*ret_key = key;
	key = NULL;
	return RC_OK;
}

/* What all certificates of ours have: version, serial, dates, key and its id.
 */
static int
crt_begin(
    gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, int64_t now, int days)
{
	uint8_t serial[16], id[64];
	size_t id_size = sizeof(id);
	int error;

	rand_id(serial, sizeof(serial));
	serial[0] =
	    (serial[0] & 0x3f) | 0x40; /* positive, and always 16 bytes */
	error = gnutls_x509_crt_set_version(crt, 3);
	if (error == 0)
		error = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (error == 0)
		error = gnutls_x509_crt_set_activation_time(
		    crt, (time_t)((now - BACKDATE) / CLOCK_S));
	if (error == 0)
		error = gnutls_x509_crt_set_expiration_time(
		    crt, (time_t)((now + days * CLOCK_DAY) / CLOCK_S));
	if (error == 0)
		error = gnutls_x509_crt_set_key(crt, key);
	if (error == 0)
		error = gnutls_x509_crt_get_key_id(crt, 0, id, &id_size);
	if (error == 0)
		error = gnutls_x509_crt_set_subject_key_id(crt, id, id_size);
	return error;
}

static enum rc
crt_write(struct op *op, int dir_fd, const char *name, gnutls_x509_crt_t crt,
    gnutls_x509_crt_t issuer)
{
	CLEANUP(datum_free) gnutls_datum_t pem = {NULL, 0};
	CLEANUP(datum_free) gnutls_datum_t above = {NULL, 0};
	CLEANUP(buf_release) struct buf both = {.limit = PEM_FILE_LIMIT};
	int error = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem);

	if (error == 0 && issuer != NULL)
		error = gnutls_x509_crt_export2(
		    issuer, GNUTLS_X509_FMT_PEM, &above);
	if (error != 0)
		return fail_tls(op, RC_IO, name, error);
	TRY(buf_add(op, &both, span_of(pem.data, pem.size)));
	TRY(buf_add(op, &both, span_of(above.data, above.size)));
	return io_write_file(op, dir_fd, name, buf_span(&both), 0644);
}

static enum rc
ca_crt_make(struct op *op, int dir_fd, gnutls_x509_privkey_t key, int64_t now,
    gnutls_x509_crt_t *ret_crt)
{
	CLEANUP(crt_free) gnutls_x509_crt_t crt = NULL;
	int error = gnutls_x509_crt_init(&crt);

	if (error == 0)
		error = crt_begin(crt, key, now, CA_DAYS);
	if (error == 0)
		error = gnutls_x509_crt_set_dn(crt, "CN=dozo local CA", NULL);
	if (error == 0)
		error = gnutls_x509_crt_set_basic_constraints(crt, 1, 0);
	if (error == 0)
		error = gnutls_x509_crt_set_key_usage(
		    crt, GNUTLS_KEY_KEY_CERT_SIGN);
	if (error == 0)
		error =
		    gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
	if (error != 0)
		return fail_tls(op, RC_IO, "ca.crt", error);
	TRY(crt_write(op, dir_fd, "ca.crt", crt, NULL));
	*ret_crt = crt;
	crt = NULL;
	return RC_OK;
}

/* The bytes of one subject alternative name. */
static struct span
san_of(const char *name, uint8_t room[16],
    gnutls_x509_subject_alt_name_t *ret_type)
{
	*ret_type = GNUTLS_SAN_IPADDRESS;
	if (inet_pton(AF_INET, name, room) == 1)
		return span_of(room, 4);
	if (inet_pton(AF_INET6, name, room) == 1)
		return span_of(room, 16);
	*ret_type = GNUTLS_SAN_DNSNAME;
	return span_str(name);
}

static int
names_add(gnutls_x509_crt_t crt, const char *const *names, size_t n)
{
	int error = 0;
	size_t i;

	for (i = 0; i < n && error == 0; i++) {
		gnutls_x509_subject_alt_name_t type;
		uint8_t room[16];
		struct span san = san_of(names[i], room, &type);

		error = gnutls_x509_crt_set_subject_alt_name(crt, type,
		    san.data, (unsigned)san.size,
		    i == 0 ? GNUTLS_FSAN_SET : GNUTLS_FSAN_APPEND);
	}
	return error;
}

static int
server_crt_fill(gnutls_x509_crt_t crt, gnutls_x509_crt_t ca,
    gnutls_x509_privkey_t ca_key, const char *const *names, size_t n)
{
	uint8_t id[64];
	size_t id_size = sizeof(id);
	int error = gnutls_x509_crt_set_dn(crt, "CN=dozo", NULL);

	if (error == 0)
		error = names_add(crt, names, n);
	if (error == 0)
		error = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (error == 0)
		error = gnutls_x509_crt_set_key_usage(
		    crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (error == 0)
		error = gnutls_x509_crt_set_key_purpose_oid(
		    crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (error == 0)
		error =
		    gnutls_x509_crt_get_subject_key_id(ca, id, &id_size, NULL);
	if (error == 0)
		error = gnutls_x509_crt_set_authority_key_id(crt, id, id_size);
	if (error == 0)
		error = gnutls_x509_crt_sign2(
		    crt, ca, ca_key, GNUTLS_DIG_SHA256, 0);
	return error;
}

static enum rc
server_crt_make(struct op *op, int dir_fd, gnutls_x509_crt_t ca,
    gnutls_x509_privkey_t ca_key, const char *const *names, size_t n,
    int64_t now)
{
	CLEANUP(key_free) gnutls_x509_privkey_t key = NULL;
	CLEANUP(crt_free) gnutls_x509_crt_t crt = NULL;
	int error;

	if (n == 0)
		FAIL(op, RC_INVALID, "a server certificate needs a name");
	TRY(key_need(op, dir_fd, "server.key", &key));
	error = gnutls_x509_crt_init(&crt);
	if (error == 0)
		error = crt_begin(crt, key, now, SERVER_DAYS);
	if (error == 0)
		error = server_crt_fill(crt, ca, ca_key, names, n);
	if (error != 0)
		return fail_tls(op, RC_IO, "server.crt", error);
	return crt_write(op, dir_fd, "server.crt", crt, ca);
}

enum rc
tls_local_ca_make(struct op *op, int dir_fd, const char *const *names, size_t n)
{
	CLEANUP(key_free) gnutls_x509_privkey_t key = NULL;
	CLEANUP(crt_free) gnutls_x509_crt_t ca = NULL;
	int64_t now = clock_wall();
	bool has_ca, has_server;

	TRY(io_exists(op, dir_fd, "ca.crt", &has_ca));
	TRY(io_exists(op, dir_fd, "server.crt", &has_server));
	if (has_ca && has_server)
		FAIL(op, RC_EXISTS, "there is a local CA already");
	TRY(key_need(op, dir_fd, "ca.key", &key));
	if (has_ca)
		TRY(crt_read(op, dir_fd, "ca.crt", &ca));
	else
		TRY(ca_crt_make(op, dir_fd, key, now, &ca));
	return server_crt_make(op, dir_fd, ca, key, names, n, now);
}

/* Whether one name is in the certificate. */
static bool
name_in(gnutls_x509_crt_t crt, const char *name, unsigned *ret_total)
{
	gnutls_x509_subject_alt_name_t want_type;
	uint8_t room[16];
	struct span want = san_of(name, room, &want_type);
	bool found = false;
	unsigned i;

	for (i = 0;; i++) {
		uint8_t san[256];
		size_t size = sizeof(san);
		int type = gnutls_x509_crt_get_subject_alt_name(
		    crt, i, san, &size, NULL);

		if (type < 0)
			break;
		if (type == (int)want_type &&
		    span_equal(want, span_of(san, size)))
			found = true;
	}
	*ret_total = i;
	return found;
}

static bool
names_are(gnutls_x509_crt_t crt, const char *const *names, size_t n)
{
	unsigned total = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (!name_in(crt, names[i], &total))
			return false;
	return total == n;
}

enum rc
tls_local_renew_if_due(struct op *op, int dir_fd, const char *const *names,
    size_t n, int64_t now, bool *ret_renewed)
{
	CLEANUP(key_free) gnutls_x509_privkey_t key = NULL;
	CLEANUP(crt_free) gnutls_x509_crt_t ca = NULL;
	CLEANUP(crt_free) gnutls_x509_crt_t old = NULL;
	int64_t left;

	TRY(crt_read(op, dir_fd, "ca.crt", &ca));
	TRY(crt_read(op, dir_fd, "server.crt", &old));
	left =
	    (int64_t)gnutls_x509_crt_get_expiration_time(old) * CLOCK_S - now;
	if (left >= RENEW_DAYS * CLOCK_DAY && names_are(old, names, n)) {
		*ret_renewed = false;
		return RC_OK;
	}
	TRY(key_read(op, dir_fd, "ca.key", &key));
	TRY(server_crt_make(op, dir_fd, ca, key, names, n, now));
	*ret_renewed = true;
	return RC_OK;
}

/* tls_end.c - the ends of the certificates in a PEM file. */
#include "http/tls_end.h"

#include <gnutls/x509.h>
#include <string.h>

#include "base/clock.h"
#include "http/pem_file.h"

static void
chain_free(gnutls_x509_crt_t *chain, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_free(chain);
}

enum rc
tls_end(struct op *op, const char *path, int64_t *ret_end)
{
	CLEANUP(buf_release) struct buf pem = {.limit = PEM_FILE_LIMIT};
	gnutls_x509_crt_t *chain;
	gnutls_datum_t text;
	time_t end, first;
	unsigned n, i;
	int error;

	TRY(pem_file_read(op, path, &pem));
	text = (gnutls_datum_t){pem.data, (unsigned)pem.size};
	error = gnutls_x509_crt_list_import2(
	    &chain, &n, &text, GNUTLS_X509_FMT_PEM, 0);
	if (error < 0)
		FAIL(op, RC_INVALID, "%s: %s", path, gnutls_strerror(error));
	first = gnutls_x509_crt_get_expiration_time(chain[0]);
	for (i = 1; i < n; i++) {
		end = gnutls_x509_crt_get_expiration_time(chain[i]);
		if (end < first)
			first = end;
	}
	chain_free(chain, n);
	*ret_end = (int64_t)first * CLOCK_S;
	return RC_OK;
}

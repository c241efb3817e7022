/* lay.h - laying out DIR: what init and rebuild both write into a new folder.
 */
#ifndef DOZO_CLI_LAY_H
#define DOZO_CLI_LAY_H

#include "cli/cli.h"
#include "http/fingerprint.h"
#include "store/register.h"

enum { LAY_URL_SIZE = 1100, LAY_NAMES_TEXT = 2048 };

struct lay_site {
	char name[SITE_NAME_SIZE];
	char url[LAY_URL_SIZE]; /* dir:/resolved/path */
	uint8_t id[OBJECT_ID_SIZE];
};

struct lay {
	size_t n_sites;
	struct lay_site sites[REGISTER_SITES_MAX];
	struct keystore *keystore; /* borrowed */
	const char *listen; /* NULL: as the default */
	bool read_only;
	size_t n_names; /* further ones for the certificate */
	const char *const *names;
	char ca_fingerprint[FINGERPRINT_SIZE]; /* lay_write's result */
};

/* [a-z0-9-]{1,32} */
bool lay_name_valid(const char *name);

/* keys/master.key, tls/ with a CA and a certificate, db/, dozo.conf (last). */
enum rc lay_write(struct op *op, struct lay *lay, int dir_fd) MUST_CHECK;

#endif

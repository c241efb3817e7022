/* lay.c - the files of a new DIR. */
#include "cli/lay.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/local_names.h"
#include "cli/settings.h"
#include "http/tls.h"

enum { CA_SIZE_MAX = 64 << 10 };

bool
lay_name_valid(const char *name)
{
	size_t n = strlen(name);

	return n >= 1 && n <= CONF_NAME_LIMIT &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static enum rc
tls_write(struct op *op, struct lay *lay, int dir_fd)
{
	CLEANUP(mem_free_ptr)
	struct local_names *names = mem_alloc(sizeof(*names));
	CLEANUP(buf_release) struct buf ca = {.limit = CA_SIZE_MAX};
	CLEANUP(io_close) int fd = -1;

	if (names == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	TRY(local_names_get(op, lay->names, lay->n_names, names));
	TRY(io_open_dir(op, dir_fd, "tls", true, &fd));
	TRY(tls_local_ca_make(op, fd, names->names, names->n));
	TRY(io_read_file(op, fd, "ca.crt", &ca));
	return fingerprint_of_pem(op, buf_span(&ca), lay->ca_fingerprint);
}

/* ---- dozo.conf ---- */

enum { SITE_SETTINGS = 2, SERVICE_SETTINGS = 3 };

struct conf_texts {
	struct conf_setting
	    settings[SERVICE_SETTINGS + SITE_SETTINGS * REGISTER_SITES_MAX];
	size_t n;
	char sections[REGISTER_SITES_MAX][DIR_SECTION_SIZE];
	char ids[REGISTER_SITES_MAX][2 * OBJECT_ID_SIZE + 1];
	char names[LAY_NAMES_TEXT];
};

static void
setting(struct conf_texts *texts, const char *section, const char *key,
    const char *value)
{
	texts->settings[texts->n++] =
	    (struct conf_setting){section, key, value};
}

static enum rc
names_text(struct op *op, const struct lay *lay, char out[LAY_NAMES_TEXT])
{
	size_t i, used = 0;

	out[0] = '\0';
	for (i = 0; i < lay->n_names; i++) {
		int n = snprintf(out + used, LAY_NAMES_TEXT - used, "%s%s",
		    i > 0 ? ", " : "", lay->names[i]);

		if (n < 0 || (used += (size_t)n) >= LAY_NAMES_TEXT)
			FAIL(
			    op, RC_LIMIT, "too many names for the certificate");
	}
	return RC_OK;
}

static enum rc
conf_write(struct op *op, const struct lay *lay, int dir_fd)
{
	CLEANUP(mem_free_ptr)
	struct conf_texts *texts = mem_alloc(sizeof(*texts));
	CLEANUP(buf_release) struct buf buf;
	size_t i;

	buf_init(&buf, CONF_FILE_LIMIT);
	if (texts == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	TRY(names_text(op, lay, texts->names));
	if (lay->listen != NULL)
		setting(texts, "service", "listen", lay->listen);
	if (lay->n_names > 0)
		setting(texts, "service", "names", texts->names);
	if (lay->read_only)
		setting(texts, "service", "read_only", "yes");
	for (i = 0; i < lay->n_sites; i++) {
		dir_site_section(lay->sites[i].name, texts->sections[i]);
		str_hex(
		    texts->ids[i], span_of(lay->sites[i].id, OBJECT_ID_SIZE));
		setting(texts, texts->sections[i], "url", lay->sites[i].url);
		setting(texts, texts->sections[i], "id", texts->ids[i]);
	}
	TRY(conf_sample(op, settings_keys, settings_n_keys, settings_header,
	    texts->settings, texts->n, &buf));
	return io_write_file(op, dir_fd, "dozo.conf", buf_span(&buf), 0600);
}

enum rc
lay_write(struct op *op, struct lay *lay, int dir_fd)
{
	CLEANUP(io_close) int keys_fd = -1;
	CLEANUP(io_close) int db_fd = -1;

	TRY(io_open_dir(op, dir_fd, "keys", true, &keys_fd));
	TRY(dir_keystore_write(op, keys_fd, "master.key", lay->keystore));
	TRY(io_open_dir(op, dir_fd, "db", true, &db_fd));
	TRY(tls_write(op, lay, dir_fd));
	return conf_write(op, lay, dir_fd);
}

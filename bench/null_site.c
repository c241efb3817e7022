/*
 * null_site.c - sites that swallow a tenant's log and data, for dozo-null, a
 * program of the bench only: what dozo makes where its sites cost nothing. Each
 * site is a directory all the same, with its identity, fences and keyrings; a
 * service that was written so cannot be opened again.
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/site_dir.h"

/* The linker puts __wrap_ in the place of site.c's call (--wrap). */
enum rc __real_site_dir_open(struct op *op, const char *path,
    const uint8_t service[OBJECT_ID_SIZE], const uint8_t id[OBJECT_ID_SIZE],
    const char *name, struct site **ret_site);
enum rc __wrap_site_dir_open(struct op *op, const char *path,
    const uint8_t service[OBJECT_ID_SIZE], const uint8_t id[OBJECT_ID_SIZE],
    const char *name, struct site **ret_site);

static struct site_ops null_ops; /* the directory's, but for two */
static const struct site_ops *dir_ops;

static bool
is_swallowed(const struct object_name *name)
{
	return str_starts(name->folder, "log/") ||
	       str_starts(name->folder, "data/");
}

static enum rc
null_put(struct op *op, struct site *site, const struct object_name *name,
    struct span bytes)
{
	if (is_swallowed(name))
		return RC_OK;
	return dir_ops->put(op, site, name, bytes);
}

static enum rc
null_write(struct op *op, struct site_stream *stream, struct span bytes)
{
	(void)op;
	(void)stream;
	(void)bytes;
	return RC_OK;
}

static enum rc
null_commit(struct op *op, struct site_stream *stream)
{
	(void)op;
	(void)stream;
	return RC_OK;
}

static void
null_close(struct site_stream *stream)
{
	mem_free(stream);
}

static const struct site_stream_ops null_stream_ops = {
    .write = null_write, .commit = null_commit, .close = null_close};

static enum rc
null_stream_open(struct op *op, struct site *site,
    const struct object_name *name, struct site_stream **ret_stream)
{
	struct site_stream *stream;

	if (!is_swallowed(name))
		return dir_ops->stream_open(op, site, name, ret_stream);
	stream = mem_alloc(sizeof(*stream));
	if (stream == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	*stream = (struct site_stream){.ops = &null_stream_ops};
	*ret_stream = stream;
	return RC_OK;
}

enum rc
__wrap_site_dir_open(struct op *op, const char *path,
    const uint8_t service[OBJECT_ID_SIZE], const uint8_t id[OBJECT_ID_SIZE],
    const char *name, struct site **ret_site)
{
	TRY(__real_site_dir_open(op, path, service, id, name, ret_site));
	dir_ops = (*ret_site)->ops;
	null_ops = *dir_ops;
	null_ops.put = null_put;
	null_ops.stream_open = null_stream_open;
	(*ret_site)->ops = &null_ops;
	return RC_OK;
}

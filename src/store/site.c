/* site.c - the calls that are alike for every kind of site. */
#include "store/site.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/site_dir.h"
#include "store/site_id.h"

void
site_close(struct site *site)
{
	if (site != NULL)
		site->ops->close(site);
}

void
site_close_ptr(struct site **site)
{
	site_close(*site);
	*site = NULL;
}

/* The path of a "dir:" url; an absolute one, so that a service started
 * elsewhere means the same. */
static enum rc
url_dir(struct op *op, const char *url, const char **ret_path)
{
	if (!str_starts(url, "dir:") || url[4] != '/')
		FAIL(op, RC_INVALID, "a site is dir:/absolute/path, not %s",
		    url);
	*ret_path = url + 4;
	return RC_OK;
}

enum rc
site_open(struct op *op, const char *url, const uint8_t service[OBJECT_ID_SIZE],
    const uint8_t id[OBJECT_ID_SIZE], const char *name, struct site **ret_site)
{
	const char *path;

	if (strlen(url) >= SITE_URL_SIZE)
		FAIL(op, RC_INVALID, "a site's place is too long");
	TRY(url_dir(op, url, &path));
	TRY(site_dir_open(op, path, service, id, name, ret_site));
	(void)str_copy((*ret_site)->url, SITE_URL_SIZE, url);
	return RC_OK;
}

enum rc
site_create(struct op *op, const char *url,
    const uint8_t service[OBJECT_ID_SIZE], const uint8_t id[OBJECT_ID_SIZE],
    const char *name)
{
	const char *path;

	TRY(url_dir(op, url, &path));
	return site_dir_create(op, path, service, id, name);
}

enum rc
site_identify(struct op *op, const char *url, struct site_id *ret_id)
{
	const char *path;

	TRY(url_dir(op, url, &path));
	return site_dir_identify(op, path, ret_id);
}

enum rc
site_attach(struct op *op, struct site *site)
{
	return site->ops->attach(op, site);
}

enum rc
site_verify(struct op *op, struct site *site)
{
	return site->ops->verify(op, site);
}

enum rc
site_prepare(struct op *op, struct site *site, const char *folder)
{
	return site->ops->prepare(op, site, folder);
}

enum rc
site_put(struct op *op, struct site *site, const struct object_name *name,
    struct span bytes)
{
	atomic_fetch_add(&site->written, bytes.size);
	return site->ops->put(op, site, name, bytes);
}

enum rc
site_size(struct op *op, struct site *site, const struct object_name *name,
    uint64_t *ret_size)
{
	return site->ops->size(op, site, name, ret_size);
}

enum rc
site_read(struct op *op, struct site *site, const struct object_name *name,
    uint64_t offset, void *out, size_t size)
{
	return site->ops->read(op, site, name, offset, out, size);
}

enum rc
site_get(struct op *op, struct site *site, const struct object_name *name,
    struct buf *buf)
{
	uint64_t size;
	uint8_t *room;

	TRY(site->ops->size(op, site, name, &size));
	buf_clear(buf);
	if (size > buf->limit)
		FAIL(op, RC_LIMIT, "%s is larger than %zu bytes", name->file,
		    buf->limit);
	TRY(buf_grow(op, buf, (size_t)size, &room));
	return site->ops->read(op, site, name, 0, room, (size_t)size);
}

enum rc
site_exists(struct op *op, struct site *site, const struct object_name *name,
    bool *ret_exists)
{
	return site->ops->exists(op, site, name, ret_exists);
}

/* Names of one listing, one after the other with their NULs. */
static enum rc
list_collect(void *arg, struct op *op, const char *file)
{
	return buf_add(op, arg, span_of(file, strlen(file) + 1));
}

enum rc
site_list(struct op *op, struct site *site, const char *folder,
    enum site_listing listing,
    enum rc (*each)(void *arg, struct op *op, const char *file), void *arg)
{
	CLEANUP(buf_release) struct buf names = {0};
	size_t at;

	buf_init(&names, 1u << 30);
	TRY(site->ops->list(op, site, folder, listing, list_collect, &names));
	for (at = 0; at < names.size; at += strlen((char *)names.data + at) + 1)
		TRY(each(arg, op, (char *)names.data + at));
	return RC_OK;
}

enum rc
site_remove(struct op *op, struct site *site, const struct object_name *name,
    enum site_removal removal)
{
	return site->ops->remove(op, site, name, removal);
}

enum rc
site_set_aside(struct op *op, struct site *site, const struct object_name *name,
    uint64_t tenant)
{
	return site->ops->set_aside(op, site, name, tenant);
}

enum rc
site_space(struct op *op, struct site *site, struct io_space *ret_space)
{
	return site->ops->space(op, site, ret_space);
}

enum rc
site_stream_open(struct op *op, struct site *site,
    const struct object_name *name, struct site_stream **ret_stream)
{
	TRY(site->ops->stream_open(op, site, name, ret_stream));
	(*ret_stream)->site = site;
	return RC_OK;
}

enum rc
site_stream_write(struct op *op, struct site_stream *stream, struct span bytes)
{
	atomic_fetch_add(&stream->site->written, bytes.size);
	return stream->ops->write(op, stream, bytes);
}

enum rc
site_stream_commit(struct op *op, struct site_stream *stream)
{
	return stream->ops->commit(op, stream);
}

void
site_stream_close(struct site_stream *stream)
{
	if (stream != NULL)
		stream->ops->close(stream);
}

/* property.c - the table of properties, and how each is written. */
#include "dav/property.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "http/date.h"

#define DAV_NS "DAV:"
#define OC_NS "http://owncloud.org/ns"
#define MS_NS "urn:schemas-microsoft-com:"

enum { TEXT_SIZE = 160, ROOT_LIMIT = 64 << 10 };

static enum rc
add_number(struct op *op, struct folder *folder, uint64_t number)
{
	char text[24];
	int n =
	    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);

	return buf_add(op, &folder->out, span_of(text, (size_t)n));
}

/* ---- who has it ---- */

static bool
everything(const struct row *row)
{
	(void)row;
	return true;
}

static bool
files(const struct row *row)
{
	return !row->folder;
}

/* The root has no dates and no name. */
static bool
nodes(const struct row *row)
{
	return row->id != NODE_ROOT;
}

/* Spaces are nobody's to lock. */
static bool
lockable(const struct row *row)
{
	return row->id != NODE_ROOT && row->parent != NODE_ROOT;
}

static bool
folders(const struct row *row)
{
	return row->folder;
}

static bool
digested(const struct row *row)
{
	return row->has_digests;
}

/* ---- values ---- */

static enum rc
write_resourcetype(struct op *op, struct folder *folder, const struct row *row)
{
	return row->folder ? buf_add_str(op, &folder->out, "<d:collection/>")
			   : RC_OK;
}

static enum rc
write_lastmodified(struct op *op, struct folder *folder, const struct row *row)
{
	char text[DATE_SIZE];

	date_format(text, door_seconds(row->mtime));
	return buf_add_str(op, &folder->out, text);
}

static enum rc
write_creationdate(struct op *op, struct folder *folder, const struct row *row)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(text, row->created_at);
	return buf_add_str(op, &folder->out, text);
}

static enum rc
write_size(struct op *op, struct folder *folder, const struct row *row)
{
	return add_number(op, folder, row->size);
}

static enum rc
write_etag(struct op *op, struct folder *folder, const struct row *row)
{
	struct node_etag etag = {row->id, row->tag};
	char text[DOOR_ETAG_SIZE];

	door_etag(&etag, text);
	return buf_add_str(op, &folder->out, text);
}

static enum rc
write_type(struct op *op, struct folder *folder, const struct row *row)
{
	return buf_add_str(
	    op, &folder->out, door_media_type(rows_name(&folder->rows, row)));
}

static enum rc
write_displayname(struct op *op, struct folder *folder, const struct row *row)
{
	return door_escape_text(
	    op, &folder->out, rows_name(&folder->rows, row));
}

static enum rc
write_supportedlock(struct op *op, struct folder *folder, const struct row *row)
{
	(void)row;
	return buf_add_str(op, &folder->out,
	    "<d:lockentry><d:lockscope><d:exclusive/></d:lockscope>"
	    "<d:locktype><d:write/></d:locktype></d:lockentry>"
	    "<d:lockentry><d:lockscope><d:shared/></d:lockscope>"
	    "<d:locktype><d:write/></d:locktype></d:lockentry>");
}

static enum rc
write_lockdiscovery(struct op *op, struct folder *folder, const struct row *row)
{
	CLEANUP(buf_release) struct buf root = {.limit = ROOT_LIMIT};
	bool self = row->id == folder->node.id;
	size_t i;

	for (i = 0; i < folder->n_locks; i++)
		if (folder->locks[i].self || !self)
			TRY(dav_add_lock(op, folder->dav,
			    &folder->locks[i].lock, folder->locks[i].root,
			    &folder->out));
	if (row->n_locks == 0)
		return RC_OK;
	TRY(folder_add_path(op, folder, row, self, &root));
	for (i = 0; i < row->n_locks; i++) {
		struct lock lock = rows_lock(&folder->rows, row, i);

		TRY(dav_add_lock(
		    op, folder->dav, &lock, buf_span(&root), &folder->out));
	}
	return RC_OK;
}

static enum rc
write_id(struct op *op, struct folder *folder, const struct row *row)
{
	char text[DOOR_FILE_ID_SIZE];

	door_file_id(folder->dav->tenant, row->id, text);
	return buf_add_str(op, &folder->out, text);
}

static enum rc
write_fileid(struct op *op, struct folder *folder, const struct row *row)
{
	return add_number(op, folder, (uint64_t)row->id);
}

/* What its holder may do: every member may do everything, but with spaces
 * nothing. */
static enum rc
write_permissions(struct op *op, struct folder *folder, const struct row *row)
{
	const char *letters = row->folder ? "GDNVCK" : "GDNVW";

	if (row->id == NODE_ROOT)
		letters = "G";
	else if (row->parent == NODE_ROOT)
		letters = "GCK";
	return buf_add_str(op, &folder->out, letters);
}

/* One element, its parts apart by blanks. */
static enum rc
write_checksums(struct op *op, struct folder *folder, const struct row *row)
{
	char hex[2 * SHA256_SIZE + 1];
	char text[TEXT_SIZE];
	int n = 0;

	if (row->has_sha1) {
		str_hex(hex, span_of(row->sha1, SHA1_SIZE));
		n = snprintf(text, sizeof(text), "SHA1:%s ", hex);
	}
	str_hex(hex, span_of(row->sha256, SHA256_SIZE));
	n += snprintf(text + n, sizeof(text) - (size_t)n, "SHA256:%s", hex);
	TRY(buf_add_str(op, &folder->out, "<oc:checksum>"));
	TRY(buf_add(op, &folder->out, span_of(text, (size_t)n)));
	return buf_add_str(op, &folder->out, "</oc:checksum>");
}

/* There are no quotas of tenants yet: what the disks have. */
static enum rc
write_quota_available(
    struct op *op, struct folder *folder, const struct row *row)
{
	(void)row;
	return add_number(op, folder, folder->quota_available);
}

static enum rc
write_quota_used(struct op *op, struct folder *folder, const struct row *row)
{
	(void)row;
	return add_number(op, folder, folder->quota_used);
}

#define DAV_PROPERTY(name) DAV_NS, "d:" #name, #name
#define OC_PROPERTY(name) OC_NS, "oc:" #name, #name
#define MS_PROPERTY(name) MS_NS, "ms:" #name, #name

const struct property properties[] = {
    {DAV_PROPERTY(resourcetype), true, everything, write_resourcetype},
    {DAV_PROPERTY(getlastmodified), true, nodes, write_lastmodified},
    {DAV_PROPERTY(creationdate), true, nodes, write_creationdate},
    {DAV_PROPERTY(getcontentlength), true, files, write_size},
    {DAV_PROPERTY(getetag), true, everything, write_etag},
    {DAV_PROPERTY(getcontenttype), true, files, write_type},
    {DAV_PROPERTY(displayname), true, nodes, write_displayname},
    {DAV_PROPERTY(supportedlock), true, lockable, write_supportedlock},
    {DAV_PROPERTY(lockdiscovery), true, everything, write_lockdiscovery},
    {DAV_NS, "d:quota-available-bytes", "quota-available-bytes", false, folders,
	write_quota_available},
    {DAV_NS, "d:quota-used-bytes", "quota-used-bytes", false, folders,
	write_quota_used},
    {MS_PROPERTY(Win32LastModifiedTime), false, nodes, write_lastmodified},
    {OC_PROPERTY(id), false, everything, write_id},
    {OC_PROPERTY(fileid), false, everything, write_fileid},
    {OC_PROPERTY(size), false, files, write_size},
    {OC_PROPERTY(permissions), false, everything, write_permissions},
    {OC_PROPERTY(checksums), false, digested, write_checksums},
};
const size_t n_properties = ARRAY_LEN(properties);

uint32_t
property_bit(const char *namespace, const char *local)
{
	size_t i;

	for (i = 0; i < n_properties; i++)
		if (strcmp(properties[i].local, local) == 0 &&
		    strcmp(properties[i].namespace, namespace) == 0)
			return (uint32_t)1 << i;
	return 0;
}

uint32_t
property_listed(void)
{
	uint32_t mask = 0;
	size_t i;

	for (i = 0; i < n_properties; i++)
		if (properties[i].listed)
			mask |= (uint32_t)1 << i;
	return mask;
}

uint32_t
property_quota(void)
{
	return property_bit(DAV_NS, "quota-available-bytes") |
	       property_bit(DAV_NS, "quota-used-bytes");
}

unsigned
property_needs(uint32_t mask)
{
	unsigned with = 0;

	if ((mask & property_bit(OC_NS, "checksums")) != 0)
		with |= ROWS_DIGESTS;
	if ((mask & property_bit(DAV_NS, "lockdiscovery")) != 0)
		with |= ROWS_LOCKS;
	return with;
}

enum rc
property_add_empty(
    struct op *op, struct buf *out, const char *namespace, const char *local)
{
	bool bare = namespace[0] == '\0';

	TRY(buf_add_str(op, out, bare ? "<" : "<x:"));
	TRY(buf_add_str(op, out, local));
	TRY(buf_add_str(op, out, bare ? " xmlns=\"" : " xmlns:x=\""));
	TRY(door_escape_text(op, out, span_str(namespace)));
	return buf_add_str(op, out, "\"/>");
}

/*
 * site.h - a site: a set of immutable named objects (LOG.md L0). Put never
 * replaces; there is get, list and delete besides, and nothing else. All calls
 * from any thread; each may block for as long as the disk or the network does.
 */
#ifndef DOZO_STORE_SITE_H
#define DOZO_STORE_SITE_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/op.h"
#include "base/span.h"
#include "store/object.h"

enum { SITE_NAME_SIZE = 33, SITE_URL_SIZE = 1024 };

struct site;
struct site_stream;

enum site_listing {
	SITE_LIST_SEEN, /* names as they are seen: some may vanish in a power
			   cut */
	SITE_LIST_DURABLE, /* the folder was synced after the listing (L0): each
			      name counts */
};

enum site_removal {
	SITE_REMOVE, /* may come back in a power cut */
	SITE_REMOVE_DURABLE, /* promised: the folder is synced (keyrings,
				erasure) */
};

struct site_ops {
	enum rc (*attach)(struct op *op, struct site *site);
	enum rc (*verify)(struct op *op, struct site *site);
	enum rc (*prepare)(
	    struct op *op, struct site *site, const char *folder);
	enum rc (*put)(struct op *op, struct site *site,
	    const struct object_name *name, struct span bytes);
	enum rc (*size)(struct op *op, struct site *site,
	    const struct object_name *name, uint64_t *ret_size);
	enum rc (*read)(struct op *op, struct site *site,
	    const struct object_name *name, uint64_t offset, void *out,
	    size_t size);
	enum rc (*exists)(struct op *op, struct site *site,
	    const struct object_name *name, bool *ret_exists);
	enum rc (*list)(struct op *op, struct site *site, const char *folder,
	    enum site_listing listing,
	    enum rc (*each)(void *arg, struct op *op, const char *file),
	    void *arg);
	enum rc (*remove)(struct op *op, struct site *site,
	    const struct object_name *name, enum site_removal removal);
	enum rc (*set_aside)(struct op *op, struct site *site,
	    const struct object_name *name, uint64_t tenant);
	enum rc (*space)(
	    struct op *op, struct site *site, struct io_space *ret_space);
	enum rc (*stream_open)(struct op *op, struct site *site,
	    const struct object_name *name, struct site_stream **ret_stream);
	void (*close)(struct site *site);
};

struct site {
	const struct site_ops *ops;
	atomic_uint_fast64_t written; /* bytes that this process has put there
				       */
	uint8_t service[OBJECT_ID_SIZE];
	uint8_t id[OBJECT_ID_SIZE];
	char name[SITE_NAME_SIZE];
	char url[SITE_URL_SIZE]; /* as site_open got it */
};

struct site_stream_ops {
	enum rc (*write)(
	    struct op *op, struct site_stream *stream, struct span bytes);
	enum rc (*commit)(struct op *op, struct site_stream *stream);
	void (*close)(struct site_stream *stream);
};

struct site_stream {
	const struct site_stream_ops *ops;
	struct site *site;
};

/*
 * Opens what dozo.conf calls url ("dir:/path") as the site with this id of this
 * service, without touching it. RC_INVALID for an unknown kind. Free with
 * site_close.
 */
enum rc site_open(struct op *op, const char *url,
    const uint8_t service[OBJECT_ID_SIZE], const uint8_t id[OBJECT_ID_SIZE],
    const char *name, struct site **ret_site) MUST_CHECK;
void site_close(struct site *site); /* accepts NULL */
void site_close_ptr(struct site **site);

/*
 * Makes a new site at url (L20): the folder is made if missing and must be
 * empty; site.id is written last. RC_EXISTS where a site or anything else is
 * there.
 */
enum rc site_create(struct op *op, const char *url,
    const uint8_t service[OBJECT_ID_SIZE], const uint8_t id[OBJECT_ID_SIZE],
    const char *name) MUST_CHECK;

/* Reads the identity of whatever site stands at url (rebuild). */
struct site_id;
enum rc site_identify(
    struct op *op, const char *url, struct site_id *ret_id) MUST_CHECK;

/*
 * Looks at the place anew: RC_NOT_FOUND where it is missing, RC_REFUSED where
 * it is another site, another service's, or a file system that lies (L0, L20).
 * Every other call fails with RC_IO until this has succeeded.
 */
enum rc site_attach(struct op *op, struct site *site) MUST_CHECK;

/* Whether the place is still the one that was attached, cheaply: asked before
 * an ack counts. */
enum rc site_verify(struct op *op, struct site *site) MUST_CHECK;

/* Makes an object folder ("log/<tenant>") durable; put never makes one, so that
 * a wiped site is noticed. */
enum rc
site_prepare(struct op *op, struct site *site, const char *folder) MUST_CHECK;

/*
 * RC_OK: the object stands there with exactly these bytes, on disk, synced by
 * this process. RC_EXISTS: the name has other bytes. After any other failure
 * nothing is known: it may or may not appear later (L24).
 */
enum rc site_put(struct op *op, struct site *site,
    const struct object_name *name, struct span bytes) MUST_CHECK;

/* RC_NOT_FOUND, RC_IO. */
enum rc site_size(struct op *op, struct site *site,
    const struct object_name *name, uint64_t *ret_size) MUST_CHECK;

/* Exactly size bytes from offset; RC_DAMAGED where the object is shorter. */
enum rc
site_read(struct op *op, struct site *site, const struct object_name *name,
    uint64_t offset, void *out, size_t size) MUST_CHECK;

/* The whole object into buf (cleared first; RC_LIMIT beyond its limit). */
enum rc site_get(struct op *op, struct site *site,
    const struct object_name *name, struct buf *buf) MUST_CHECK;

enum rc site_exists(struct op *op, struct site *site,
    const struct object_name *name, bool *ret_exists) MUST_CHECK;

/*
 * Collects the file names of a folder (empty where the folder is missing), then
 * calls each. Not atomic: a name that came or went meanwhile may be there or
 * not.
 */
enum rc site_list(struct op *op, struct site *site, const char *folder,
    enum site_listing listing,
    enum rc (*each)(void *arg, struct op *op, const char *file),
    void *arg) MUST_CHECK;

/* Deletes an object; RC_OK also where it is not there. */
enum rc site_remove(struct op *op, struct site *site,
    const struct object_name *name, enum site_removal removal) MUST_CHECK;

/* Moves a damaged object to damaged/<tenant>/, under a name that says what it
 * was. */
enum rc site_set_aside(struct op *op, struct site *site,
    const struct object_name *name, uint64_t tenant) MUST_CHECK;

enum rc site_space(
    struct op *op, struct site *site, struct io_space *ret_space) MUST_CHECK;

/*
 * A large object, written in order. Pieces that are aligned to 4096 bytes in
 * address and size bypass the page cache; the last may be odd. commit: as put.
 * Closing without it leaves nothing. One thread at a time.
 */
enum rc site_stream_open(struct op *op, struct site *site,
    const struct object_name *name, struct site_stream **ret_stream) MUST_CHECK;
enum rc site_stream_write(
    struct op *op, struct site_stream *stream, struct span bytes) MUST_CHECK;
enum rc
site_stream_commit(struct op *op, struct site_stream *stream) MUST_CHECK;
void site_stream_close(struct site_stream *stream); /* accepts NULL */

#endif

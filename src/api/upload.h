/* upload.h - a content that becomes a file: new, by name, or a new state of one
 * that is there; private to this folder. */
#ifndef DOZO_API_UPLOAD_H
#define DOZO_API_UPLOAD_H

#include "api/outcome.h"
#include "core/file_put.h"
#include "core/upload.h"
#include "door/content.h"

/* On the request's arena, zeroed; api->own. */
struct put {
	struct outcome outcome;
	struct file_put file; /* where to: filled in by the call */
	struct digests digests;
	struct upload *upload; /* NULL: answered before, only compared */
	struct sha256 hash; /* ... by this */
	struct api *api;
	struct file_put_task task;
	struct file_put_result result;
};

/*
 * Before the content: digests, conditions, date, and whether the request was
 * answered before; if it was not, check is called, in one read, to refuse what
 * can be refused now.
 */
enum rc put_begin(struct api *api, struct put *put,
    enum rc (*check)(struct api *api, struct meta *meta, void *put)) MUST_CHECK;
enum rc put_body(struct put *put, struct span bytes) MUST_CHECK;
enum rc put_end(struct put *put) MUST_CHECK;
void put_release(struct put *put);

#endif

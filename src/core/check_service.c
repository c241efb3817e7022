/* check_service.c - what a site holds of no tenant: its identity, the fences,
 * the newest heads. */
#include <stdio.h>
#include <string.h>

#include "core/check.h"
#include "store/fence_object.h"

struct looking {
	struct service *service;
	const struct check_job *job;
	size_t site;
	struct check_site *result;
};

static struct site *
site_of(const struct looking *l)
{
	return l->service->config.sites->slots[l->site].site;
}

/* The site is there: it is the object. */
static enum rc
object_note(struct op *op, struct looking *l, const char *what, enum rc rc,
    const char *why)
{
	char text[OP_ERROR_SIZE + 80];

	if (rc == RC_NO_MEMORY)
		return op_fail(op, rc, "%s", why);
	if (rc == RC_IO && site_verify(op, site_of(l)) != RC_OK) {
		sites_failed(op, l->service->config.sites, l->site, rc);
		l->result->looked = false;
		return RC_IO;
	}
	l->result->damaged++;
	(void)snprintf(text, sizeof(text), "%s: %s", what, why);
	l->job->problem(l->job->arg, l->site, text);
	return RC_OK;
}

static enum rc
fence_read(struct op *op, struct looking *l, const char *file)
{
	uint8_t room[FENCE_OBJECT_SIZE_MAX];
	struct object_name name;
	struct fence_object fence;
	uint64_t counter, size;

	TRY(object_fence_parse(op, file, &counter));
	object_fence(&name, counter);
	TRY(site_size(op, site_of(l), &name, &size));
	if (size > sizeof(room))
		FAIL(op, RC_DAMAGED, "it is too large");
	TRY(site_read(op, site_of(l), &name, 0, room, (size_t)size));
	TRY(fence_object_read(op, span_of(room, (size_t)size), &fence));
	if (fence.counter < counter)
		FAIL(op, RC_DAMAGED, "it is another's");
	return RC_OK;
}

static enum rc
fence_look(void *arg, struct op *op, const char *file)
{
	struct looking *l = arg;
	CLEANUP(op_release) struct op step;
	char what[OBJECT_FILE_SIZE];
	enum rc rc;

	op_init(&step);
	rc = fence_read(&step, l, file);
	(void)snprintf(what, sizeof(what), "fence %.60s", file);
	if (rc != RC_OK)
		TRY(object_note(op, l, what, rc, op_error(&step, rc)));
	return l->job->step == NULL
		   ? RC_OK
		   : l->job->step(l->job->arg, op, FENCE_OBJECT_SIZE_MAX);
}

static enum rc
service_look(struct op *op, struct looking *l)
{
	CLEANUP(op_release) struct op step;
	enum rc rc;

	op_init(&step);
	rc = site_verify(&step, site_of(l));
	if (rc != RC_OK)
		TRY(object_note(op, l, "site.id", rc, op_error(&step, rc)));
	op_clear_error(&step);
	TRY(site_list(op, site_of(l), "fence", SITE_LIST_SEEN, fence_look, l));
	rc = heads_check(&step, l->service, l->site);
	if (rc != RC_OK)
		TRY(object_note(op, l, "heads", rc, op_error(&step, rc)));
	return RC_OK;
}

enum rc
check_service(struct op *op, struct service *service,
    const struct check_job *job, size_t site, struct check_site *result)
{
	struct looking l = {service, job, site, result};
	enum rc rc;

	result->looked = true;
	rc = service_look(op, &l);
	if (rc == RC_IO && !result->looked) {
		op_clear_error(op);
		return RC_OK;
	}
	return rc;
}

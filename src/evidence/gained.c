/* gained.c - listings of sites, compared. */
#include "evidence/gained.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/scratch.h"

/* A name that is seen in a folder. */
struct seen {
	struct op *op; /* the caller's */
	size_t site;
	struct object_name object;
	enum rc (*each)(void *arg, struct op *op, size_t site,
	    const struct object_name *object);
	void *arg;
};

/* ---- every object of the tenants ---- */

static enum rc
name_seen(void *arg, struct op *op, const char *file)
{
	struct seen *seen = arg;

	(void)op;
	if (!str_copy(seen->object.file, sizeof(seen->object.file), file))
		return RC_OK; /* no name of ours is as long */
	return seen->each(seen->arg, seen->op, seen->site, &seen->object);
}

/* A listing's memory goes with it. */
static enum rc
folder_list(
    struct op *op, struct site *site, const char *folder, struct seen *seen)
{
	CLEANUP(op_release) struct op listing;

	scratch_init(&listing, op);
	(void)str_copy(
	    seen->object.folder, sizeof(seen->object.folder), folder);
	return scratch_end(op, &listing,
	    site_list(&listing, site, folder, SITE_LIST_SEEN, name_seen, seen));
}

static enum rc
site_objects(struct op *op, struct site *site, const struct gained *gained,
    struct seen *seen)
{
	static const char *const kinds[] = {
	    "log", "data", "keys", "snap", "damaged"};
	char folder[OBJECT_FOLDER_SIZE];
	size_t t, k;

	TRY(folder_list(op, site, "fence", seen));
	TRY(folder_list(op, site, "heads", seen));
	for (t = 0; t < gained->n_tenants; t++)
		for (k = 0; k < ARRAY_LEN(kinds); k++) {
			object_folder(folder, kinds[k], gained->tenants[t]);
			TRY(folder_list(op, site, folder, seen));
		}
	return RC_OK;
}

/* A site that cannot be listed is away; what the caller says is its own. */
static enum rc
objects_list(struct op *op, struct service *service, struct gained *gained,
    gained_each *each, void *arg)
{
	struct sites *sites = service->config.sites;
	struct seen seen = {.op = op, .each = each, .arg = arg};
	enum rc rc;

	for (seen.site = 0; seen.site < sites->n; seen.site++) {
		if (!site_set_has(gained->sites, seen.site))
			continue;
		rc = site_objects(
		    op, sites->slots[seen.site].site, gained, &seen);
		if (rc != RC_IO)
			TRY(rc);
		if (rc == RC_OK)
			continue;
		sites_failed(op, sites, seen.site, rc);
		gained->sites = site_set_without(gained->sites, seen.site);
	}
	return RC_OK;
}

/* ---- the note ---- */

/* FNV-1a of site and name: two of millions of names that fall together would
 * hide one object once. */
static uint64_t
mark_of(size_t site, const struct object_name *object)
{
	uint64_t mark = UINT64_C(0xcbf29ce484222325) ^ site;
	const char *texts[] = {object->folder, "/", object->file};
	size_t i;
	const char *c;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		for (c = texts[i]; *c != '\0'; c++)
			mark = (mark ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	return mark;
}

static enum rc
mark_add(
    void *arg, struct op *op, size_t site, const struct object_name *object)
{
	struct gained *gained = arg;
	uint64_t *more;

	if (gained->n == GAINED_OBJECTS_MAX)
		FAIL(op, RC_LIMIT, "the sites have more than %d objects",
		    (int)GAINED_OBJECTS_MAX);
	if (gained->n == gained->room) {
		more = mem_realloc(
		    gained->before, (2 * gained->room + 1024) * sizeof(*more));
		if (more == NULL)
			FAIL(op, RC_NO_MEMORY, "out of memory");
		gained->before = more;
		gained->room = 2 * gained->room + 1024;
	}
	gained->before[gained->n++] = mark_of(site, object);
	return RC_OK;
}

static int
marks_compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static enum rc
tenants_note(struct op *op, struct service *service, struct gained *gained)
{
	struct service_pinned pinned;
	size_t i;

	TRY(service_pin(op, service, &pinned));
	for (i = 0; i < pinned.n && i < GAINED_TENANTS_MAX; i++)
		gained->tenants[gained->n_tenants++] = pinned.tenants[i]->id;
	service_unpin(&pinned);
	return RC_OK;
}

enum rc
gained_note(struct op *op, struct service *service, struct gained *gained)
{
	*gained =
	    (struct gained){.sites = sites_attached(service->config.sites)};
	TRY(tenants_note(op, service, gained));
	TRY(objects_list(op, service, gained, mark_add, gained));
	if (gained->n > 0)
		qsort(gained->before, gained->n, sizeof(*gained->before),
		    marks_compare);
	return RC_OK;
}

void
gained_release(struct gained *gained)
{
	mem_free(gained->before);
	gained->before = NULL;
}

/* ---- what was not there ---- */

struct comparison {
	const struct gained *gained;
	gained_each *each;
	void *arg;
};

static enum rc
object_compare(
    void *arg, struct op *op, size_t site, const struct object_name *object)
{
	const struct comparison *c = arg;
	uint64_t mark = mark_of(site, object);

	if (c->gained->n > 0 && bsearch(&mark, c->gained->before, c->gained->n,
				    sizeof(mark), marks_compare) != NULL)
		return RC_OK;
	return c->each(c->arg, op, site, object);
}

enum rc
gained_list(struct op *op, struct service *service, struct gained *gained,
    gained_each *each, void *arg)
{
	struct comparison c = {.gained = gained, .each = each, .arg = arg};

	return objects_list(op, service, gained, object_compare, &c);
}

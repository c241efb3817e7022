/* sample.c - windows of a check that begin anywhere (core/check.h). */
#include "evidence/sample.h"

#include "base/rand.h"
#include "core/check.h"
#include "core/repair.h"
#include "core/scratch.h"

enum { TENANTS = 8, NUMBERS = 8, SEGMENTS = 2 };

/* A few objects from one place on. */
struct window {
	struct check *check;
	struct sample *sample;
	struct tenant *tenant;
	int left; /* objects */
};

static enum rc
window_step(void *arg, struct op *op, uint64_t bytes)
{
	struct window *window = arg;

	window->sample->objects += bytes > 0; /* else a phase's end */
	TRY(check_pause(op, window->check,
	    (int64_t)((double)bytes / CHECK_RATE * (double)CLOCK_S)));
	if (--window->left == 0)
		return RC_LIMIT; /* enough: no error of anybody's */
	return RC_OK;
}

static void
window_problem(void *arg, size_t site, const char *text)
{
	struct window *window = arg;
	size_t damaged[SITES_MAX];

	(void)text;
	/* What the site has not said that it has is not asked of it. */
	(void)repair_count(window->tenant, damaged);
	window->sample->wrong += damaged[site] > 0;
}

/* A tenant that is closed, or a log that is cut, meanwhile is another time's.
 */
static enum rc
window_look(struct op *op, struct window *window, size_t site,
    struct check_place place, int objects)
{
	const struct check_job job = {
	    .depth = CHECK_BYTES,
	    .problem = window_problem,
	    .step = window_step,
	    .arg = window,
	};
	CLEANUP(op_release) struct op look;
	struct check_site result = {0};
	enum rc rc;

	scratch_init(&look, op);
	window->left = objects;
	rc = check_site(&look, window->tenant, &job, site, &place, &result);
	if (rc == RC_LIMIT || rc == RC_BUSY || rc == RC_NOT_FOUND)
		return check_pause(op, window->check, 0);
	return scratch_end(op, &look, rc);
}

static enum rc
tenant_sample(
    struct op *op, struct window *window, struct tenant *tenant, size_t site)
{
	struct check_place numbers = {.phase = CHECK_NUMBERS};
	struct check_place data = {.phase = CHECK_DATA};
	uint64_t head = tenant_number(tenant), random;

	window->tenant = tenant;
	rand_bytes(&random, sizeof(random));
	numbers.number = head > NUMBERS ? random % (head - NUMBERS) : 0;
	rand_bytes(data.data, sizeof(data.data));
	TRY(window_look(op, window, site, numbers, NUMBERS));
	return window_look(op, window, site, data, SEGMENTS);
}

/* The provider stands first, the canary is open; of the others, those from
 * somewhere in the list on. */
static enum rc
tenants_sample(struct op *op, struct window *window, size_t site,
    const struct service_pinned *pinned)
{
	size_t n = pinned->n < TENANTS ? pinned->n : TENANTS;
	uint64_t random;
	size_t i;

	TRY(tenant_sample(op, window, pinned->tenants[0], site));
	rand_bytes(&random, sizeof(random));
	for (i = 1; i < n; i++)
		TRY(tenant_sample(op, window,
		    pinned->tenants[1 + (random + i) % (pinned->n - 1)], site));
	return RC_OK;
}

enum rc
sample_look(
    struct op *op, struct check *check, size_t site, struct sample *sample)
{
	struct window window = {.check = check, .sample = sample};
	struct service_pinned pinned;
	enum rc rc;

	TRY(service_pin(op, check->service, &pinned));
	rc = tenants_sample(op, &window, site, &pinned);
	service_unpin(&pinned);
	return rc;
}

/* reserve.c - the last of a disk. */
#include "core/reserve.h"

#include "core/service.h"

void
reserve_init(struct reserve *reserve)
{
	mutex_init(&reserve->lock);
}

void
reserve_release(struct reserve *reserve)
{
	mutex_release(&reserve->lock);
}

uint64_t
reserve_of(const struct service *service, const struct io_space *space)
{
	uint64_t reserve = space->total / 100 * service->config.reserve_percent;

	return reserve > service->config.reserve_bytes
		   ? reserve
		   : service->config.reserve_bytes;
}

static bool
is_low(const struct service *s, const struct io_space *space)
{
	return space->total > 0 && space->free <= reserve_of(s, space);
}

/* A disk that cannot be asked is as it was. */
static void
local_look(struct op *op, struct service *s)
{
	CLEANUP(io_close) int fd = -1;
	struct io_space space;
	enum rc rc;

	rc = io_open_dir(op, s->config.dir_fd, s->config.db_folder, false, &fd);
	if (rc == RC_OK)
		rc = io_space(op, fd, &space);
	op_clear_error(op);
	if (rc != RC_OK)
		return;
	mutex_lock(&s->reserve.lock);
	s->reserve.local = space;
	mutex_unlock(&s->reserve.lock);
}

void
reserve_look(struct op *op, struct service *service)
{
	sites_look_at_space(op, service->config.sites);
	local_look(op, service);
}

struct site_set
reserve_low_sites(struct service *service)
{
	struct sites *sites = service->config.sites;
	struct site_set low = {0};
	struct io_space space;
	size_t i;

	for (i = 0; i < sites->n; i++) {
		sites_space(sites, i, &space);
		if (is_low(service, &space))
			low = site_set_with(low, i);
	}
	return low;
}

bool
reserve_left(struct service *service, uint64_t *ret_left, uint64_t *ret_used)
{
	struct sites *sites = service->config.sites;
	bool known = false;
	size_t i;

	for (i = 0; i < sites->n; i++) {
		struct io_space space;
		uint64_t reserve, left;

		sites_space(sites, i, &space);
		if (space.total == 0)
			continue;
		reserve = reserve_of(service, &space);
		left = space.free > reserve ? space.free - reserve : 0;
		if (known && left >= *ret_left)
			continue;
		known = true;
		*ret_left = left;
		*ret_used = space.total - space.free;
	}
	return known;
}

bool
reserve_local(struct service *service, struct io_space *ret_space)
{
	mutex_lock(&service->reserve.lock);
	*ret_space = service->reserve.local;
	mutex_unlock(&service->reserve.lock);
	return is_low(service, ret_space);
}

enum rc
reserve_for_uploads(
    struct op *op, struct tenant *tenant, struct site_set *ret_sites)
{
	struct service *s = tenant->service;
	struct claim *claim = tenant->lanes.claim;
	struct site_set in_service = lanes_in_service(&tenant->lanes);
	struct site_set low = reserve_low_sites(s);
	struct io_space local;

	*ret_sites = (struct site_set){in_service.bits & ~low.bits};
	if (reserve_local(s, &local))
		FAIL(op, RC_NO_SPACE, "the server's own disk is almost full");
	if (claim_has_m(claim, in_service) && !claim_has_m(claim, *ret_sites))
		FAIL(op, RC_NO_SPACE, "too few sites have space left");
	return RC_OK;
}

/* A disk of which nothing is known is taken to have room. */
static bool
has_room(const struct service *s, const struct io_space *space, uint64_t size)
{
	uint64_t reserve = reserve_of(s, space);

	return space->total == 0 ||
	       (space->free > reserve && space->free - reserve > size);
}

enum rc
reserve_for_size(struct op *op, struct tenant *tenant, uint64_t size)
{
	struct sites *sites = tenant->service->config.sites;
	struct claim *claim = tenant->lanes.claim;
	struct site_set left, roomy = {0};
	struct io_space space;
	size_t i;

	TRY(reserve_for_uploads(op, tenant, &left));
	for (i = 0; i < sites->n; i++) {
		sites_space(sites, i, &space);
		if (site_set_has(left, i) &&
		    has_room(tenant->service, &space, size))
			roomy = site_set_with(roomy, i);
	}
	if (claim_has_m(claim, left) && !claim_has_m(claim, roomy))
		FAIL(op, RC_NO_SPACE,
		    "too few sites have space for a file of this size");
	return RC_OK;
}

/* upkeep_seen.c - counting what upkeep does. */
#include "core/upkeep_seen.h"

#include <string.h>

#include "base/clock.h"
#include "core/service.h"

void
upkeep_seen_init(struct upkeep_seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	mutex_init(&seen->lock);
}

void
upkeep_seen_release(struct upkeep_seen *seen)
{
	mutex_release(&seen->lock);
}

void
upkeep_begun(struct upkeep_seen *seen, enum upkeep_work work, uint64_t tenant)
{
	MUTEX_GUARD(&seen->lock);

	seen->works[work].running++;
	seen->works[work].tenant = tenant;
}

void
upkeep_ended(struct upkeep_seen *seen, enum upkeep_work work, enum rc rc)
{
	MUTEX_GUARD(&seen->lock);
	struct upkeep_one *one = &seen->works[work];

	one->running--;
	if (rc == RC_OK) {
		one->times++;
		one->ended = clock_wall();
	} else if (rc != RC_BUSY) {
		one->failed++;
	}
}

void
upkeep_seen_look(
    struct upkeep_seen *seen, struct upkeep_one ret_works[UPKEEP_WORKS])
{
	MUTEX_GUARD(&seen->lock);

	memcpy(ret_works, seen->works, sizeof(seen->works));
}

enum rc
upkeep_remove(struct op *op, struct service *service, size_t i,
    const struct object_name *name, enum upkeep_work work)
{
	struct upkeep_seen *seen = &service->upkeep.seen;
	struct site *site = service->config.sites->slots[i].site;
	uint64_t size = 0;

	/* Where it is gone already, or cannot be asked, removing tells. */
	if (site_size(op, site, name, &size) != RC_OK)
		op_clear_error(op);
	TRY(site_remove(op, site, name, SITE_REMOVE));
	mutex_lock(&seen->lock);
	seen->works[work].freed += size;
	mutex_unlock(&seen->lock);
	return RC_OK;
}

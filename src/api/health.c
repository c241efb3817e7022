/* health.c - GET /api/v1/health, without log-in, from memory. */
#include "api/request.h"

static const char *
word_of(enum service_health health)
{
	switch (health) {
	case HEALTH_OK:
		return "ok";
	case HEALTH_DEGRADED:
		return "degraded";
	case HEALTH_READ_ONLY:
		return "read-only";
	}
	return "degraded";
}

static enum rc
health_end(struct api *api)
{
	CLEANUP(buf_release) struct buf json = {.limit = 64};

	TRY(buf_add_format(api->req->op, &json, "{\"status\":\"%s\"}\n",
	    word_of(service_health(api->door->service))));
	api_answer(api, 200, &json);
	return RC_OK;
}

const struct api_call call_health = {.open = true, .end = health_end};

/* me.c - GET /me: who is signed in. */
#include "api/request.h"
#include "meta/member.h"

enum { ME_LIMIT = 8192 };

struct me {
	struct buf json;
	struct service_tenant_info tenant;
};

static enum rc
write_me(struct api *api, struct meta *meta, void *arg)
{
	CLEANUP(member_row_wipe) struct member_row row = {0};
	struct op *op = api->req->op;
	struct me *me = arg;
	bool administrator;

	TRY(member_row_get(op, meta, op->actor.member, &row));
	administrator = row.role == MEMBER_ADMINISTRATOR;
	TRY(buf_add_str(op, &me->json, "{"));
	TRY(api_add_id(op, &me->json, "id", row.id));
	TRY(api_add_text(op, &me->json, "name", row.name));
	TRY(api_add_text(op, &me->json, "tenant", span_str(me->tenant.name)));
	TRY(api_add_text(op, &me->json, "role",
	    span_str(administrator ? "administrator" : "member")));
	TRY(api_add_id(op, &me->json, "root", NODE_ROOT));
	return buf_add_str(op, &me->json, "}\n");
}

static void
me_release(struct me *me)
{
	buf_release(&me->json);
}

static enum rc
me_end(struct api *api)
{
	CLEANUP(me_release) struct me me = {.json.limit = ME_LIMIT};

	TRY(service_tenant_get(
	    api->req->op, api->door->service, api->tenant->id, &me.tenant));
	TRY(api_read(api, write_me, &me));
	api_answer(api, 200, &me.json);
	return RC_OK;
}

const struct api_call call_me = {.end = me_end};

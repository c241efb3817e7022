/* change.c - PATCH /nodes/{id}: another name, folder or date; DELETE: to the
 * trash. */
#include "api/outcome.h"

/* ---- PATCH ---- */

enum { NAME, PARENT, MTIME, FIELDS };
static const struct body_field fields[FIELDS] = {
    [NAME] = {.name = "name", .type = BODY_TEXT},
    [PARENT] = {.name = "parent", .type = BODY_TEXT},
    [MTIME] = {.name = "mtime", .type = BODY_TIME},
};

static enum rc
find_node(struct api *api, struct meta *meta, void *arg)
{
	struct place place;
	struct node *node = arg;

	return api_find(api, meta, api->params[0], ACCESS_WRITE, node, &place);
}

static enum rc
run_patch(struct api *api, const struct body_value *values,
    struct tree_result *result)
{
	struct op *op = api->req->op;
	struct tree_move move = {0};
	struct precondition precondition;
	struct node node;

	TRY(door_precondition(api->req, &precondition));
	TRY(api_read(api, find_node, &node));
	if (!values[NAME].given && !values[PARENT].given && values[MTIME].given)
		return tree_set_mtime(op, api->tenant, node.id,
		    values[MTIME].time, &precondition, result);
	move.node = node.id;
	move.source = precondition;
	move.has_mtime = values[MTIME].given;
	move.mtime = values[MTIME].time;
	if (values[NAME].given)
		TRY(tree_name_init(op, values[NAME].text, &move.to.name));
	if (values[PARENT].given)
		TRY(outcome_parent(
		    api, values[PARENT].text, &move.to.parent, result));
	return tree_move(op, api->tenant, &move, result);
}

static enum rc
patch_end(struct api *api)
{
	return outcome_call(api, fields, FIELDS, true, run_patch);
}

/* ---- DELETE ---- */

static enum rc
delete_end(struct api *api)
{
	struct tree_result result = {0};
	struct precondition precondition;
	struct node node;
	enum rc rc;

	TRY(door_precondition(api->req, &precondition));
	TRY(api_read(api, find_node, &node));
	rc = tree_delete(
	    api->req->op, api->tenant, node.id, &precondition, &result);
	if (rc != RC_OK)
		return door_refused_json(api->req, rc, result.why);
	TRY(door_receipt(api->req, api->door, &result.receipt));
	http_respond(api->req, 204);
	return RC_OK;
}

const struct api_call call_patch = {
    .changes = true, .json = true, .end = patch_end};
const struct api_call call_delete = {.changes = true, .end = delete_end};

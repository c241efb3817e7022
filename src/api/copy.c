/* copy.c - POST /nodes/{id}/copy. */
#include "api/outcome.h"

static enum rc
find_source(struct api *api, struct meta *meta, void *arg)
{
	struct tree_copy *copy = arg;
	struct place place;
	struct node node;

	TRY(api_find(api, meta, api->params[0], ACCESS_READ, &node, &place));
	copy->node = node.id;
	return RC_OK;
}

static enum rc
run_copy(struct api *api, const struct body_value *values,
    struct tree_result *result)
{
	struct tree_copy copy = {0};

	TRY(door_precondition(api->req, &copy.source));
	TRY(api_read(api, find_source, &copy));
	TRY(outcome_target(api, values, &copy.to, result));
	copy.overwrite = copy.to.taken == TREE_TAKEN_VERSION;
	return tree_copy(api->req->op, api->tenant, &copy, result);
}

static enum rc
copy_end(struct api *api)
{
	return outcome_call(
	    api, outcome_target_fields, OUTCOME_TARGET_FIELDS, false, run_copy);
}

const struct api_call call_copy = {
    .changes = true, .json = true, .end = copy_end};

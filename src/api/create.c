/* create.c - POST /nodes/{id}/children: a new folder, or, with a name in the
 * query, a new file whose content is the body. */
#include "api/upload.h"

/* ---- a file ---- */

static enum rc
file_check(struct api *api, struct meta *meta, void *arg)
{
	struct put *put = arg;
	struct op *op = api->req->op;
	enum tree_why why = TREE_WHY_OTHER;
	struct place place;
	struct node node;
	enum rc rc;

	TRY(api_find(api, meta, api->params[0], ACCESS_WRITE, &node, &place));
	put->file.to.parent = node.id;
	rc = tree_target_look(op, meta, &put->file.to, NODE_FILE, &why);
	return rc == RC_OK ? RC_OK : door_refused_json(api->req, rc, why);
}

static enum rc
file_begin(struct api *api, struct span name)
{
	struct op *op = api->req->op;
	struct put *put;
	size_t choice;

	TRY(op_alloc(op, sizeof(*put), &put));
	TRY(api_param_choice(api, "if_exists", outcome_if_exists, &choice));
	put->file.to.taken = outcome_taken(choice);
	TRY(tree_name_init(op, name, &put->file.to.name));
	return put_begin(api, put, file_check);
}

/* ---- a folder ---- */

static const char *const types[] = {"folder", NULL};

enum { TYPE, NAME, IF_EXISTS, FIELDS };
static const struct body_field fields[FIELDS] = {
    [TYPE] = {.name = "type",
	.type = BODY_CHOICE,
	.required = true,
	.choices = types},
    [NAME] = {.name = "name", .type = BODY_TEXT, .required = true},
    [IF_EXISTS] = {.name = "if_exists",
	.type = BODY_CHOICE,
	.choices = outcome_if_exists},
};

static enum rc
find_folder(struct api *api, struct meta *meta, void *arg)
{
	struct tree_target *to = arg;
	struct place place;
	struct node node;

	TRY(api_find(api, meta, api->params[0], ACCESS_WRITE, &node, &place));
	to->parent = node.id;
	return RC_OK;
}

static enum rc
run_folder(struct api *api, const struct body_value *values,
    struct tree_result *result)
{
	struct precondition precondition;
	struct tree_target to = {0};
	struct op *op = api->req->op;

	TRY(tree_name_init(op, values[NAME].text, &to.name));
	to.taken = outcome_taken(values[IF_EXISTS].choice);
	TRY(door_precondition(api->req, &precondition));
	TRY(api_read(api, find_folder, &to));
	return tree_mkdir(op, api->tenant, &to, &precondition, result);
}

static enum rc
folder_end(struct api *api)
{
	return outcome_call(api, fields, FIELDS, false, run_folder);
}

/* ---- either ---- */

static enum rc
create_begin(struct api *api)
{
	struct span name;

	TRY(api_param(api, "name", &name));
	return name.data != NULL ? file_begin(api, name) : api_json_expect(api);
}

static enum rc
create_body(struct api *api, struct span bytes)
{
	return api->own != NULL ? put_body(api->own, bytes)
				: api_json_add(api, bytes);
}

static enum rc
create_end(struct api *api)
{
	return api->own != NULL ? put_end(api->own) : folder_end(api);
}

static void
create_release(struct api *api)
{
	put_release(api->own);
}

static const char *const create_query[] = {"name", "if_exists", "mtime", NULL};

const struct api_call call_create = {
    .changes = true,
    .query = create_query,
    .begin = create_begin,
    .body = create_body,
    .end = create_end,
    .release = create_release,
};

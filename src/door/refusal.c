/* refusal.c - what a refusal of core/ looks like in HTTP. */
#include "door/door.h"

enum { ALLOW_SIZE = 256 };

struct refusal {
	int status;
	const char *type;
	const char *title_en;
	const char *title_ja;
};

/* RFC 4918; where there is none, the rc alone decides. */
static const struct refusal refusals[] = {
    [TREE_WHY_PRECONDITION] = {412, "precondition-failed",
	"It was changed meanwhile", "その間に変更されています"},
    [TREE_WHY_EXISTS] = {412, "exists", "It exists already", "既に存在します"},
    [TREE_WHY_PARENT] = {409, "no-parent", "The folder does not exist",
	"フォルダーがありません"},
    [TREE_WHY_ITSELF] = {403, "itself", "Not into or over itself",
	"自分自身の中や上には置けません"},
    [TREE_WHY_SPACE] = {403, "space", "Not at the root, and not with a space",
	"ルートやスペースには行えません"},
    [TREE_WHY_KIND] = {405, "kind", "There is a folder of this name",
	"同じ名前のフォルダーがあります"},
    [TREE_WHY_DEPTH] = {403, "depth", "Too many folders inside each other",
	"フォルダーの階層が深すぎます"},
    [TREE_WHY_NAME] = {400, "name", "The name is not allowed",
	"使用できない名前です"},
    [TREE_WHY_LOCKED] = {423, "locked", "It is locked", "ロックされています"},
    [TREE_WHY_CONFLICTING] = {423, "locked", "It is locked already",
	"既にロックされています"},
    [TREE_WHY_PROPERTIES] = {507, "properties", "Too many properties",
	"プロパティーが多すぎます"},
    [TREE_WHY_TOKEN] = {409, "no-lock", "There is no such lock",
	"そのロックはありません"},
};

enum rc
door_refused(struct http_request *req, enum rc rc, enum tree_why why)
{
	const struct refusal *refusal;
	const char *detail = req->op->error[0] != '\0' ? req->op->error : NULL;

	if ((size_t)why >= ARRAY_LEN(refusals) || refusals[why].status == 0)
		return rc;
	refusal = &refusals[why];
	if (refusal->status == 405) {
		TRY(door_not_allowed(req, detail));
		return rc;
	}
	http_problem(req, refusal->status, refusal->type, refusal->title_en,
	    refusal->title_ja, detail);
	return rc;
}

enum rc
door_not_allowed(struct http_request *req, const char *detail)
{
	CLEANUP(buf_release) struct buf allow = {.limit = ALLOW_SIZE};

	TRY(http_methods_text(req->op, req->route->methods, &allow));
	TRY(buf_add(req->op, &allow, span_of("", 1)));
	TRY(http_set_header(req, "Allow", (const char *)allow.data));
	http_problem(req, 405, "not-allowed", "Not possible here",
	    "ここでは実行できません", detail);
	return RC_OK;
}

/* refusal.c - what a refusal of core/ looks like in HTTP. */
#include "door/door.h"

enum { ALLOW_SIZE = 256 };

struct refusal {
	int dav; /* RFC 4918 */
	int json;
	const char *type;
	const char *title_en;
	const char *title_ja;
};

/* Where there is none, the rc alone decides. */
static const struct refusal refusals[] = {
    [TREE_WHY_PRECONDITION] = {412, 412, "precondition-failed",
	"It was changed meanwhile", "その間に変更されています"},
    [TREE_WHY_EXISTS] = {412, 409, "exists", "It exists already",
	"既に存在します"},
    [TREE_WHY_PARENT] = {409, 409, "no-parent", "The folder does not exist",
	"フォルダーがありません"},
    [TREE_WHY_ITSELF] = {403, 409, "itself", "Not into or over itself",
	"自分自身の中や上には置けません"},
    [TREE_WHY_SPACE] = {403, 403, "space",
	"Not at the root, and not with a space",
	"ルートやスペースには行えません"},
    [TREE_WHY_KIND] = {405, 409, "kind", "There is a folder of this name",
	"同じ名前のフォルダーがあります"},
    [TREE_WHY_DEPTH] = {403, 409, "depth", "Too many folders inside each other",
	"フォルダーの階層が深すぎます"},
    [TREE_WHY_NAME] = {400, 400, "name", "The name is not allowed",
	"使用できない名前です"},
    [TREE_WHY_LOCKED] = {423, 423, "locked", "It is locked",
	"ロックされています"},
    [TREE_WHY_CONFLICTING] = {423, 423, "locked", "It is locked already",
	"既にロックされています"},
    [TREE_WHY_PROPERTIES] = {507, 507, "properties", "Too many properties",
	"プロパティーが多すぎます"},
    [TREE_WHY_TOKEN] = {409, 409, "no-lock", "There is no such lock",
	"そのロックはありません"},
};

static const struct refusal *
refusal_of(enum tree_why why)
{
	if ((size_t)why >= ARRAY_LEN(refusals) || refusals[why].dav == 0)
		return NULL;
	return &refusals[why];
}

static void
refuse(struct http_request *req, const struct refusal *refusal, int status)
{
	http_problem(req, status, refusal->type, refusal->title_en,
	    refusal->title_ja,
	    req->op->error[0] != '\0' ? req->op->error : NULL);
}

enum rc
door_refused(struct http_request *req, enum rc rc, enum tree_why why)
{
	const struct refusal *refusal = refusal_of(why);

	if (refusal == NULL)
		return rc;
	if (refusal->dav == 405)
		TRY(door_not_allowed(
		    req, req->op->error[0] != '\0' ? req->op->error : NULL));
	else
		refuse(req, refusal, refusal->dav);
	return rc;
}

enum rc
door_refused_json(struct http_request *req, enum rc rc, enum tree_why why)
{
	const struct refusal *refusal = refusal_of(why);

	if (refusal != NULL)
		refuse(req, refusal, refusal->json);
	return rc;
}

int
door_refused_status(
    const struct http_request *req, enum rc rc, enum tree_why why)
{
	const struct refusal *refusal = refusal_of(why);

	return refusal != NULL ? refusal->json : http_fail_status(req, rc);
}

enum rc
door_refused_document(const struct http_request *req, enum rc rc,
    enum tree_why why, const char *detail, struct buf *json)
{
	const struct refusal *refusal = refusal_of(why);

	if (refusal == NULL)
		return http_fail_document(req, json, rc, detail);
	return http_problem_document(req, json, refusal->json, refusal->type,
	    refusal->title_en, refusal->title_ja, detail);
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

enum rc
door_read_only(struct http_request *req)
{
	http_problem(req, 403, "read-only", "This service takes no changes",
	    "このサービスは読み取り専用です",
	    http_language(req) == HTTP_JA
		? "拠点から組み立て直されたか、管理者が読み取り専用にしています"
		  "。ファイルを開くこと、取り出すことはできます。"
		: "It was rebuilt from a site, or its administrator has made "
		  "it so. Files can be read and copied out.");
	return RC_OK;
}

/* problem.c - RFC 9457 problem documents, and what each rc looks like to a
 * client. */
#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "http/exchange.h"
#include "http/utf8.h"

struct problem {
	int status;
	const char *type;
	const char *title_en;
	const char *title_ja;
	const char *advice_en; /* the detail where the error's own text is not
				  for clients */
	const char *advice_ja;
};

static const struct problem problems[] = {
    [RC_NOT_FOUND] = {404, "not-found", "Not found", "見つかりません", NULL,
	NULL},
    [RC_EXISTS] = {409, "exists", "It exists already", "既に存在します", NULL,
	NULL},
    [RC_INVALID] = {400, "invalid", "The request is malformed",
	"リクエストが正しくありません", NULL, NULL},
    [RC_DENIED] = {403, "denied", "Not permitted", "権限がありません", NULL,
	NULL},
    [RC_CONFLICT] = {409, "conflict", "It conflicts with the present state",
	"現在の状態と矛盾します", NULL, NULL},
    [RC_LIMIT] = {413, "limit", "Too large", "上限を超えています", NULL, NULL},
    [RC_NO_SPACE] = {507, "no-space", "No space is left",
	"空き容量がありません",
	"Delete what is no longer needed, or ask the administrator for more "
	"space.",
	"不要なファイルを削除するか、管理者に容量の追加を依頼してください。"},
    [RC_NO_MEMORY] = {503, "busy", "Too busy", "混み合っています",
	"Try again in a moment.", "しばらくしてからもう一度お試しください。"},
    [RC_IO] = {500, "io", "The server has failed",
	"サーバーで障害が発生しました",
	"Try again; if it stays so, tell the administrator the request id.",
	"もう一度お試しください。続く場合はリクエスト ID "
	"を管理者にお伝えください。"},
    [RC_DAMAGED] = {500, "damaged", "The stored data is damaged",
	"保存データが壊れています",
	"Tell the administrator the request id; nothing was changed.",
	"リクエスト ID を管理者にお伝えください。何も変更されていません。"},
    [RC_NOT_STORED] = {503, "not-stored", "Nothing was stored",
	"保存されませんでした",
	"The change was not made, since too few sites can be written. It goes "
	"on by itself when they are back; tell the administrator.",
	"書き込める拠点が足りないため、変更は行われませんでした。拠点が戻れば自"
	"動的に再開します。管理者にお知らせください。"},
    [RC_IN_DOUBT] = {503, "in-doubt", "It is not known whether it was stored",
	"保存されたか確認できません",
	"Look whether the change was made before trying again.",
	"再試行の前に、変更が反映されているか確認してください。"},
    [RC_UNPROVEN] = {503, "unproven", "The present state cannot be proven",
	"最新の状態を確認できません",
	"Too few sites answer. It goes on by itself when they are back; tell "
	"the administrator.",
	"応答する拠点が足りません。拠点が戻れば自動的に再開します。管理者にお知"
	"らせください。"},
    [RC_FENCED] = {503, "fenced", "Another server has taken over",
	"別のサーバーが引き継ぎました", "Try again in a moment.",
	"しばらくしてからもう一度お試しください。"},
    [RC_TIMEOUT] = {503, "timeout", "No answer in time",
	"時間内に応答がありません",
	"Look whether the change was made before trying again.",
	"再試行の前に、変更が反映されているか確認してください。"},
    [RC_BUSY] = {503, "busy", "Too busy", "混み合っています",
	"Try again in a moment.", "しばらくしてからもう一度お試しください。"},
    [RC_REFUSED] = {503, "refused", "The service has stopped to protect data",
	"データ保護のため停止しています", "The administrator has to act.",
	"管理者の対応が必要です。"},
};

static enum rc
json_member(struct op *op, struct buf *json, const char *name, const char *text)
{
	TRY(buf_add_format(op, json, ",\"%s\":", name));
	return json_add_text(op, json, span_str(text));
}

static enum rc
document(struct op *op, struct buf *json, int status, const char *type,
    const char *title, const char *detail)
{
	TRY(buf_add_format(op, json, "{\"type\":\"/problems/%s\",\"status\":%d",
	    type, status));
	TRY(json_member(op, json, "title", title));
	if (detail != NULL && utf8_is_clean(span_str(detail)))
		TRY(json_member(op, json, "detail", detail));
	TRY(json_member(op, json, "request_id", op->request_id));
	return buf_add_str(op, json, "}");
}

enum rc
http_problem_document(const struct http_request *req, struct buf *json,
    int status, const char *type, const char *title_en, const char *title_ja,
    const char *detail)
{
	const char *title = http_language(req) == HTTP_JA ? title_ja : title_en;

	return document(req->op, json, status, type, title, detail);
}

void
http_problem(struct http_request *req, int status, const char *type,
    const char *title_en, const char *title_ja, const char *detail)
{
	CLEANUP(buf_release) struct buf json = {.limit = 8192};
	bool ja = http_language(req) == HTTP_JA;

	if (document(req->op, &json, status, type, ja ? title_ja : title_en,
		detail) != RC_OK ||
	    buf_add_str(req->op, &json, "\n") != RC_OK) {
		http_respond(req, status);
		return;
	}
	http_respond_memory(req, status, "application/problem+json", &json);
	/* A header too few is better than no answer. */
	(void)!http_set_header(req, "Cache-Control", "no-store");
	(void)!http_set_header(req, "Content-Language", ja ? "ja" : "en");
}

static const struct problem *
problem_of(enum rc rc)
{
	if ((size_t)rc >= ARRAY_LEN(problems) || problems[rc].status == 0)
		return &problems[RC_IO];
	return &problems[rc];
}

int
http_fail_status(const struct http_request *req, enum rc rc)
{
	if (rc == RC_CONFLICT && req->conditional)
		return 412;
	return problem_of(rc)->status;
}

enum rc
http_fail_document(const struct http_request *req, struct buf *json, enum rc rc,
    const char *detail)
{
	const struct problem *problem = problem_of(rc);

	return http_problem_document(req, json, problem->status, problem->type,
	    problem->title_en, problem->title_ja, detail);
}

void
http_fail(struct http_request *req, enum rc rc)
{
	struct answer *answer = &exchange_of(req)->answer;
	const struct problem *problem = problem_of(rc);
	int status = http_fail_status(req, rc);
	const char *advice = problem->advice_en;
	const char *type = problem->type;

	answer->fields = NULL;
	answer->last_field = NULL;
	if (http_language(req) == HTTP_JA)
		advice = problem->advice_ja;
	/* What the service says to itself is for the log; a client's own fault
	 * is for it. */
	if (status >= 500)
		log_error(req->op, "request-failed", "rc=%s error=\"%s\"",
		    rc_name(rc), op_error(req->op, rc));
	else if (req->op->error[0] != '\0')
		advice = req->op->error;
	if (status == 412)
		type = "precondition-failed";
	http_problem(
	    req, status, type, problem->title_en, problem->title_ja, advice);
	if (status == 503 || status == 507)
		(void)!http_set_header(req, "Retry-After", "5");
}

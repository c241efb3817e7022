/* page_security.c - /about/security: the living security document as a page for
 * people, and for paper. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "core/site_info.h"
#include "evidence/evidence.h"
#include "pages/page.h"
#include "pages/pages.h"

enum { WHEN_SIZE = 64 };

#define JAPAN (9 * CLOCK_HOUR) /* its clocks are ahead of UTC by that */

/* The page in the making. */
struct document {
	struct op *op;
	struct buf *page;
	enum lang lang;
	const struct door *door;
	struct evidence_result results[CLAUSES];
};

static const char *const light_words[][2] = {
    [EVIDENCE_SATISFIED] = {[LANG_JA] = "✓ 適合", [LANG_EN] = "✓ Satisfied"},
    [EVIDENCE_NOT_SATISFIED] =
	{[LANG_JA] = "✕ 不適合", [LANG_EN] = "✕ Not satisfied"},
    [EVIDENCE_NOT_YET_COVERED] =
	{[LANG_JA] = "– 自動確認なし", [LANG_EN] = "– Not covered yet"},
};

static const char *const light_classes[] = {
    [EVIDENCE_SATISFIED] = "good",
    [EVIDENCE_NOT_SATISFIED] = "bad",
    [EVIDENCE_NOT_YET_COVERED] = "none",
};

/* Japan's readers get Japan's time, others UTC. */
static void
when_text(char out[WHEN_SIZE], enum lang lang, int64_t wall)
{
	char text[CLOCK_TEXT_SIZE];
	unsigned year, month, day;

	clock_text(text, lang == LANG_JA ? wall + JAPAN : wall);
	if (lang == LANG_JA &&
	    sscanf(text, "%u-%u-%u", &year, &month, &day) == 3)
		(void)snprintf(out, WHEN_SIZE,
		    "%u 年 %u 月 %u 日 %.5s(日本時間)", year, month, day,
		    text + 11);
	else
		(void)snprintf(
		    out, WHEN_SIZE, "%.10s %.5s UTC", text, text + 11);
}

static enum rc
add(struct document *d, const char *text)
{
	return buf_add_str(d->op, d->page, text);
}

static enum rc
add_escaped(struct document *d, const char *text)
{
	return door_escape_text(d->op, d->page, span_str(text));
}

/* ---- the top ---- */

static const char *const top[] = {
    [LANG_JA] =
	"<!doctype html>\n"
	"<html lang=\"ja\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width\">"
	"<meta name=\"color-scheme\" content=\"light dark\">"
	"<title>情報セキュリティに関する文書 - dozo</title>"
	"<link rel=\"icon\" href=\"/favicon.ico\" type=\"image/svg+xml\">"
	"<link rel=\"stylesheet\" href=\"/style.css\"></head><body><main>\n"
	"<p class=\"language\"><a href=\"/about/security?lang=en\" lang=\"en\" "
	"hreflang=\"en\">English</a></p>\n"
	"<p class=\"up\"><a href=\"/\">dozo</a></p>\n"
	"<h1>情報セキュリティに関する文書</h1>\n"
	"<p class=\"lead\">このサービスが約束していることと、それが今守られて"
	"いるかどうかです。確認できる項番は、動いているサービスが自分で 15 分"
	"ごとに確かめています。</p>\n",
    [LANG_EN] =
	"<!doctype html>\n"
	"<html lang=\"en\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width\">"
	"<meta name=\"color-scheme\" content=\"light dark\">"
	"<title>Information security - dozo</title>"
	"<link rel=\"icon\" href=\"/favicon.ico\" type=\"image/svg+xml\">"
	"<link rel=\"stylesheet\" href=\"/style.css\"></head><body><main>\n"
	"<p class=\"language\"><a href=\"/about/security?lang=ja\" lang=\"ja\" "
	"hreflang=\"ja\">日本語</a></p>\n"
	"<p class=\"up\"><a href=\"/\">dozo</a></p>\n"
	"<h1>Information security</h1>\n"
	"<p class=\"lead\">What this service promises, and whether it holds "
	"now. What can be checked is checked by the running service itself, "
	"every 15 minutes.</p>\n",
};

static enum rc
facts_add(struct document *d)
{
	char when[WHEN_SIZE];

	when_text(when, d->lang, clock_wall());
	TRY(add(d, "<p class=\"note\">dozo " DOZO_VERSION));
	return buf_add_format(d->op, d->page, "%s%s%s</p>\n",
	    d->lang == LANG_JA ? "、" : ", as of ", when,
	    d->lang == LANG_JA ? "現在" : "");
}

/* ---- all lights at one look ---- */

static enum rc
light_add(struct document *d, enum evidence_light light)
{
	return buf_add_format(d->op, d->page,
	    "<span class=\"light %s\">%s</span>", light_classes[light],
	    light_words[light][d->lang]);
}

static enum rc
overview_row(struct document *d, size_t i)
{
	TRY(buf_add_format(d->op, d->page,
	    "<tr><td>%s</td><td><a href=\"#c%s\">", clauses[i].number,
	    clauses[i].number));
	TRY(add_escaped(d, clauses[i].title[d->lang]));
	TRY(add(d, "</a></td><td>"));
	TRY(light_add(d, d->results[i].light));
	return add(d, "</td></tr>\n");
}

static enum rc
overview_add(struct document *d)
{
	static const char *const head[] = {
	    [LANG_JA] = "<table class=\"overview\"><thead><tr><th>項番</th>"
			"<th>内容</th><th>状態</th></tr></thead><tbody>\n",
	    [LANG_EN] = "<table class=\"overview\"><thead><tr><th>Clause</th>"
			"<th>About</th><th>State</th></tr></thead><tbody>\n",
	};
	static const char *const foot[] = {
	    [LANG_JA] = "</tbody></table>\n<p class=\"note\">項番は JIS Q "
			"27017(ISO/IEC 27017)のものです。「自動確認なし」は、自"
			"動で確かめる仕組みがまだない項番です。最後の確認から "
			"1 時間を過ぎると「不適合"
			"」になります。</p>\n",
	    [LANG_EN] =
		"</tbody></table>\n<p class=\"note\">Clauses are numbered as "
		"in ISO/IEC 27017 (JIS Q 27017). \"Not covered yet\" says "
		"that nothing checks a clause by itself yet, not that it is "
		"broken. A result older than an hour counts as not "
		"satisfied.</p>\n",
	};
	size_t i;

	TRY(add(d, head[d->lang]));
	for (i = 0; i < CLAUSES; i++)
		TRY(overview_row(d, i));
	return add(d, foot[d->lang]);
}

/* ---- the sites ---- */

static enum rc
site_row(struct document *d, size_t i, bool attached)
{
	static const char *const words[][2] = {
	    {[LANG_JA] = "停止中", [LANG_EN] = "away"},
	    {[LANG_JA] = "稼働中", [LANG_EN] = "running"},
	};
	static const char *const unknown[] = {
	    [LANG_JA] = "未登録", [LANG_EN] = "not told"};
	struct service *service = d->door->service;
	const struct site *site = service->config.sites->slots[i].site;
	struct site_info info;

	TRY(site_info_get(d->op, service, site->id, &info));
	TRY(add(d, "<tr><td>"));
	TRY(add_escaped(d, site->name));
	TRY(add(d, "</td><td>"));
	TRY(add_escaped(
	    d, info.place[0] != '\0' ? info.place : unknown[d->lang]));
	TRY(add(d, info.country[0] != '\0' ? ", " : ""));
	TRY(add_escaped(d, info.country));
	return buf_add_format(d->op, d->page, "</td><td>%s</td></tr>\n",
	    words[attached][d->lang]);
}

static enum rc
running_sites_add(struct document *d)
{
	static const char *const head[] = {
	    [LANG_JA] = "<h2>拠点</h2>\n<table class=\"overview\"><thead><tr>"
			"<th>名前</th><th>所在地</th><th>状態</th></tr></thead>"
			"<tbody>\n",
	    [LANG_EN] = "<h2>Sites</h2>\n<table class=\"overview\"><thead><tr>"
			"<th>Name</th><th>Place</th><th>State</th></tr></thead>"
			"<tbody>\n",
	};
	struct sites *sites = d->door->service->config.sites;
	struct site_set attached = sites_attached(sites);
	size_t i;

	TRY(add(d, head[d->lang]));
	for (i = 0; i < sites->n; i++)
		if (!sites_has_left(sites, i))
			TRY(site_row(d, i, site_set_has(attached, i)));
	return add(d, "</tbody></table>\n");
}

/* ---- who is responsible ---- */

static const char *const duties[] = {
    [LANG_JA] =
	"<h2>責任の分担</h2>\n"
	"<p>端末、ネットワーク、アカウントと、預けるファイルの管理はご利用の会"
	"社が、サービスの運営、拠点、暗号化の鍵の管理は運営者が受け持ちます。"
	"</p>\n",
    [LANG_EN] =
	"<h2>Who is responsible for what</h2>\n"
	"<p>Devices, networks, accounts and the files themselves are each "
	"company's own. Running the service, its sites and its keys is the "
	"provider's.</p>\n",
};

/* ---- the clauses ---- */

/* Only of what is checked: the legend says what the others lack. */
static enum rc
result_add(struct document *d, size_t i)
{
	static const char *const labels[] = {
	    [LANG_JA] = "最後の確認: ", [LANG_EN] = "Last checked: "};
	static const char *const again[] = {
	    [LANG_JA] = "運営者が確認をやり直すコマンド: ",
	    [LANG_EN] = "The operator's command to check again: "};
	const struct evidence_result *result = &d->results[i];
	char when[WHEN_SIZE], command[EVIDENCE_COMMAND_SIZE];

	if (!clauses[i].checked)
		return RC_OK;
	TRY(add(d, "<p class=\"found\">"));
	if (result->checked_at != 0) {
		when_text(when, d->lang, result->checked_at);
		TRY(add(d, labels[d->lang]));
		TRY(add(d, when));
		TRY(add(d, "<br>"));
	}
	TRY(add_escaped(d, result->checked));
	evidence_command(i, command);
	return buf_add_format(d->op, d->page,
	    "</p>\n<p class=\"note\">%s<code>%s --now</code></p>\n",
	    again[d->lang], command);
}

static enum rc
clause_add(struct document *d, size_t i)
{
	TRY(buf_add_format(d->op, d->page,
	    "<section id=\"c%s\"><h3><span class=\"number\">%s</span>",
	    clauses[i].number, clauses[i].number));
	TRY(add_escaped(d, clauses[i].title[d->lang]));
	TRY(add(d, " "));
	TRY(light_add(d, d->results[i].light));
	TRY(add(d, "</h3>\n<p>"));
	TRY(add_escaped(d, clauses[i].what[d->lang]));
	TRY(add(d, "</p>\n"));
	TRY(result_add(d, i));
	return add(d, "</section>\n");
}

static enum rc
clauses_add(struct document *d)
{
	static const char *const head[] = {
	    [LANG_JA] = "<h2>項番ごとの取り組み</h2>\n",
	    [LANG_EN] = "<h2>Clause by clause</h2>\n",
	};
	static const char *const foot[] = {
	    [LANG_JA] = "<p class=\"note\">プログラムから読むには: <a "
			"href=\"/api/v1/security\">JSON</a></p>\n",
	    [LANG_EN] = "<p class=\"note\">For programs: <a "
			"href=\"/api/v1/security\">the same as JSON</a></p>\n",
	};
	size_t i;

	TRY(add(d, head[d->lang]));
	for (i = 0; i < CLAUSES; i++)
		TRY(clause_add(d, i));
	TRY(add(d, foot[d->lang]));
	return add(d, "</main></body></html>\n");
}

/* ---- answering ---- */

enum rc
page_security(struct op *op, const struct door *door,
    enum http_language language, struct buf *page)
{
	struct document *d;
	size_t i;

	TRY(op_alloc(op, sizeof(*d), &d));
	d->op = op;
	d->page = page;
	d->lang = language == HTTP_JA ? LANG_JA : LANG_EN;
	d->door = door;
	for (i = 0; i < CLAUSES; i++)
		evidence_get(door->evidence, i, d->lang, &d->results[i]);
	TRY(add(d, top[d->lang]));
	TRY(facts_add(d));
	TRY(overview_add(d));
	TRY(running_sites_add(d));
	TRY(add(d, duties[d->lang]));
	return clauses_add(d);
}

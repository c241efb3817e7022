/* pages.c - serves the plain pages; all but the security document from memory.
 */
#include "pages/pages.h"

#include "base/str.h"
#include "http/fingerprint.h"
#include "pages/page.h"

enum { PAGE_LIMIT = 64 << 10 };

#define PAGE_POLICY \
	"default-src 'none'; style-src 'self'; img-src 'self'; " \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* The address that this request came to, in its pieces. */
struct address_text {
	const char *url;
	struct span host;
	struct span name;
	struct span port;
	char fingerprint[FINGERPRINT_SIZE]; /* of the local CA */
};

static enum rc
address_split(struct http_request *req, struct address_text *out)
{
	static const char scheme[] = "https://";
	const uint8_t *colon;

	TRY(http_base_url(req, &out->url));
	out->host = span_str(out->url);
	if (str_starts(out->url, scheme))
		out->host = span_str(out->url + sizeof(scheme) - 1);
	out->name = out->host;
	out->port = span_str("443");
	colon = memrchr(out->host.data, ':', out->host.size);
	/* An IPv6 address has colons inside its brackets. */
	if (colon != NULL &&
	    memchr(colon, ']',
		out->host.size - (size_t)(colon - out->host.data)) == NULL) {
		out->name.size = (size_t)(colon - out->host.data);
		out->port =
		    span_of(colon + 1, out->host.size - out->name.size - 1);
	}
	return RC_OK;
}

static bool
placeholder(const char *text, const struct address_text *address,
    struct span *ret_value, size_t *ret_size)
{
	const struct {
		const char *name;
		struct span value;
	} all[] = {
	    {"{URL}", span_str(address->url)},
	    {"{HOST}", address->host},
	    {"{NAME}", address->name},
	    {"{PORT}", address->port},
	    {"{FINGERPRINT}", span_str(address->fingerprint)},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(all); i++) {
		if (!str_starts(text, all[i].name))
			continue;
		*ret_value = all[i].value;
		*ret_size = strlen(all[i].name);
		return true;
	}
	return false;
}

/* Host comes from the request: it is escaped like everything else. */
static enum rc
add_template(struct op *op, struct buf *page, const char *text,
    const struct address_text *address)
{
	while (*text != '\0') {
		size_t plain = strcspn(text, "{");
		struct span value;
		size_t size;

		TRY(buf_add(op, page, span_of(text, plain)));
		text += plain;
		if (*text == '\0')
			break;
		if (placeholder(text, address, &value, &size)) {
			TRY(door_escape_text(op, page, value));
			text += size;
		} else {
			TRY(buf_add(op, page, span_of(text++, 1)));
		}
	}
	return RC_OK;
}

/* ---- answers ---- */

static enum rc
answer(struct http_request *req, const char *type, struct buf *content)
{
	TRY(http_set_header(req, "X-Content-Type-Options", "nosniff"));
	TRY(http_set_header(req, "Referrer-Policy", "no-referrer"));
	if (req->method == HTTP_HEAD)
		http_respond_size(req, 200, type, content->size);
	else
		http_respond_memory(req, 200, type, content);
	return RC_OK;
}

static enum rc
answer_text(struct http_request *req, const char *type, struct span text)
{
	CLEANUP(buf_release) struct buf content = {.limit = PAGE_LIMIT};

	TRY(buf_add(req->op, &content, text));
	TRY(http_set_header(req, "Cache-Control", "public, max-age=3600"));
	return answer(req, type, &content);
}

static enum rc
answer_options(struct http_request *req)
{
	TRY(http_set_header(req, "Allow", "GET, HEAD, OPTIONS"));
	/* Windows and Office ask here first whether it is worth their while. */
	TRY(http_set_header(req, "DAV", "1, 2"));
	TRY(http_set_header(req, "MS-Author-Via", "DAV"));
	http_respond_size(req, 200, NULL, 0);
	return RC_OK;
}

/* "/en" and "/ja" are for those whose browser asks for the other one. */
static enum http_language
language_of(const struct http_request *req)
{
	if (strcmp(req->route->prefix, "/ja") == 0)
		return HTTP_JA;
	if (strcmp(req->route->prefix, "/en") == 0)
		return HTTP_EN;
	return http_language(req);
}

/* Programs look whether this is a folder: it is none, nor anything below it. */
static enum rc
home_begin(struct http_request *req)
{
	if (req->method == HTTP_PROPFIND)
		FAIL(req->op, RC_NOT_FOUND, "the files are below /dav/");
	if (req->has_content)
		FAIL(req->op, RC_LIMIT, "no content is expected here");
	return RC_OK;
}

/* Of the refused. */
static enum rc
home_body(struct http_request *req, struct span bytes)
{
	(void)req;
	(void)bytes;
	return RC_OK;
}

/* "?lang=ja" and "?lang=en" are for those whose browser asks for the other. */
static enum rc
language_asked(struct http_request *req, enum http_language *ret_language)
{
	struct span lang = {0};
	enum rc rc = target_param(req->op, &req->target, "lang", &lang);

	if (rc != RC_NOT_FOUND)
		TRY(rc);
	*ret_language = http_language(req);
	if (span_equal(lang, span_str("ja")))
		*ret_language = HTTP_JA;
	if (span_equal(lang, span_str("en")))
		*ret_language = HTTP_EN;
	return RC_OK;
}

static enum rc
page_headers(struct http_request *req, enum http_language language)
{
	TRY(http_set_header(req, "Content-Security-Policy", PAGE_POLICY));
	TRY(http_set_header(req, "Cache-Control", "no-cache"));
	TRY(http_set_header(req, "Vary", "Accept-Language"));
	return http_set_header(
	    req, "Content-Language", language == HTTP_JA ? "ja" : "en");
}

static enum rc
home(struct http_request *req)
{
	CLEANUP(buf_release) struct buf page = {.limit = PAGE_LIMIT};
	const struct door *door = req->route->door;
	enum http_language language = language_of(req);
	struct address_text address;

	if (req->target.n_segments > req->prefix_segments)
		FAIL(req->op, RC_NOT_FOUND, "there is no such page");
	if (req->method == HTTP_OPTIONS)
		return answer_options(req);
	TRY(address_split(req, &address));
	TRY(add_template(req->op, &page, page_home[language], &address));
	if (door->ca.size > 0) {
		TRY(fingerprint_of_pem(req->op, door->ca, address.fingerprint));
		TRY(add_template(
		    req->op, &page, page_trust[language], &address));
	}
	TRY(add_template(req->op, &page, page_connect[language], &address));
	TRY(page_headers(req, language));
	return answer(req, "text/html; charset=utf-8", &page);
}

/* A file has nothing below it. */
static enum rc
leaf(struct http_request *req)
{
	if (req->target.n_segments > req->prefix_segments ||
	    req->target.trailing_slash)
		FAIL(req->op, RC_NOT_FOUND, "there is no such page");
	return RC_OK;
}

static enum rc
ca(struct http_request *req)
{
	const struct door *door = req->route->door;

	TRY(leaf(req));
	if (door->ca.size == 0)
		FAIL(req->op, RC_NOT_FOUND, "this server has no CA of its own");
	TRY(http_set_header(
	    req, "Content-Disposition", "attachment; filename=\"ca.crt\""));
	return answer_text(req, "application/x-x509-ca-cert", door->ca);
}

static enum rc
style(struct http_request *req)
{
	TRY(leaf(req));
	return answer_text(
	    req, "text/css; charset=utf-8", span_str(page_style));
}

static enum rc
icon(struct http_request *req)
{
	TRY(leaf(req));
	return answer_text(req, "image/svg+xml", span_str(page_icon));
}

static enum rc
security(struct http_request *req)
{
	CLEANUP(buf_release) struct buf page = {.limit = PAGE_LIMIT};
	enum http_language language;

	TRY(leaf(req));
	TRY(language_asked(req, &language));
	TRY(page_security(req->op, req->route->door, language, &page));
	TRY(page_headers(req, language));
	return answer(req, "text/html; charset=utf-8", &page);
}

static const struct http_handler home_handler = {
    .begin = home_begin, .body = home_body, .end = home};
static const struct http_handler ca_handler = {.end = ca};
static const struct http_handler style_handler = {.end = style};
static const struct http_handler icon_handler = {.end = icon};
static const struct http_handler security_handler = {.end = security};

void
pages_routes(struct door *door, struct http_route *out, size_t *ret_n)
{
	const struct http_route routes[PAGES_ROUTES] = {
	    {.prefix = "/", .handler = &home_handler},
	    {.prefix = "/en", .handler = &home_handler},
	    {.prefix = "/ja", .handler = &home_handler},
	    {.prefix = "/ca.crt", .handler = &ca_handler},
	    {.prefix = "/style.css", .handler = &style_handler},
	    {.prefix = "/favicon.ico", .handler = &icon_handler},
	    {.prefix = "/about/security", .handler = &security_handler},
	};
	size_t i;

	for (i = 0; i < PAGES_ROUTES; i++) {
		out[i] = routes[i];
		out[i].door = door;
		out[i].methods = HTTP_ALLOW(HTTP_GET) | HTTP_ALLOW(HTTP_HEAD);
	}
	out[0].methods |= HTTP_ALLOW(HTTP_OPTIONS) | HTTP_ALLOW(HTTP_PROPFIND);
	*ret_n = PAGES_ROUTES;
}

/*
 * check_copies.c - clause 12.3.1: sites in different places, a file that each
 * of them has by itself, and a former content that is there until its deadline
 * and not a moment longer.
 */
#include <stdio.h>
#include <string.h>

#include "base/rand.h"
#include "core/download.h"
#include "core/file_version.h"
#include "core/scratch.h"
#include "core/state.h"
#include "evidence/sample.h"

enum {
	SMALL = 4 << 10, /* travels in a number */
	LARGE = 200 << 10, /* gets a data segment */
	BLOCK = 64 << 10,
	VERSION_TRIES = 3,
};

#define JUST CLOCK_S /* so long before the deadline the version is read */
#define STEP (50 * CLOCK_MS)

struct canary_file {
	const char *name;
	size_t size;
	uint8_t sha256[SHA256_SIZE]; /* of what was uploaded */
	int64_t node;
	int64_t content;
	uint64_t number; /* that it became durable with */
};

struct copies {
	struct check *check;
	struct state state;
	size_t n;
	const struct state_site *members[SITES_MAX]; /* of the register */
	struct site_set sites; /* their slots */
	struct sample sample; /* of what is stored */
	uint8_t block[BLOCK];
	bool failed; /* it was said what */
};

/* What was found; the rest of the check does not matter any more. */
#define FAILED(copies, ja, en, ...) \
	do { \
		CHECK_SAY((copies)->check, ja, en, __VA_ARGS__); \
		(copies)->failed = true; \
		return RC_OK; \
	} while (0)

/* ---- the sites and where they stand ---- */

/* The sites of the register: one that is coming or going promises nothing. */
static void
members_find(struct copies *c)
{
	size_t i;

	for (i = 0; i < c->state.n_sites; i++)
		if (c->state.sites[i].role == STATE_MEMBER) {
			c->members[c->n++] = &c->state.sites[i];
			c->sites =
			    site_set_with(c->sites, c->state.sites[i].slot);
		}
}

static enum rc
site_look(struct copies *c, size_t i)
{
	const struct state_site *site = c->members[i];
	size_t k;

	if (!site->attached)
		FAILED(c, "拠点 %s につながりません。", "Site %s is away.",
		    site->name);
	if (site->damaged > 0)
		FAILED(c,
		    "拠点 %s に傷んだデータが見つかり、直しているところです。",
		    "Site %s has damaged objects, which are being repaired.",
		    site->name);
	if (site->why[0] != '\0')
		FAILED(c, "拠点 %s は、まだほかの拠点に追いついていません。",
		    "Site %s has not caught up with the others yet.",
		    site->name);
	if (site->info.place[0] == '\0')
		FAILED(c,
		    "拠点 %s の所在地が登録されていません(dozo site set で登録"
		    "します)。",
		    "It is not known where site %s stands (dozo site set "
		    "says it).",
		    site->name);
	for (k = 0; k < i; k++)
		if (state_together(c->members[k], site, true))
			FAILED(c, "拠点 %s と %s が同じ場所(%s)にあります。",
			    "Sites %s and %s stand in one place, %s.",
			    c->members[k]->name, site->name, site->info.place);
	return RC_OK;
}

static enum rc
sites_look(struct op *op, struct copies *c)
{
	size_t i;

	TRY(state_get(op, c->check->service, false, &c->state));
	members_find(c);
	if (c->state.n < 2 || c->state.m < 2)
		FAILED(c,
		    "%u 拠点のうち %u 拠点に書けば保存したことになります。",
		    "Of %u sites, %u is enough for a file to count as stored.",
		    (unsigned)c->state.n, (unsigned)c->state.m);
	if (c->n < c->state.n)
		FAILED(c,
		    "登録された %u 拠点のうち %zu 拠点しか使っていません。",
		    "Of %u sites in the register, %zu are in use.",
		    (unsigned)c->state.n, c->n);
	for (i = 0; i < c->n && !c->failed; i++)
		TRY(site_look(c, i));
	return RC_OK;
}

/* ---- what has long been stored ---- */

static enum rc
stored_look(struct op *op, struct copies *c)
{
	uint64_t before;
	size_t i;

	for (i = 0; i < c->n; i++) {
		before = c->sample.wrong;
		TRY(sample_look(op, c->check, c->members[i]->slot, &c->sample));
		if (c->sample.wrong > before)
			FAILED(c,
			    "拠点 %s に保存済みのデータから無作為に選んで調べた"
			    "ところ、傷んだり欠けたりしたものがありました。",
			    "Of what site %s has stored, objects that were "
			    "picked at random are missing or damaged.",
			    c->members[i]->name);
	}
	return RC_OK;
}

/* ---- a file ---- */

static enum rc
content_of(struct op *op, struct copies *c, struct canary_file *file)
{
	struct tenant *t = c->check->canary.tenant;
	struct reader *reader;
	struct node node;
	enum rc rc;

	TRY(tenant_reader(op, t, &reader));
	rc = node_get(op, &reader->meta, file->node, &node);
	tenant_reader_put(t, reader);
	TRY(rc);
	file->content = node.content;
	return RC_OK;
}

/* Random bytes: what is read back can be nothing else. */
static enum rc
file_upload(struct op *op, struct copies *c, struct canary_file *file,
    int64_t *ret_version)
{
	struct file_put_result result;
	uint8_t *bytes;

	TRY(op_alloc(op, file->size, &bytes));
	rand_bytes(bytes, file->size);
	sha256_of(span_of(bytes, file->size), file->sha256);
	TRY(canary_put(op, &c->check->canary, file->name,
	    span_of(bytes, file->size), &result));
	file->node = result.tree.etag.node;
	file->number = result.tree.receipt.number;
	*ret_version = result.version;
	return content_of(op, c, file);
}

/* Whether site i alone gives this content's bytes. */
static enum rc
hash_from(struct op *op, struct copies *c, int64_t content, size_t i,
    uint8_t ret_sha256[SHA256_SIZE])
{
	struct download *download;
	struct sha256 hash;
	uint64_t at = 0;
	size_t n = 0;
	enum rc rc = RC_OK;

	TRY(download_open(op, c->check->canary.tenant, content, &download));
	download_from(download, i);
	sha256_init(&hash);
	do {
		rc = download_read(op, download, at, c->block, BLOCK, &n);
		if (rc != RC_OK)
			break;
		sha256_update(&hash, span_of(c->block, n));
		at += n;
	} while (n == BLOCK);
	download_free(download);
	sha256_digest(&hash, ret_sha256);
	return rc;
}

static enum rc
file_read_from(struct op *op, struct copies *c, const struct canary_file *file,
    size_t i, bool *ret_same)
{
	uint8_t got[SHA256_SIZE];
	CLEANUP(op_release) struct op read;
	enum rc rc;

	scratch_init(&read, op);
	rc = hash_from(&read, c, file->content, i, got);
	if (rc == RC_NO_MEMORY || rc == RC_BUSY)
		return scratch_end(op, &read, rc);
	*ret_same = rc == RC_OK && memcmp(got, file->sha256, sizeof(got)) == 0;
	return RC_OK;
}

static enum rc
file_read_back(struct op *op, struct copies *c, const struct canary_file *file)
{
	struct site_set left;
	bool same = false;
	size_t i;

	TRY(check_await_sites(op, c->check, file->number, c->sites, &left));
	for (i = 0; i < c->n; i++) {
		if (site_set_has(left, c->members[i]->slot))
			FAILED(c,
			    "保存から 10 秒たっても、拠点 %s が書き終えたとい"
			    "う返事をしません。",
			    "Ten seconds after an upload, site %s had not "
			    "said that it has it.",
			    c->members[i]->name);
		TRY(file_read_from(op, c, file, c->members[i]->slot, &same));
		if (!same)
			FAILED(c,
			    "検査用のファイルを保存しましたが、拠点 %s だけか"
			    "らは読み出せませんでした。",
			    "A file that was uploaded could not be read back "
			    "from site %s alone.",
			    c->members[i]->name);
	}
	return RC_OK;
}

/* ---- a former content, before and after its deadline ---- */

static int64_t
service_now(const struct copies *c)
{
	return service_clock_now(&c->check->service->clock);
}

static enum rc
await_time(struct op *op, struct copies *c, int64_t time)
{
	while (service_now(c) < time)
		TRY(check_pause(op, c->check, STEP));
	return RC_OK;
}

/* As a door looks for it. */
static enum rc
version_look(struct op *op, struct copies *c, int64_t node, int64_t version,
    struct version *ret_version, bool *ret_there)
{
	const struct canary *canary = &c->check->canary;
	CLEANUP(op_release) struct op as;
	struct reader *reader;
	enum rc rc;

	scratch_init(&as, op);
	as.actor = canary->uploader;
	TRY(tenant_reader(op, canary->tenant, &reader));
	rc = file_version_find(
	    &as, &reader->meta, node, version, service_now(c), ret_version);
	tenant_reader_put(canary->tenant, reader);
	*ret_there = rc == RC_OK;
	return rc == RC_NOT_FOUND ? RC_OK : scratch_end(op, &as, rc);
}

/* What the file had is there, on each site, until the deadline comes. */
static enum rc
version_before(struct op *op, struct copies *c, struct canary_file *former,
    int64_t id, bool *ret_there)
{
	struct version version;
	size_t i;

	TRY(version_look(op, c, former->node, id, &version, ret_there));
	if (!*ret_there)
		return RC_OK;
	former->content = version.content;
	for (i = 0; i < c->n && *ret_there; i++)
		TRY(file_read_from(
		    op, c, former, c->members[i]->slot, ret_there));
	return RC_OK;
}

/*
 * *ret_known false: this machine was so slow that the deadline came while the
 * version was looked at, which shows nothing.
 */
static enum rc
version_watch(struct op *op, struct copies *c, struct canary_file *former,
    int64_t id, bool *ret_known)
{
	struct version version;
	int64_t deadline;
	bool there;

	*ret_known = true;
	TRY(version_look(op, c, former->node, id, &version, &there));
	deadline = there ? version.kept_until : INT64_MAX;
	if (there) {
		TRY(await_time(op, c, deadline - JUST));
		TRY(version_before(op, c, former, id, &there));
	}
	if (!there && service_now(c) >= deadline) {
		*ret_known = false;
		return RC_OK;
	}
	if (!there)
		FAILED(c,
		    "上書きする前の内容が、期限(検査用は %d 秒)より早く読み出せ"
		    "なくなりました。",
		    "A former content could not be read any more before its "
		    "deadline (%d seconds for this check).",
		    CANARY_VERSION_SECONDS);
	TRY(await_time(op, c, deadline));
	TRY(version_look(op, c, former->node, id, &version, &there));
	if (there)
		FAILED(c,
		    "上書きする前の内容が、期限(検査用は %d 秒)を過ぎても読み出"
		    "せました。",
		    "A former content could still be read after its deadline "
		    "(%d seconds for this check).",
		    CANARY_VERSION_SECONDS);
	return RC_OK;
}

static enum rc
versions_look(struct op *op, struct copies *c, struct canary_file *file)
{
	struct canary_file former;
	int64_t version = 0;
	bool known = false;
	int tries;

	for (tries = 0; tries < VERSION_TRIES && !known; tries++) {
		former = *file;
		TRY(file_upload(op, c, file, &version));
		TRY(version_watch(op, c, &former, version, &known));
	}
	if (!known)
		FAIL(op, RC_TIMEOUT,
		    "this machine is too slow to look at a version just "
		    "before its deadline");
	return RC_OK;
}

/* ---- the clause ---- */

static enum rc
places_text(struct op *op, const struct copies *c, char **ret_text)
{
	char *text;
	size_t i;

	TRY(op_format(op, &text, "%s", c->members[0]->info.place));
	for (i = 1; i < c->n; i++)
		TRY(op_format(
		    op, &text, "%s, %s", text, c->members[i]->info.place));
	*ret_text = text;
	return RC_OK;
}

/* L20: what an operator has noted of places may be more than the disks hold. */
static bool
disks_shared(const struct copies *c)
{
	size_t i, k;

	for (i = 0; i < c->n; i++)
		for (k = 0; k < i; k++)
			if (state_together(c->members[i], c->members[k], false))
				return true;
	return false;
}

static void
also_say(struct check *check, enum lang lang, const char *text)
{
	size_t size = strlen(check->checked[lang]);

	(void)snprintf(
	    check->checked[lang] + size, EVIDENCE_TEXT_SIZE - size, "%s", text);
}

static enum rc
well(struct op *op, struct copies *c)
{
	char *places;

	TRY(places_text(op, c, &places));
	CHECK_SAY(c->check,
	    "検査用のファイルを保存し、%zu 拠点(%s)のそれぞれ 1 か所だけから読"
	    "み出して、どれも同じ内容であることを確かめました。上書きする前の内"
	    "容は、期限(検査用は %d 秒)の直前まで各拠点から読み出せ、期限が来る"
	    "と読み出せなくなりました。各拠点に保存済みのデータから無作為に選ん"
	    "だ %llu 個に、傷みはありませんでした。",
	    "Files were uploaded and read back from each of the %zu sites (%s) "
	    "alone, with equal SHA-256. A former content was there on each "
	    "site until just before its deadline (%d seconds for this "
	    "check) and gone with it. Of what had been stored before, %llu "
	    "objects picked at random on the sites were whole.",
	    c->n, places, CANARY_VERSION_SECONDS,
	    (unsigned long long)c->sample.objects);
	if (disks_shared(c)) {
		also_say(c->check, LANG_JA,
		    "ただし、同じディスクを使っている拠点があります。");
		also_say(c->check, LANG_EN, " Some sites share one disk.");
	}
	c->check->satisfied = true;
	return RC_OK;
}

static enum rc
copies(struct op *op, struct copies *c)
{
	struct canary_file files[] = {
	    {.name = "small", .size = SMALL}, {.name = "large", .size = LARGE}};
	int64_t version;
	size_t i;

	TRY(canary_tidy(op, &c->check->canary));
	TRY(sites_look(op, c));
	if (!c->failed)
		TRY(stored_look(op, c));
	for (i = 0; i < ARRAY_LEN(files) && !c->failed; i++) {
		TRY(file_upload(op, c, &files[i], &version));
		TRY(file_read_back(op, c, &files[i]));
	}
	if (!c->failed)
		TRY(versions_look(op, c, &files[0]));
	return c->failed ? RC_OK : well(op, c);
}

enum rc
check_copies(struct op *op, struct check *check)
{
	struct copies *c;

	TRY(op_alloc(op, sizeof(*c), &c));
	c->check = check;
	return copies(op, c);
}

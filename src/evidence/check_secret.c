/*
 * check_secret.c - clause 10.1.1: a file is uploaded, and what must not be
 * readable of it is looked for wherever it has left something; the listener is
 * asked from outside for what it must refuse.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "evidence/check.h"
#include "evidence/gained.h"
#include "evidence/needles.h"
#include "http/tls_probe.h"

enum {
	MARKER_SIZE = 64, /* characters */
	NAME_RANDOM = 16,
	SMALL = 4 << 10, /* travels in a number */
	LARGE = 200 << 10, /* gets a data segment */
	DB_TRIES = 3,
	DB_NAME_SIZE = 64,
};

struct search {
	struct check *check;
	struct needles needles;
	struct gained gained;
	uint64_t log; /* log_position() before the upload */
	uint8_t *block;
	uint64_t objects; /* looked into */
	uint64_t bytes; /* of objects */
	uint64_t db_bytes;
	int64_t since; /* clock_mono() of the first read: for the rate */
	const struct needle *found;
	const char *where[2]; /* by enum lang; where found */
};

/* ---- the upload ---- */

/* A text that stands nowhere else, all over a content. */
static enum rc
content_fill(struct op *op, const char *marker, size_t size, uint8_t **ret_text)
{
	uint8_t *text;
	size_t i;

	TRY(op_alloc(op, size, &text));
	for (i = 0; i < size; i++)
		text[i] = (uint8_t)(i % (MARKER_SIZE + 1) == MARKER_SIZE
					? '\n'
					: marker[i % (MARKER_SIZE + 1)]);
	*ret_text = text;
	return RC_OK;
}

static enum rc
file_upload(struct op *op, struct search *s, const char *marker, size_t size,
    uint64_t *ret_number)
{
	uint8_t random[NAME_RANDOM];
	char hex[2 * NAME_RANDOM + 1],
	    name[sizeof("canary-.txt") + sizeof(hex)];
	struct file_put_result result;
	uint8_t *text;

	rand_bytes(random, sizeof(random));
	str_hex(hex, span_of(random, sizeof(random)));
	(void)snprintf(name, sizeof(name), "canary-%s.txt", hex);
	needles_add(
	    &s->needles, "ファイル名", "the file's name", span_str(name));
	TRY(content_fill(op, marker, size, &text));
	TRY(canary_put(
	    op, &s->check->canary, name, span_of(text, size), &result));
	*ret_number = result.tree.receipt.number;
	return RC_OK;
}

/* Both ways in which contents travel. */
static enum rc
upload(struct op *op, struct search *s)
{
	struct check *check = s->check;
	uint8_t random[MARKER_SIZE / 2];
	char marker[MARKER_SIZE + 1];
	struct site_set left;
	uint64_t number;

	rand_bytes(random, sizeof(random));
	str_hex(marker, span_of(random, sizeof(random)));
	needles_add(&s->needles, "ファイルの中身", "the file's content",
	    span_str(marker));
	needles_add(&s->needles, "保存した人の名前", "the uploader's name",
	    span_str(check->canary.login));
	TRY(file_upload(op, s, marker, SMALL, &number));
	TRY(file_upload(op, s, marker, LARGE, &number));
	/* Slow sites get what they are to get. */
	return check_await_sites(op, check, number, s->gained.sites, &left);
}

/* ---- looking ---- */

static void
found_note(struct search *s, const struct needle *needle, const char *ja,
    const char *en)
{
	if (needle == NULL || s->found != NULL)
		return;
	s->found = needle;
	s->where[LANG_JA] = ja;
	s->where[LANG_EN] = en;
}

/* Keeps to the rate. */
static enum rc
pace(struct op *op, struct search *s)
{
	int64_t now = clock_mono();
	int64_t due = s->since + (int64_t)((double)s->bytes / CHECK_RATE *
					   (double)CLOCK_S);

	return check_pause(op, s->check, due > now ? due - now : 0);
}

struct object_bytes {
	struct site *site;
	const struct object_name *name;
};

static enum rc
object_read(
    void *arg, struct op *op, uint64_t offset, uint8_t *out, size_t size)
{
	const struct object_bytes *bytes = arg;

	return site_read(op, bytes->site, bytes->name, offset, out, size);
}

/* An object that has gone since (packed, given up) is looked for no more. */
static enum rc
object_look(
    void *arg, struct op *op, size_t site, const struct object_name *object)
{
	struct search *s = arg;
	struct object_bytes bytes = {
	    s->check->service->config.sites->slots[site].site, object};
	const struct needle *found;
	uint64_t size;
	enum rc rc = site_size(op, bytes.site, object, &size);

	if (rc == RC_OK)
		rc = needles_read(op, &s->needles, size, object_read, &bytes,
		    s->block, &found);
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		return RC_OK;
	}
	TRY(rc);
	found_note(s, found, "拠点のデータ", "on a site");
	s->objects++;
	s->bytes += size;
	return pace(op, s);
}

static enum rc
file_read(void *arg, struct op *op, uint64_t offset, uint8_t *out, size_t size)
{
	return io_read_at(op, *(int *)arg, offset, out, size);
}

struct databases {
	struct search *search;
	int folder_fd;
};

/* A file that shrinks meanwhile (a checkpoint) is looked into again. */
static enum rc
database_look(struct op *op, struct databases *dbs, const char *name)
{
	struct search *s = dbs->search;
	CLEANUP(io_close) int fd = -1;
	const struct needle *found = NULL;
	uint64_t size = 0;
	enum rc rc = io_open_read(op, dbs->folder_fd, name, &fd);
	int tries;

	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		return RC_OK;
	}
	TRY(rc);
	for (tries = 1;; tries++) {
		TRY(io_size(op, fd, &size));
		rc = needles_read(
		    op, &s->needles, size, file_read, &fd, s->block, &found);
		if (rc != RC_DAMAGED || tries == DB_TRIES)
			break;
		op_clear_error(op);
	}
	TRY(rc);
	found_note(s, found, "データベース", "in a database");
	s->db_bytes += size;
	return check_pause(op, s->check, 0);
}

/* The canary's and the provider's: databases, -wal, and what else has their
 * name. */
static enum rc
database_each(void *arg, struct op *op, const char *name)
{
	struct databases *dbs = arg;
	const uint64_t ids[] = {
	    TENANT_PROVIDER, dbs->search->check->canary.tenant->id};
	char prefix[DB_NAME_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_LEN(ids); i++) {
		(void)snprintf(prefix, sizeof(prefix), "%016llx.",
		    (unsigned long long)ids[i]);
		if (str_starts(name, prefix))
			return database_look(op, dbs, name);
	}
	return RC_OK;
}

static enum rc
databases_look(struct op *op, struct search *s)
{
	const struct service_config *config = &s->check->service->config;
	CLEANUP(io_close) int fd = -1;
	struct databases dbs = {.search = s};

	TRY(io_open_dir(op, config->dir_fd, config->db_folder, false, &fd));
	dbs.folder_fd = fd;
	return io_list(op, fd, database_each, &dbs);
}

static enum rc
log_look(struct op *op, struct search *s)
{
	CLEANUP(buf_release) struct buf lines = {.limit = LOG_KEPT};
	bool lost;

	TRY(log_since(op, s->log, &lines, &lost));
	if (lost)
		FAIL(op, RC_LIMIT,
		    "more log lines came than are kept in memory");
	found_note(s, needles_find(&s->needles, buf_span(&lines)), "動作記録",
	    "in the log");
	return RC_OK;
}

/* ---- the clause ---- */

static enum rc
look(struct op *op, struct search *s)
{
	s->log = log_position();
	TRY(gained_note(op, s->check->service, &s->gained));
	TRY(upload(op, s));
	s->since = clock_mono();
	TRY(gained_list(op, s->check->service, &s->gained, object_look, s));
	TRY(databases_look(op, s));
	TRY(log_look(op, s));
	if (s->objects == 0)
		FAIL(op, RC_NOT_FOUND, "no site was there to be looked at");
	return RC_OK;
}

static enum rc
listener_look(struct op *op, struct search *s)
{
	struct check *check = s->check;
	struct tls_probe probe;

	TRY(tls_probe(op, check->host, check->port, &probe));
	if (probe.taken != NULL) {
		CHECK_SAY(check,
		    "外側からつないでみたところ、断るべき通信方式を受け付けまし"
		    "た: %s。",
		    "Tried from outside, the listener took what it must "
		    "refuse: %s.",
		    probe.taken);
		return RC_OK;
	}
	check->satisfied = true;
	CHECK_SAY(check,
	    "検査用のファイルを保存し、その中身・名前・保存した人を、%zu 拠点に"
	    "増えたデータ %llu 個(%llu KiB)、データベース(%llu KiB)、動作記録"
	    "の中に探しましたが、どこにもありませんでした。外側からの接続では、"
	    "TLS 1.0 と 1.1、弱い暗号方式、暗号化していない HTTP の %u 通りがす"
	    "べて断られました。",
	    "Files were uploaded; their content, their names and their "
	    "uploader were looked for on %zu sites in %llu new objects (%llu "
	    "KiB), in the databases (%llu KiB) and in the log lines since, and "
	    "found nowhere. From outside, TLS 1.0 and 1.1, weak suites and "
	    "plain HTTP were refused, %u offers in all.",
	    site_set_count(s->gained.sites), (unsigned long long)s->objects,
	    (unsigned long long)s->bytes >> 10,
	    (unsigned long long)s->db_bytes >> 10, probe.refused);
	return RC_OK;
}

static enum rc
secret(struct op *op, struct search *s)
{
	TRY(canary_tidy(op, &s->check->canary));
	TRY(look(op, s));
	if (s->found == NULL)
		return listener_look(op, s);
	(void)snprintf(s->check->checked[LANG_JA], EVIDENCE_TEXT_SIZE,
	    "検査用のファイルを保存したところ、%sの中に、%sが暗号化されないまま"
	    "見つかりました。",
	    s->where[LANG_JA], s->found->what[LANG_JA]);
	(void)snprintf(s->check->checked[LANG_EN], EVIDENCE_TEXT_SIZE,
	    "A file was uploaded, and %s stands in the clear %s.",
	    s->found->what[LANG_EN], s->where[LANG_EN]);
	return RC_OK;
}

enum rc
check_secret(struct op *op, struct check *check)
{
	struct search s = {.check = check};
	enum rc rc = RC_NO_MEMORY;

	s.block = mem_alloc(NEEDLE_BLOCK);
	if (s.block == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	rc = secret(op, &s);
	gained_release(&s.gained);
	mem_free(s.block);
	return rc;
}

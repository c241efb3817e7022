/*
 * make_service.c - makes a service of three sites in a sandbox, with files of
 * all kinds, and tells on stdout what a reader has to find there: lines of
 * fields between tabs, the first says which. The sandbox is left to the caller.
 */
#include "lib/service_fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "core/cut.h"
#include "core/file_put.h"
#include "core/member.h"
#include "core/notice.h"
#include "core/pack.h"
#include "core/path.h"
#include "core/resumable.h"
#include "core/snapshot.h"
#include "core/tree.h"
#include "core/upload.h"

#define MIB (UINT64_C(1) << 20)
enum { SPACES = 2, PIECE = 100000 };

struct maker {
	struct fixture f;
	struct op op;
	uint64_t id;
	struct tenant *t;
	size_t n_spaces;
	int64_t spaces[SPACES]; /* the administrator's own, the company's */
	unsigned n_plain; /* files of plaintext written so far */
};

static enum rc
space_note(void *arg, struct op *op, const struct node *node)
{
	struct maker *m = arg;

	(void)op;
	assert_true(m->n_spaces < SPACES);
	m->spaces[m->n_spaces++] = node->id;
	return RC_OK;
}

/* Signs the administrator in. */
static void
maker_enter(struct maker *m)
{
	struct reader *reader;
	struct member_row member;

	ASSERT_OK(&m->op, service_tenant(&m->op, m->f.service, m->id, &m->t));
	m->op.actor = (struct actor){.tenant = m->id, .address = "192.0.2.7"};
	ASSERT_OK(&m->op, tenant_reader(&m->op, m->t, &reader));
	ASSERT_OK(&m->op,
	    member_find(&m->op, &reader->meta, span_str("admin"), &member));
	m->op.actor.member = member.id;
	m->n_spaces = 0;
	ASSERT_OK(&m->op, path_spaces(&m->op, &reader->meta, space_note, m));
	tenant_reader_put(m->t, reader);
	assert_int_equal(m->n_spaces, SPACES);
	fixture_await_sites(&m->f, m->t, FIXTURE_SITES);
}

static void
maker_restart(struct maker *m)
{
	tenant_put(m->t);
	fixture_close(&m->op, &m->f);
	ASSERT_OK(&m->op, fixture_open(&m->op, &m->f));
	maker_enter(m);
}

static void
maker_open(struct maker *m)
{
	struct member_new admin = {
	    .login = span_str("admin"),
	    .password = span_str("a long password"),
	    .role = MEMBER_ADMINISTRATOR,
	};
	struct tenant *t;

	op_init(&m->op);
	fixture_init(&m->f, FIXTURE_SITES, 2);
	ASSERT_OK(&m->op, fixture_open(&m->op, &m->f));
	ASSERT_OK(&m->op,
	    service_tenant_add(&m->op, m->f.service, "demo", "en", &m->id));
	ASSERT_OK(&m->op, service_tenant(&m->op, m->f.service, m->id, &t));
	m->op.actor.tenant = m->id;
	ASSERT_OK(&m->op, member_found(&m->op, t, LANG_EN, &admin));
	tenant_put(t);
	maker_enter(m);
}

static void
keystore_save(struct maker *m)
{
	CLEANUP(buf_release) struct buf bytes = {0};

	buf_init(&bytes, 4096);
	ASSERT_OK(&m->op, keystore_write(&m->op, m->f.keystore, &bytes));
	ASSERT_OK(&m->op, io_write_file(&m->op, m->f.dir_fd, "master.key",
			      buf_span(&bytes), 0400));
}

/* ---- files ---- */

/* A byte that depends on its place and the file, so that a misplaced piece
 * shows. */
static void
fill(uint8_t *out, size_t n, uint64_t position, unsigned seed)
{
	size_t i;

	for (i = 0; i < n; i++)
		out[i] = (uint8_t)(((position + i + 1) *
					   UINT64_C(0x9e3779b97f4a7c15) ^
				       seed) >>
				   40);
}

static void
name_set(
    struct maker *m, struct tree_target *to, int64_t parent, const char *name)
{
	to->parent = parent;
	ASSERT_OK(&m->op, tree_name_init(&m->op, span_str(name), &to->name));
}

/* Uploads a content of its own; its plaintext stays in the sandbox too. */
static void
content_write(
    struct maker *m, struct upload *upload, uint64_t size, unsigned seed)
{
	uint8_t *piece = malloc(PIECE);
	char path[400];
	uint64_t done;
	FILE *plain;

	(void)snprintf(path, sizeof(path), "%.300s/plain-%u", m->f.path, seed);
	plain = fopen(path, "wb");
	assert_non_null(plain);
	assert_non_null(piece);
	for (done = 0; done < size;) {
		size_t step =
		    size - done < PIECE ? (size_t)(size - done) : PIECE;

		fill(piece, step, done, seed);
		assert_int_equal(fwrite(piece, 1, step, plain), step);
		ASSERT_OK(
		    &m->op, upload_write(&m->op, upload, span_of(piece, step)));
		done += step;
	}
	assert_int_equal(fclose(plain), 0);
	free(piece);
}

/* Returns the file's node; its plaintext is plain-<m->n_plain>. */
static int64_t
put(struct maker *m, int64_t parent, const char *name, uint64_t size)
{
	unsigned seed = ++m->n_plain;
	struct file_put file = {
	    .has_mtime = true,
	    .mtime = INT64_C(1700000000000000000) + seed,
	};
	struct file_put_result result;
	struct upload *upload;

	name_set(m, &file.to, parent, name);
	ASSERT_OK(&m->op, upload_open(&m->op, m->t, seed % 2 == 0, &upload));
	content_write(m, upload, size, seed);
	ASSERT_OK(&m->op, upload_end(&m->op, upload, &file.content));
	ASSERT_OK(&m->op, file_put(&m->op, m->t, &file, &result));
	upload_free(upload);
	return result.tree.etag.node;
}

static void
tell(const char *kind, const char *path, unsigned plain)
{
	(void)printf("%s\t%s\tplain-%u\t%" PRId64 "\n", kind, path, plain,
	    INT64_C(1700000000000000000) + plain);
}

static void
put_and_tell(struct maker *m, const char *name, uint64_t size)
{
	char path[300];

	(void)put(m, m->spaces[1], name, size);
	(void)snprintf(path, sizeof(path), "/Company/%.200s", name);
	tell("file", path, m->n_plain);
}

static int64_t
folder_make(struct maker *m, int64_t parent, const char *name)
{
	struct precondition none = {0};
	struct tree_target to = {0};
	struct tree_result result;

	name_set(m, &to, parent, name);
	ASSERT_OK(&m->op, tree_mkdir(&m->op, m->t, &to, &none, &result));
	return result.etag.node;
}

static void
sizes_make(struct maker *m)
{
	put_and_tell(m, "empty", 0);
	put_and_tell(m, "one", 1);
	put_and_tell(m, "64K", 65536);
	put_and_tell(m, "64K and one", 65537);
	put_and_tell(m, "4M and one", 4 * MIB + 1);
	put_and_tell(m, "17M", 17 * MIB);
}

/* Overwritten, copied, and with characters beyond ASCII. */
static void
states_make(struct maker *m)
{
	int64_t company = m->spaces[1];
	struct tree_copy copy = {0};
	struct tree_result result;
	unsigned first;

	copy.node = put(m, company, "report.txt", 70000);
	tell("version", "/Company/report.txt", m->n_plain);
	put_and_tell(m, "report.txt", 2000);
	first = m->n_plain;
	name_set(m, &copy.to, company, "報告 – Größe.txt");
	ASSERT_OK(&m->op, tree_copy(&m->op, m->t, &copy, &result));
	tell("file", "/Company/報告 – Größe.txt", first);
	(void)put(m, m->spaces[0], "own.txt", 300);
	tell("file", "//personal/admin/My files/own.txt", m->n_plain);
}

/* Moved, and in the trash. */
static void
moves_make(struct maker *m)
{
	int64_t company = m->spaces[1];
	int64_t folder = folder_make(m, company, "Folder");
	int64_t old = folder_make(m, company, "Old");
	struct precondition none = {0};
	struct tree_move move = {0};
	struct tree_result result;
	int64_t node;

	move.node = put(m, company, "moving", 5000);
	name_set(m, &move.to, folder, "Moved");
	ASSERT_OK(&m->op, tree_move(&m->op, m->t, &move, &result));
	tell("file", "/Company/Folder/Moved", m->n_plain);
	node = put(m, company, "trashed", 100000);
	ASSERT_OK(&m->op, tree_delete(&m->op, m->t, node, &none, &result));
	tell("trash", "trashed", m->n_plain);
	(void)put(m, old, "below", 10);
	ASSERT_OK(&m->op, tree_delete(&m->op, m->t, old, &none, &result));
	tell("trash", "Old/below", m->n_plain);
}

/* Writes on with an upload that goes on. */
static void
upload_go_on(struct maker *m, int64_t id, uint64_t offset, size_t size)
{
	const struct resumable_from from = {.offset = offset};
	const struct precondition none = {0};
	struct resumable_result result;
	uint8_t *piece = malloc(size);
	struct resumable *r;

	assert_non_null(piece);
	fill(piece, size, offset, m->n_plain);
	ASSERT_OK(&m->op, resumable_open(&m->op, m->t, id, &from, &r));
	ASSERT_OK(&m->op, resumable_write(&m->op, r, span_of(piece, size)));
	ASSERT_OK(&m->op, resumable_end(&m->op, r, &none, &result));
	resumable_free(r);
	free(piece);
}

/* The row; plain-<m->n_plain> has so many of its bytes. */
static int64_t
upload_make(struct maker *m, const char *name, uint64_t size, size_t written)
{
	unsigned seed = ++m->n_plain;
	struct resumable_new new = {
	    .has_size = true,
	    .size = size,
	    .has_digest = written < size, /* that it never comes to */
	    .has_mtime = true,
	    .mtime = INT64_C(1700000000000000000) + seed,
	    .metadata = span_str("parent MQ==,name MQ=="),
	};
	struct resumable_result result;
	uint8_t *bytes = malloc(written);
	char path[300];
	FILE *plain;

	assert_non_null(bytes);
	fill(bytes, written, 0, seed);
	(void)snprintf(path, sizeof(path), "%.200s/plain-%u", m->f.path, seed);
	plain = fopen(path, "we");
	assert_non_null(plain);
	assert_int_equal(fwrite(bytes, 1, written, plain), written);
	assert_int_equal(fclose(plain), 0);
	free(bytes);
	name_set(m, &new.to, m->spaces[1], name);
	memset(new.digest, 'd', sizeof(new.digest));
	ASSERT_OK(&m->op, resumable_make(&m->op, m->t, &new, &result));
	return result.state.id;
}

/* One on its way, in a data segment and a number, and one that is done. */
static void
uploads_make(struct maker *m)
{
	enum { FIRST = 70001, MORE = 21 };
	int64_t id = upload_make(m, "on its way", 4 * MIB, FIRST + MORE);

	upload_go_on(m, id, 0, FIRST);
	upload_go_on(m, id, FIRST, MORE);
	(void)printf("upload\ton its way\tplain-%u\n", m->n_plain);
	id = upload_make(m, "done", 4, 4);
	upload_go_on(m, id, 0, 4);
	tell("file", "/Company/done", m->n_plain);
}

static void
members_make(struct maker *m)
{
	char token[PASSWORD_TOKEN_SIZE];
	struct member_new member = {.login = span_str("hanako")};
	CLEANUP(op_release) struct op host;
	int64_t id;

	op_init(&host);
	ASSERT_OK(
	    &host, notice_break_glass(&host, m->t, span_str("member list"),
		       span_str("to be read by the second reader")));
	ASSERT_OK(&m->op, member_add(&m->op, m->t, &member, &id));
	ASSERT_OK(&m->op, member_app_password_add(&m->op, m->t, id,
			      span_str("telephone"), token, &id));
	/* An empty plaintext is sealed too. */
	ASSERT_OK(&m->op, member_app_password_add(&m->op, m->t,
			      m->op.actor.member, span_of("", 0), token, &id));
}

/* m sites acknowledge; waits until the others have all of it too, 20 s at
 * most. */
static void
await_all(struct maker *m, struct tenant *t, uint64_t base)
{
	struct timespec step = {.tv_nsec = 10000000};
	size_t i, tries;

	for (i = 0; i < m->f.n_sites; i++) {
		for (tries = 0;
		     tries < 2000 && fixture_count(&m->f, i, "log", t->id) !=
					 t->head.number - base;
		     tries++) {
			ASSERT_OK(&m->op, cut_clean(&m->op, t));
			(void)nanosleep(&step, NULL);
		}
		assert_int_equal(fixture_count(&m->f, i, "log", t->id),
		    t->head.number - base);
	}
}

/* The log begins with a snapshot, and another one stands above it. */
static uint64_t
cut_here(struct maker *m)
{
	struct reader *reader;
	struct kept kept;

	ASSERT_OK(&m->op, snapshot_make(&m->op, m->t));
	ASSERT_OK(&m->op, cut_make(&m->op, m->t));
	ASSERT_OK(&m->op, tenant_reader(&m->op, m->t, &reader));
	ASSERT_OK(&m->op, kept_get(&m->op, &reader->meta, &kept));
	tenant_reader_put(m->t, reader);
	assert_int_equal(kept.n, 2);
	return kept.base.number;
}

/* The hash over all replicated rows, which the reader has to arrive at. */
static void
state_tell(struct maker *m, struct tenant *t)
{
	uint8_t hash[DB_HASH_SIZE];
	struct reader *reader;
	size_t i;

	ASSERT_OK(&m->op, tenant_reader(&m->op, t, &reader));
	ASSERT_OK(&m->op, db_state_hash(&m->op, reader->db, hash));
	tenant_reader_put(t, reader);
	(void)printf("state\t%016" PRIx64 "\t", t->id);
	for (i = 0; i < sizeof(hash); i++)
		(void)printf("%02x", hash[i]);
	(void)printf("\n");
}

int
main(void)
{
	struct maker m = {0};
	uint64_t base;
	size_t i;

	maker_open(&m);
	(void)printf("path\t%s\n", m.f.path);
	for (i = 0; i < m.f.n_sites; i++)
		(void)printf("site\t%s\n", m.f.site_paths[i]);
	keystore_save(&m);
	sizes_make(&m);
	maker_restart(&m);
	ASSERT_OK(&m.op, snapshot_make(&m.op, m.t));
	states_make(&m);
	uploads_make(&m);
	base = cut_here(&m);
	moves_make(&m);
	members_make(&m);
	for (i = 0; i < PACK_LEAST; i++)
		ASSERT_OK(
		    &m.op, fixture_set(&m.op, m.t, 31 + (int64_t)i % 9, NULL));
	await_all(&m, m.f.service->provider, 0);
	await_all(&m, m.t, base);
	/* The second reader finds numbers in packs, too. */
	ASSERT_OK(&m.op, pack_tenant(&m.op, m.t, m.t->head.number - 3));
	for (i = 0; i < m.f.n_sites; i++)
		assert_int_equal(fixture_count(&m.f, i, "log", m.t->id), 4);
	state_tell(&m, m.f.service->provider);
	state_tell(&m, m.t);
	tenant_put(m.t);
	fixture_close(&m.op, &m.f);
	keystore_free(m.f.keystore);
	io_close(&m.f.dir_fd);
	test_sandbox_leave(m.f.path);
	op_release(&m.op);
	return 0;
}

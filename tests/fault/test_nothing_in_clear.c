/* test_nothing_in_clear.c - a raw search through every byte below the sandbox,
 * and through the log, finds nothing that a customer put in. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "core/locks.h"
#include "core/member.h"
#include "core/notice.h"
#include "core/properties.h"
#include "core/trash.h"
#include "core/upload.h"
#include "world.h"

enum { NEEDLE_MAX = 600, NEEDLES_MAX = 64 };

struct needle {
	const char *what;
	size_t size;
	uint8_t bytes[NEEDLE_MAX];
};

static struct needle needles[NEEDLES_MAX];
static size_t n_needles;
static size_t n_files;
static uint64_t n_bytes;
static char found[600]; /* the first one, "" while none is */

static void
needle_add(const char *what, const void *bytes, size_t size)
{
	struct needle *needle = &needles[n_needles++];

	assert_true(n_needles <= NEEDLES_MAX && size <= NEEDLE_MAX);
	needle->what = what;
	needle->size = size;
	memcpy(needle->bytes, bytes, size);
}

/* One code point of UTF-8, well-formed and of the basic plane. */
static uint32_t
code_point(const char **text)
{
	const uint8_t *p = (const uint8_t *)*text;

	if (p[0] < 0x80) {
		*text += 1;
		return p[0];
	}
	if (p[0] < 0xe0) {
		*text += 2;
		return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	}
	*text += 3;
	return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 |
	       (p[2] & 0x3f);
}

/* A text as it was put in and in UTF-16LE. */
static void
needle_text(const char *text)
{
	uint8_t wide[NEEDLE_MAX];
	const char *at = text;
	size_t n = 0;

	needle_add(text, text, strlen(text));
	while (*at != '\0' && n + 2 <= sizeof(wide)) {
		uint32_t c = code_point(&at);

		wide[n++] = (uint8_t)c;
		wide[n++] = (uint8_t)(c >> 8);
	}
	needle_add(text, wide, n);
}

static void
bytes_search(const char *path, const uint8_t *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < n_needles && found[0] == '\0'; i++)
		if (memmem(bytes, size, needles[i].bytes, needles[i].size) !=
		    NULL)
			(void)snprintf(found, sizeof(found),
			    "\"%.100s\" stands in %.400s", needles[i].what,
			    path);
}

static int
file_search(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	uint8_t *bytes;
	size_t size;
	FILE *file;

	(void)ftw;
	/* Names on disk are bytes too. */
	bytes_search(path, (const uint8_t *)path, strlen(path));
	if (kind != FTW_F || st->st_size == 0)
		return 0;
	file = fopen(path, "re");
	if (file == NULL)
		return 0; /* gone meanwhile */
	bytes = malloc((size_t)st->st_size);
	assert_non_null(bytes);
	size = fread(bytes, 1, (size_t)st->st_size, file);
	(void)fclose(file);
	bytes_search(path, bytes, size);
	free(bytes);
	n_files++;
	n_bytes += size;
	return 0;
}

static bool
search(const struct world *w)
{
	found[0] = '\0';
	n_files = 0;
	n_bytes = 0;
	assert_int_equal(nftw(w->f.path, file_search, 16, FTW_PHYS), 0);
	return found[0] != '\0';
}

static int kept_stderr = -1;

static void
log_release(void)
{
	if (kept_stderr >= 0)
		assert_true(dup2(kept_stderr, STDERR_FILENO) >= 0);
	io_close(&kept_stderr);
}

static void
assert_clear_of(const struct world *w, const char *when, size_t files)
{
	if (search(w)) {
		log_release();
		fail_msg("%s: %s", when, found);
	}
	print_message("%s: nothing of %zu texts in %zu files, %llu bytes\n",
	    when, n_needles, n_files, (unsigned long long)n_bytes);
	assert_true(n_files > files);
}

/* A content that says the same all over. */
static void
put_text(struct world *w, int64_t parent, const char *name, const char *text,
    size_t size)
{
	struct file_put file = {.to.parent = parent};
	struct file_put_result result;
	struct upload *upload;
	uint8_t *bytes = malloc(size);
	size_t i, len = strlen(text);

	assert_non_null(bytes);
	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)text[i % len];
	ASSERT_OK(
	    &w->op, tree_name_init(&w->op, span_str(name), &file.to.name));
	ASSERT_OK(&w->op, upload_open(&w->op, w->t, true, &upload));
	ASSERT_OK(&w->op, upload_write(&w->op, upload, span_of(bytes, size)));
	ASSERT_OK(&w->op, upload_end(&w->op, upload, &file.content));
	ASSERT_OK(&w->op, file_put(&w->op, w->t, &file, &result));
	upload_free(upload);
	free(bytes);
}

static const char password[] = "fuku-wa-uchi oni-wa-soto 1868";
static const char other_password[] = "amanohashidate-hashidate-77";
static const char login[] = "hanako.tanukizaka";
static const char label[] = "Notebook-of-Hanako";
static const char command[] = "member password hanako-of-accounting";
static const char reason[] = "金庫番の田貫さんが入院中のため";
static const char folder[] = "役員会議-ヤマアラシ計画";
static const char ascii_folder[] = "Quokka-Restructuring";
static const char file_small[] = "給与明細書_令和八年.xlsx";
static const char file_large[] = "Zanzibar-Payroll-Draft.docx";
static const char file_renamed[] = "Xylophone-Merger-Final.txt";
static const char text_small[] = "社外秘: 買収価格は四十二億円である。";
static const char text_large[] = "TOP-SECRET the merger closes at midnight. ";
static const char property_name[] = "okapi-appraisal";
static const char property[] =
    "<okapi-appraisal xmlns=\"urn:nandina-domestica\">"
    "overpriced-by-far</okapi-appraisal>";
static const char lock_owner[] = "Bartholomaeus of Legal";
static const uint8_t lock_token[LOCK_TOKEN_SIZE] = "tokyo-tower-0042";
static const char text_overwritten[] = "an earlier draft, quite embarrassing. ";

static void
needles_make(void)
{
	static const char *const texts[] = {password, other_password, login,
	    command, reason, label, folder, ascii_folder, file_small,
	    file_large, file_renamed, text_small, text_large, text_overwritten,
	    property_name, "urn:nandina-domestica", "overpriced-by-far",
	    lock_owner, "tokyo-tower-0042",
	    /* folded, as keys are made of them */
	    "zanzibar-payroll-draft.docx", "quokka-restructuring",
	    "xylophone-merger-final.txt"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		needle_text(texts[i]);
}

static void
members_work(struct world *w)
{
	struct member_new member = {
	    .login = span_str(login),
	    .password = span_str(password),
	    .role = MEMBER_ORDINARY,
	};
	char token[PASSWORD_TOKEN_SIZE];
	struct member_sign_in sign_in;
	struct reader *reader;
	int64_t id, app;

	CLEANUP(op_release) struct op host;

	op_init(&host);
	ASSERT_OK(&host, notice_break_glass(
			     &host, w->t, span_str(command), span_str(reason)));
	ASSERT_OK(&w->op, member_add(&w->op, w->t, &member, &id));
	ASSERT_OK(&w->op,
	    member_set_password(&w->op, w->t, id, span_str(other_password)));
	ASSERT_OK(&w->op, member_app_password_add(
			      &w->op, w->t, id, span_str(label), token, &app));
	needle_text(token);
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	ASSERT_OK(&w->op, member_sign_in(&w->op, &reader->meta, span_str(login),
			      span_str(token), 20000, &sign_in));
	tenant_reader_put(w->t, reader);
	w->op.actor.member = id;
	ASSERT_OK(&w->op, member_note_sign_in(&w->op, w->t, &sign_in, 20000));
	w->op.actor.member = w->member;
}

/* What WebDAV's clients leave with a file. */
static void
clients_work(struct world *w, int64_t node)
{
	const struct properties_update update = {
	    .namespace = span_str("urn:nandina-domestica"),
	    .name = span_str(property_name),
	    .xml = span_str(property),
	};
	const struct properties_patch patch = {.n = 1, .updates = &update};
	struct locks_take take = {
	    .node = node, .term = CLOCK_DAY, .owner = span_str(lock_owner)};
	struct tree_result result;
	struct lock lock;

	memcpy(take.token, lock_token, LOCK_TOKEN_SIZE);
	ASSERT_OK(
	    &w->op, properties_change(&w->op, w->t, node, &patch, &result));
	ASSERT_OK(&w->op, locks_take(&w->op, w->t, &take, &lock, &result));
}

static void
files_work(struct world *w)
{
	struct tree_move move = {0};
	struct tree_copy copy = {0};
	struct precondition none = {0};
	struct tree_result result;
	struct node node;
	int64_t at, below;

	ASSERT_OK(&w->op, world_mkdir(&w->op, w, w->space, folder, &at));
	ASSERT_OK(&w->op, world_mkdir(&w->op, w, at, ascii_folder, &below));
	put_text(w, below, file_small, text_overwritten, 3000);
	put_text(w, below, file_small, text_small, 6000);
	put_text(w, below, file_large, text_large, 300000);
	put_text(w, below, "a long one", text_large, 20 << 20);
	ASSERT_OK(&w->op, world_find(&w->op, w, below, file_large, &node));
	move.node = node.id;
	move.to.parent = at;
	ASSERT_OK(&w->op,
	    tree_name_init(&w->op, span_str(file_renamed), &move.to.name));
	ASSERT_OK(&w->op, tree_move(&w->op, w->t, &move, &result));
	clients_work(w, node.id);
	copy.node = below;
	copy.to.parent = w->space;
	ASSERT_OK(&w->op,
	    tree_name_init(&w->op, span_str(ascii_folder), &copy.to.name));
	ASSERT_OK(&w->op, tree_copy(&w->op, w->t, &copy, &result));
	ASSERT_OK(&w->op, tree_delete(&w->op, w->t, below, &none, &result));
}

/* Standard error goes to a file in the sandbox, so that it is searched too. */
static void
log_catch(const struct world *w)
{
	char path[400];
	int fd;

	kept_stderr = dup(STDERR_FILENO);

	(void)snprintf(path, sizeof(path), "%.300s/service.log", w->f.path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(kept_stderr >= 0 && fd >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	(void)close(fd);
}

/* A failed test's message belongs to the tester. */
static int
log_leave(void **state)
{
	(void)state;
	log_release();
	return 0;
}

static void
nothing_of_a_customer_is_in_clear_on_any_site_or_below_dir(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	needles_make();
	log_catch(&w);
	log_set_level(LOG_LEVEL_DEBUG);
	members_work(&w);
	files_work(&w);
	/* Refusals are logged as well. */
	ASSERT_RC(&w.op, RC_EXISTS,
	    world_mkdir(&w.op, &w, w.space, folder, &w.member));
	assert_clear_of(&w, "while it runs", 30);
	fixture_shell(&w.f, "mv osaka elsewhere");
	put_text(&w, w.space, file_renamed, text_large, 70000);
	fixture_shell(&w.f, "mv elsewhere osaka");
	world_await(&w, "every site", world_sites_in_service, 3);
	assert_clear_of(&w, "after a catch-up", 30);
	world_stop(&w);
	assert_clear_of(&w, "after the stop", 30);
	world_start(&w);
	assert_clear_of(&w, "after a start", 30);
	world_start_without_databases(&w);
	assert_clear_of(&w, "after a replay", 30);
	log_set_level(LOG_LEVEL_WARN);
	log_release();
	world_end(&w);
}

static void
the_search_finds_what_is_there(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 2, 2);
	if (n_needles == 0)
		needles_make();
	assert_false(search(&w));
	fixture_shell(&w.f, "mkdir -p tokyo/data/x; "
			    "printf 'xx%s' '給与明細書_令和八年.xlsx' "
			    ">tokyo/data/x/y");
	assert_true(search(&w));
	fixture_shell(&w.f, "rm -r tokyo/data/x; printf "
			    "'Q\\0u\\0o\\0k\\0k\\0a\\0-\\0R\\0e\\0s\\0t\\0r\\0"
			    "u\\0c\\0t\\0u\\0r\\0i\\0n\\0g\\0' >db/x");
	assert_true(search(&w));
	fixture_shell(&w.f, "rm db/x; mkdir osaka/hanako.tanukizaka");
	assert_true(search(&w));
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		nothing_of_a_customer_is_in_clear_on_any_site_or_below_dir,
		log_leave),
	    cmocka_unit_test(the_search_finds_what_is_there),
	};

	log_set_level(LOG_LEVEL_WARN);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

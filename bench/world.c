/* world.c - two directory sites below a folder, one tenant, no door. */
#include "bench/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/rand.h"
#include "bench/pattern.h"
#include "core/member.h"
#include "core/path.h"
#include "core/upload.h"

/* All failures end the program: there is nothing to measure then. */
void
world_must(struct op *op, enum rc rc)
{
	if (rc == RC_OK)
		return;
	(void)fprintf(stderr, "bench: %s\n", op_error(op, rc));
	exit(1);
}

static void
sites_make(struct world *w, const char *dir, struct sites **ret_sites)
{
	static const char *const names[WORLD_SITES] = {"a", "b"};
	struct site_register *reg = &w->reg;
	struct site *site;
	size_t i;

	world_must(&w->op, sites_new(&w->op, ret_sites));
	*reg = (struct site_register){
	    .version = 1, .m = WORLD_SITES, .n = WORLD_SITES};
	for (i = 0; i < WORLD_SITES; i++) {
		(void)snprintf(w->urls[i], sizeof(w->urls[i]), "dir:%.500s/%s",
		    dir, names[i]);
		rand_bytes(reg->ids[i], OBJECT_ID_SIZE);
		world_must(&w->op, keystore_add_site(&w->op, w->keystore,
				       reg->ids[i], names[i]));
		world_must(
		    &w->op, site_create(&w->op, w->urls[i],
				w->keystore->service, reg->ids[i], names[i]));
		world_must(
		    &w->op, site_open(&w->op, w->urls[i], w->keystore->service,
				reg->ids[i], names[i], &site));
		world_must(&w->op, sites_add(&w->op, *ret_sites, site));
	}
}

static enum rc
space_take(void *arg, struct op *op, const struct node *node)
{
	struct world *w = arg;

	(void)op;
	w->space = node->id;
	return RC_OK;
}

/* The company's space, with folders three levels below it: four ancestors. */
static void
folders_make(struct world *w)
{
	struct tree_target to = {0};
	struct tree_result result;
	char name[32];
	size_t i;

	to.parent = w->space;
	for (i = 0; i < WORLD_FOLDERS + 2; i++) {
		(void)snprintf(name, sizeof(name), "folder %zu", i);
		world_must(
		    &w->op, tree_name_init(&w->op, span_str(name), &to.name));
		world_must(&w->op, tree_mkdir(&w->op, w->tenant, &to,
				       &(struct precondition){0}, &result));
		if (i < 2)
			to.parent = result.etag.node;
		else
			w->folders[i - 2] = result.etag.node;
	}
}

static void
tenant_make(struct world *w)
{
	struct member_new admin = {
	    .login = span_str("admin"),
	    .password = span_str("a long password"),
	    .role = MEMBER_ADMINISTRATOR,
	};
	struct member_row member;
	struct reader *reader;

	world_must(&w->op,
	    service_tenant_add(&w->op, w->service, "demo", "en", &w->id));
	world_must(
	    &w->op, service_tenant(&w->op, w->service, w->id, &w->tenant));
	w->op.actor.tenant = w->id;
	world_must(&w->op, member_found(&w->op, w->tenant, LANG_EN, &admin));
	world_must(&w->op, tenant_reader(&w->op, w->tenant, &reader));
	world_must(&w->op,
	    member_find(&w->op, &reader->meta, span_str("admin"), &member));
	w->op.actor.member = member.id;
	world_must(&w->op, path_spaces(&w->op, &reader->meta, space_take, w));
	tenant_reader_put(w->tenant, reader);
	folders_make(w);
}

void
world_open(struct world *w, const char *dir)
{
	struct service_config config = {0};

	memset(w, 0, sizeof(*w));
	op_init(&w->op);
	world_must(&w->op, db_library_init(&w->op));
	world_must(&w->op, keystore_new(&w->op, &w->keystore));
	world_must(&w->op, io_open_root(&w->op, dir, &w->dir_fd));
	(void)snprintf(w->db_path, sizeof(w->db_path), "%.500s/db", dir);
	(void)mkdir(w->db_path, 0700);
	sites_make(w, dir, &config.sites);
	config.dir_fd = w->dir_fd;
	config.db_path = w->db_path;
	config.db_folder = "db";
	config.keystore = w->keystore;
	config.first = &w->reg;
	config.upkeep_rate = UINT64_MAX;
	config.host = "bench";
	config.reserve_bytes = 1;
	world_must(&w->op, service_open(&w->op, &config, &w->service));
	tenant_make(w);
}

void
world_close(struct world *w)
{
	tenant_put(w->tenant);
	service_close(&w->op, w->service);
	keystore_free(w->keystore);
	io_close(&w->dir_fd);
	op_release(&w->op);
}

int64_t
world_put(struct op *op, struct world *w, int64_t folder, const char *name,
    uint64_t size, uint64_t seed)
{
	struct file_put put = {.to.parent = folder};
	struct file_put_result result;
	struct upload *upload;
	uint8_t piece[WORLD_PIECE];
	uint64_t at;

	world_must(op, tree_name_init(op, span_str(name), &put.to.name));
	world_must(op, upload_open(op, w->tenant, false, &upload));
	for (at = 0; at < size;) {
		size_t step =
		    size - at < WORLD_PIECE ? (size_t)(size - at) : WORLD_PIECE;

		pattern_fill(piece, step, at, seed);
		world_must(op, upload_write(op, upload, span_of(piece, step)));
		at += step;
	}
	world_must(op, upload_end(op, upload, &put.content));
	world_must(op, file_put(op, w->tenant, &put, &result));
	upload_free(upload);
	return result.tree.etag.node;
}

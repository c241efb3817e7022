/* log_end.c - the end of a run: everything is healed, and what was promised is
 * looked for, in a service and on each site by itself. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "meta/local.h"
#include "meta/setting.h"
#include "model/log_world.h"

enum { PATIENCE_S = 300, TENANTS = 2, TRIES = 20 };

/* What the last server has, and each site must give back. */
static struct {
	uint64_t tenants[TENANTS];
	struct local_log head[TENANTS];
	uint8_t state[TENANTS][DB_HASH_SIZE];
	struct site_set members; /* of the register in force */
} last;

/* ---- healing ---- */

void
log_way_open(struct sim_disk *disk, int host)
{
	sim_disk_cut_off(disk, host, false);
	sim_disk_bar(disk, host, "", SIM_OPEN);
}

bool
log_rot(size_t site, const char *prefix)
{
	size_t n = world.n_rots;

	if (n == LOG_ROTS || !sim_disk_rot(world.sites[site], prefix,
				 world.rots[n].path, LOG_PATH_SIZE))
		return false;
	world.rotten[site] = true;
	world.rots[world.n_rots++].site = site;
	return true;
}

/*
 * What rotted is deleted by hand: with m sites of m nobody else may (L29). By
 * then nobody serves and no site is away: else nothing would tell of it.
 */
static void
heal(void)
{
	static const struct sim_faults none = {0};
	int host;
	size_t i;

	for (i = 0; i < world.n_sites; i++) {
		sim_disk_faults(world.sites[i], &none);
		for (host = 1; host <= LOG_HOSTS; host++)
			log_way_open(world.sites[i], host);
		sim_disk_mount(world.sites[i],
		    (int)i == world.burnt ? SIM_UNMOUNTED : SIM_MOUNTED);
		sim_disk_space(world.sites[i], 1u << 30);
	}
	for (host = 1; host <= LOG_HOSTS; host++) {
		if (sim_host_paused(host))
			sim_resume_host(host);
		if (sim_chance(5000))
			sim_kill_host(host);
		else if (sim_host_threads(host) > 0)
			world.servers[host]->stop = true;
	}
	for (host = 1; host <= LOG_HOSTS; host++)
		sim_host_join(host);
	for (i = 0; i < world.n_rots; i++)
		sim_disk_delete(
		    world.sites[world.rots[i].site], world.rots[i].path);
}

/* ---- one server over all sites ---- */

bool
log_all_in_service(struct tenant *t)
{
	size_t i;
	bool idle = true;

	if (t->mode == TENANT_REFUSED)
		log_judge_refusal("at the end", t->why);
	mutex_lock(&t->lanes.lock);
	for (i = 0; i < world.n_sites; i++)
		idle = idle && t->lanes.lane[i].n_items == 0;
	mutex_unlock(&t->lanes.lock);
	return idle && t->mode == TENANT_READY &&
	       site_set_count(lanes_in_service(&t->lanes)) >=
		   site_set_count(t->lanes.claim->of_register) -
		       (world.burnt >= 0);
}

static void
await_sites(struct tenant *t)
{
	int64_t until = clock_mono() + PATIENCE_S * CLOCK_S;
	size_t i;

	while (!log_all_in_service(t)) {
		sim_sleep(CLOCK_S / 5);
		if (clock_mono() < until)
			continue;
		for (i = 0; i < world.n_sites; i++)
			sim_trace("site %zu is %s; lane: %s", i,
			    t->service->config.sites->slots[i].why,
			    t->lanes.lane[i].why);
		sim_violation("stuck: all is healed, the tenant %s stays in "
			      "mode %d (%s) with %zu of %zu sites",
		    t->id == TENANT_PROVIDER ? "0" : "of the run", (int)t->mode,
		    t->why, site_set_count(lanes_in_service(&t->lanes)),
		    world.n_sites);
	}
}

static bool
counts_there(const struct log_change *change)
{
	return change->kind == LOG_SET && change->number != 0;
}

/* The row says who wrote it last: one of the highest number. */
static void
row_check(struct op *op, struct reader *reader, unsigned row)
{
	uint64_t highest = 0;
	int64_t value = -1;
	char name[16];
	unsigned i;
	enum rc rc;

	for (i = 0; i < world.n_changes; i++)
		if (counts_there(&world.changes[i]) &&
		    world.changes[i].target == row &&
		    world.changes[i].number > highest)
			highest = world.changes[i].number;
	log_row_name(name, 'r', row);
	rc = counter_get(op, &reader->meta, name, &value);
	op_clear_error(op);
	if (highest == 0) {
		SIM_CHECK(rc == RC_NOT_FOUND, "refused and there: row %u", row);
		return;
	}
	SIM_CHECK(rc == RC_OK && value >= 0 && value < world.n_changes &&
		      world.changes[value].target == row &&
		      world.changes[value].number == highest,
	    "wrong row: %u is of change %lld, not of number %" PRIu64, row,
	    (long long)value, highest);
}

static void
content_judge(struct op *op, struct tenant *t, struct reader *reader,
    const struct log_change *change, unsigned i)
{
	int64_t content = 0;
	char name[16];
	enum rc rc;

	log_row_name(name, 'k', i);
	rc = counter_get(op, &reader->meta, name, &content);
	SIM_CHECK(rc == RC_OK && (content != 0 || change->dropping),
	    "content gone: of change %u", i);
	SIM_CHECK(content == 0 || !change->dropped,
	    "dropped and there: content of change %u", i);
	if (content == 0)
		return;
	rc = log_content_check(op, t, content, change, i);
	SIM_CHECK(rc == RC_OK, "content unreadable: of change %u: %s", i,
	    op_error(op, rc));
}

static void
contents_judge(struct op *op, struct tenant *t, struct reader *reader)
{
	const struct log_change *change = world.changes;
	unsigned i;

	for (i = 0; i < world.n_changes; i++, change++)
		if (change->kind == LOG_PUT && change->number != 0)
			content_judge(op, t, reader, change, i);
}

static void
tenant_judge(struct op *op, struct log_server *server)
{
	struct reader *reader;
	unsigned row;

	HARNESS(op, tenant_reader(op, server->tenant, &reader));
	HARNESS(op, db_read_begin(op, reader->db));
	log_judge_reading(op, server, reader, true);
	for (row = 0; row < LOG_ROWS; row++)
		row_check(op, reader, row);
	db_read_end(reader->db);
	contents_judge(op, server->tenant, reader);
	tenant_reader_put(server->tenant, reader);
}

static void
state_take(struct op *op, struct tenant *t, struct local_log *head,
    uint8_t state[DB_HASH_SIZE])
{
	struct reader *reader;
	enum rc rc;

	rc = tenant_reader(op, t, &reader);
	SIM_CHECK(rc == RC_OK, "unreadable: tenant %016" PRIx64 ": %s", t->id,
	    op_error(op, rc));
	HARNESS(op, local_log_head(op, &reader->meta, head));
	HARNESS(op, db_state_hash(op, reader->db, state));
	tenant_reader_put(t, reader);
}

/* The opening of a slow run may be in doubt even now. */
static void
tenant_open_at_last(struct op *op, struct log_server *server)
{
	enum rc rc = RC_BUSY;
	int try;

	for (try = 0; rc != RC_OK && try < TRIES; try++) {
		op_clear_error(op);
		rc = service_tenant(
		    op, server->service, world.tenant, &server->tenant);
		if (rc == RC_REFUSED)
			log_judge_refusal(
			    "tenant at the end", op_error(op, rc));
		if (rc != RC_OK)
			sim_sleep(CLOCK_S);
	}
	SIM_CHECK(rc == RC_OK, "stuck: all is healed, the tenant says %s: %s",
	    rc_name(rc), op_error(op, rc));
}

static void
last_open(struct op *op, struct log_server *server)
{
	struct service_config config;
	enum rc rc;

	HARNESS(op, io_open_root(op, sim_disk_path(world.hosts[server->host]),
			&server->dir_fd));
	log_config(server, &config);
	log_sites_make(op, UINT32_MAX, &config.sites);
	rc = service_open(op, &config, &server->service);
	if (rc == RC_REFUSED)
		log_judge_refusal("service at the end", op_error(op, rc));
	SIM_CHECK(rc == RC_OK, "stuck: all is healed, the service says %s: %s",
	    rc_name(rc), op_error(op, rc));
	await_sites(server->service->provider);
	tenant_open_at_last(op, server);
}

/* A slow run may doubt even now. */
static void
last_change(struct op *op, struct log_server *server)
{
	enum rc rc = RC_IN_DOUBT;
	int try;

	for (try = 0; rc != RC_OK && try < TRIES; try++) {
		op_clear_error(op);
		await_sites(server->tenant);
		rc = log_client_set(op, server);
	}
	SIM_CHECK(rc == RC_OK, "stuck: all is healed, a change says %s: %s",
	    rc_name(rc), op_error(op, rc));
}

/* A change of the register comes to its end, too. */
static void
change_await(struct op *op, struct log_server *server)
{
	struct site_change *c = &server->service->change;
	bool loaded = false;

	while (world.left >= 0 && !loaded) {
		sim_sleep(CLOCK_S / 5);
		mutex_lock(&c->lock);
		loaded = c->loaded;
		mutex_unlock(&c->lock);
	}
	HARNESS(op, site_change_await(op, server->service, NULL));
	await_sites(server->service->provider);
	await_sites(server->tenant);
}

static void
last_main(void *arg)
{
	struct log_server *server = arg;
	CLEANUP(op_release) struct op op;

	op_init(&op);
	last_open(&op, server);
	last_change(&op, server);
	await_sites(server->tenant);
	change_await(&op, server);
	tenant_judge(&op, server);
	last.tenants[0] = TENANT_PROVIDER;
	last.tenants[1] = world.tenant;
	state_take(
	    &op, server->service->provider, &last.head[0], last.state[0]);
	state_take(&op, server->tenant, &last.head[1], last.state[1]);
	last.members = server->service->claim->of_register;
	tenant_put_ptr(&server->tenant);
	service_close(&op, server->service);
	io_close(&server->dir_fd);
	server->closed = true;
}

/* ---- each site by itself: P, with nothing but its objects ---- */

struct walk {
	struct op op;
	size_t site;
	uint64_t tenant;
	struct segment by_number[LOG_NUMBERS];
	/* numbered segments; several may have one number */
	size_t n;
	struct segment all[LOG_NUMBERS];
};

static void
walk_take(
    void *arg, const char *name, enum sim_standing standing, struct span bytes)
{
	struct walk *w = arg;
	struct segment *segment = &w->all[w->n];

	if (standing != SIM_DURABLE || name[0] == '.')
		return;
	SIM_CHECK(w->n < LOG_NUMBERS, "harness: too many segments");
	if (segment_parse(&w->op, bytes, segment) == RC_OK)
		w->n++;
	else
		sim_violation("damaged: log/%s on site %zu", name, w->site);
	op_clear_error(&w->op);
}

/* The chain from the head down to number 1. */
static void
walk_chain(struct walk *w, const struct local_log *head)
{
	const uint8_t *want = head->hash;
	uint64_t number;
	size_t i;

	for (number = head->number; number > 0; number--) {
		for (i = 0; i < w->n; i++)
			if (w->all[i].header.number == number &&
			    memcmp(w->all[i].hash, want, OBJECT_HASH_SIZE) == 0)
				break;
		SIM_CHECK(i < w->n,
		    "P broken: site %zu lacks number %" PRIu64 " of %" PRIu64
		    " of tenant %016" PRIx64,
		    w->site, number, head->number, w->tenant);
		w->by_number[number] = w->all[i];
		want = w->by_number[number].header.previous;
	}
}

static bool
is_dropped(const struct walk *w, uint64_t from, uint64_t head,
    const uint8_t id[OBJECT_ID_SIZE])
{
	const struct segment_header *header;
	uint64_t number;
	size_t i;

	for (number = from; number <= head; number++) {
		header = &w->by_number[number].header;
		for (i = 0; i < header->n_drops; i++)
			if (memcmp(header->drops[i].id, id, OBJECT_ID_SIZE) ==
			    0)
				return true;
	}
	return false;
}

static void
data_check(struct walk *w, uint64_t number, const struct segment_data *data)
{
	struct object_name name;
	char path[OBJECT_FOLDER_SIZE + OBJECT_FILE_SIZE + 1];
	struct segment segment;
	struct span bytes;

	object_data(&name, w->tenant, data->id);
	(void)snprintf(path, sizeof(path), "%s/%s", name.folder, name.file);
	SIM_CHECK(
	    sim_disk_look(world.sites[w->site], path, &bytes) == SIM_DURABLE,
	    "P broken: site %zu lacks live data of number %" PRIu64, w->site,
	    number);
	SIM_CHECK(segment_parse(&w->op, bytes, &segment) == RC_OK,
	    "P broken: site %zu has data of number %" PRIu64
	    " damaged (%s, %zu bytes of %" PRIu64 ")",
	    w->site, number, op_error(&w->op, RC_OK), bytes.size, data->size);
	SIM_CHECK(memcmp(segment.hash, data->hash, OBJECT_HASH_SIZE) == 0,
	    "P broken: site %zu has other data of number %" PRIu64, w->site,
	    number);
}

static void
walk_data(struct walk *w, uint64_t head)
{
	const struct segment_header *header;
	uint64_t number;
	size_t i;

	for (number = 1; number <= head; number++) {
		header = &w->by_number[number].header;
		for (i = 0; i < header->n_adds; i++)
			if (!is_dropped(w, number, head, header->adds[i].id))
				data_check(w, number, &header->adds[i]);
	}
}

static void
ring_take(
    void *arg, const char *name, enum sim_standing standing, struct span bytes)
{
	const struct keystore_site *key;
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	struct walk *w = arg;

	(void)name;
	key = keystore_find(world.keystore, world.reg.ids[w->site]);
	if (standing == SIM_DURABLE &&
	    keyring_open(&w->op, bytes, w->tenant, world.keystore->service, key,
		&ring) == RC_OK)
		w->n++;
	op_clear_error(&w->op);
}

static void
walk_rings(struct walk *w)
{
	char folder[OBJECT_FOLDER_SIZE];

	w->n = 0;
	object_folder(folder, "keys", w->tenant);
	sim_disk_each(world.sites[w->site], folder, ring_take, w);
	SIM_CHECK(
	    w->n > 0, "P broken: site %zu has no keyring that opens", w->site);
}

static void
site_walk(size_t site)
{
	struct walk *w = calloc(1, sizeof(*w));
	char folder[OBJECT_FOLDER_SIZE];
	size_t i;

	SIM_CHECK(w != NULL, "harness: no memory");
	op_init(&w->op);
	w->site = site;
	for (i = 0; i < TENANTS; i++) {
		w->tenant = last.tenants[i];
		w->n = 0;
		object_folder(folder, "log", w->tenant);
		sim_disk_each(world.sites[site], folder, walk_take, w);
		walk_chain(w, &last.head[i]);
		walk_data(w, last.head[i].number);
		walk_rings(w);
	}
	op_release(&w->op);
	free(w);
}

/* ---- each site by itself: a service rebuilt from it ---- */

struct rebuilding {
	struct log_server server;
	size_t site;
};

static void
rebuilt_compare(
    struct op *op, struct rebuilding *r, struct tenant *t, size_t which)
{
	uint8_t state[DB_HASH_SIZE];
	struct local_log head;

	state_take(op, t, &head, state);
	SIM_CHECK(head.number == last.head[which].number &&
		      memcmp(state, last.state[which], sizeof(state)) == 0,
	    "rebuilt otherwise: site %zu gives number %" PRIu64
	    " of tenant %zu, which is at %" PRIu64,
	    r->site, head.number, which, last.head[which].number);
}

static void
rebuild_main(void *arg)
{
	struct rebuilding *r = arg;
	struct log_server *server = &r->server;
	CLEANUP(op_release) struct op op;
	struct service_config config;
	enum rc rc;

	op_init(&op);
	HARNESS(&op, io_open_root(&op, sim_disk_path(world.hosts[server->host]),
			 &server->dir_fd));
	log_config(server, &config);
	config.read_only = true;
	config.db_folder = "rebuilt";
	log_sites_make(&op, 1u << r->site, &config.sites);
	rc = service_open(&op, &config, &server->service);
	if (rc == RC_OK)
		rc = service_tenant(
		    &op, server->service, world.tenant, &server->tenant);
	SIM_CHECK(rc == RC_OK, "not rebuilt: from site %zu: %s", r->site,
	    op_error(&op, rc));
	rebuilt_compare(&op, r, server->service->provider, 0);
	rebuilt_compare(&op, r, server->tenant, 1);
	tenant_judge(&op, server);
	tenant_put_ptr(&server->tenant);
	service_close(&op, server->service);
	io_close(&server->dir_fd);
}

static void
site_rebuild(size_t site)
{
	struct rebuilding *r = calloc(1, sizeof(*r));

	SIM_CHECK(r != NULL, "harness: no memory");
	r->site = site;
	r->server.host = 1;
	(void)snprintf(r->server.db_path, sizeof(r->server.db_path),
	    "%s/rebuilt%zu", sim_sandbox(), site);
	SIM_CHECK(mkdir(r->server.db_path, 0700) == 0,
	    "harness: cannot make %s", r->server.db_path);
	sim_disk_delete(world.hosts[1], "rebuilt");
	sim_spawn(1, "rebuild", rebuild_main, r);
	sim_host_join(1);
}

void
log_end(void)
{
	int host = 1 + (int)sim_random(LOG_HOSTS);
	size_t i;

	sim_trace("the end: all is healed");
	heal();
	sim_spawn(host, "last", last_main, log_server_new(host));
	sim_host_join(host);
	SIM_CHECK(world.servers[host]->closed, "harness: no last server");
	for (i = 0; i < world.n_sites; i++)
		sim_disk_power_cut(world.sites[i]);
	for (i = 0; i < world.n_sites; i++) {
		if ((int)i == world.burnt || !site_set_has(last.members, i))
			continue;
		/* With packs and a base only the rebuilding tells. */
		if (!log_upkeep())
			site_walk(i);
		site_rebuild(i);
	}
}

/* log_judge.c - what the log promises: what was acknowledged stays, what was
 * refused never comes, what was shown is never contradicted. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "core/kept.h"
#include "meta/local.h"
#include "meta/setting.h"
#include "model/log_world.h"

enum { LOOKED_AT = 12 };

/* Every number of the tenant that any site ever had. */
static struct {
	size_t n;
	struct log_name names[LOG_NUMBERS];
} texts;

void
log_judge_refusal(const char *where, const char *why)
{
	sim_count("refusals of a start", 1);
	if (world.old_database)
		return;
	sim_violation("refused: %s: %s", where, why);
}

/* ---- under the surface: at an answer, what stands on disk ---- */

struct copies {
	char prefix[24]; /* the number, as names begin */
	struct generation generation; /* the highest */
	unsigned on; /* a set of sites, which have that one */
	unsigned site;
};

static void
copy_seen(
    void *arg, const char *name, enum sim_standing standing, struct span bytes)
{
	struct copies *copies = arg;
	CLEANUP(op_release) struct op op;
	struct log_name log;
	int order;

	(void)bytes;
	op_init(&op);
	if (standing != SIM_DURABLE || !str_starts(name, copies->prefix))
		return;
	HARNESS(&op, object_log_parse(&op, name, &log));
	order = generation_compare(log.generation, copies->generation);
	if (order < 0)
		return;
	copies->generation = log.generation;
	copies->on = (order > 0 ? 0 : copies->on) | 1u << copies->site;
}

static void
folder_of(char out[OBJECT_FOLDER_SIZE], const char *kind)
{
	object_folder(out, kind, world.tenant);
}

/* The sites that have a number on disk: of several segments the one that
 * outranks the others, for it is the one that was acknowledged (L1). */
static unsigned
number_on(uint64_t number)
{
	struct copies copies = {.on = 0};
	char folder[OBJECT_FOLDER_SIZE];

	(void)snprintf(
	    copies.prefix, sizeof(copies.prefix), "%016" PRIx64 ".", number);
	folder_of(folder, "log");
	for (; copies.site < world.n_sites; copies.site++)
		sim_disk_each(
		    world.sites[copies.site], folder, copy_seen, &copies);
	return copies.on;
}

static unsigned
data_on(const uint8_t id[OBJECT_ID_SIZE])
{
	struct object_name name;
	char path[OBJECT_FOLDER_SIZE + OBJECT_FILE_SIZE + 1];
	unsigned on = 0;
	size_t i;

	object_data(&name, world.tenant, id);
	(void)snprintf(path, sizeof(path), "%s/%s", name.folder, name.file);
	for (i = 0; i < world.n_sites; i++)
		if (sim_disk_look(world.sites[i], path, NULL) == SIM_DURABLE)
			on |= 1u << i;
	return on;
}

static void
durable_check(const struct log_change *change, unsigned i, uint64_t number)
{
	unsigned on = number_on(number);

	SIM_CHECK((unsigned)__builtin_popcount(on) >= world.reg.m,
	    "not durable: change %u, number %" PRIu64 ", is on %d sites", i,
	    number, __builtin_popcount(on));
	if (!change->has_data || change->dropping)
		return;
	SIM_CHECK((on & ~data_on(change->data)) == 0,
	    "not durable: the data of change %u, number %" PRIu64
	    ", is not on each site that has the number",
	    i, number);
}

/* ---- answers ---- */

static void
acknowledged(struct log_server *server, struct log_change *change, unsigned i,
    uint64_t number)
{
	sim_count("acknowledged", 1);
	SIM_CHECK(number > 0, "without number: change %u is acknowledged", i);
	SIM_CHECK(change->number == 0 || change->number == number,
	    "shown contradicted: change %u in number %" PRIu64
	    ", acknowledged in %" PRIu64,
	    i, change->number, number);
	change->outcome = LOG_ACKED;
	change->number = number;
	if (number > server->acked)
		server->acked = number;
	if (number > world.newest)
		world.newest = number;
	if (change->kind == LOG_DROP)
		world.changes[change->target].dropped = true;
	if (!world.options->surface && !log_upkeep())
		durable_check(change, i, number);
}

void
log_judge_answer(
    struct log_server *server, unsigned i, enum rc rc, uint64_t number)
{
	struct log_change *change = &world.changes[i];

	sim_trace("change %u: %s, number %" PRIu64, i, rc_name(rc), number);
	if (rc == RC_OK) {
		SIM_CHECK(
		    change->kind != LOG_REFUSE, "refusal lost: change %u", i);
		acknowledged(server, change, i, number);
		return;
	}
	if (rc == RC_IN_DOUBT) {
		sim_count("in doubt", 1);
		change->outcome = LOG_IN_DOUBT;
		return;
	}
	sim_count("refused or not stored", 1);
	SIM_CHECK(change->number == 0,
	    "shown contradicted: change %u in number %" PRIu64
	    ", then answered %s",
	    i, change->number, rc_name(rc));
	change->outcome = LOG_REFUSED;
	if (change->kind == LOG_DROP)
		world.changes[change->target].dropping = false;
}

/* ---- readings ---- */

static void
number_shown(const struct local_log *log)
{
	uint64_t n = log->number;

	SIM_CHECK(n < LOG_NUMBERS, "harness: too many numbers");
	SIM_CHECK(!world.shown[n] || memcmp(world.shown_hash[n], log->hash,
					 OBJECT_HASH_SIZE) == 0,
	    "shown contradicted: number %" PRIu64
	    " is another segment than it was",
	    n);
	world.shown[n] = true;
	memcpy(world.shown_hash[n], log->hash, OBJECT_HASH_SIZE);
}

static void
row_judge(struct log_change *change, unsigned i, uint64_t head, uint64_t value)
{
	SIM_CHECK(value <= head, "rows ahead: change %u", i);
	if (change->outcome == LOG_REFUSED || change->kind == LOG_REFUSE) {
		SIM_CHECK(value == 0,
		    "refused and there: change %u in number %" PRIu64, i,
		    value);
		return;
	}
	if (change->number == 0) {
		change->number = value; /* in doubt: now it is decided */
		return;
	}
	SIM_CHECK(change->number > head || value != 0,
	    "%s and gone: change %u of number %" PRIu64
	    ", the head is %" PRIu64,
	    change->outcome == LOG_ACKED ? "acknowledged" : "shown", i,
	    change->number, head);
	SIM_CHECK(value == 0 || value == change->number,
	    "shown contradicted: change %u in number %" PRIu64
	    ", now in %" PRIu64,
	    i, change->number, value);
}

static void
change_look(struct op *op, struct reader *reader, uint64_t head, unsigned i)
{
	int64_t value = 0;
	char name[16];
	enum rc rc;

	log_row_name(name, 'c', i);
	rc = counter_get(op, &reader->meta, name, &value);
	SIM_CHECK(rc == RC_OK || rc == RC_NOT_FOUND, "unreadable: row %s: %s",
	    name, op_error(op, rc));
	op_clear_error(op);
	row_judge(&world.changes[i], i, head, (uint64_t)value);
}

static enum rc
log_row(void *arg, struct op *op, const struct local_log *log)
{
	uint64_t *count = arg;

	(void)op;
	number_shown(log);
	++*count;
	return RC_OK;
}

static void
look_at_all(struct op *op, struct reader *reader, uint64_t head)
{
	uint64_t n, count = 0;
	struct kept kept = {0};
	unsigned i;

	for (i = 0; i < world.n_changes; i++)
		change_look(op, reader, head, i);
	if (head > 0)
		HARNESS(op, kept_get(op, &reader->meta, &kept));
	HARNESS(op,
	    local_log_list(op, &reader->meta, 1, LOG_NUMBERS, log_row, &count));
	SIM_CHECK(count == head - kept.base.number,
	    "numbers missing: %" PRIu64 " of those from %" PRIu64 " to %" PRIu64
	    " have a row",
	    count, kept.base.number + 1, head);
	for (n = head + 1; n < LOG_NUMBERS; n++)
		SIM_CHECK(!world.shown[n],
		    "shown and gone: number %" PRIu64 ", the head is %" PRIu64,
		    n, head);
}

void
log_judge_reading(
    struct op *op, struct log_server *server, struct reader *reader, bool all)
{
	struct local_log head = {0};
	enum rc rc = local_log_head(op, &reader->meta, &head);
	unsigned i;

	SIM_CHECK(rc == RC_OK || rc == RC_NOT_FOUND, "unreadable: the head: %s",
	    op_error(op, rc));
	op_clear_error(op);
	SIM_CHECK(head.number >= server->acked,
	    "behind itself: number %" PRIu64
	    " was acknowledged, the same server's reader is at %" PRIu64,
	    server->acked, head.number);
	if (rc == RC_OK)
		number_shown(&head);
	if (all)
		look_at_all(op, reader, head.number);
	for (i = 0; !all && i < LOOKED_AT && world.n_changes > 0; i++)
		change_look(op, reader, head.number,
		    i < LOOKED_AT / 2 && i < world.n_changes
			? world.n_changes - 1 - i
			: (unsigned)sim_random(world.n_changes));
}

/* ---- what goes ---- */

/* L4, L29: no data goes that a number names, nor before the site has the number
 * that drops it. */
static void
data_gone(size_t site, const char *file)
{
	CLEANUP(op_release) struct op op;
	uint8_t id[OBJECT_ID_SIZE];
	const struct log_change *change = world.changes;
	unsigned i;

	op_init(&op);
	if (object_data_parse(&op, file, id) != RC_OK)
		return;
	for (i = 0; i < world.n_changes; i++, change++)
		if (change->has_data &&
		    memcmp(change->data, id, OBJECT_ID_SIZE) == 0)
			break;
	if (i == world.n_changes)
		return;
	sim_count("data deleted", 1);
	SIM_CHECK(change->outcome != LOG_ACKED || change->dropping,
	    "live data deleted: of change %u, on %s", i,
	    sim_disk_path(world.sites[site]));
	(void)site;
}

/* L1: a generation of a number has one text. */
static void
number_came(const char *file)
{
	CLEANUP(op_release) struct op op;
	struct log_name name;
	size_t i;

	op_init(&op);
	if (object_log_parse(&op, file, &name) != RC_OK)
		return;
	for (i = 0; i < texts.n; i++)
		if (texts.names[i].number == name.number &&
		    generation_compare(
			texts.names[i].generation, name.generation) == 0)
			break;
	SIM_CHECK(i < LOG_NUMBERS, "harness: too many numbers");
	if (i == texts.n)
		texts.names[texts.n++] = name;
	SIM_CHECK(memcmp(texts.names[i].hash8, name.hash8, 8) == 0,
	    "two texts: number %" PRIu64 " of counter %" PRIu64
	    ", attempt %" PRIu64,
	    name.number, name.generation.counter, name.generation.attempt);
}

/* What a site has that allows a number to go from it. */
struct allowing {
	struct op op;
	size_t site;
	uint64_t number; /* that goes, the last one of a pack that does */
	const struct log_name *log; /* NULL: a pack */
	bool found;
};

/* L13: the snapshots that a cut names, by their lists, which are put last. */
static bool
snapshots_stand(size_t site, const struct segment_header *cut)
{
	char path[OBJECT_FOLDER_SIZE + OBJECT_FILE_SIZE + 1];
	struct object_name name;
	size_t i;

	for (i = 0; i < cut->n_parts; i++) {
		object_snap(&name, world.tenant, cut->parts[i].id, 0);
		(void)snprintf(
		    path, sizeof(path), "%s/%s", name.folder, name.file);
		if (sim_disk_look(world.sites[site], path, NULL) != SIM_DURABLE)
			return false;
	}
	return true;
}

/* A pack that the number is in (L11), or a cut above it (L13). */
static void
allowing_seen(
    void *arg, const char *file, enum sim_standing standing, struct span bytes)
{
	struct allowing *a = arg;
	struct segment_header header;
	struct pack_name pack;
	struct log_name log;

	if (standing != SIM_DURABLE || a->found)
		return;
	if (object_pack_parse(&a->op, file, &pack) == RC_OK)
		a->found = a->log != NULL && pack.first <= a->number &&
			   a->number <= pack.last;
	else if (object_log_parse(&a->op, file, &log) == RC_OK &&
		 segment_parse_header(&a->op, bytes, &header) == RC_OK)
		a->found = header.role == SEGMENT_CUT &&
			   header.at[0].number >= a->number &&
			   snapshots_stand(a->site, &header);
	op_clear_error(&a->op);
}

/* One of a higher generation in its place, alone or in a pack. */
static void
higher_seen(
    void *arg, const char *file, enum sim_standing standing, struct span bytes)
{
	struct allowing *a = arg;
	struct pack_name pack;
	struct log_name log;

	(void)bytes;
	if (standing != SIM_DURABLE || a->found)
		return;
	if (object_pack_parse(&a->op, file, &pack) == RC_OK)
		a->found = pack.first <= a->number && a->number <= pack.last;
	else if (object_log_parse(&a->op, file, &log) == RC_OK)
		a->found =
		    log.number == a->number &&
		    generation_compare(log.generation, a->log->generation) > 0;
	op_clear_error(&a->op);
}

/* L3, L29: it lost for ever, for m sites have what outranks it. */
static bool
has_lost(struct allowing *a, const char *folder)
{
	size_t i, n = 0;

	for (i = 0; a->log != NULL && i < world.n_sites; i++) {
		a->found = false;
		sim_disk_each(world.sites[i], folder, higher_seen, a);
		n += a->found;
	}
	return n >= world.reg.m;
}

static bool
may_go(size_t site, const char *file)
{
	struct allowing a = {.site = site};
	char folder[OBJECT_FOLDER_SIZE];
	struct pack_name pack;
	struct log_name log;

	op_init(&a.op);
	if (object_log_parse(&a.op, file, &log) == RC_OK) {
		a.number = log.number;
		a.log = &log;
	} else if (object_pack_parse(&a.op, file, &pack) == RC_OK) {
		a.number = pack.last;
	}
	op_clear_error(&a.op);
	folder_of(folder, "log");
	sim_disk_each(world.sites[site], folder, allowing_seen, &a);
	if (!a.found)
		a.found = has_lost(&a, folder);
	op_release(&a.op);
	return a.found;
}

static void
name_gone(size_t site, const char *path)
{
	char folder[OBJECT_FOLDER_SIZE];
	size_t length;
	bool upkeep;

	folder_of(folder, "data");
	length = strlen(folder);
	/* Contents are moved by upkeep: their rows do not say whether. */
	if (str_starts(path, folder) && path[length] == '/' && !log_upkeep())
		data_gone(site, path + length + 1);
	if (!str_starts(path, "log/") || world.rotten[site] ||
	    strstr(path, "/.tmp.") != NULL)
		return;
	folder_of(folder, "log");
	length = strlen(folder);
	upkeep = log_upkeep() && str_starts(path, folder) &&
		 may_go(site, path + length + 1);
	if (upkeep)
		sim_count("numbers deleted", 1);
	SIM_CHECK(upkeep, "number deleted: %s on site %zu", path, site);
}

static void
name_changed(void *arg, enum sim_event event, struct sim_disk *disk,
    const char *path, struct span bytes)
{
	char folder[OBJECT_FOLDER_SIZE];
	size_t i, length;

	(void)arg;
	(void)bytes;
	if (world.options->surface)
		return;
	for (i = 0; i < world.n_sites && world.sites[i] != disk; i++)
		;
	if (i == world.n_sites)
		return;
	folder_of(folder, "log");
	length = strlen(folder);
	/* What a site that leaves has goes with it. */
	if (event == SIM_REMOVED && (int)i != world.left)
		name_gone(i, path);
	else if (str_starts(path, folder) && path[length] == '/')
		number_came(path + length + 1);
}

void
log_judge_watch(void)
{
	sim_watch(name_changed, NULL);
}

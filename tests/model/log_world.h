/* log_world.h - what the files of the log's model share: the world of a run,
 * its servers, and the judge's memory. README.md states M7 to M9. */
#ifndef DOZO_TESTS_MODEL_LOG_WORLD_H
#define DOZO_TESTS_MODEL_LOG_WORLD_H

#include "core/service.h"
#include "model/check_log.h"
#include "model/sim.h"

enum {
	LOG_SITES = 4,
	LOG_HOSTS = 2,
	LOG_ROWS = 4, /* that many changes write over */
	LOG_CHANGES = 3000,
	LOG_NUMBERS = 6000,
	LOG_CLIENTS = 3,
	LOG_PATH_SIZE = 200,
	LOG_ROTS = 40,
};

/* How wild runs differ; each is drawn from the seed. */
enum log_mood {
	LOG_DOUBTFUL = 1, /* short time-outs, lost answers, late puts; servers
			     die in doubt */
	LOG_IDLE = 2, /* clients do little */
	LOG_DATA = 4, /* most contents are data segments */
	LOG_TAKEOVERS = 8, /* servers take over from paused ones, sites swap */
	LOG_WIDE = 16, /* four sites, two of them enough */
	LOG_BURN = 32, /* one site never comes back */
	LOG_STORMS = 64, /* sites fail often */
	LOG_PATIENT = 128, /* a number is offered for 10 s, as by default */
	LOG_REOPENED =
	    256, /* the tenant is closed and opened again and again */
	LOG_MOODS = 9,
};

enum log_outcome { LOG_PENDING, LOG_ACKED, LOG_REFUSED, LOG_IN_DOUBT };

enum log_kind { LOG_SET, LOG_PUT, LOG_DROP, LOG_REFUSE };

/* A change that a client asked for. */
struct log_change {
	enum log_kind kind;
	enum log_outcome outcome;
	uint64_t number; /* acknowledged, or shown by a reader; 0: neither */
	unsigned target; /* DROP: the content of this change */
	bool dropping; /* PUT: a DROP of it was tried */
	bool dropped; /* PUT: a DROP of it is acknowledged */
	size_t size; /* PUT */
	bool has_data;
	uint8_t data[OBJECT_ID_SIZE]; /* PUT: its data segment */
};

enum log_order_kind {
	LOG_ORDER_SET,
	LOG_ORDER_DATA,
	LOG_ORDER_SMALL,
	LOG_ORDER_READ,
	LOG_ORDER_CUT, /* two snapshots, a cut, what it allows to delete */
	LOG_ORDER_LEAVE, /* world.left */
};

/* What a story asks of a server: one of its clients does it. */
struct log_order {
	enum log_order_kind kind;
	bool taken;
	bool done;
	enum rc rc;
	unsigned change; /* which one it is, in world.changes */
};

/* A server process. Never freed: it may be killed at any step. */
struct log_server {
	int host;
	char db_path[LOG_PATH_SIZE];
	int dir_fd;
	bool stop;
	bool closed; /* ended by itself */
	bool reopen; /* the tenant, once */
	struct log_order *order;
	unsigned n_busy; /* clients amid a step */
	bool in_upkeep; /* one of them looks after the log: one at a time */
	uint64_t acked; /* the highest number that it told a client */
	struct service *service;
	struct tenant *tenant;
	struct thread clients[LOG_CLIENTS];
};

/* Host 0's memory, which no kill touches. */
struct log_world {
	const struct check_log *options;
	unsigned mood; /* of enum log_mood */
	size_t n_sites;
	struct sim_disk *sites[LOG_SITES];
	struct sim_disk *hosts[LOG_HOSTS + 1];
	struct keystore *keystore;
	struct site_register reg;
	uint64_t tenant;
	int burnt; /* the site that never comes back; -1 */
	int left; /* the site that was told to leave the register; -1 */
	uint64_t newest; /* the highest acknowledged number */
	bool stop; /* the run is ending: nothing happens any more */
	/* A story's. */
	bool quiet; /* clients do only what they are ordered */
	bool hold[LOG_HOSTS + 1]; /* a service there does not open its tenant */
	int64_t offer_time; /* 0: as the mood says */
	unsigned n_processes;
	struct log_server *servers[LOG_HOSTS + 1]; /* the last of each host */
	char db_path[LOG_HOSTS + 1][LOG_PATH_SIZE]; /* of that one */
	bool rebooted[LOG_HOSTS + 1]; /* since that one */
	bool rotten[LOG_SITES]; /* bits flipped there, in these files */
	size_t n_rots;
	struct {
		size_t site;
		char path[LOG_PATH_SIZE];
	} rots[LOG_ROTS];
	bool old_database; /* one was put back */
	/* The judge's. */
	unsigned n_changes;
	struct log_change changes[LOG_CHANGES];
	bool shown[LOG_NUMBERS];
	uint8_t shown_hash[LOG_NUMBERS][OBJECT_HASH_SIZE];
};
extern struct log_world world;

static inline bool
log_mood(enum log_mood mood)
{
	return (world.mood & (unsigned)mood) != 0;
}

/* Whether upkeep goes on in the run. */
static inline bool
log_upkeep(void)
{
	return world.options->upkeep || world.options->story == LOG_CUT_BEHIND;
}

/* Ends the run where a call of the harness itself fails. */
#define HARNESS(op, call) \
	do { \
		enum rc harness_rc_ = (call); \
		if (harness_rc_ != RC_OK) \
			sim_violation("harness: %s: %s", #call, \
			    op_error((op), harness_rc_)); \
	} while (0)

/* ---- log_server.c ---- */

/* sites: a set of world.sites by their place. */
void log_sites_make(struct op *op, uint32_t sites, struct sites **ret_sites);
void log_config(const struct log_server *server, struct service_config *config);

/* Whether a process of a host runs, paused perhaps. */
bool log_running(int host);

/* Starts one where none runs, with the databases that the one before left. */
void log_start(int host);

/* The process without starting it. */
struct log_server *log_server_new(int host);

/* The process: serves until its claim is lost or it is to stop. arg is a struct
 * log_server. */
void log_server_main(void *arg);

/* Makes the service and its tenant, on host 1. */
void log_service_make(void);

/* ---- log_client.c ---- */

/* A client's thread; arg is a struct log_server. */
void log_client_main(void *arg);

enum rc log_client_set(struct op *op, struct log_server *server);

/* Whether the content of a change can be read, and is right. */
enum rc log_content_check(struct op *op, struct tenant *tenant, int64_t content,
    const struct log_change *change, unsigned i) MUST_CHECK;

void log_row_name(char out[16], char kind, unsigned i);

/* ---- log_judge.c ---- */

/* The answer to change i. */
void log_judge_answer(
    struct log_server *server, unsigned i, enum rc rc, uint64_t number);

/* A reader's state, in its read transaction. all: every change is looked up,
 * else some. */
void log_judge_reading(
    struct op *op, struct log_server *server, struct reader *reader, bool all);

/* What the service says of itself. */
void log_judge_refusal(const char *where, const char *why);

/* Names that go from sites are judged from here on. */
void log_judge_watch(void);

/* ---- log_story.c ---- */

/* Tells the run's story, from a service that was just made. */
void log_story_tell(void);

/* ---- log_end.c ---- */

/* A host gets on with a site again. */
void log_way_open(struct sim_disk *disk, int host);

/* Flips a bit of a file on a site (sim_disk_rot); heal deletes the file. */
bool log_rot(size_t site, const char *prefix);

/* Whether all sites of the register in force have all of a tenant. */
bool log_all_in_service(struct tenant *tenant);

/* After the run: all is healed, one server opens, and everything that was
 * promised is there; on each site by itself too. */
void log_end(void);

#endif

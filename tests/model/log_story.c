/*
 * log_story.c - the interleavings that rules of the log exist for, each told
 * step by step over real servers. What a story waits for is a state; the order
 * of all else is the seed's.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "model/log_world.h"

/* The sites of a story, in an order that the seed drew. */
enum place { A, B, C, D };

enum { PATIENCE = 20000, STEPS = 4 };

static const int64_t short_offer = 3 * CLOCK_S, long_offer = 7200 * CLOCK_S;

static struct {
	size_t site[LOG_SITES];
	struct log_order orders[LOG_HOSTS + 1];
	bool broken; /* what was waited for did not come */
} story;

static void
break_off(const char *why)
{
	SIM_CHECK(
	    !world.options->to_its_end, "harness: the story waits for %s", why);
	story.broken = true;
}

/* Leaves the story where it takes too long. */
#define AWAIT(condition) \
	do { \
		unsigned tries_ = 0; \
		while (!story.broken && !(condition)) { \
			if (++tries_ > PATIENCE) \
				break_off(#condition); \
			sim_wait_steps(STEPS); \
		} \
		if (story.broken) \
			return; \
	} while (0)

/* ---- what is seen ---- */

static struct sim_disk *
disk(enum place place)
{
	return world.sites[story.site[place]];
}

static struct tenant *
tenant_on(int host)
{
	return world.servers[host]->tenant;
}

static bool
serves(int host)
{
	return log_running(host) && tenant_on(host) != NULL &&
	       tenant_on(host)->mode == TENANT_READY;
}

static bool
rests(int host)
{
	return serves(host) && world.servers[host]->n_busy == 0 &&
	       log_all_in_service(tenant_on(host));
}

/* Whether a site has acknowledged the number that a server offers. */
static bool
has_offer(int host, enum place place)
{
	const struct tenant *t = tenant_on(host);

	return t->lanes.lane[story.site[place]].held > t->head.number;
}

/* Whether a server's service has come to see a site. */
static bool
sees(int host, enum place place)
{
	struct service *service = world.servers[host]->service;

	return site_set_has(
	    sites_attached(service->config.sites), story.site[place]);
}

/* Of the newest register that a server's claim is under. */
static uint64_t
register_version(int host)
{
	return claim_register(world.servers[host]->service->claim)->version;
}

static bool
is_open(int host)
{
	return world.servers[host]->service != NULL;
}

static void
count_name(
    void *arg, const char *name, enum sim_standing standing, struct span bytes)
{
	size_t *n = arg;

	(void)bytes;
	*n += standing != SIM_GHOST && name[0] != '.';
}

static size_t
names_on(enum place place, const char *folder)
{
	size_t n = 0;

	sim_disk_each(disk(place), folder, count_name, &n);
	return n;
}

static const char *
log_folder(void)
{
	static char folder[OBJECT_FOLDER_SIZE];

	object_folder(folder, "log", world.tenant);
	return folder;
}

/* ---- what is done ---- */

static void
cut_off(int host, enum place place)
{
	sim_disk_cut_off(disk(place), host, true);
}

/* A host's numbers for a site. */
static void
bar_log(int host, enum place place, enum sim_bar bar)
{
	sim_disk_bar(disk(place), host, log_folder(), bar);
}

/* A host gets on with all sites again. */
static void
open_way(int host)
{
	size_t i;

	for (i = 0; i < world.n_sites; i++)
		log_way_open(world.sites[i], host);
}

/* The process dies, and what kept it from its sites is over. */
static void
kill_server(int host)
{
	if (log_running(host))
		sim_kill_host(host);
	open_way(host);
}

static void
order(int host, enum log_order_kind kind)
{
	struct log_order *order = &story.orders[host];

	*order = (struct log_order){.kind = kind};
	world.servers[host]->order = order;
}

/* It is done, or nobody will do it. */
static bool
ended(int host)
{
	const struct log_order *order = &story.orders[host];

	return order->done || !log_running(host) ||
	       (!order->taken && world.servers[host]->stop);
}

/* Changes one after the other. */
static void
change(int host, unsigned n)
{
	while (n-- > 0 && log_running(host)) {
		order(host, LOG_ORDER_SET);
		AWAIT(ended(host));
	}
}

static unsigned
some(void)
{
	return 1 + (unsigned)sim_random(3);
}

static void
start(int host)
{
	log_start(host);
	AWAIT(serves(host));
}

/* Where the rule holds a server may not come so far: then nothing is asked. */
static void
change_if_it_serves(int host)
{
	int try;

	for (try = 0; try < 100 && !serves(host); try++)
		sim_sleep(CLOCK_S / 20);
	if (serves(host))
		change(host, some());
}

/* Host 1 serves, with some changes behind it, and all is at rest. */
static void
begin(int64_t offer_time)
{
	struct sim_odds odds = *sim_odds_get();
	size_t i, k, site;

	/* Nothing of this is about time-outs. */
	if (odds.tick_max > CLOCK_MS)
		odds.tick_max = CLOCK_MS;
	sim_odds_set(&odds);
	for (i = 0; i < world.n_sites; i++) {
		k = (size_t)sim_random(i + 1);
		site = story.site[k];
		story.site[k] = i;
		if (k < i)
			story.site[i] = site;
	}
	world.offer_time = offer_time;
	log_start(1);
	AWAIT(serves(1));
	sim_wait_steps(1 + sim_random(1500));
	world.quiet = true;
	AWAIT(rests(1));
}

/* Host 1 offers a number that only one site gets. */
static void
offer_to(enum place place, enum log_order_kind kind, enum sim_bar bar)
{
	enum place other;

	for (other = A; other <= C; other++)
		if (other != place)
			bar_log(1, other, bar);
	order(1, kind);
	AWAIT(has_offer(1, place));
}

/* ---- the stories ---- */

/*
 * A number is in doubt, an opening ends the doubt, the tenant is closed and
 * opened again; then another server comes, with nothing but the sites (L1).
 */
static void
doubt_reopened(void)
{
	begin(short_offer);
	offer_to(A, LOG_ORDER_SET, SIM_FAILS);
	AWAIT(ended(1));
	open_way(1);
	AWAIT(serves(1));
	world.servers[1]->reopen = true;
	AWAIT(!world.servers[1]->reopen && serves(1));
	change(1, 1 + some());
	kill_server(1);
	start(2);
	order(2, LOG_ORDER_READ);
	AWAIT(ended(2));
}

/*
 * A number that names data is in doubt on one site; nothing further gets
 * anywhere, and the server dies. Whoever starts adopts it, with its data (L29,
 * L1).
 */
static void
data_in_doubt(void)
{
	begin(short_offer);
	offer_to(A, LOG_ORDER_DATA, SIM_HANGS);
	bar_log(1, A, SIM_HANGS);
	AWAIT(ended(1));
	sim_sleep(10 * CLOCK_S);
	kill_server(1);
}

/*
 * The same number on one site; the next claim, which does not see it, has not
 * written a number yet when the site returns, and dies so (L29).
 */
static void
orphan(void)
{
	begin(long_offer);
	offer_to(A, LOG_ORDER_DATA, SIM_HANGS);
	kill_server(1);
	cut_off(1, A);
	start(1);
	open_way(1);
	sim_sleep(15 * CLOCK_S);
	kill_server(1);
}

/*
 * One claim's number stands on A, the next one's in its place on C. A third
 * sees A and B, shows what it finds; then C is back (L3, 5).
 */
static void
two_ends(void)
{
	size_t before;

	begin(long_offer);
	offer_to(A, LOG_ORDER_SET, SIM_HANGS);
	kill_server(1);
	before = names_on(C, log_folder());
	cut_off(2, A);
	bar_log(2, B, SIM_HANGS);
	log_start(2);
	AWAIT(names_on(C, log_folder()) > before || serves(2));
	if (serves(2))
		order(2, LOG_ORDER_SET);
	AWAIT(names_on(C, log_folder()) > before);
	kill_server(2);
	cut_off(1, C);
	start(1);
	order(1, LOG_ORDER_READ);
	AWAIT(ended(1));
	kill_server(1);
}

/*
 * A server rests amid a number, which A has and B and C are about to get; they
 * get fences and numbers of the next one first (L2).
 */
static void
taken_over(void)
{
	begin(long_offer);
	offer_to(A, LOG_ORDER_SET, SIM_HANGS);
	sim_pause_host(1);
	cut_off(2, A);
	start(2);
	change(2, some());
	open_way(1);
	sim_resume_host(1);
	AWAIT(ended(1));
}

/*
 * A claim gets no further than A; the next one stands on all. The server of
 * before, which rested, sees B and C only (L2: fillers).
 */
static void
gap_of_claims(void)
{
	size_t before;

	begin(short_offer);
	sim_pause_host(1);
	before = names_on(A, "fence");
	sim_disk_bar(disk(B), 2, "fence", SIM_FAILS);
	sim_disk_bar(disk(C), 2, "fence", SIM_FAILS);
	log_start(2);
	AWAIT(names_on(A, "fence") > before);
	kill_server(2);
	start(2);
	change(2, some());
	cut_off(1, A);
	sim_resume_host(1);
	change(1, 1 + some());
}

/*
 * Two servers list the same fences, and come to the same counter (L2). Heads,
 * whose names begin with it, do not tell them so: the first one's hang.
 */
static void
same_counter(void)
{
	size_t i;
	unsigned n;

	begin(short_offer);
	kill_server(1);
	for (i = 0; i < world.n_sites; i++) {
		sim_disk_bar(world.sites[i], 1, "heads", SIM_HANGS);
		sim_disk_bar(world.sites[i], 2, "fence", SIM_HANGS);
	}
	log_start(2);
	AWAIT(sim_disk_hanging(disk(A), 2) + sim_disk_hanging(disk(B), 2) +
		  sim_disk_hanging(disk(C), 2) >
	      0);
	start(1);
	change(1, some());
	open_way(2);
	AWAIT(serves(2));
	for (n = 1 + some(); n > 0; n--) {
		change(2, 1);
		change(1, 1);
	}
}

/*
 * A server rests amid a number, which B has and C is about to get. The next
 * one's fence stands on A and B; then B goes and C comes, and it reads A and C
 * (L2: fenced first, then read).
 */
static void
fenced_elsewhere(void)
{
	begin(long_offer);
	offer_to(B, LOG_ORDER_SET, SIM_HANGS);
	sim_pause_host(1);
	world.hold[2] = true;
	cut_off(2, C);
	log_start(2);
	AWAIT(is_open(2));
	open_way(2);
	cut_off(2, B);
	AWAIT(sees(2, C) && !sees(2, B));
	world.hold[2] = false;
	AWAIT(serves(2));
	change(2, some());
	open_way(1);
	cut_off(1, A);
	cut_off(1, B);
	sim_resume_host(1);
	AWAIT(ended(1));
}

/*
 * Four sites, two of them enough: numbers stand on C and D. The next claim
 * stands on A, B and C, and when it reads C is away (L3, 1).
 */
static void
too_few_sites(void)
{
	begin(short_offer);
	cut_off(1, A);
	cut_off(1, B);
	change(1, some());
	kill_server(1);
	world.hold[2] = true;
	cut_off(2, D);
	log_start(2);
	AWAIT(is_open(2));
	cut_off(2, C);
	AWAIT(!sees(2, C));
	world.hold[2] = false;
	change_if_it_serves(2);
}

/* Numbers stand on A and B; on A the last one rots, and B is away (L3, 1). */
static void
damaged_end(void)
{
	char prefix[OBJECT_FOLDER_SIZE + 20];

	begin(short_offer);
	cut_off(1, C);
	change(1, some());
	kill_server(1);
	(void)snprintf(prefix, sizeof(prefix), "%s/%016llx", log_folder(),
	    (unsigned long long)world.newest);
	SIM_CHECK(log_rot(story.site[A], prefix), "harness: nothing rots");
	cut_off(2, B);
	log_start(2);
	change_if_it_serves(2);
}

/*
 * A number that was rolled back stands on A, and late on B perhaps, beside the
 * opening that outranks it. C lacks both, and the next start has to catch it up
 * from A, for B is away (L4).
 */
static void
loser_nearby(void)
{
	int host = 1 + (int)sim_random(LOG_HOSTS);

	begin(short_offer);
	cut_off(1, C);
	bar_log(1, B, sim_chance(5000) ? SIM_FAILS : SIM_HANGS);
	order(1, LOG_ORDER_SET);
	AWAIT(ended(1));
	bar_log(1, B, SIM_OPEN);
	AWAIT(serves(1));
	change(1, some());
	kill_server(1);
	cut_off(host, B);
	start(host);
	open_way(host);
	AWAIT(rests(host));
}

/*
 * C gets no numbers; the others have two snapshots and a cut. What C has below
 * it stays: it may be the last resort (L13).
 */
static void
cut_behind(void)
{
	begin(short_offer);
	order(1, LOG_ORDER_SMALL);
	AWAIT(ended(1));
	bar_log(1, C, SIM_FAILS);
	change(1, some());
	AWAIT(!log_running(1) ||
	      !site_set_has(
		  lanes_in_service(&tenant_on(1)->lanes), story.site[C]));
	order(1, LOG_ORDER_CUT);
	AWAIT(ended(1));
	if (log_running(1) && story.orders[1].rc != RC_OK)
		break_off("a cut");
}

/*
 * Numbers stand on A and B, for C and D take none, and B is to leave. It does
 * not before they do; else another server, from which A is away, would know of
 * none of them (L20).
 */
static void
site_leaves(void)
{
	begin(short_offer);
	bar_log(1, C, SIM_FAILS);
	bar_log(1, D, SIM_FAILS);
	change(1, some());
	world.left = (int)story.site[B];
	order(1, LOG_ORDER_LEAVE);
	AWAIT(ended(1));
	AWAIT(!log_running(1) || register_version(1) == 2);
	sim_sleep(20 * CLOCK_S);
	kill_server(1);
	cut_off(2, A);
	log_start(2);
	change_if_it_serves(2);
}

void
log_story_tell(void)
{
	static void (*const tell[LOG_STORIES])(void) = {
	    [LOG_DOUBT_REOPENED] = doubt_reopened,
	    [LOG_DATA_IN_DOUBT] = data_in_doubt,
	    [LOG_ORPHAN] = orphan,
	    [LOG_TWO_ENDS] = two_ends,
	    [LOG_TAKEN_OVER] = taken_over,
	    [LOG_GAP_OF_CLAIMS] = gap_of_claims,
	    [LOG_SAME_COUNTER] = same_counter,
	    [LOG_FENCED_ELSEWHERE] = fenced_elsewhere,
	    [LOG_TOO_FEW_SITES] = too_few_sites,
	    [LOG_DAMAGED_END] = damaged_end,
	    [LOG_LOSER_NEARBY] = loser_nearby,
	    [LOG_CUT_BEHIND] = cut_behind,
	    [LOG_SITE_LEAVES] = site_leaves,
	};

	tell[world.options->story]();
	world.quiet = false;
	world.offer_time = 0;
	world.hold[2] = false;
	sim_count(story.broken ? "stories broken off" : "stories told", 1);
}

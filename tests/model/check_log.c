/* check_log.c - one or two servers of a service work while sites lose power,
 * fail, rot and come back and hosts are killed, paused and rebooted. */
#include "model/check_log.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "model/log_world.h"

enum {
	LIMIT = 3000000,
	ROUNDS_LEAST = 12,
	ROUNDS_MORE = 25,
	UPKEEP_CHANGES = 120,
};

struct log_world world;

/* How a run differs from the next one. */
static struct {
	unsigned at_failpoint; /* in 10,000: a death or a pause there */
	uint64_t round_steps;
	size_t rot_site;
	char old_db_path[LOG_HOSTS + 1][LOG_PATH_SIZE]; /* put aside */
} mood;

/* ---- at any step of a server ---- */

static void
at_failpoint(void *arg, const char *name)
{
	int host = sim_host();

	(void)arg;
	(void)name;
	if (world.stop || host == 0 || !sim_chance(mood.at_failpoint))
		return;
	if (sim_chance(5000)) {
		sim_count("deaths at a failpoint", 1);
		sim_kill_host(host);
	} else {
		sim_count("pauses at a failpoint", 1);
		sim_pause_host(host);
	}
}

/* ---- hosts ---- */

static void
host_kill(int host)
{
	if (log_running(host)) {
		sim_count("kills", 1);
		sim_kill_host(host);
	}
}

static void
host_reboot(int host)
{
	sim_count("reboots", 1);
	sim_reboot_host(host);
	sim_disk_power_cut(world.hosts[host]);
	world.rebooted[host] = true;
}

static void
host_stop(int host)
{
	if (log_running(host)) {
		sim_count("stops", 1);
		world.servers[host]->stop = true;
	}
}

static void
host_pause(int host)
{
	if (sim_host_paused(host)) {
		sim_resume_host(host);
	} else if (log_running(host)) {
		sim_count("pauses", 1);
		sim_pause_host(host);
	}
}

/* A database of an earlier process takes the place of the last one's. */
static void
database_of_before(int host)
{
	if (log_running(host))
		return;
	if (mood.old_db_path[host][0] != '\0' && sim_chance(5000)) {
		sim_count("older databases", 1);
		world.old_database = true;
		(void)str_copy(
		    world.db_path[host], LOG_PATH_SIZE, mood.old_db_path[host]);
	} else {
		(void)str_copy(
		    mood.old_db_path[host], LOG_PATH_SIZE, world.db_path[host]);
	}
}

static void
host_event(int host)
{
	uint64_t kind = sim_random(100);

	if (kind < 30)
		host_kill(host);
	else if (kind < 40)
		host_reboot(host);
	else if (kind < 50)
		host_stop(host);
	else if (kind < 75)
		host_pause(host);
	else if (world.options->old_databases)
		database_of_before(host);
	if (kind < 50 && sim_chance(5000))
		log_start(host);
}

/* ---- sites ---- */

static void
faults_draw(struct sim_faults *faults)
{
	static const struct sim_faults none = {0};

	*faults = none;
	if (sim_chance(4000))
		return;
	if (log_mood(LOG_DOUBTFUL)) {
		*faults = (struct sim_faults){
		    .fail = 20 + (unsigned)sim_random(3) * 40,
		    .lost_answer = 100 + (unsigned)sim_random(5) * 100,
		    .late_put = 100 + (unsigned)sim_random(5) * 200,
		};
		return;
	}
	*faults = (struct sim_faults){
	    .fail = (unsigned)sim_random(3) * 20,
	    .lost_answer = (unsigned)sim_random(3) * 100,
	    .late_put = (unsigned)sim_random(3) * 150,
	    .late_remove = (unsigned)sim_random(3) * 150,
	    .sync_lost = (unsigned)sim_random(3) * 100,
	    .sync_stuck = (unsigned)sim_random(3) * 60,
	    .short_write = (unsigned)sim_random(2) * 500,
	    .slow = (unsigned)sim_random(2) * 150,
	    .slow_max = CLOCK_S * (int64_t)(1 + sim_random(4)),
	};
}

/* Mostly the newest number rots, or a new one; then everybody starts anew. */
static void
site_rot(size_t site)
{
	static const char *const parts[] = {"log/", "data/", "keys/"};
	char prefix[64];
	int host;

	if (!world.options->rot || site != mood.rot_site)
		return;
	(void)snprintf(prefix, sizeof(prefix), "log/%016llx/%016llx",
	    (unsigned long long)world.tenant, (unsigned long long)world.newest);
	if (!log_rot(site, sim_chance(6000) ? prefix : parts[sim_random(3)]))
		return;
	if (sim_chance(5000))
		return;
	for (host = 1; host <= LOG_HOSTS; host++)
		host_reboot(host);
	site = (size_t)sim_random(world.n_sites);
	if (site != mood.rot_site)
		sim_disk_mount(world.sites[site], SIM_UNMOUNTED);
}

static void
site_full(struct sim_disk *disk)
{
	sim_count("full", 1);
	sim_disk_space(disk, sim_disk_used(disk) + sim_random(30000));
}

/* One host loses a site, or its new names there fail or hang. */
static void
site_of_host(struct sim_disk *disk, int host)
{
	static const char *const kinds[] = {"log", "data", "keys"};
	char folder[OBJECT_FOLDER_SIZE];
	uint64_t kind = sim_random(6);

	if (kind < 2) {
		sim_disk_cut_off(disk, host, true);
		return;
	}
	object_folder(
	    folder, kinds[sim_random(ARRAY_LEN(kinds))], world.tenant);
	sim_disk_bar(disk, host, kind == 5 ? "fence" : folder,
	    sim_chance(5000) ? SIM_FAILS : SIM_HANGS);
}

static void
site_event(size_t site)
{
	struct sim_disk *disk = world.sites[site];
	uint64_t kind = sim_random(100);
	struct sim_faults faults;

	if (kind < 25) {
		sim_disk_power_cut(disk);
	} else if (kind < 55) {
		sim_disk_mount(disk, (enum sim_mount)(1 + sim_random(3)));
	} else if (kind < 60) {
		site_full(disk);
	} else if (kind < 70) {
		faults_draw(&faults);
		sim_disk_faults(disk, &faults);
	} else if (kind < 80) {
		site_of_host(disk, 1 + (int)sim_random(LOG_HOSTS));
	} else {
		site_rot(site);
	}
}

static void
sites_heal(void)
{
	size_t i;

	for (i = 0; i < world.n_sites; i++) {
		if (sim_disk_mounted(world.sites[i]) != SIM_MOUNTED &&
		    sim_chance(7000))
			sim_disk_mount(world.sites[i], SIM_MOUNTED);
		if (sim_chance(7000))
			log_way_open(
			    world.sites[i], 1 + (int)sim_random(LOG_HOSTS));
		if (sim_chance(5000))
			sim_disk_space(world.sites[i], 1u << 30);
	}
}

/* Everything loses power at once. */
static void
blackout(void)
{
	int host;
	size_t i;

	sim_count("blackouts", 1);
	for (host = 1; host <= LOG_HOSTS; host++)
		host_reboot(host);
	for (i = 0; i < world.n_sites; i++)
		sim_disk_power_cut(world.sites[i]);
}

/* Somebody is to work most of the time, two of them now and then. */
static void
servers_keep(void)
{
	int host = 1 + (int)sim_random(LOG_HOSTS);
	bool one = log_running(1), two = log_running(2);

	if (world.options->alone)
		host = 1;
	if (!one && !two)
		log_start(host);
	else if (!world.options->alone && sim_chance(one && two ? 0 : 2500))
		log_start(one ? 2 : 1);
	for (host = 1; host <= LOG_HOSTS; host++)
		if (sim_host_paused(host) && sim_chance(3000))
			sim_resume_host(host);
}

/* All is well for a while: what trouble left behind is gone on with. */
static void
good_times(void)
{
	size_t i;
	int host;

	for (host = 1; host <= LOG_HOSTS; host++) {
		for (i = 0; i < world.n_sites; i++)
			log_way_open(world.sites[i], host);
		if (sim_host_paused(host))
			sim_resume_host(host);
	}
	for (i = 0; i < world.n_sites; i++) {
		sim_disk_mount(world.sites[i], SIM_MOUNTED);
		sim_disk_space(world.sites[i], 1u << 30);
	}
	servers_keep();
	sim_wait_steps(1000 + sim_random(2000));
}

/* ---- one server takes over from another ---- */

static void
wait_a_little(uint64_t steps)
{
	sim_wait_steps(1 + sim_random(steps));
}

struct newest {
	char name[OBJECT_FILE_SIZE];
};

static void
newest_seen(
    void *arg, const char *name, enum sim_standing standing, struct span bytes)
{
	struct newest *newest = arg;

	(void)bytes;
	if (standing != SIM_GHOST && name[0] != '.' &&
	    strcmp(name, newest->name) > 0)
		(void)str_copy(newest->name, sizeof(newest->name), name);
}

/* The newest of a folder's names on a site. */
static void
newest_on(size_t site, const char *folder, struct newest *newest)
{
	newest->name[0] = '\0';
	sim_disk_each(world.sites[site], folder, newest_seen, newest);
}

/* The only site that has the newest number; n_sites where several have. */
static size_t
ahead_of_all(void)
{
	struct newest newest, best = {""};
	char folder[OBJECT_FOLDER_SIZE];
	size_t i, site = world.n_sites;

	object_folder(folder, "log", world.tenant);
	for (i = 0; i < world.n_sites; i++) {
		newest_on(i, folder, &newest);
		if (strcmp(newest.name, best.name) > 0)
			site = i;
		else if (strcmp(newest.name, best.name) == 0)
			site = world.n_sites;
		if (strcmp(newest.name, best.name) > 0)
			best = newest;
	}
	return site;
}

/* Rests amid a number, if it can be had: one site has it. */
static size_t
pause_amid(int host)
{
	size_t ahead = world.n_sites;
	int try;

	for (try = 0; try < 40 && log_running(host); try++) {
		wait_a_little(20);
		ahead = ahead_of_all();
		if (ahead < world.n_sites)
			break;
	}
	if (log_running(host) && !sim_host_paused(host))
		sim_pause_host(host);
	return ahead < world.n_sites ? ahead
				     : (size_t)sim_random(world.n_sites);
}

/* Waits until a new fence stands on all sites but one that is away. */
static void
await_claim(size_t away)
{
	struct newest before[LOG_SITES], now;
	size_t i, n_new = 0;
	int try;

	for (i = 0; i < world.n_sites; i++)
		newest_on(i, "fence", &before[i]);
	for (try = 0; try < 400 && n_new + 1 < world.n_sites; try++) {
		wait_a_little(4);
		for (i = 0, n_new = 0; i < world.n_sites; i++) {
			newest_on(i, "fence", &now);
			n_new +=
			    strcmp(now.name, before[i].name) > 0 && i != away;
		}
	}
}

/*
 * Two sites change places while a new server is between its claim and its
 * first number, and the old one rests amid one.
 */
static void
takeover(void)
{
	int old = log_running(1) ? 1 : 2;
	size_t next, away;

	if (!log_running(old) || sim_host_paused(old))
		return;
	sim_count("takeovers", 1);
	host_kill(3 - old);
	next = pause_amid(old);
	away = (next + 1 + sim_random(world.n_sites - 1)) % world.n_sites;
	sim_disk_mount(world.sites[away], SIM_UNMOUNTED);
	log_start(3 - old);
	await_claim(away);
	sim_disk_mount(world.sites[away], SIM_MOUNTED);
	if (sim_chance(7000))
		sim_disk_mount(world.sites[next], SIM_UNMOUNTED);
	wait_a_little(1500);
	if (sim_host_paused(old))
		sim_resume_host(old);
	wait_a_little(1000);
	sim_disk_mount(world.sites[next], SIM_MOUNTED);
}

/* Claims are begun and not finished, on some of the sites. */
static void
claims_flurry(void)
{
	int old = log_running(1) ? 1 : 2;
	unsigned n = 2 + (unsigned)sim_random(4);
	size_t i;

	if (!log_running(old))
		return;
	sim_count("flurries", 1);
	while (n-- > 0) {
		if (!sim_host_paused(old) && sim_chance(5000))
			sim_pause_host(old);
		log_start(3 - old);
		for (i = 0; i < 4; i++) {
			wait_a_little(80);
			sim_disk_mount(world.sites[sim_random(world.n_sites)],
			    sim_chance(5000) ? SIM_FAILING : SIM_MOUNTED);
		}
		wait_a_little(300);
		host_kill(3 - old);
		if (sim_host_paused(old))
			sim_resume_host(old);
		wait_a_little(200);
	}
	for (i = 0; i < world.n_sites; i++)
		sim_disk_mount(world.sites[i], SIM_MOUNTED);
}

/* One site after the other is away for a moment. */
static void
sites_flap(void)
{
	unsigned n = 4 + (unsigned)sim_random(8);
	enum sim_mount how;
	size_t i;

	sim_count("flaps", 1);
	while (n-- > 0) {
		how = sim_chance(5000) ? SIM_FAILING : SIM_UNMOUNTED;
		for (i = 0; i < world.n_sites; i++)
			sim_disk_mount(world.sites[i], SIM_MOUNTED);
		sim_disk_mount(world.sites[sim_random(world.n_sites)], how);
		wait_a_little(500);
		if (sim_chance(1500))
			host_kill(1 + (int)sim_random(LOG_HOSTS));
		servers_keep();
	}
}

/* ---- a run ---- */

static void
take_over_somehow(void)
{
	if (sim_chance(5000))
		takeover();
	else
		claims_flurry();
}

static void
round_of_events(void)
{
	uint64_t kind = sim_random(100);

	if (log_mood(LOG_TAKEOVERS) && kind < 40)
		take_over_somehow();
	else if (log_mood(LOG_STORMS) && kind >= 80)
		sites_flap();
	else if (kind < 3)
		blackout();
	else if (kind < 35)
		host_event(1 + (int)sim_random(LOG_HOSTS));
	else if (kind < (log_mood(LOG_STORMS) ? 85u : 60u))
		site_event((size_t)sim_random(world.n_sites));
	if (sim_chance(log_mood(LOG_STORMS) ? 3000 : 6000))
		sites_heal();
	servers_keep();
	if (sim_chance(2000))
		good_times();
}

static void
moods_draw(void)
{
	unsigned i;

	for (i = 0; i < LOG_MOODS; i++)
		if (sim_chance(2500))
			world.mood |= 1u << i;
	if (world.options->alone)
		world.mood &= ~(unsigned)LOG_TAKEOVERS;
}

/* How many sites there are, and are needed. */
static void
sites_count(void)
{
	world.n_sites = log_mood(LOG_WIDE) ? 4 : 2 + (size_t)sim_random(3);
	world.reg.m =
	    world.n_sites == 4 && sim_chance(5000) && !log_mood(LOG_WIDE) ? 3
									  : 2;
	if (world.options->story != LOG_WILD) {
		world.n_sites = world.options->story == LOG_TOO_FEW_SITES ||
					world.options->story == LOG_SITE_LEAVES
				    ? 4
				    : 3;
		world.reg.m = 2;
	}
}

static void
world_make(const struct check_log *options)
{
	static const char *const site_paths[LOG_SITES] = {
	    "/sim/s0", "/sim/s1", "/sim/s2", "/sim/s3"};
	static const char *const host_paths[LOG_HOSTS + 1] = {
	    NULL, "/sim/h1", "/sim/h2"};
	CLEANUP(op_release) struct op op;
	size_t i;
	int host;

	op_init(&op);
	HARNESS(&op, db_library_init(&op));
	world.options = options;
	world.burnt = world.left = -1;
	if (!options->calm && options->story == LOG_WILD)
		moods_draw();
	sites_count();
	for (i = 0; i < world.n_sites; i++) {
		world.sites[i] = sim_disk_new(site_paths[i]);
		sim_disk_tmpfile(world.sites[i], sim_chance(8000));
	}
	for (host = 1; host <= LOG_HOSTS; host++)
		world.hosts[host] = sim_disk_new(host_paths[host]);
	log_service_make();
}

static void
mood_draw(void)
{
	struct sim_faults faults;
	size_t i;

	mood.at_failpoint = (unsigned)sim_random(3) * 30;
	mood.round_steps = 300 + 1200 * sim_random(3);
	mood.rot_site = (size_t)sim_random(world.n_sites);
	for (i = 0; i < world.n_sites; i++) {
		faults_draw(&faults);
		sim_disk_faults(world.sites[i], &faults);
	}
}

/* So many changes that there is something to cut and to pack. */
static void
await_changes(unsigned n)
{
	while (world.options->upkeep && world.n_changes < n && log_running(1))
		sim_wait_steps(100);
}

static void
calm_run(void)
{
	log_start(1);
	sim_wait_steps(4000);
	await_changes(2 * UPKEEP_CHANGES);
	world.servers[1]->stop = true;
	sim_host_join(1);
}

/* While servers sleep steps do not pass: mostly they are let go on. */
static void
work_a_while(void)
{
	uint64_t until = sim_step() + 1 + sim_random(mood.round_steps);
	bool patient = sim_chance(7000);

	do
		sim_wait_steps(until - sim_step());
	while (patient && sim_step() < until);
}

static void
wild_run(void)
{
	uint64_t rounds = ROUNDS_LEAST + sim_random(ROUNDS_MORE);

	if (world.options->upkeep) {
		log_start(1);
		await_changes(UPKEEP_CHANGES);
	}
	mood_draw();
	sim_on_failpoint(at_failpoint, NULL);
	log_start(1);
	while (rounds-- > 0) {
		work_a_while();
		round_of_events();
		if (world.options->upkeep && sim_chance(3000))
			good_times();
	}
}

static void
story_run(void)
{
	log_story_tell();
	if (world.options->goes_on) {
		moods_draw();
		wild_run();
	}
}

void
check_log_run(void *arg)
{
	sim_limit(LIMIT);
	world_make(arg);
	log_judge_watch();
	if (world.options->calm)
		calm_run();
	else if (world.options->story == LOG_WILD)
		wild_run();
	else
		story_run();
	world.stop = true;
	if (log_mood(LOG_BURN) && world.n_sites > 2 && world.n_rots == 0)
		world.burnt = (int)sim_random(world.n_sites);
	log_end();
}

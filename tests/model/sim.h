/*
 * sim.h - a deterministic world in which the real code runs: threads of which
 * one runs at a time, a simulated clock, disks that lose what was not synced,
 * all drawn from one seed. README.md states M1 to M6.
 *
 * One run is one forked child. Host 0 is the harness; it is never killed. The
 * others are machines of the service: a "server process" is what sim_spawn
 * starts on one. Sites are disks below /sim, seen by all hosts; every other
 * path is a real file of this machine.
 */
#ifndef DOZO_TESTS_MODEL_SIM_H
#define DOZO_TESTS_MODEL_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"
#include "base/span.h"

enum { SIM_HOSTS = 16, SIM_STATS = 96, SIM_MESSAGE_SIZE = 640 };

/* ---- runs ---- */

/* What is measured of a run, by name. */
struct sim_stat {
	char name[32];
	uint64_t value;
};

struct sim_result {
	bool ok;
	char message[SIM_MESSAGE_SIZE]; /* the violation, "" where ok */
	uint64_t hash; /* over every decision and every call */
	uint64_t steps;
	int64_t elapsed; /* simulated nanoseconds */
	struct sim_stat stats[SIM_STATS];
};

/*
 * Runs body(arg) as the first thread of host 0 in a child of its own; the run
 * ends when it returns, at sim_violation, at a deadlock, at a crash, or after
 * sim_limit steps. show > 0: the last so many trace lines of a failed run are
 * printed (all, while it runs, where SIM_TRACE is in the environment).
 */
void sim_fork(uint64_t seed, void (*body)(void *arg), void *arg, unsigned show,
    struct sim_result *ret_result);

/* One way to run the model: "all rules" or one with a fault planted. */
struct sim_variant {
	const char *name;
	void (*body)(void *arg);
	void *arg;
	bool planted; /* passes only if a promise is found broken */
};

/*
 * main() of a model program: PROGRAM RUNS [VARIANT] [=SEED]. Prints for each
 * variant the violations by kind with their seeds, and the sum of the stats.
 * RUNS seeds from SEED (1) on; "=SEED" with RUNS 1 prints the trace's end.
 * Variants are chosen by a part of their name. One with a fault planted ends at
 * its first violation, unless SIM_ALL is in the environment. 0 where all is as
 * it should be.
 */
int
sim_driver(int argc, char **argv, const struct sim_variant *variants, size_t n);

/* ---- in a run: from any simulated thread ---- */

/* Ends the run as failed. The text's part before ':' is its kind. */
_Noreturn void sim_violation(const char *format, ...) PRINTF_LIKE(1, 2);

#define SIM_CHECK(condition, ...) \
	do { \
		if (!(condition)) \
			sim_violation(__VA_ARGS__); \
	} while (0)

/* A line in the trace; part of the hash, so never an address or a real time. */
void sim_trace(const char *format, ...) PRINTF_LIKE(1, 2);

/* Adds to a stat of the run. */
void sim_count(const char *name, uint64_t n);

/* 0 .. n - 1 from the seed's stream for harnesses; n > 0. */
uint64_t sim_random(uint64_t n);
bool sim_chance(unsigned in_10000);

uint64_t sim_seed(void);
uint64_t sim_step(void); /* scheduling steps so far */
int64_t sim_now(void); /* the simulated clock_mono() */

/* The run fails as endless after so many steps (200,000 where not set). */
void sim_limit(uint64_t steps);

/* ---- threads and hosts ---- */

/* Lets another thread run, perhaps. */
void sim_yield(void);

/*
 * Waits until n steps of others have passed, or nobody else can run. For the
 * thread that plans faults.
 */
void sim_wait_steps(uint64_t n);

/* Waits until clock_mono() has advanced by so much. */
void sim_sleep(int64_t nanoseconds);

/* Starts fn(arg) as a thread on a host: a process, or another thread of it. */
void sim_spawn(int host, const char *name, void (*fn)(void *arg), void *arg);

/* Threads of the host that have not ended. */
unsigned sim_host_threads(int host);

/* Waits until none is left. */
void sim_host_join(int host);

/*
 * kill -9: no thread of the host ever runs again; its files are closed, its
 * locks on files released. What it waits for on a disk may still happen (M4).
 * Its memory is never freed. A caller on that host does not return.
 */
void sim_kill_host(int host);

/* As kill, then a new boot id and a boot clock from 0: the machine lost power.
 */
void sim_reboot_host(int host);

/* No thread of it runs until sim_resume_host; time goes on. */
void sim_pause_host(int host);
void sim_resume_host(int host);
bool sim_host_paused(int host);

/* Of the calling thread. */
int sim_host(void);

/*
 * Called by each thread that passes a FAILPOINT, after the yield there: the
 * hook may kill a host, its own too. NULL: nobody.
 */
void sim_on_failpoint(void (*hook)(void *arg, const char *name), void *arg);

/* clock_wall() of a host is the simulated time plus this. */
void sim_host_wall(int host, int64_t skew, bool synchronised);

/* The scheduler's odds, drawn from the seed at the start; may be set after. */
struct sim_odds {
	unsigned burst_max; /* steps that a thread keeps the processor, 1 .. */
	unsigned by_host; /* in 10,000: choose a host first, then its thread */
	unsigned
	    by_priority; /* in 10,000: the thread with the highest one runs */
	unsigned at_lock; /* in 10,000: a free lock is a yield point too */
	unsigned
	    spurious; /* in 10,000 steps: a cond wait ends without a signal */
	int64_t tick_max; /* nanoseconds that a step may take */
};
void sim_odds_set(const struct sim_odds *odds);
const struct sim_odds *sim_odds_get(void);

/* ---- real files: databases ---- */

/*
 * A folder of this run on a tmpfs, made at the first call and removed at the
 * run's end, whatever that is. Real files are seen by all hosts, never fail and
 * are no yield points but through io.h; SQLite's own calls are none at all.
 */
const char *sim_sandbox(void);

/*
 * What a killed process leaves: copies all files of one folder, folders in it
 * too, to a new one; the dead connection's locks stay with the old. SQLite's
 * -shm files are left out: who opens first makes them anew.
 */
void sim_sandbox_copy(const char *from, const char *to);

/* As after a power cut: of each file some blocks are old zeroes or garbage. */
void sim_sandbox_tear(const char *folder);

/* ---- disks ---- */

struct sim_disk;

enum sim_mount {
	SIM_MOUNTED,
	SIM_FAILING, /* every call fails with EIO */
	SIM_UNMOUNTED, /* the path is not there */
	SIM_BARE, /* an empty folder of another device is in its place */
};

/* Odds in 10,000 of the calls that a fault can happen to. */
struct sim_faults {
	unsigned fail; /* any call: EIO, nothing done */
	unsigned lost_answer; /* link, unlink, rename, mkdir, sync: done, EIO */
	unsigned late_put; /* link: EIO, the name appears some steps later */
	unsigned late_remove; /* unlink: EIO, the name goes some steps later */
	unsigned sync_lost; /* fdatasync: EIO, the bytes are lost for good */
	unsigned sync_stuck; /* fsync of a folder: EIO, and its names are not
				written before the folder changes again */
	unsigned short_write; /* write: a part of it, or EINTR */
	unsigned slow; /* any call: takes up to slow_max longer */
	int64_t slow_max; /* nanoseconds */
};

/* path is "/sim/NAME". An empty disk of 1 GiB without faults, mounted. */
struct sim_disk *sim_disk_new(const char *path);
const char *sim_disk_path(const struct sim_disk *disk);

void sim_disk_faults(struct sim_disk *disk, const struct sim_faults *faults);

/* How it answers from now on. What was open before an unmount stays stale. */
void sim_disk_mount(struct sim_disk *disk, enum sim_mount mount);
enum sim_mount sim_disk_mounted(const struct sim_disk *disk);

/*
 * Each unsynced name, deletion and rename is kept or undone, unsynced bytes are
 * kept, old, torn or garbage; late calls are forgotten, open files are stale.
 */
void sim_disk_power_cut(struct sim_disk *disk);

/* The worst of all power cuts: nothing that was not synced is there. */
void sim_disk_lose_unsynced(struct sim_disk *disk);

/* Whether one host reaches it: else each of its calls there fails with EIO. */
void sim_disk_cut_off(struct sim_disk *disk, int host, bool cut_off);

/*
 * What becomes of the names that one host gives in a folder of the disk
 * ("log/1"), by link or rename. A call that hangs goes on when that ends; if
 * its host is killed meanwhile it never happens. One folder for each host.
 */
enum sim_bar { SIM_OPEN, SIM_FAILS, SIM_HANGS };
void sim_disk_bar(
    struct sim_disk *disk, int host, const char *folder, enum sim_bar bar);

/* Threads of a host whose calls hang there now. */
unsigned sim_disk_hanging(const struct sim_disk *disk, int host);

void sim_disk_space(struct sim_disk *disk, uint64_t capacity);
uint64_t sim_disk_used(const struct sim_disk *disk);
void sim_disk_read_only(struct sim_disk *disk, bool read_only);
void sim_disk_network(struct sim_disk *disk, bool network);

/* Without O_TMPFILE temporary files have names. */
void sim_disk_tmpfile(struct sim_disk *disk, bool has_tmpfile);

/*
 * Flips a bit of a file whose path below the disk begins with prefix ("log/");
 * NULL: of any. Copies its path; false where there is none.
 */
bool sim_disk_rot(
    struct sim_disk *disk, const char *prefix, char *ret_path, size_t size);

/*
 * The disk as programs see it, put aside, and put back as often as wished (what
 * is open goes stale): a rolled-back site. NULL: a wiped one.
 */
struct sim_image;
struct sim_image *sim_disk_save(struct sim_disk *disk);
void sim_disk_restore(struct sim_disk *disk, const struct sim_image *image);

/* Writes or deletes a file as an administrator would, durably; folders are
 * made. */
void sim_disk_write(struct sim_disk *disk, const char *path, struct span bytes);
void sim_disk_delete(struct sim_disk *disk, const char *path);

/* ---- disks, seen from outside: no yield, no fault, whatever the mount ---- */

enum sim_standing {
	SIM_ABSENT,
	SIM_GHOST, /* deleted, but a power cut may bring it back */
	SIM_SEEN, /* visible, but a power cut may take it or its bytes */
	SIM_DURABLE, /* name, folders above and bytes are on disk */
};

/* path is below the disk ("log/1/x"). ret_bytes (may be NULL): as programs see
 * it, until the next yield. */
enum sim_standing sim_disk_look(
    const struct sim_disk *disk, const char *path, struct span *ret_bytes);

/* Calls each for every name of a folder, ghosts too; in the order of their
 * making. */
void sim_disk_each(const struct sim_disk *disk, const char *folder,
    void (*each)(void *arg, const char *name, enum sim_standing standing,
	struct span bytes),
    void *arg);

/* Late calls that have not happened yet. */
unsigned sim_disk_late(const struct sim_disk *disk);

enum sim_event { SIM_LINKED, SIM_REMOVED };

/*
 * Called at each name that appears in or goes from any disk by a call, in time
 * or late, before the caller knows; not at power cuts. It must not yield.
 */
void sim_watch(void (*hook)(void *arg, enum sim_event event,
		   struct sim_disk *disk, const char *path, struct span bytes),
    void *arg);

#endif

/* doctor_service.c - what a doctor sees in the service: where its sites stand,
 * its clock, its upkeep. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/doctor.h"
#include "cli/output.h"
#include "core/site_change.h"
#include "core/upkeep.h"

enum { SCRUB_DAYS = 35, DEEP_DAYS = 190 };

/* ---- sites ---- */

static void
site_look(struct doctor *doctor, const struct state_site *site)
{
	const char *dir = doctor->cli->dir->path;
	char free[OUTPUT_TEXT_SIZE];

	if (!site->attached) {
		doctor_found(doctor, "site-away", "the site %s is away: %s",
		    site->name, site->why);
		doctor_next(doctor, "dozo site status %s", dir);
	}
	if (site->low) {
		output_bytes(free, site->space.free);
		doctor_found(doctor, "site-full",
		    "the site %s has %s free, less than its reserve: it gets "
		    "no uploads",
		    site->name, free);
		doctor_next(doctor, "dozo compact %s", dir);
	}
	if (site->info.place[0] == '\0') {
		doctor_found(doctor, "place-unknown",
		    "nobody has noted where the site %s stands", site->name);
		doctor_next(doctor,
		    "dozo site set %s %s --place PLACE --country CC", dir,
		    site->name);
	}
}

/* L20: what happens to a disk, or a place, happens to all sites there. A site
 * is told of once, with the first one that it shares with. */
static void
together_look(struct doctor *doctor, size_t i, bool place)
{
	const struct state_site *site = &doctor->state.sites[i];
	const struct state_site *other = doctor->state.sites;
	size_t k;

	for (k = 0; k < i && (other[k].role != STATE_MEMBER ||
				 !state_together(&other[k], site, place));
	     k++)
		;
	if (k == i)
		return;
	doctor_found(doctor, place ? "one-place" : "one-device",
	    "%s and %s are %s: what happens to it happens to both",
	    other[k].name, site->name,
	    place ? "in one place" : "on one device");
	doctor_next(doctor, "dozo site replace %s %s=dir:/PATH-%s",
	    doctor->cli->dir->path, site->name,
	    place ? "IN-ANOTHER-PLACE" : "ON-ANOTHER-DISK");
}

/* What a change of the sites that was broken off has left. */
static void
stranger_look(struct doctor *doctor, const struct state_site *site)
{
	if (site->role != STATE_STRANGER)
		return;
	doctor_found(doctor, "site-not-in-use",
	    "the site %s is in no register: a dozo site add or replace was "
	    "broken off, and may be repeated",
	    site->name);
	doctor_next(doctor, "dozo site remove %s %s", doctor->cli->dir->path,
	    site->name);
}

static void
sites_look(struct doctor *doctor)
{
	const struct state *state = &doctor->state;
	size_t i;

	for (i = 0; i < state->n_sites; i++) {
		stranger_look(doctor, &state->sites[i]);
		if (state->sites[i].role != STATE_MEMBER)
			continue;
		site_look(doctor, &state->sites[i]);
		together_look(doctor, i, false);
		together_look(doctor, i, true);
	}
	if (site_change_is_under_way(state->change.phase)) {
		doctor_found(doctor, "site-change",
		    "a change of the sites is not over%s%s",
		    state->change.why[0] != '\0' ? ": " : "",
		    state->change.why);
		doctor_next(
		    doctor, "dozo site status %s", doctor->cli->dir->path);
	}
	if (state->m == 1) {
		doctor_found(doctor, "one-site-is-enough",
		    "a file counts as stored when one site has it: where that "
		    "site is lost, so is the file");
		doctor_next(doctor, "dozo site add %s NAME=dir:/PATH",
		    doctor->cli->dir->path);
	}
}

/* ---- clock (L19) ---- */

static void
clock_look(struct doctor *doctor)
{
	char text[OUTPUT_TEXT_SIZE];

	if (!clock_synchronised()) {
		doctor_found(doctor, "clock",
		    "the machine's clock is not synchronised: after a restart "
		    "of the machine the time in between will not count "
		    "towards deadlines");
		doctor_next(doctor, "sudo timedatectl set-ntp true");
	}
	if (doctor->cli->served && doctor->state.not_counted > 0) {
		output_duration(text, doctor->state.not_counted);
		doctor_found(doctor, "clock-not-counted",
		    "%s before the start do not count towards deadlines", text);
		doctor_next(
		    doctor, "dozo clock accept %s", doctor->cli->dir->path);
	}
}

/* ---- upkeep (L12) ---- */

static void
log_look(struct doctor *doctor, struct tenant *t, const char *name)
{
	struct cli *cli = doctor->cli;
	enum rc rc;
	bool late;

	rc = upkeep_late(&cli->op, t, &late);
	if (rc != RC_OK)
		op_clear_error(&cli->op); /* it was closed meanwhile */
	if (rc != RC_OK || !late)
		return;
	doctor_found(doctor, "snapshot-overdue",
	    "%s has had no snapshot for more than a day: what was purged is "
	    "still readable, and its log grows",
	    name);
	if (cli->served)
		doctor_next(doctor, "journalctl -u dozo -g upkeep-failed");
	else
		doctor_next(doctor, "dozo serve %s", cli->dir->path);
}

static enum rc
tenant_look(void *arg, struct op *op, const struct service_tenant_info *info)
{
	struct doctor *doctor = arg;
	struct tenant *t;
	char name[48];
	enum rc rc = service_tenant(op, doctor->cli->service, info->id, &t);

	if (rc != RC_OK) {
		doctor_found(doctor, "tenant-closed",
		    "the tenant %s cannot be opened: %s", info->name,
		    op_error(op, rc));
		doctor_next(doctor, "dozo check %s --tenant %s",
		    doctor->cli->dir->path, info->name);
		op_clear_error(op);
		return RC_OK;
	}
	(void)snprintf(name, sizeof(name), "the tenant %s", info->name);
	log_look(doctor, t, name);
	tenant_put(t);
	return RC_OK;
}

static void
logs_look(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	enum rc rc;

	if (dir_read_only(cli->dir))
		return; /* as dozo rebuild leaves it: it writes no snapshots */
	log_look(doctor, cli->service->provider, "the provider's log");
	rc = service_tenants(&cli->op, cli->service, tenant_look, doctor);
	if (rc == RC_OK)
		return;
	doctor_found(doctor, "service", "its tenants cannot be listed: %s",
	    op_error(&cli->op, rc));
	doctor_next(doctor, "dozo status %s", cli->dir->path);
	op_clear_error(&cli->op);
}

/* ---- scrubs ---- */

static void
scrub_late(struct doctor *doctor, const struct state_site *site, int64_t ended,
    unsigned days, bool deep)
{
	struct cli *cli = doctor->cli;
	char when[CLOCK_TEXT_SIZE];
	const char *kind = deep ? "deep scrub" : "scrub";

	if (ended > 0) {
		clock_text(when, ended);
		doctor_found(doctor, "scrub-overdue",
		    "the last %s of the site %s ended on %.10s, more than %u "
		    "days ago",
		    kind, site->name, when, days);
	} else {
		doctor_found(doctor, "scrub-overdue",
		    "the site %s has never had a %s", site->name, kind);
	}
	doctor_next(doctor, "dozo scrub %s --site %s%s", cli->dir->path,
	    site->name, deep ? " --deep" : "");
}

/* A service that is younger than a term cannot have missed it. */
static bool
is_late(const struct doctor *doctor, int64_t ended, unsigned days)
{
	int64_t term = days * CLOCK_DAY;

	if (ended == 0)
		return service_clock_now(&doctor->cli->service->clock) > term;
	return clock_wall() - ended > term;
}

static void
site_scrub_look(struct doctor *doctor, const struct state_site *site,
    const struct scrub_site *last)
{
	/* A deep one looks at everything that the other looks at. */
	if (is_late(doctor, last->ended_deep, DEEP_DAYS))
		scrub_late(doctor, site, last->ended_deep, DEEP_DAYS, true);
	else if (is_late(doctor, last->ended, SCRUB_DAYS))
		scrub_late(doctor, site, last->ended, SCRUB_DAYS, false);
	if (last->left == 0)
		return;
	doctor_found(doctor, "scrub-left",
	    "the last scrub of the site %s left %llu objects that it could not "
	    "repair",
	    site->name, (unsigned long long)last->left);
	doctor_next(doctor, "dozo check %s --read-data --repair",
	    doctor->cli->dir->path);
}

static void
scrubs_look(struct doctor *doctor)
{
	const struct state *state = &doctor->state;
	size_t i;

	for (i = 0; i < state->n_sites; i++) {
		const struct state_site *site = &state->sites[i];

		if (site->role == STATE_MEMBER && site->slot < state->scrub.n)
			site_scrub_look(
			    doctor, site, &state->scrub.sites[site->slot]);
	}
}

void
doctor_service(struct doctor *doctor)
{
	sites_look(doctor);
	if (!dir_read_only(doctor->cli->dir))
		scrubs_look(doctor);
	clock_look(doctor);
	logs_look(doctor);
}

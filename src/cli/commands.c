/* commands.c - the table of commands: names, arguments, options, help. */
#include "cli/commands.h"

#define END \
	{ \
		NULL, NULL, false, NULL \
	}
#define PASSWORD_STDIN \
	{ \
		"password-stdin", NULL, false, \
		    "the password is a line of standard input (with --as the " \
		    "second)" \
	}
#define AS \
	{ \
		"as", "USER", false, \
		    "act as this administrator, whose password is the first " \
		    "line of " \
		    "standard input" \
	}
#define BREAK_GLASS \
	{ \
		"break-glass", "REASON", false, \
		    "act for a tenant that is locked out; every " \
		    "administrator sees it" \
	}

static const struct cli_option init_options[] = {
    {"site", "NAME=dir:PATH", true, "a site (default: DIR/sites/a, b and c)"},
    {"min-sites", "N", false,
	"sites that must have a file before it counts (default 2)"},
    {"single-site", NULL, false,
	"one site only: for trying out, nothing is copied"},
    {"name", "HOST", true, "a further name or address in the certificate"},
    {"listen", "HOST:PORT", false, "where to serve (default localhost:8443)"},
    {"passphrase", NULL, false,
	"seal the master key with a passphrase (asked for; or "
	"--passphrase-fd)"},
    END,
};
static const struct cli_option serve_options[] = {
    {"listen", "HOST:PORT", false, "instead of dozo.conf's"},
    {"accept-loss", NULL, false,
	"serve although acknowledged changes are missing"},
    END,
};
static const struct cli_option tenant_add_options[] = {
    {"admin", "USER", false,
	"its first administrator; a generated password is printed"},
    {"lang", "ja|en", false,
	"language of the names that the service makes (default ja)"},
    {"password-stdin", NULL, false,
	"the administrator's password is a line of standard input"},
    END,
};
static const struct cli_option member_add_options[] = {
    {"admin", NULL, false, "the new member is an administrator"},
    PASSWORD_STDIN,
    AS,
    BREAK_GLASS,
    END,
};
static const struct cli_option member_password_options[] = {
    PASSWORD_STDIN, AS, BREAK_GLASS, END};
static const struct cli_option member_suspend_options[] = {
    {"lift", NULL, false, "may sign in again"},
    AS,
    BREAK_GLASS,
    END,
};
static const struct cli_option member_list_options[] = {AS, BREAK_GLASS, END};
static const struct cli_option app_password_options[] = {
    {"list", NULL, false, "list them instead of making one"},
    {"revoke", "ID", false, "take one back"},
    {"label", "TEXT", false, "what it is for"},
    AS,
    BREAK_GLASS,
    END,
};
static const struct cli_option sign_in_link_options[] = {
    {"url", "BASE", false,
	"where the browser finds dozo; otherwise https://localhost:8443"},
    AS,
    BREAK_GLASS,
    END,
};
static const struct cli_option site_set_options[] = {
    {"place", "TEXT", false, "where it stands, as 東京"},
    {"country", "CC", false, "its country, as JP"},
    END,
};
static const struct cli_option site_change_options[] = {
    {"wait", NULL, false,
	"where the service is served too, end only when it is over"},
    END,
};
static const struct cli_option check_options[] = {
    {"read-data", NULL, false,
	"open every record and every content, from each site"},
    {"repair", NULL, false,
	"make what is missing or damaged anew from another site"},
    {"tenant", "NAME", false, "only this one"},
    END,
};
static const struct cli_option scrub_options[] = {
    {"deep", NULL, false, "read every byte, open every record and content"},
    {"site", "NAME", true, "only this one"},
    {"stop", NULL, false, "end the scrub that is under way"},
    END,
};
static const struct cli_option compact_options[] = {
    {"tenant", "NAME", false, "only this one"},
    END,
};
static const struct cli_option rebuild_options[] = {
    {"from-site", "dir:PATH", false, "the site"},
    {"master-key", "FILE", false,
	"DIR/keys/master.key or what dozo key export wrote"},
    {"into", "DIR2", false, "a folder that is empty or not there"},
    {"name", "HOST", true, "a further name or address in the certificate"},
    END,
};
static const struct cli_option tenant_set_options[] = {AS, BREAK_GLASS, END};
static const struct cli_option key_passphrase_options[] = {
    {"remove", NULL, false, "the master key lies open from now on"}, END};
static const struct cli_option key_rotate_sites_options[] = {
    {"export", "FILE", false, "export the new master key there first"},
    END,
};
static const struct cli_option trash_options[] = {AS, END};
static const struct cli_option versions_options[] = {
    {"as", "USER", false,
	"act as this member, whose password is the first line of standard "
	"input"},
    END,
};
static const struct cli_option notice_list_options[] = {
    {"all", NULL, false, "also those that you have acknowledged"}, AS, END};
static const struct cli_option notice_acknowledge_options[] = {AS, END};

static const struct cli_option evidence_options[] = {
    {"clause", "N", false, "this clause alone, as 12.3.1"},
    {"now", NULL, false, "check at once, and wait for what it comes to"},
    END,
};

#define TAKEN_RULE \
	"From the host this works until an administrator of the tenant has " \
	"first\n" \
	"signed in. From then on --as USER says who acts"
#define HOST_RULE \
	TAKEN_RULE ", or --break-glass REASON\nacts for a tenant whose " \
		   "only administrator is locked out."

enum cli_exit
cli_prepare(struct cli *cli)
{
	if (cli->command->run == cmd_key_passphrase)
		return key_passphrase_prepare(cli);
	if (cli->command->run == cmd_key_rotate_sites)
		return key_rotate_prepare(cli);
	return CLI_OK;
}

bool
cli_only_reads(const struct cli *cli)
{
	return cli->command->need == CLI_READ && !cli_has(cli, "repair");
}

const struct cli_command cli_commands[] = {
    {"init", {"DIR"}, CLI_ALONE, cmd_init, init_options,
	"make a new service in DIR",
	"DIR must be empty or not there. Its sites are made too. Put them on "
	"disks of\n"
	"their own, in places of their own: a file counts as stored once "
	"min-sites have it."},
    {"serve", {"DIR"}, CLI_ALONE, cmd_serve, serve_options,
	"serve it over HTTPS",
	"Prints \"listening on https://HOST:PORT\" when it does. SIGTERM and "
	"Ctrl-C drain and\n"
	"stop; SIGHUP takes names, log_level and the certificate's files of "
	"dozo.conf anew."},
    {"tenant add", {"DIR", "NAME"}, CLI_WRITE, cmd_tenant_add,
	tenant_add_options, "a new tenant: a company",
	"NAME is 1 to 32 of a-z, 0-9 and -. Its members sign in as USER@NAME."},
    {"tenant list", {"DIR"}, CLI_READ, cmd_tenant_list, NULL, "all tenants",
	NULL},
    {"tenant settings", {"DIR", "NAME"}, CLI_READ, cmd_tenant_settings, NULL,
	"what its administrators have decided", NULL},
    {"tenant set", {"DIR", "NAME", "KEY", "VALUE"}, CLI_WRITE, cmd_tenant_set,
	tenant_set_options, "change one of the settings",
	"Terms that run already keep the end that they have.\n" HOST_RULE},
    {"tenant state", {"DIR", "NAME"}, CLI_READ, cmd_tenant_state, NULL,
	"the last number of its log, and the hash of its state",
	"A service that was rebuilt has the same state hash at the same "
	"number: names,\n"
	"contents, versions, trash, members and audit records are the same."},
    {"member add", {"DIR", "TENANT", "USER"}, CLI_WRITE, cmd_member_add,
	member_add_options, "a new member of a tenant",
	"A generated password is printed, once.\n" HOST_RULE},
    {"member password", {"DIR", "TENANT", "USER"}, CLI_WRITE,
	cmd_member_password, member_password_options,
	"a new password for a member",
	"A generated password is printed, once.\n" HOST_RULE},
    {"member suspend", {"DIR", "TENANT", "USER"}, CLI_WRITE, cmd_member_suspend,
	member_suspend_options, "a member may not sign in any more", HOST_RULE},
    {"member list", {"DIR", "TENANT"}, CLI_WRITE, cmd_member_list,
	member_list_options, "all members of a tenant", HOST_RULE},
    {"member app-password", {"DIR", "TENANT", "USER"}, CLI_WRITE,
	cmd_member_app_password, app_password_options,
	"passwords for a member's clients",
	"Makes a random one, which is printed once.\n" HOST_RULE},
    {"member sign-in-link", {"DIR", "TENANT", "USER"}, CLI_WRITE,
	cmd_member_sign_in_link, sign_in_link_options,
	"an address that signs a member's browser in once",
	"It holds for ten minutes.\n" HOST_RULE},
    {"notice list", {"DIR", "TENANT"}, CLI_WRITE, cmd_notice_list,
	notice_list_options, "what its administrators are to see",
	"Whatever --break-glass did is here, until each administrator has "
	"acknowledged it."},
    {"notice acknowledge", {"DIR", "TENANT", "ID"}, CLI_WRITE,
	cmd_notice_acknowledge, notice_acknowledge_options,
	"you have seen a notice, and all before it", NULL},
    {"site list", {"DIR"}, CLI_READ, cmd_site_list, NULL,
	"the sites and where they stand", NULL},
    {"site status", {"DIR"}, CLI_READ, cmd_site_status, NULL,
	"how the sites are", "Ends with 3 where a site is not in service."},
    {"site set", {"DIR", "NAME"}, CLI_WRITE, cmd_site_set, site_set_options,
	"where a site stands", NULL},
    {"site add", {"DIR", "NAME=dir:/PATH"}, CLI_WRITE, cmd_site_add,
	site_change_options, "one more site",
	"It is filled with everything while people go on working, and counts "
	"only when it has\n"
	"it all. PATH is absolute; its folder must be empty or not there. A "
	"command that was\n"
	"broken off may be repeated. Ends with 3 while it goes on in the "
	"server."},
    {"site replace", {"DIR", "NAME=dir:/PATH"}, CLI_WRITE, cmd_site_replace,
	site_change_options, "a new site in the place of one, of a dead disk",
	"The new one is filled first, as by dozo site add; then the one of "
	"before leaves, with\n"
	"its key. Its disk can never come back as a site. Ends with 3 while "
	"it goes on in the\n"
	"server."},
    {"site remove", {"DIR", "NAME"}, CLI_WRITE, cmd_site_remove,
	site_change_options, "a site leaves",
	"What stands there is deleted, if it is there, and its key is "
	"destroyed. Refused where\n"
	"fewer sites than min_sites would be left. Of a site that is being "
	"filled this takes\n"
	"its change back. Ends with 3 while it goes on in the server."},
    {"status", {"DIR"}, CLI_READ, cmd_status, NULL, "how the service is",
	"Ends with 3 where a site is not in service or a tenant takes no "
	"changes."},
    {"doctor", {"DIR"}, CLI_DIR, cmd_doctor, NULL,
	"what will hurt one day, and what to do now",
	"Sites on one disk or in one place, the clock, the certificate's end, "
	"limits, weak\n"
	"settings, a master key that was not exported, permissions, overdue "
	"snapshots and scrubs.\n"
	"Each finding names the next command. Ends with 1 where there is "
	"one."},
    {"check", {"DIR"}, CLI_READ, cmd_check, check_options,
	"whether every site has everything, undamaged",
	"Reads every segment on every site that is there. Ends with 1 where "
	"something is\n"
	"damaged, with 3 where something is missing. --repair copies each such "
	"object from a\n"
	"site where it opens; the bad bytes stay in that site's damaged/, and "
	"what no other\n"
	"site has whole stays where it is."},
    {"scrub", {"DIR"}, CLI_WRITE, cmd_scrub, scrub_options,
	"look for rot on the sites, without haste",
	"Every object is looked at on each site; without --deep the contents' "
	"bytes are not\n"
	"read. What is wrong is repaired from another site. Where DIR is "
	"served it runs in\n"
	"the server and is followed here; a scrub that a stop or a crash ends "
	"goes on where\n"
	"it was. scrub_rate in dozo.conf is its speed. Ends with 1 where "
	"something was wrong,\n"
	"with 3 where a site was not there."},
    {"evidence", {"DIR"}, CLI_DIR, cmd_evidence, evidence_options,
	"whether the clauses of its security document hold",
	"A running server checks what it can within a minute of its start and "
	"every 15 minutes,\n"
	"as /about/security shows. Ends with 1 where a clause that is checked "
	"does not hold,\n"
	"or the one that was asked for is not checked yet. --now of 12.3.1 "
	"takes 20 seconds: it\n"
	"waits for the end of a version's term."},
    {"compact", {"DIR"}, CLI_WRITE, cmd_compact, compact_options,
	"space back from what was deleted",
	"Rewrites segments of which less than half is in use, and small ones "
	"where there are\n"
	"many. dozo serve does the same by itself, without haste."},
    {"rebuild", {NULL}, CLI_ALONE, cmd_rebuild, rebuild_options,
	"a service from one site and the master key",
	"--from-site, --master-key and --into must be given. The site is only "
	"read. dozo serve\n"
	"DIR2 then serves what there is, read-only. Ends with 3 where the site "
	"lacks something\n"
	"that had been acknowledged."},
    {"trash list", {"DIR", "TENANT"}, CLI_WRITE, cmd_trash_list, trash_options,
	"what was deleted",
	TAKEN_RULE ".\nA member sees the own trash and the company's."},
    {"trash restore", {"DIR", "TENANT", "ID"}, CLI_WRITE, cmd_trash_restore,
	trash_options, "take something out of the trash", TAKEN_RULE "."},
    {"trash purge", {"DIR", "TENANT", "ID|all"}, CLI_WRITE, cmd_trash_purge,
	trash_options, "end something in the trash for good",
	"Nobody sees it from then on; what it takes up is freed in the "
	"background. The company's is emptied by administrators.\n" TAKEN_RULE
	"."},
    {"versions list", {"DIR", "TENANT", "PATH"}, CLI_WRITE, cmd_versions_list,
	versions_options, "the former contents of a file",
	"PATH is as a member sees it below /dav, as /Company/report.txt."},
    {"versions swap", {"DIR", "TENANT", "PATH", "ID"}, CLI_WRITE,
	cmd_versions_swap, versions_options,
	"a former content is the file's again",
	"What it has until then is kept as a version for a full term."},
    {"versions save-as", {"DIR", "TENANT", "PATH", "ID", "NEW_PATH"}, CLI_WRITE,
	cmd_versions_save_as, versions_options,
	"a former content as another file", "The version stays."},
    {"key export", {"DIR", "FILE"}, CLI_ALONE, cmd_key_export, NULL,
	"a copy of the master key",
	"FILE and any one site are enough to get everything back; without the "
	"key nothing\n"
	"is. Keep it elsewhere, under lock."},
    {"key status", {"DIR"}, CLI_DIR, cmd_key_status, NULL,
	"how the master key is",
	"Its version, when it was exported, and which sites are still on the "
	"former keys.\n"
	"Ends with 3 where a rotation is not over."},
    {"key passphrase", {"DIR"}, CLI_DIR, cmd_key_passphrase,
	key_passphrase_options, "set, change or remove its passphrase",
	"The present one is asked for, then the new one, twice. With "
	"--passphrase-fd they\n"
	"are two lines of that descriptor: the present one (if there is one), "
	"the new one."},
    {"key rotate-sites", {"DIR"}, CLI_WRITE, cmd_key_rotate_sites,
	key_rotate_sites_options, "new wrapping keys for all sites",
	"The next master key has the new and the former keys, and is exported "
	"before any site\n"
	"gets it: by --export, by key_export_to in dozo.conf, or by dozo key "
	"export. Then each\n"
	"tenant's keyring is sealed anew on each site, while people work. A "
	"site that is away\n"
	"gets its own when it is back. Ends with 3 where a site is pending; "
	"may be repeated."},
    {"key rotate-epoch", {"DIR", "TENANT"}, CLI_WRITE, cmd_key_rotate_epoch,
	NULL, "a new key for what a tenant writes from now on",
	"Keys of former epochs go when nothing on the sites names them any "
	"more."},
    {"clock accept", {"DIR"}, CLI_DIR, cmd_clock_accept, NULL,
	"the time that the machine was off counts",
	"After a restart of the machine the time in between counts towards "
	"deadlines only\n"
	"where the clock was synchronised before and after. This says that it "
	"was right."},
    {"version", {NULL}, CLI_ALONE, cmd_version, NULL, "the program's version",
	NULL},
    {NULL, {NULL}, CLI_ALONE, NULL, NULL, NULL, NULL},
};

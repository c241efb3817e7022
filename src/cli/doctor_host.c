/* doctor_host.c - what a doctor sees on the machine: certificate, limits,
 * settings, master key, permissions. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/doctor.h"
#include "cli/export.h"
#include "cli/key_files.h"
#include "cli/site_rows.h"
#include "http/address.h"
#include "http/server.h"
#include "http/tls.h"
#include "http/tls_end.h"

enum {
	CERTIFICATE_DAYS = 14,
	CA_DAYS = 180,
	WIDE_RANGE_BITS = 8, /* a range of proxies wider than this is a mistake
			      */
	MAPPED_BITS = 96,
	PATH_ROOM = DIR_PATH_SIZE + 300,
};

/* ---- the certificate ---- */

static void
end_look(struct doctor *doctor, const char *name, const char *path,
    unsigned days, const char *next)
{
	struct op *op = &doctor->cli->op;
	char when[CLOCK_TEXT_SIZE];
	int64_t end;
	enum rc rc = tls_end(op, path, &end);

	if (rc != RC_OK)
		doctor_found(doctor, name, "%s", op_error(op, rc));
	op_clear_error(op);
	if (rc == RC_OK && end - clock_wall() < days * CLOCK_DAY) {
		clock_text(when, end);
		doctor_found(doctor, name, "%s %s on %.10s", path,
		    end > clock_wall() ? "ends" : "has ended", when);
	} else if (rc == RC_OK) {
		return;
	}
	if (rc == RC_NOT_FOUND) /* serve makes what is missing */
		doctor_next(doctor, "dozo serve %s", doctor->cli->dir->path);
	else
		doctor_next(doctor, "%s", next);
}

/* Whether a certificate of one's own and its key can be served. */
static void
pair_look(struct doctor *doctor, const char *certificate, const char *key)
{
	struct op *op = &doctor->cli->op;
	struct tls *tls;
	enum rc rc = tls_open(op, certificate, key, &tls);

	if (rc == RC_OK) {
		tls_close(tls);
		end_look(doctor, "certificate", certificate, CERTIFICATE_DAYS,
		    "systemctl reload dozo  # when a new one is there");
		return;
	}
	doctor_found(doctor, "certificate", "%s", op_error(op, rc));
	doctor_next(doctor, "ls -l %s %s", certificate, key);
	op_clear_error(op);
}

static void
certificate_look(struct doctor *doctor)
{
	const struct dir *dir = doctor->cli->dir;
	const char *own = conf_get_string(dir->conf, "service", "certificate");
	char path[PATH_ROOM], next[PATH_ROOM];

	if (*own != '\0') {
		pair_look(
		    doctor, own, conf_get_string(dir->conf, "service", "key"));
		return;
	}
	/* serve renews it at its start, and hourly. */
	(void)snprintf(path, sizeof(path), "%s/tls/server.crt", dir->path);
	(void)snprintf(next, sizeof(next), "dozo serve %s", dir->path);
	end_look(doctor, "certificate", path, CERTIFICATE_DAYS, next);
	(void)snprintf(path, sizeof(path), "%s/tls/ca.crt", dir->path);
	(void)snprintf(next, sizeof(next),
	    "cd %s && mv tls tls.old  # start anew, and give clients the new "
	    "ca.crt",
	    dir->path);
	end_look(doctor, "ca", path, CA_DAYS, next);
}

/* ---- limits ---- */

/* serve raises its own limit as far as it may. */
static void
limits_look(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	uint64_t connections =
	    conf_get_u64(cli->dir->conf, "service", "connections");
	uint64_t wanted = connections + HTTP_DESCRIPTORS_BESIDE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max >= wanted)
		return;
	doctor_found(doctor, "file-limit",
	    "%s may have %llu files open; %llu connections want %llu",
	    cli->served ? "the server" : "what is started here",
	    (unsigned long long)limit.rlim_max, (unsigned long long)connections,
	    (unsigned long long)wanted);
	if (cli->served)
		doctor_next(doctor,
		    "sudo systemctl edit dozo  # [Service] LimitNOFILE=%llu",
		    (unsigned long long)wanted);
	else
		doctor_next(
		    doctor, "ulimit -n %llu", (unsigned long long)wanted);
}

/* ---- settings ---- */

/* An IPv4 range is one of mapped addresses. */
static bool
is_wide(const struct address_range *range)
{
	return range->bits < WIDE_RANGE_BITS ||
	       (range->bits >= MAPPED_BITS &&
		   range->bits < MAPPED_BITS + WIDE_RANGE_BITS);
}

static void
proxies_look(struct doctor *doctor)
{
	struct op *op = &doctor->cli->op;
	const struct dir *dir = doctor->cli->dir;
	struct address_range range;
	size_t i, n;
	const char *const *texts =
	    conf_get_list(dir->conf, "service", "trusted_proxies", &n);

	for (i = 0; i < n; i++) {
		if (address_range_parse(op, texts[i], &range) != RC_OK) {
			op_clear_error(op);
			doctor_found(doctor, "trusted-proxies",
			    "trusted_proxies: %s is no range of addresses",
			    texts[i]);
		} else if (is_wide(&range)) {
			doctor_found(doctor, "trusted-proxies",
			    "trusted_proxies has %s: whoever comes from there "
			    "may claim any address",
			    texts[i]);
		} else {
			continue;
		}
		doctor_next(doctor, "editor %s/dozo.conf", dir->path);
	}
}

static bool
is_below(const char *path, const char *folder)
{
	size_t size = strlen(folder);

	return strncmp(path, folder, size) == 0 && path[size] == '/';
}

static void
passphrase_look(struct doctor *doctor)
{
	const struct dir *dir = doctor->cli->dir;
	const char *file =
	    conf_get_string(dir->conf, "service", "passphrase_file");

	if (*file == '\0' || !is_below(file, dir->path))
		return;
	doctor_found(doctor, "passphrase-beside-key",
	    "passphrase_file lies in the folder of the key that it opens");
	doctor_next(doctor, "editor %s/dozo.conf", dir->path);
}

/* ---- the master key ---- */

static void
keys_look(struct doctor *doctor, struct site_keys_state *keys)
{
	struct cli *cli = doctor->cli;

	if (cli->service != NULL)
		site_keys_look(cli->service, keys);
	else
		site_keys_describe(cli->dir->keystore, keys);
}

static void
export_look_at(struct doctor *doctor, const struct site_keys_state *keys)
{
	struct cli *cli = doctor->cli;
	struct export_noted noted = {0};
	bool waits = false;

	/* What cannot be told counts as not done. */
	if (export_look(&cli->op, cli->dir, &noted) != RC_OK ||
	    key_files_waits(&cli->op, cli->dir, &waits) != RC_OK)
		op_clear_error(&cli->op);
	if (!export_covers(&noted, keys->version, keys->fingerprint)) {
		doctor_found(doctor, "key-not-exported",
		    "the master key (version %u) %s: if this disk is lost, "
		    "everything is",
		    (unsigned)keys->version,
		    noted.found ? "is not the one that was last exported"
				: "was never exported");
		doctor_next(doctor, "dozo key export %s FILE", cli->dir->path);
	}
	if (waits || keys->n_pending > 0) {
		doctor_found(doctor, "key-rotation",
		    "the keys of the sites are being rotated, and that is not "
		    "over");
		doctor_next(doctor, "dozo key status %s", cli->dir->path);
	}
}

/* Whether the folder at path is on this device. */
static bool
on_device(const char *path, dev_t device)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == device;
}

/* What opens a site does not lie beside it. A site is not always a disk of its
 * own, so the first one is enough to say so. */
static void
device_look(struct doctor *doctor, const char *path, const char *name,
    const char *text, const char *next)
{
	const struct conf *conf = doctor->cli->dir->conf;
	const char *site, *url;
	struct stat st;
	size_t i;

	if (*path == '\0' || stat(path, &st) != 0)
		return;
	for (i = 0; (site = conf_section_name(conf, "site", i)) != NULL; i++) {
		url = site_url(doctor->cli->dir, site);
		if (!str_starts(url, "dir:") || !on_device(url + 4, st.st_dev))
			continue;
		doctor_found(doctor, name,
		    "%s on the device of the site %s: "
		    "whoever takes it away reads everything",
		    text, site);
		doctor_next(doctor, "%s %s%s", next, doctor->cli->dir->path,
		    strcmp(next, "editor") == 0 ? "/dozo.conf" : "");
		return;
	}
}

static void
key_look(struct doctor *doctor)
{
	const struct dir *dir = doctor->cli->dir;
	struct site_keys_state keys;

	keys_look(doctor, &keys);
	export_look_at(doctor, &keys);
	if (!keys.sealed)
		device_look(doctor, dir->path, "key-beside-site",
		    "the master key lies open", "dozo key passphrase");
	if (!keys.sealed)
		device_look(doctor,
		    conf_get_string(dir->conf, "service", "key_export_to"),
		    "export-beside-site", "key_export_to is", "editor");
}

/* ---- permissions ---- */

struct owner {
	struct doctor *doctor;
	uid_t uid; /* of DIR */
	int fd;
	const char *path;
	mode_t forbidden;
};

static void
mode_look(const struct owner *owner, const char *path, const struct stat *st,
    mode_t forbidden)
{
	struct doctor *doctor = owner->doctor;

	if ((st->st_mode & forbidden) != 0 && !S_ISLNK(st->st_mode)) {
		doctor_found(doctor, "permissions",
		    "%s may be %s by others (mode %04o)", path,
		    (st->st_mode & forbidden & 022) != 0 ? "changed" : "read",
		    (unsigned)st->st_mode & 07777);
		doctor_next(doctor, "chmod %s %s",
		    forbidden == 022 ? "go-w" : "go-rwx", path);
	}
	if (st->st_uid != owner->uid) {
		doctor_found(doctor, "owner",
		    "%s belongs to another user than %s: dozo may be unable to "
		    "use it",
		    path, doctor->cli->dir->path);
		doctor_next(doctor, "sudo chown --reference=%s %s",
		    doctor->cli->dir->path, path);
	}
}

static enum rc
entry_look(void *arg, struct op *op, const char *name)
{
	const struct owner *owner = arg;
	char path[PATH_ROOM];
	struct stat st;

	(void)op;
	if (fstatat(owner->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return RC_OK; /* it has gone meanwhile */
	(void)snprintf(path, sizeof(path), "%s/%s", owner->path, name);
	mode_look(owner, path, &st,
	    str_ends(name, ".crt") ? (mode_t)022 : owner->forbidden);
	return RC_OK;
}

/* What is in a folder. */
static void
inside_look(struct owner *owner, const char *path, mode_t forbidden)
{
	struct op *op = &owner->doctor->cli->op;
	CLEANUP(io_close) int fd = -1;

	if (io_open_root(op, path, &fd) == RC_OK) {
		owner->fd = fd;
		owner->path = path;
		owner->forbidden = forbidden;
		if (io_list(op, fd, entry_look, owner) != RC_OK)
			op_clear_error(op);
		return;
	}
	op_clear_error(op); /* others say that it is not there */
}

static void
folder_look(struct owner *owner, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return;
	mode_look(owner, path, &st, 022);
	inside_look(owner, path, 022);
}

static void
dir_look(struct owner *owner)
{
	static const struct {
		const char *name;
		mode_t forbidden;
	} folders[] = {{"keys", 077}, {"tls", 077}, {"db", 022}};
	char path[PATH_ROOM];
	size_t i;

	folder_look(owner, owner->doctor->cli->dir->path);
	for (i = 0; i < ARRAY_LEN(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s",
		    owner->doctor->cli->dir->path, folders[i].name);
		inside_look(owner, path, folders[i].forbidden);
	}
}

/* A file that dozo.conf names, if it names one. It may be root's. */
static void
secret_look(struct doctor *doctor, const char *key)
{
	const char *path =
	    conf_get_string(doctor->cli->dir->conf, "service", key);
	struct stat st;

	if (*path == '\0' || stat(path, &st) != 0 || (st.st_mode & 027) == 0)
		return;
	doctor_found(doctor, "permissions",
	    "%s may be %s by others (mode %04o)", path,
	    (st.st_mode & 022) != 0 ? "changed" : "read",
	    (unsigned)st.st_mode & 07777);
	doctor_next(doctor, "chmod go-rwx %s", path);
}

/* ---- sites as folders ---- */

static void
site_folders_look(struct doctor *doctor, struct owner *owner)
{
	const struct conf *conf = doctor->cli->dir->conf;
	const char *name, *url;
	size_t i;

	for (i = 0; (name = conf_section_name(conf, "site", i)) != NULL; i++) {
		url = site_url(doctor->cli->dir, name);
		if (str_starts(url, "dir:"))
			folder_look(owner, url + 4);
	}
}

void
doctor_host(struct doctor *doctor)
{
	struct owner owner = {.doctor = doctor};
	struct stat st;

	certificate_look(doctor);
	limits_look(doctor);
	proxies_look(doctor);
	passphrase_look(doctor);
	key_look(doctor);
	if (fstat(doctor->cli->dir->fd, &st) != 0)
		return;
	owner.uid = st.st_uid;
	dir_look(&owner);
	site_folders_look(doctor, &owner);
	secret_look(doctor, "passphrase_file");
	secret_look(doctor, "key");
}

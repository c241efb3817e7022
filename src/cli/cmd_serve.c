/* cmd_serve.c - dozo serve: the service behind its doors, until a signal or
 * another server ends it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/local_names.h"
#include "cli/metrics.h"
#include "cli/notify.h"
#include "cli/settings.h"
#include "dav/dav.h"
#include "door/door.h"
#include "evidence/evidence.h"
#include "http/fingerprint.h"
#include "http/server.h"
#include "http/tls.h"
#include "pages/pages.h"
#include "tus/tus.h"

enum {
	COMMITTERS = 16, /* as many tenants commit at once */
	ROUTES_MAX = 32,
	CA_SIZE_MAX = 64 << 10,
	POLL_MS = 500,
	RENEW_POLLS = 7200, /* an hour */
};

struct serving {
	struct cli *cli;
	struct dir dir;
	struct conf *reloaded; /* by the last SIGHUP; NULL: as at the start */
	struct service *service;
	struct evidence *evidence;
	struct door *door;
	struct api_door *api;
	struct http_server *server;
	struct admin *admin;
	struct metrics *metrics;
	struct buf ca;
	char fingerprint[FINGERPRINT_SIZE]; /* of the local CA */
	struct http_route routes[ROUTES_MAX];
	size_t n_routes;
	struct settings_address address;
	char certificate[DIR_PATH_SIZE + 32];
	char key[DIR_PATH_SIZE + 32];
	bool local_certificate;
};

/* ---- the certificate ---- */

static enum rc
names_renew(
    struct op *op, const struct serving *s, int tls_fd, bool *ret_renewed)
{
	CLEANUP(mem_free_ptr)
	struct local_names *names = mem_alloc(sizeof(*names));
	const char *const *more;
	size_t n;
	enum rc rc;

	if (names == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	more = conf_get_list(s->reloaded != NULL ? s->reloaded : s->dir.conf,
	    "service", "names", &n);
	TRY(local_names_get(op, more, n, names));
	/* Where somebody has removed it, a new CA is made: clients then have to
	 * be told. */
	rc = tls_local_ca_make(op, tls_fd, names->names, names->n);
	if (rc != RC_OK && rc != RC_EXISTS)
		return rc;
	op_clear_error(op);
	return tls_local_renew_if_due(
	    op, tls_fd, names->names, names->n, clock_wall(), ret_renewed);
}

/* The local certificate renews itself (at the start, and hourly after). */
static enum rc
certificate_renew(struct op *op, const struct serving *s, bool *ret_renewed)
{
	CLEANUP(io_close) int tls_fd = -1;

	*ret_renewed = false;
	if (!s->local_certificate)
		return RC_OK;
	TRY(io_open_dir(op, s->dir.fd, "tls", true, &tls_fd));
	return names_renew(op, s, tls_fd, ret_renewed);
}

static enum rc
certificate_find(struct op *op, struct serving *s)
{
	const char *own =
	    conf_get_string(s->dir.conf, "service", "certificate");
	CLEANUP(io_close) int tls_fd = -1;
	bool renewed;

	s->local_certificate = *own == '\0';
	if (!s->local_certificate) {
		(void)str_copy(s->certificate, sizeof(s->certificate), own);
		(void)str_copy(s->key, sizeof(s->key),
		    conf_get_string(s->dir.conf, "service", "key"));
		return RC_OK;
	}
	(void)snprintf(s->certificate, sizeof(s->certificate),
	    "%s/tls/server.crt", s->dir.path);
	(void)snprintf(
	    s->key, sizeof(s->key), "%s/tls/server.key", s->dir.path);
	TRY(certificate_renew(op, s, &renewed));
	TRY(io_open_dir(op, s->dir.fd, "tls", false, &tls_fd));
	TRY(io_read_file(op, tls_fd, "ca.crt", &s->ca));
	return fingerprint_of_pem(op, buf_span(&s->ca), s->fingerprint);
}

static void
certificate_keep(struct serving *s)
{
	CLEANUP(op_release) struct op op;
	bool renewed = false;
	enum rc rc;

	op_init(&op);
	rc = certificate_renew(&op, s, &renewed);
	if (rc == RC_OK && renewed) {
		rc = http_server_reload(&op, s->server);
		log_info(&op, "certificate-renewed", "rc=%s", rc_name(rc));
	}
	if (rc != RC_OK)
		log_error(&op, "certificate", "why=\"%s\"", op_error(&op, rc));
}

/* ---- starting ---- */

static void
level_set(const struct conf *conf)
{
	static const char *const words[] = {
	    [LOG_LEVEL_DEBUG] = "debug",
	    [LOG_LEVEL_INFO] = "info",
	    [LOG_LEVEL_WARN] = "warn",
	    [LOG_LEVEL_ERROR] = "error",
	};
	const char *level = conf_get_string(conf, "service", "log_level");
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], level) == 0)
			log_set_level((enum log_level)i);
}

static void
http_config_fill(const struct serving *s, struct http_config *config)
{
	const struct conf *conf = s->dir.conf;
	const char *url = conf_get_string(conf, "service", "public_url");
	const char *header = conf_get_string(conf, "service", "proxy_header");

	http_config_defaults(config);
	config->host = s->address.host;
	config->port = s->address.port;
	config->certificate_path = s->certificate;
	config->key_path = s->key;
	config->public_url = *url != '\0' ? url : NULL;
	config->trusted_proxies = conf_get_list(
	    conf, "service", "trusted_proxies", &config->n_trusted_proxies);
	config->proxy_header = strcmp(header, "forwarded") == 0
				   ? PROXY_FORWARDED
				   : PROXY_X_FORWARDED_FOR;
	config->connections =
	    (unsigned)conf_get_u64(conf, "service", "connections");
	config->connections_per_address =
	    (unsigned)conf_get_u64(conf, "service", "connections_per_address");
	config->event_threads =
	    (unsigned)conf_get_u64(conf, "service", "event_threads");
	config->short_workers =
	    (unsigned)conf_get_u64(conf, "service", "short_workers");
	config->bytes_workers =
	    (unsigned)conf_get_u64(conf, "service", "bytes_workers");
}

static enum rc
doors_open(struct op *op, struct serving *s)
{
	const struct door_config config = {
	    .service = s->service,
	    .evidence = s->evidence,
	    .ca = buf_span(&s->ca),
	};
	size_t n;

	_Static_assert(
	    DAV_ROUTES + API_ROUTES + TUS_ROUTES + PAGES_ROUTES <= ROUTES_MAX,
	    "routes");
	TRY(door_open(op, &config, &s->door));
	TRY(api_open(op, s->door, &s->api));
	dav_routes(s->door, s->routes, &n);
	s->n_routes = n;
	api_routes(s->api, s->routes + s->n_routes, &n);
	s->n_routes += n;
	tus_routes(s->door, s->routes + s->n_routes, &n);
	s->n_routes += n;
	pages_routes(s->door, s->routes + s->n_routes, &n);
	s->n_routes += n;
	return RC_OK;
}

static enum rc
server_start(struct op *op, struct serving *s)
{
	struct http_config config;
	char why[OP_ERROR_SIZE];
	enum rc rc;

	http_config_fill(s, &config);
	rc = http_server_start(op, &config, s->routes, s->n_routes, &s->server);
	if (rc != RC_IO)
		return rc;
	(void)snprintf(why, sizeof(why), "%s", op_error(op, rc));
	op_clear_error(op);
	return op_fail(op, rc,
	    "cannot listen on %.120s port %u: %.60s (--listen HOST:PORT, or "
	    "listen in dozo.conf, takes another)",
	    s->address.host, (unsigned)s->address.port, why);
}

static enum rc
metrics_serve(struct op *op, struct serving *s)
{
	const char *text =
	    conf_get_string(s->dir.conf, "service", "metrics_listen");
	struct settings_address address;

	if (*text == '\0')
		return RC_OK;
	TRY(settings_address_parse(op, text, &address));
	return metrics_start(op, &address, s->service, s->server, &s->metrics);
}

static enum rc
serving_start(struct op *op, struct serving *s)
{
	const char *listen = cli_value(s->cli, "listen");
	struct dir_how how = {
	    .accept_loss = cli_has(s->cli, "accept-loss"),
	    .upkeep = true,
	    .committers = COMMITTERS,
	};

	TRY(settings_address_parse(op,
	    listen != NULL ? listen
			   : conf_get_string(s->dir.conf, "service", "listen"),
	    &s->address));
	TRY(certificate_find(op, s));
	TRY(dir_service(op, &s->dir, &how, &s->service));
	TRY(evidence_new(op, s->service, &s->evidence));
	TRY(doors_open(op, s));
	TRY(admin_start(op, &s->dir, s->service, s->evidence, &s->admin));
	TRY(server_start(op, s));
	TRY(evidence_start(
	    op, s->evidence, s->address.host, http_server_port(s->server)));
	return metrics_serve(op, s);
}

static void
serving_stop(struct op *op, struct serving *s, int64_t drain)
{
	metrics_stop(s->metrics);
	evidence_stop(s->evidence);
	http_server_stop(s->server, drain);
	admin_stop(s->admin);
	api_close(s->api);
	door_close(s->door);
	evidence_free(s->evidence);
	if (s->service != NULL)
		dir_service_close(op, &s->dir, s->service);
	buf_release(&s->ca);
	conf_free(s->reloaded);
	s->reloaded = NULL;
	dir_close(&s->dir);
}

/* ---- running ---- */

/* What can be changed while it runs; the rest is for the next start. */
static void
reload(struct serving *s)
{
	CLEANUP(op_release) struct op op;
	struct conf *conf;
	bool renewed;
	enum rc rc;

	op_init(&op);
	rc = dir_conf_read(&op, &s->dir, &conf);
	if (rc == RC_OK) {
		conf_free(s->reloaded);
		s->reloaded = conf;
		level_set(conf);
		rc = certificate_renew(&op, s, &renewed);
	}
	if (rc == RC_OK)
		rc = http_server_reload(&op, s->server);
	if (rc == RC_OK)
		log_info(
		    &op, "reloaded", "what=\"names, certificate, log_level\"");
	else
		log_error(&op, "not-reloaded", "why=\"%s\"", op_error(&op, rc));
}

static void
signals_of(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGHUP);
}

/* True: a signal asked for the end; false: the claim is lost. */
static bool
run_until_end(struct serving *s)
{
	const struct timespec step = {.tv_nsec = POLL_MS * 1000000L};
	unsigned polls = 0;
	sigset_t set;
	int got;

	signals_of(&set);
	for (;;) {
		got = sigtimedwait(&set, NULL, &step);
		if (got == SIGTERM || got == SIGINT)
			return true;
		if (got == SIGHUP) {
			notify_send("RELOADING=1");
			reload(s);
			notify_send("READY=1");
		}
		if (!service_stands(s->service))
			return false;
		if (++polls % RENEW_POLLS == 0)
			certificate_keep(s);
	}
}

static void
listening_print(struct serving *s)
{
	cli_print(s->cli, "listening on https://%s%s%s:%u\n",
	    s->address.brackets ? "[" : "", s->address.host,
	    s->address.brackets ? "]" : "",
	    (unsigned)http_server_port(s->server));
	if (s->local_certificate)
		cli_print(s->cli, "its CA has the SHA-256 fingerprint\n  %s\n",
		    s->fingerprint);
	cli_flush(s->cli);
}

static enum cli_exit
serve(struct cli *cli, struct serving *s)
{
	int64_t drain =
	    (int64_t)conf_get_u64(s->dir.conf, "service", "drain_time") *
	    CLOCK_S;
	enum rc rc = serving_start(&cli->op, s);
	enum cli_exit end;

	if (rc != RC_OK) {
		end = cli_end(cli, rc);
		op_clear_error(&cli->op);
		serving_stop(&cli->op, s, 0);
		return end;
	}
	listening_print(s);
	notify_send("READY=1");
	if (run_until_end(s)) {
		notify_send("STOPPING=1");
		log_info(&cli->op, "stopping", "drain_s=%lld",
		    (long long)(drain / CLOCK_S));
		serving_stop(&cli->op, s, drain);
		return CLI_OK;
	}
	serving_stop(&cli->op, s, 0);
	cli_note(cli, "dozo: another server has taken these sites over\n");
	return CLI_FAILED;
}

/* What rebuild found missing is served only where an operator says so (L21). */
static enum rc
loss_look(
    struct op *op, struct cli *cli, const struct dir *dir, bool *ret_refused)
{
	bool behind;

	TRY(io_exists(op, dir->fd, "behind", &behind));
	*ret_refused = behind && !cli_has(cli, "accept-loss");
	return RC_OK;
}

static enum cli_exit
open_and_serve(struct cli *cli, struct serving *s)
{
	bool refused = false;
	sigset_t set;
	enum rc rc = dir_find(&cli->op, cli->args[0], &s->dir);

	if (rc == RC_OK) {
		rc = dir_lock(&cli->op, &s->dir);
		if (rc == RC_BUSY) {
			(void)cli_end(cli, rc);
			return CLI_IN_USE;
		}
	}
	if (rc == RC_OK)
		rc = dir_load(&cli->op, &s->dir, &cli->passphrase);
	passphrase_forget(&cli->passphrase);
	if (rc == RC_OK)
		rc = loss_look(&cli->op, cli, &s->dir, &refused);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (refused) {
		cli_note(cli, "dozo: this service was rebuilt from a site that "
			      "lacks acknowledged "
			      "changes (see the file \"behind\" in it); "
			      "--accept-loss serves what there is\n");
		return CLI_INCOMPLETE;
	}
	level_set(s->dir.conf);
	/* Before there are threads, so that none of them is interrupted. */
	signals_of(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return serve(cli, s);
}

enum cli_exit
cmd_serve(struct cli *cli)
{
	struct serving *s = mem_alloc(sizeof(*s));
	enum cli_exit end;

	if (s == NULL)
		return CLI_FAILED;
	*s = (struct serving){.cli = cli, .dir = DIR_NONE};
	buf_init(&s->ca, CA_SIZE_MAX);
	end = open_and_serve(cli, s);
	dir_close(&s->dir);
	mem_free(s);
	return end;
}

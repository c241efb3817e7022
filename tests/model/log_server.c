/* log_server.c - a server process: a whole service over simulated sites. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/str.h"
#include "model/log_world.h"

static const char *const names[LOG_SITES] = {"s0", "s1", "s2", "s3"};

void
log_sites_make(struct op *op, uint32_t sites, struct sites **ret_sites)
{
	struct site *site;
	char url[64];
	size_t i;

	HARNESS(op, sites_new(op, ret_sites));
	for (i = 0; i < world.n_sites; i++) {
		if ((sites >> i & 1) == 0)
			continue;
		(void)snprintf(
		    url, sizeof(url), "dir:%s", sim_disk_path(world.sites[i]));
		HARNESS(op, site_open(op, url, world.keystore->service,
				world.reg.ids[i], names[i], &site));
		HARNESS(op, sites_add(op, *ret_sites, site));
	}
}

/* The keys of sites that have left go: each process has them from the run. */
static enum rc
keystore_kept(void *arg, struct op *op, const struct keystore *keystore)
{
	(void)arg;
	(void)op;
	(void)keystore;
	return RC_OK;
}

/* Time-outs in simulated time: some hundred steps of a slow run. */
void
log_config(const struct log_server *server, struct service_config *config)
{
	int64_t tick = sim_odds_get()->tick_max;

	memset(config, 0, sizeof(*config));
	config->dir_fd = server->dir_fd;
	config->db_path = server->db_path;
	config->db_folder = "db";
	config->keystore = world.keystore;
	config->keep = keystore_kept;
	config->host = server->host == 1 ? "one" : "two";
	config->offer_time = CLOCK_S / 4 + 60 * tick;
	if (log_mood(LOG_DOUBTFUL) && !world.stop)
		config->offer_time = CLOCK_S / 50 + 15 * tick;
	if (log_mood(LOG_PATIENT))
		config->offer_time = 0;
	if (world.offer_time > 0 && !world.stop)
		config->offer_time = world.offer_time;
	config->slow_time = CLOCK_S + 100 * tick;
	config->reserve_bytes = 1;
	config->committers = (unsigned)sim_random(3);
}

/* The marks of a host's databases say which of them are to be trusted; what is
 * not may be torn. */
static void
tear_untrusted(int host, const char *folder)
{
	uint64_t tenants[] = {TENANT_PROVIDER, world.tenant};
	char path[LOG_PATH_SIZE + 40];
	struct span mark;
	struct stat st;
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(tenants); i++) {
		static const char *const ends[] = {"", "-wal"};

		(void)snprintf(path, sizeof(path), "db/%016llx.state",
		    (unsigned long long)tenants[i]);
		(void)sim_disk_look(world.hosts[host], path, &mark);
		if (span_equal(mark, span_str("clean\n")))
			continue;
		for (k = 0; k < ARRAY_LEN(ends); k++) {
			(void)snprintf(path, sizeof(path), "%s/%016llx.db%s",
			    folder, (unsigned long long)tenants[i], ends[k]);
			if (stat(path, &st) == 0)
				sim_sandbox_tear(path);
		}
	}
}

struct log_server *
log_server_new(int host)
{
	struct log_server *server = calloc(1, sizeof(*server));

	SIM_CHECK(server != NULL, "harness: no memory");
	server->host = host;
	server->dir_fd = -1;
	(void)snprintf(server->db_path, sizeof(server->db_path), "%s/h%d.%u",
	    sim_sandbox(), host, world.n_processes++);
	if (world.db_path[host][0] == '\0')
		SIM_CHECK(mkdir(server->db_path, 0700) == 0,
		    "harness: cannot make %s", server->db_path);
	else
		sim_sandbox_copy(world.db_path[host], server->db_path);
	if (world.rebooted[host])
		tear_untrusted(host, server->db_path);
	world.rebooted[host] = false;
	(void)str_copy(
	    world.db_path[host], sizeof(world.db_path[host]), server->db_path);
	world.servers[host] = server;
	return server;
}

bool
log_running(int host)
{
	return sim_host_threads(host) > 0;
}

void
log_start(int host)
{
	if (log_running(host))
		return;
	sim_count("servers started", 1);
	sim_spawn(host, "server", log_server_main, log_server_new(host));
}

/* ---- the process ---- */

static bool
is_to_end(const struct log_server *server)
{
	return server->stop || !service_stands(server->service);
}

static void
modes_check(const struct log_server *server)
{
	const struct tenant *provider = server->service->provider;

	if (provider->mode == TENANT_REFUSED)
		log_judge_refusal("provider", provider->why);
	if (server->tenant != NULL && server->tenant->mode == TENANT_REFUSED)
		log_judge_refusal("tenant", server->tenant->why);
}

/* Opens the service, as often as it takes. */
static bool
service_try(struct op *op, struct log_server *server)
{
	struct service_config config;
	enum rc rc;

	HARNESS(op, io_open_root(op, sim_disk_path(world.hosts[server->host]),
			&server->dir_fd));
	log_config(server, &config);
	log_sites_make(op, UINT32_MAX, &config.sites);
	rc = service_open(op, &config, &server->service);
	if (rc == RC_OK) {
		sim_count("services opened", 1);
		return true;
	}
	sim_trace("the service does not open: %s", op_error(op, rc));
	sim_count("services not opened", 1);
	if (rc == RC_REFUSED)
		log_judge_refusal("service", op_error(op, rc));
	io_close(&server->dir_fd);
	return false;
}

static bool
tenant_try(struct op *op, struct log_server *server)
{
	enum rc rc;

	while (world.hold[server->host] && !is_to_end(server))
		sim_sleep(CLOCK_S / 20);
	while (!is_to_end(server)) {
		rc = service_tenant(
		    op, server->service, world.tenant, &server->tenant);
		if (rc == RC_OK)
			return true;
		sim_trace("the tenant does not open: %s", op_error(op, rc));
		if (rc == RC_REFUSED)
			log_judge_refusal("tenant", op_error(op, rc));
		op_clear_error(op);
		sim_sleep(CLOCK_S / 5);
	}
	return false;
}

/* As for a tenant that was idle for long (close_idle), and as the keeper does.
 */
static void
reopen(struct op *op, struct log_server *server)
{
	enum rc rc;

	sim_count("reopened", 1);
	if (server->tenant->mode != TENANT_REFUSED)
		tenant_close(op, server->tenant);
	rc = tenant_open(op, server->tenant);
	if (rc != RC_OK)
		sim_trace("the tenant does not open: %s", op_error(op, rc));
	if (rc == RC_REFUSED)
		log_judge_refusal("tenant", op_error(op, rc));
	op_clear_error(op);
	server->reopen = false;
}

static void
serve(struct op *op, struct log_server *server)
{
	size_t i;

	for (i = 0; i < LOG_CLIENTS; i++)
		HARNESS(op, thread_start(op, &server->clients[i], "client",
				log_client_main, server));
	while (!is_to_end(server)) {
		modes_check(server);
		sim_sleep(CLOCK_S / 20);
		if (server->tenant->mode == TENANT_CLOSED || server->reopen ||
		    (log_mood(LOG_REOPENED) && sim_chance(200)))
			reopen(op, server);
	}
	server->stop = true;
	for (i = 0; i < LOG_CLIENTS; i++)
		thread_join(&server->clients[i]);
	tenant_put_ptr(&server->tenant);
}

void
log_server_main(void *arg)
{
	struct log_server *server = arg;
	CLEANUP(op_release) struct op op;

	op_init(&op);
	if (service_try(&op, server)) {
		if (tenant_try(&op, server))
			serve(&op, server);
		if (!service_stands(server->service))
			sim_count("claims lost", 1);
		op_clear_error(&op);
		service_close(&op, server->service);
		io_close(&server->dir_fd);
	}
	server->closed = true;
}

/* ---- the beginning ---- */

static void
make_main(void *arg)
{
	struct log_server *server = arg;
	CLEANUP(op_release) struct op op;
	struct service_config config;
	char url[64];
	size_t i;

	op_init(&op);
	for (i = 0; i < world.n_sites; i++) {
		(void)snprintf(
		    url, sizeof(url), "dir:%s", sim_disk_path(world.sites[i]));
		HARNESS(&op, site_create(&op, url, world.keystore->service,
				 world.reg.ids[i], names[i]));
	}
	HARNESS(&op, io_open_root(&op, sim_disk_path(world.hosts[server->host]),
			 &server->dir_fd));
	log_config(server, &config);
	config.first = &world.reg;
	config.offer_time = config.slow_time = 0;
	log_sites_make(&op, UINT32_MAX, &config.sites);
	HARNESS(&op, service_open(&op, &config, &server->service));
	HARNESS(&op, service_tenant_add(
			 &op, server->service, "demo", "ja", &world.tenant));
	service_close(&op, server->service);
	io_close(&server->dir_fd);
	server->closed = true;
}

void
log_service_make(void)
{
	CLEANUP(op_release) struct op op;
	size_t i;

	op_init(&op);
	HARNESS(&op, keystore_new(&op, &world.keystore));
	world.reg.version = 1;
	world.reg.n = (uint32_t)world.n_sites;
	for (i = 0; i < world.n_sites; i++) {
		world.reg.ids[i][0] = (uint8_t)(i + 1);
		HARNESS(&op, keystore_add_site(&op, world.keystore,
				 world.reg.ids[i], names[i]));
	}
	sim_spawn(1, "make", make_main, log_server_new(1));
	sim_host_join(1);
	SIM_CHECK(world.servers[1]->closed, "harness: no service was made");
}

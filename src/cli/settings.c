/* settings.c - the table that parses dozo.conf and explains it. */
#include "cli/settings.h"

#include <string.h>

#include "base/str.h"

#define SERVICE(key, type, text, min, max, help) \
	{ \
		"service", key, type, text, min, max, help \
	}

const char settings_header[] =
    "dozo.conf: how this service is run. dozo serve "
    "reads it at its start; after a "
    "SIGHUP it takes names, log_level and the "
    "certificate's files anew. Which sites must have "
    "a file before it counts as stored is not here "
    "but in the service's own log.";

const struct conf_key settings_keys[] = {
    SERVICE("listen", CONF_STRING, "localhost:8443", 1, 255,
	"HOST:PORT of the HTTPS server. localhost: this machine only; "
	"[::]:8443: "
	"every address, IPv4 too."),
    SERVICE("public_url", CONF_STRING, "", 0, 180,
	"https://HOST[:PORT] as clients see it, where that differs from what "
	"they say "
	"themselves (behind a proxy)."),
    SERVICE("names", CONF_LIST, "", 0, 32,
	"Names and addresses in the local certificate, beside localhost and "
	"this "
	"machine's own."),
    SERVICE("certificate", CONF_STRING, "", 0, 180,
	"A certificate of your own: an absolute path to PEM, the chain with "
	"the leaf "
	"first. Empty: tls/server.crt, made by the local CA and renewed by "
	"itself."),
    SERVICE("key", CONF_STRING, "", 0, 180,
	"The certificate's key: an absolute path to PEM."),
    SERVICE("trusted_proxies", CONF_LIST, "", 0, 32,
	"Address ranges (192.0.2.0/24) of proxies whose word about a client's "
	"address "
	"is taken, in their header or by the PROXY protocol v2."),
    SERVICE("proxy_header", CONF_STRING, "x-forwarded-for", 1, 15,
	"Which header these proxies write: x-forwarded-for or forwarded."),
    SERVICE("metrics_listen", CONF_STRING, "", 0, 255,
	"HOST:PORT on loopback where /metrics answers in plain HTTP "
	"(Prometheus). "
	"Empty: nowhere."),
    SERVICE("connections", CONF_U64, "16384", 1, 1000000,
	"HTTPS connections in all."),
    SERVICE("connections_per_address", CONF_U64, "16384", 1, 1000000,
	"HTTPS connections of one client address; an IPv6 address counts as "
	"its /64."),
    SERVICE("event_threads", CONF_U64, "0", 0, 256,
	"Threads for connections; 0: as many as processors."),
    SERVICE("short_workers", CONF_U64, "16", 1, 1024,
	"Threads for short requests."),
    SERVICE(
	"bytes_workers", CONF_U64, "8", 1, 1024, "Threads that move contents."),
    SERVICE("drain_time", CONF_DURATION, "10s", 0, 3600,
	"How long requests that run may go on when the server is stopped."),
    SERVICE("reserve_bytes", CONF_SIZE, "1 GiB", 1, INT64_MAX,
	"A site with less free space gets no new files; with too few others, "
	"or "
	"less on the server's own disk, uploads are refused. Deleting goes on. "
	"The larger of this and reserve_percent holds."),
    SERVICE("reserve_percent", CONF_U64, "2", 0, 90,
	"The same as a part of the disk."),
    SERVICE("offer_time", CONF_DURATION, "10s", 1, 3600,
	"How long a change is offered to sites that do not answer before its "
	"client is "
	"told that it is in doubt."),
    SERVICE("slow_time", CONF_DURATION, "10s", 1, 3600,
	"A site that lags by more than this is behind: it is left out and "
	"caught up "
	"later."),
    SERVICE("upkeep_rate", CONF_SIZE, "64 MiB", 64 << 10, INT64_MAX,
	"Bytes a second that snapshots, compaction and the like read and write "
	"at most."),
    SERVICE("scrub_rate", CONF_SIZE, "64 MiB", 64 << 10, INT64_MAX,
	"Bytes a second that dozo scrub reads at most, of all sites "
	"together."),
    SERVICE(
	"log_level", CONF_STRING, "info", 1, 5, "debug, info, warn or error."),
    SERVICE("passphrase_file", CONF_STRING, "", 0, 180,
	"An absolute path whose first line is the master key's passphrase, as "
	"systemd gives "
	"it (/run/credentials/...). Empty: asked on the terminal, or given by "
	"--passphrase-fd."),
    SERVICE("key_export_to", CONF_STRING, "", 0, 180,
	"A folder (an absolute path, on another disk than any site) into which "
	"dozo key "
	"rotate-sites exports each new master key by itself. Empty: nowhere."),
    SERVICE("read_only", CONF_BOOL, "no", 0, 0,
	"Nothing is written to any site. dozo rebuild sets it."),
    {"site *", "url", CONF_STRING, NULL, 5, 185,
	"Where the site is found: dir:/absolute/path."},
    {"site *", "id", CONF_STRING, NULL, 32, 32,
	"Its identity, as in its site.id; made by dozo init, site add and site "
	"replace."},
    {"site *", "next_url", CONF_STRING, "", 0, 185,
	"Where the site is that takes this one's place, while dozo site "
	"replace fills it."},
    {"site *", "next_id", CONF_STRING, "", 0, 32, "That one's identity."},
};
const size_t settings_n_keys = ARRAY_LEN(settings_keys);

enum rc
settings_address_parse(
    struct op *op, const char *text, struct settings_address *ret_address)
{
	struct settings_address address = {.brackets = text[0] == '['};
	const char *host = text + address.brackets;
	const char *colon = strrchr(text, ':');
	size_t size = colon != NULL ? (size_t)(colon - host) : 0;
	uint64_t port;

	if (colon == NULL || colon <= host || size >= sizeof(address.host) ||
	    !str_to_u64(colon + 1, 0, 65535, &port))
		FAIL(op, RC_INVALID, "an address is HOST:PORT, not \"%s\"",
		    text);
	if (address.brackets && (size < 2 || host[--size] != ']'))
		FAIL(op, RC_INVALID,
		    "an IPv6 address is [ADDRESS]:PORT, not \"%s\"", text);
	memcpy(address.host, host, size);
	if (!address.brackets && strchr(address.host, ':') != NULL)
		FAIL(op, RC_INVALID,
		    "an IPv6 address is [ADDRESS]:PORT, not \"%s\"", text);
	address.port = (uint16_t)port;
	*ret_address = address;
	return RC_OK;
}

static bool
is_one_of(const char *text, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

/* Both or none. */
static enum rc
next_check(struct op *op, const struct conf *conf, const char *section)
{
	const char *url = conf_get_string(conf, section, "next_url");
	const char *text = conf_get_string(conf, section, "next_id");
	uint8_t id[16];

	if ((*url == '\0') != (*text == '\0'))
		FAIL(op, RC_INVALID,
		    "next_url and next_id are given together or not at all");
	return *text == '\0' ? RC_OK : str_unhex(op, text, id, sizeof(id));
}

static enum rc
sites_check(struct op *op, const struct conf *conf)
{
	uint8_t id[16];
	const char *name;
	char section[CONF_NAME_LIMIT + 8];
	size_t i;

	for (i = 0; (name = conf_section_name(conf, "site", i)) != NULL; i++) {
		(void)str_copy(section, sizeof(section), "site ");
		(void)strncat(section, name, CONF_NAME_LIMIT);
		TRY(str_unhex(
		    op, conf_get_string(conf, section, "id"), id, sizeof(id)));
		TRY(next_check(op, conf, section));
	}
	if (i == 0)
		FAIL(op, RC_INVALID, "dozo.conf names no site");
	return RC_OK;
}

/* Empty, or absolute. */
static enum rc
path_check(struct op *op, const struct conf *conf, const char *key)
{
	const char *path = conf_get_string(conf, "service", key);

	if (*path != '\0' && *path != '/')
		FAIL(op, RC_INVALID, "%s is an absolute path", key);
	return RC_OK;
}

enum rc
settings_check(struct op *op, const struct conf *conf)
{
	static const char *const levels[] = {"debug", "info", "warn", "error"};
	static const char *const headers[] = {"x-forwarded-for", "forwarded"};
	const char *certificate =
	    conf_get_string(conf, "service", "certificate");
	const char *key = conf_get_string(conf, "service", "key");
	const char *metrics =
	    conf_get_string(conf, "service", "metrics_listen");
	struct settings_address address;

	TRY(settings_address_parse(
	    op, conf_get_string(conf, "service", "listen"), &address));
	if (*metrics != '\0')
		TRY(settings_address_parse(op, metrics, &address));
	if ((*certificate == '\0') != (*key == '\0'))
		FAIL(op, RC_INVALID,
		    "certificate and key are given together or not at all");
	if (*certificate != '\0' && (*certificate != '/' || *key != '/'))
		FAIL(op, RC_INVALID, "certificate and key are absolute paths");
	if (!is_one_of(conf_get_string(conf, "service", "log_level"), levels,
		ARRAY_LEN(levels)))
		FAIL(op, RC_INVALID, "log_level is debug, info, warn or error");
	if (!is_one_of(conf_get_string(conf, "service", "proxy_header"),
		headers, ARRAY_LEN(headers)))
		FAIL(op, RC_INVALID,
		    "proxy_header is x-forwarded-for or forwarded");
	TRY(path_check(op, conf, "passphrase_file"));
	TRY(path_check(op, conf, "key_export_to"));
	return sites_check(op, conf);
}

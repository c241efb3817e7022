/* fuzz_conf.c - configuration files: what was read can be written and read
 * again. */

#include "base/conf.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct conf_key keys[] = {
    {"service", "listen", CONF_STRING, "localhost:8443", 1, 100,
	"Where to listen."},
    {"service", "n", CONF_U64, "2", 1, 9, "A number."},
    {"service", "names", CONF_LIST, "", 0, 3, "Names."},
    {"service", "strict", CONF_BOOL, "yes", 0, 0, "Strict."},
    {"store", "reserve", CONF_SIZE, "1 GiB", 0, UINT64_C(1) << 50, "Bytes."},
    {"store", "trash", CONF_DURATION, "30d", 60, 86400 * 365, "How long."},
    {"site *", "url", CONF_STRING, NULL, 1, 150, "Where."},
};

/* The listening address goes through a sample and comes back, or is refused. */
static void
round_trip(struct op *op, const struct conf *conf)
{
	CLEANUP(conf_free_ptr) struct conf *again = NULL;
	CLEANUP(buf_release) struct buf buf = {.limit = 65536};
	const char *listen = conf_get_string(conf, "service", "listen");
	struct conf_setting setting = {"service", "listen", listen};
	enum rc rc =
	    conf_sample(op, keys, ARRAY_LEN(keys), "x", &setting, 1, &buf);

	/* "listen =;x" can be read, but is not written: "= ;x" is a comment. */
	must(rc == (listen[0] == ';' ? RC_INVALID : RC_OK));
	if (rc != RC_OK)
		return;
	must(conf_parse(op, buf_span(&buf), keys, ARRAY_LEN(keys), &again) ==
	     RC_OK);
	must(strcmp(conf_get_string(again, "service", "listen"), listen) == 0);
}

static void
look_at_all(const struct conf *conf)
{
	const char *name;
	size_t i, n;

	must(conf_get_u64(conf, "service", "n") - 1 < 9);
	(void)conf_get_bool(conf, "service", "strict");
	must(conf_get_u64(conf, "store", "trash") >= 60);
	must(conf_get_u64(conf, "store", "reserve") <= UINT64_C(1) << 50);
	(void)conf_get_list(conf, "service", "names", &n);
	must(n <= 3);
	for (i = 0; (name = conf_section_name(conf, "site", i)) != NULL; i++)
		must(strlen(name) >= 1 && strlen(name) <= CONF_NAME_LIMIT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;
	struct op op;

	op_init(&op);
	if (conf_parse(&op, span_of(data, size), keys, ARRAY_LEN(keys),
		&conf) == RC_OK) {
		look_at_all(conf);
		round_trip(&op, conf);
	} else {
		must(op.error[0] != '\0' && conf == NULL);
	}
	op_release(&op);
	return 0;
}

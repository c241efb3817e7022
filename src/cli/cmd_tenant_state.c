/* cmd_tenant_state.c - dozo tenant state: what two copies of a tenant are
 * compared by. */
#include <inttypes.h>

#include "base/str.h"
#include "cli/commands.h"
#include "db/db.h"
#include "meta/local.h"

/* Number and hash of one moment, whatever is committed meanwhile. */
static enum rc
state_read(struct op *op, struct reader *reader, uint64_t *ret_number,
    uint8_t ret_hash[DB_HASH_SIZE])
{
	struct local_log head;
	enum rc rc;

	TRY(db_read_begin(op, reader->db));
	rc = local_log_head(op, &reader->meta, &head);
	if (rc == RC_OK)
		rc = db_state_hash(op, reader->db, ret_hash);
	db_read_end(reader->db);
	if (rc == RC_OK)
		*ret_number = head.number;
	return rc;
}

static enum rc
tenant_look(
    struct cli *cli, uint64_t *ret_number, uint8_t ret_hash[DB_HASH_SIZE])
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	struct op *op = &cli->op;
	struct reader *reader;
	enum rc rc;

	TRY(service_tenant_named(op, cli->service, cli->args[1], &t));
	TRY(tenant_reader(op, t, &reader));
	rc = state_read(op, reader, ret_number, ret_hash);
	tenant_reader_put(t, reader);
	return rc;
}

enum cli_exit
cmd_tenant_state(struct cli *cli)
{
	uint8_t hash[DB_HASH_SIZE];
	char text[2 * DB_HASH_SIZE + 1];
	uint64_t number;
	enum rc rc = tenant_look(cli, &number, hash);

	if (rc != RC_OK)
		return cli_end(cli, rc);
	str_hex(text, span_of(hash, sizeof(hash)));
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:s, s:I, s:s}", "tenant", cli->args[1],
			     "number", (json_int_t)number, "state_hash", text));
	cli_print(
	    cli, "number      %" PRIu64 "\nstate hash  %s\n", number, text);
	return CLI_OK;
}

/* site_fact.c - a change of the register in the provider's log. */
#include "core/site_fact.h"

#include <string.h>

#include "core/audit.h"
#include "core/service.h"
#include "meta/tenant.h"
#include "store/wire.h"

enum {
	FORMAT = 1,
	FIXED_SIZE = 1 + 1 + 2 * OBJECT_ID_SIZE + 4 + 4,
};

_Static_assert(
    FIXED_SIZE + REGISTER_SITES_MAX * OBJECT_ID_SIZE <= SITE_FACT_MAX,
    "the largest fact");

bool
site_id_is_none(const uint8_t id[OBJECT_ID_SIZE])
{
	static const uint8_t none[OBJECT_ID_SIZE];

	return memcmp(id, none, OBJECT_ID_SIZE) == 0;
}

/* One rule for writer and reader. */
static bool
fact_valid(const struct site_fact *fact)
{
	return fact->phase >= SITE_PHASE_FILLING &&
	       fact->phase <= SITE_PHASE_DONE && register_valid(&fact->reg) &&
	       (site_id_is_none(fact->leaves) ||
		   !register_contains(&fact->reg, fact->leaves)) &&
	       (site_id_is_none(fact->joins) ||
		   register_contains(&fact->reg, fact->joins));
}

enum rc
site_fact_write(struct op *op, const struct site_fact *fact, struct buf *out)
{
	size_t ids = (size_t)fact->reg.n * OBJECT_ID_SIZE;
	uint8_t *p;

	if (!fact_valid(fact))
		FAIL(op, RC_INVALID, "not a fact of the register");
	TRY(buf_grow(op, out, FIXED_SIZE + ids, &p));
	*p++ = FORMAT;
	*p++ = (uint8_t)fact->phase;
	p = wire_put_bytes(p, fact->joins, OBJECT_ID_SIZE);
	p = wire_put_bytes(p, fact->leaves, OBJECT_ID_SIZE);
	p = wire_put_u32(p, fact->reg.m);
	p = wire_put_u32(p, fact->reg.n);
	(void)wire_put_bytes(p, fact->reg.ids, ids);
	return RC_OK;
}

enum rc
site_fact_read(struct op *op, uint64_t version, struct span body,
    struct site_fact *ret_fact)
{
	struct site_fact fact = {.reg.version = version};
	struct wire wire = wire_of(body);
	uint8_t head[2] = {0};

	wire_bytes(&wire, head, sizeof(head));
	if (!wire.bad && head[0] > FORMAT)
		FAIL(
		    op, RC_REFUSED, "a fact of the register of a newer format");
	fact.phase = (enum site_phase)head[1];
	wire_bytes(&wire, fact.joins, OBJECT_ID_SIZE);
	wire_bytes(&wire, fact.leaves, OBJECT_ID_SIZE);
	fact.reg.m = wire_u32(&wire);
	fact.reg.n = wire_u32(&wire);
	if (fact.reg.n > REGISTER_SITES_MAX)
		wire.bad = true;
	else
		wire_bytes(
		    &wire, fact.reg.ids, (size_t)fact.reg.n * OBJECT_ID_SIZE);
	if (!wire_done(&wire) || head[0] != FORMAT || !fact_valid(&fact))
		FAIL(op, RC_DAMAGED, "a fact of the register is malformed");
	*ret_fact = fact;
	return RC_OK;
}

static enum rc
newest(struct op *op, struct meta *meta, struct site_fact *ret_fact)
{
	struct span body;
	uint64_t version;
	enum rc rc = register_fact_newest(op, meta, &version, &body);

	memset(ret_fact, 0, sizeof(*ret_fact));
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		return RC_OK;
	}
	TRY(rc);
	return site_fact_read(op, version, body, ret_fact);
}

enum rc
site_fact_newest(
    struct op *op, struct service *service, struct site_fact *ret_fact)
{
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, service->provider, &reader));
	rc = newest(op, &reader->meta, ret_fact);
	tenant_reader_put(service->provider, reader);
	return rc;
}

static bool
fact_equal(const struct site_fact *a, const struct site_fact *b)
{
	return a->phase == b->phase &&
	       (a->phase == SITE_PHASE_NONE ||
		   register_equal(&a->reg, &b->reg)) &&
	       memcmp(a->joins, b->joins, OBJECT_ID_SIZE) == 0 &&
	       memcmp(a->leaves, b->leaves, OBJECT_ID_SIZE) == 0;
}

/* ---- writing it ---- */

struct fact_change {
	struct change change;
	const struct op *asker;
	const struct site_fact *before;
	const struct site_fact *fact;
	const char *name;
	struct span body;
};

static enum rc
site_rows(struct op *op, struct tx *tx, const struct fact_change *fact)
{
	struct site_row row = {.name = fact->name, .place = "", .country = ""};

	if (fact->name != NULL) {
		memcpy(row.id, fact->fact->joins, OBJECT_ID_SIZE);
		TRY(site_row_put(op, tx->meta, &row));
	}
	if (fact->fact->phase == SITE_PHASE_DONE)
		return site_row_remove(op, tx->meta, fact->fact->leaves);
	return RC_OK;
}

static enum rc
fact_run(struct op *op, struct tx *tx, struct change *change)
{
	struct fact_change *fact =
	    container_of(change, struct fact_change, change);
	struct site_fact now;
	struct audit audit;

	TRY(newest(op, tx->meta, &now));
	if (!fact_equal(&now, fact->before))
		FAIL(op, RC_CONFLICT,
		    "the change of the sites has gone on meanwhile");
	TRY(register_fact_put(
	    op, tx->meta, fact->fact->reg.version, fact->body, tx->wall));
	TRY(site_rows(op, tx, fact));
	audit_begin(&audit, AUDIT_SITE_REGISTER, fact->asker, 0);
	audit_number(&audit, AUDIT_VALUE, (int64_t)fact->fact->reg.version);
	audit_number(&audit, AUDIT_STATUS, (int64_t)fact->fact->phase);
	if (fact->name != NULL)
		audit_text(&audit, AUDIT_NAME, span_str(fact->name));
	return audit_write(op, tx, &audit);
}

enum rc
site_fact_commit(struct op *op, struct service *service,
    const struct site_fact *before, const struct site_fact *fact,
    const char *name)
{
	CLEANUP(buf_release) struct buf body = {.limit = SITE_FACT_MAX};
	struct fact_change change = {
	    .change = {.run = fact_run},
	    .asker = op,
	    .before = before,
	    .fact = fact,
	    .name = name,
	};

	TRY(site_fact_write(op, fact, &body));
	change.body = buf_span(&body);
	return change_commit(op, service->provider, &change.change);
}

/* audit.c - makes and reads the bodies of audit rows. */
#include "core/audit.h"

#include <endian.h>

#include "meta/audit.h"

enum { FIELD_HEAD = 3, NUMBER_SIZE = 8 };

void
audit_begin(struct audit *audit, enum audit_action action,
    const struct op *asker, int64_t node)
{
	audit->action = action;
	audit->member = asker->actor.member;
	audit->node = node;
	audit->size = 0;
	if (asker->actor.address[0] != '\0')
		audit_text(
		    audit, AUDIT_ADDRESS, span_str(asker->actor.address));
	audit_text(audit, AUDIT_REQUEST, span_str(asker->request_id));
	if (asker->actor.app_password != 0)
		audit_number(
		    audit, AUDIT_APP_PASSWORD, asker->actor.app_password);
}

void
audit_text(struct audit *audit, enum audit_field field, struct span text)
{
	size_t room = sizeof(audit->body) - audit->size;
	size_t size = text.size < AUDIT_TEXT_MAX ? text.size : AUDIT_TEXT_MAX;
	uint8_t *at = audit->body + audit->size;

	/* The fields of one row are few: names of two nodes at most. */
	if (room < FIELD_HEAD)
		return;
	if (size > room - FIELD_HEAD)
		size = room - FIELD_HEAD;
	at[0] = (uint8_t)field;
	at[1] = (uint8_t)(size & 0xFF);
	at[2] = (uint8_t)(size >> 8);
	if (size > 0)
		memcpy(at + FIELD_HEAD, text.data, size);
	audit->size += FIELD_HEAD + size;
}

void
audit_number(struct audit *audit, enum audit_field field, int64_t value)
{
	uint64_t little = htole64((uint64_t)value);

	audit_text(audit, field, span_of(&little, sizeof(little)));
}

enum rc
audit_write(struct op *op, struct tx *tx, const struct audit *audit)
{
	struct audit_row row = {
	    .id = tx_id(tx),
	    .wall = tx->wall,
	    .member = audit->member,
	    .action = (int64_t)audit->action,
	    .node = audit->node,
	    .body = span_of(audit->body, audit->size),
	};

	return audit_row_insert(op, tx->meta, &row);
}

struct act_change {
	struct change change;
	const struct op *asker;
	enum audit_action action;
	enum audit_field field;
	int64_t value;
};

static enum rc
act_run(struct op *op, struct tx *tx, struct change *change)
{
	const struct act_change *act =
	    container_of(change, struct act_change, change);
	struct audit audit;

	audit_begin(&audit, act->action, act->asker, 0);
	audit_number(&audit, act->field, act->value);
	return audit_write(op, tx, &audit);
}

enum rc
audit_act(struct op *op, struct tenant *tenant, enum audit_action action,
    enum audit_field field, int64_t value)
{
	struct act_change act = {.change = {.run = act_run,
				     .keeps_paths = true,
				     .frees_space = true},
	    .asker = op,
	    .action = action,
	    .field = field,
	    .value = value};

	return change_commit(op, tenant, &act.change);
}

enum rc
audit_next(struct op *op, struct span *body, struct audit_value *ret_value,
    bool *ret_more)
{
	struct audit_value value = {0};
	size_t size;

	if (body->size == 0) {
		*ret_more = false;
		return RC_OK;
	}
	if (body->size < FIELD_HEAD)
		FAIL(op, RC_DAMAGED, "an audit row is cut short");
	size = (size_t)body->data[1] | (size_t)body->data[2] << 8;
	if (size > body->size - FIELD_HEAD)
		FAIL(op, RC_DAMAGED, "an audit row is cut short");
	value.field = (enum audit_field)body->data[0];
	value.bytes = span_of(body->data + FIELD_HEAD, size);
	if (size == NUMBER_SIZE) {
		uint64_t little;

		memcpy(&little, value.bytes.data, sizeof(little));
		value.number = (int64_t)le64toh(little);
	}
	*body = span_of(
	    body->data + FIELD_HEAD + size, body->size - FIELD_HEAD - size);
	*ret_value = value;
	*ret_more = true;
	return RC_OK;
}

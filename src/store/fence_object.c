/* fence_object.c - the bytes of a fence. */
#include "store/fence_object.h"

#include "store/plain_object.h"

enum {
	FORMAT = 1,
	/* head, scope, counter, wall, claim, number of registers */
	FIXED_SIZE = PLAIN_OBJECT_HEAD + 4 + 8 + 8 + OBJECT_ID_SIZE + 4,
	REGISTER_FIXED = 16,
	TEXT_HEAD = 2,
};

_Static_assert(
    FIXED_SIZE +
	    FENCE_REGISTERS_MAX *
		(REGISTER_FIXED + REGISTER_SITES_MAX * OBJECT_ID_SIZE) +
	    TEXT_HEAD + FENCE_HOST_MAX + PLAIN_OBJECT_SUM <=
	FENCE_OBJECT_SIZE_MAX,
    "the largest fence");

static const char magic[] = "dozo-fen";

/* One rule for writer and reader. */
static bool
fence_valid(const struct fence_object *fence)
{
	uint32_t i;

	if (fence->counter == 0 || fence->n_registers == 0 ||
	    fence->n_registers > FENCE_REGISTERS_MAX ||
	    !plain_object_text_ok(fence->host, FENCE_HOST_MAX))
		return false;
	for (i = 0; i < fence->n_registers; i++)
		if (!register_valid(&fence->registers[i]))
			return false;
	return fence->n_registers == 1 ||
	       fence->registers[1].version == fence->registers[0].version + 1;
}

static uint8_t *
put_register(uint8_t *p, const struct site_register *reg)
{
	p = wire_put_u64(p, reg->version);
	p = wire_put_u32(p, reg->m);
	p = wire_put_u32(p, reg->n);
	return wire_put_bytes(p, reg->ids, (size_t)reg->n * OBJECT_ID_SIZE);
}

enum rc
fence_object_write(
    struct op *op, const struct fence_object *fence, struct buf *out)
{
	size_t size = FIXED_SIZE + TEXT_HEAD, start = out->size;
	uint8_t *p;
	uint32_t i;

	if (!fence_valid(fence) || fence->scope != FENCE_SCOPE_SERVICE)
		FAIL(op, RC_INVALID, "not a fence");
	size += strlen(fence->host);
	for (i = 0; i < fence->n_registers; i++)
		size += REGISTER_FIXED +
			(size_t)fence->registers[i].n * OBJECT_ID_SIZE;
	TRY(buf_grow(op, out, size, &p));
	p = plain_object_head(p, magic, FORMAT);
	p = wire_put_u32(p, fence->scope);
	p = wire_put_u64(p, fence->counter);
	p = wire_put_u64(p, (uint64_t)fence->wall);
	p = wire_put_bytes(p, fence->claim, sizeof(fence->claim));
	p = wire_put_u32(p, fence->n_registers);
	for (i = 0; i < fence->n_registers; i++)
		p = put_register(p, &fence->registers[i]);
	(void)plain_object_put_text(p, fence->host);
	return plain_object_end(op, out, start);
}

static void
get_register(struct wire *wire, struct site_register *reg)
{
	reg->version = wire_u64(wire);
	reg->m = wire_u32(wire);
	reg->n = wire_u32(wire);
	if (reg->n > REGISTER_SITES_MAX)
		wire->bad = true;
	else
		wire_bytes(wire, reg->ids, (size_t)reg->n * OBJECT_ID_SIZE);
}

enum rc
fence_object_read(
    struct op *op, struct span bytes, struct fence_object *ret_fence)
{
	struct fence_object fence = {0};
	struct wire wire;
	uint32_t i;

	TRY(plain_object_open(op, bytes, magic, FORMAT, &wire));
	fence.scope = wire_u32(&wire);
	fence.counter = wire_u64(&wire);
	fence.wall = (int64_t)wire_u64(&wire);
	wire_bytes(&wire, fence.claim, sizeof(fence.claim));
	fence.n_registers = wire_u32(&wire);
	if (fence.n_registers > FENCE_REGISTERS_MAX)
		wire.bad = true;
	for (i = 0; i < fence.n_registers && !wire.bad; i++)
		get_register(&wire, &fence.registers[i]);
	plain_object_get_text(&wire, fence.host, FENCE_HOST_MAX);
	if (!wire_done(&wire) || !fence_valid(&fence))
		FAIL(op, RC_DAMAGED, "a fence is not well formed");
	if (fence.scope != FENCE_SCOPE_SERVICE)
		FAIL(op, RC_REFUSED,
		    "a fence of scope %u, unknown to this program",
		    fence.scope);
	*ret_fence = fence;
	return RC_OK;
}

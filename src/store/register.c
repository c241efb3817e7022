/* register.c - the register of sites. */
#include "store/register.h"

uint32_t
register_r(const struct site_register *reg)
{
	return reg->n - reg->m + 1;
}

uint32_t
register_quorum(const struct site_register *reg)
{
	uint32_t r = register_r(reg);

	return reg->m > r ? reg->m : r;
}

bool
register_contains(
    const struct site_register *reg, const uint8_t site[OBJECT_ID_SIZE])
{
	uint32_t i;

	for (i = 0; i < reg->n; i++)
		if (memcmp(reg->ids[i], site, OBJECT_ID_SIZE) == 0)
			return true;
	return false;
}

bool
register_equal(const struct site_register *a, const struct site_register *b)
{
	uint32_t i;

	if (a->version != b->version || a->m != b->m || a->n != b->n)
		return false;
	/* No site stands twice, so containing all is being equal. */
	for (i = 0; i < a->n; i++)
		if (!register_contains(b, a->ids[i]))
			return false;
	return true;
}

bool
register_valid(const struct site_register *reg)
{
	uint32_t i, k;

	if (reg->version == 0 || reg->m == 0 || reg->m > reg->n ||
	    reg->n > REGISTER_SITES_MAX)
		return false;
	for (i = 0; i < reg->n; i++)
		for (k = 0; k < i; k++)
			if (memcmp(reg->ids[i], reg->ids[k], OBJECT_ID_SIZE) ==
			    0)
				return false;
	return true;
}

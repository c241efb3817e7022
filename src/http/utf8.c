/* utf8.c - strict UTF-8: what two readers could understand differently is
 * refused. */
#include "http/utf8.h"

struct lead {
	uint8_t mask; /* bits that tell the length ... */
	uint8_t value; /* ... and what they are */
	size_t follow; /* continuation bytes */
	uint32_t least; /* smallest code point that needs this length */
};

static const struct lead leads[] = {
    {0x80, 0x00, 0, 0},
    {0xe0, 0xc0, 1, 0x80},
    {0xf0, 0xe0, 2, 0x800},
    {0xf8, 0xf0, 3, 0x10000},
};

static const struct lead *
lead_of(uint8_t byte)
{
	size_t i;

	for (i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if ((byte & leads[i].mask) == leads[i].value)
			return &leads[i];
	return NULL;
}

static bool
point_is_clean(uint32_t point)
{
	if (point < 0x20 || (point >= 0x7f && point < 0xa0))
		return false;
	if (point >= 0xd800 && point < 0xe000)
		return false;
	return point <= 0x10ffff;
}

bool
utf8_is_clean(struct span text)
{
	size_t i = 0;

	while (i < text.size) {
		const struct lead *lead = lead_of(text.data[i]);
		uint32_t point;
		size_t k;

		if (lead == NULL || lead->follow >= text.size - i)
			return false;
		point = text.data[i] & (uint8_t)~lead->mask;
		for (k = 1; k <= lead->follow; k++) {
			uint8_t byte = text.data[i + k];

			if ((byte & 0xc0) != 0x80)
				return false;
			point = point << 6 | (byte & 0x3f);
		}
		if (point < lead->least || !point_is_clean(point))
			return false;
		i += 1 + lead->follow;
	}
	return true;
}

/* address.c - addresses as 16 bytes, so that IPv4 and IPv6 are one case. */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/str.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool
is_mapped(const struct address *address)
{
	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

static struct address
from_v4(const void *four)
{
	struct address address;

	memcpy(address.bytes, mapped, sizeof(mapped));
	memcpy(address.bytes + sizeof(mapped), four, 4);
	return address;
}

bool
address_of_socket(const struct sockaddr *from, struct address *ret_address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (from->sa_family) {
	case AF_INET:
		memcpy(&v4, from, sizeof(v4));
		*ret_address = from_v4(&v4.sin_addr);
		return true;
	case AF_INET6:
		memcpy(&v6, from, sizeof(v6));
		memcpy(ret_address->bytes, &v6.sin6_addr, 16);
		return true;
	default:
		return false;
	}
}

bool
address_parse(const char *text, struct address *ret_address)
{
	uint8_t four[4];
	struct address address;

	if (inet_pton(AF_INET, text, four) == 1) {
		*ret_address = from_v4(four);
		return true;
	}
	if (inet_pton(AF_INET6, text, address.bytes) != 1)
		return false;
	*ret_address = address;
	return true;
}

void
address_text(char out[ADDRESS_TEXT_SIZE], const struct address *address)
{
	bool v4 = is_mapped(address);
	const uint8_t *bytes = address->bytes + (v4 ? sizeof(mapped) : 0);

	if (inet_ntop(v4 ? AF_INET : AF_INET6, bytes, out, ADDRESS_TEXT_SIZE) ==
	    NULL)
		out[0] = '\0';
}

enum rc
address_range_parse(
    struct op *op, const char *text, struct address_range *ret_range)
{
	struct address_range range = {.bits = 128};
	char copy[64];
	char *slash;
	uint64_t bits;

	if (!str_copy(copy, sizeof(copy), text))
		FAIL(op, RC_INVALID, "not an address range");
	slash = strchr(copy, '/');
	if (slash != NULL)
		*slash = '\0';
	if (!address_parse(copy, &range.address))
		FAIL(op, RC_INVALID, "%s is not an address", copy);
	if (slash != NULL) {
		bool v4 = strchr(copy, ':') == NULL;

		if (!str_to_u64(slash + 1, 0, v4 ? 32 : 128, &bits))
			FAIL(op, RC_INVALID, "%s is not a prefix length",
			    slash + 1);
		range.bits = (unsigned)bits + (v4 ? 96 : 0);
	}
	*ret_range = range;
	return RC_OK;
}

static bool
range_has(const struct address_range *range, const struct address *address)
{
	unsigned whole = range->bits / 8, rest = range->bits % 8;
	unsigned mask = 0xff00U >> rest & 0xffU;

	if (memcmp(range->address.bytes, address->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       ((range->address.bytes[whole] ^ address->bytes[whole]) & mask) ==
		   0;
}

bool
address_in(
    const struct address *address, const struct address_range *ranges, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (range_has(&ranges[i], address))
			return true;
	return false;
}

struct address
address_key(const struct address *address)
{
	struct address key = *address;

	if (!is_mapped(address))
		memset(key.bytes + 8, 0, 8);
	return key;
}

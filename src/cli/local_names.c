/* local_names.c - what a client may call this machine. */
#include "cli/local_names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

static enum rc
name_add(struct op *op, struct local_names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		if (strcmp(names->texts[i], name) == 0)
			return RC_OK;
	if (names->n == LOCAL_NAMES_MAX)
		FAIL(op, RC_LIMIT, "more than %d names in the certificate",
		    LOCAL_NAMES_MAX);
	if (*name == '\0' ||
	    !str_copy(names->texts[names->n], LOCAL_NAME_SIZE, name))
		FAIL(op, RC_INVALID,
		    "a name in the certificate is empty or too long");
	names->names[names->n] = names->texts[names->n];
	names->n++;
	return RC_OK;
}

/* False for what is no address, or one that means another machine on each link.
 */
static bool
address_text(const struct sockaddr *address, char out[INET6_ADDRSTRLEN])
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address == NULL)
		return false;
	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return inet_ntop(AF_INET, &v4.sin_addr, out,
			   INET6_ADDRSTRLEN) != NULL;
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&v6, address, sizeof(v6));
	return !IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) &&
	       inet_ntop(AF_INET6, &v6.sin6_addr, out, INET6_ADDRSTRLEN) !=
		   NULL;
}

/* Addresses come last: of a machine with very many, some are left out. */
static enum rc
addresses_add(struct op *op, struct local_names *names)
{
	char text[INET6_ADDRSTRLEN];
	struct ifaddrs *list = NULL, *at;
	enum rc rc = RC_OK;

	if (getifaddrs(&list) != 0)
		return op_fail_errno(
		    op, RC_IO, errno, "the machine's addresses");
	for (at = list; at != NULL && rc == RC_OK && names->n < LOCAL_NAMES_MAX;
	     at = at->ifa_next)
		if (address_text(at->ifa_addr, text))
			rc = name_add(op, names, text);
	freeifaddrs(list);
	return rc;
}

enum rc
local_names_get(struct op *op, const char *const *more, size_t n,
    struct local_names *ret_names)
{
	char host[LOCAL_NAME_SIZE] = "";
	size_t i;

	memset(ret_names, 0, sizeof(*ret_names));
	TRY(name_add(op, ret_names, "localhost"));
	TRY(name_add(op, ret_names, "127.0.0.1"));
	TRY(name_add(op, ret_names, "::1"));
	if (gethostname(host, sizeof(host) - 1) == 0 && host[0] != '\0')
		TRY(name_add(op, ret_names, host));
	for (i = 0; i < n; i++)
		TRY(name_add(op, ret_names, more[i]));
	return addresses_add(op, ret_names);
}

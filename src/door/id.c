/* id.c - ids of rows in hex, but for the root, whose id is a word. */
#include "door/id.h"

#include <stdio.h>

#include "base/str.h"
#include "meta/node.h"

#define ROOT_ID "root"

void
door_id(int64_t id, char out[DOOR_ID_SIZE])
{
	if (id == NODE_ROOT)
		(void)str_copy(out, DOOR_ID_SIZE, ROOT_ID);
	else
		(void)snprintf(
		    out, DOOR_ID_SIZE, "%llx", (unsigned long long)id);
}

bool
door_id_parse(struct span text, int64_t *ret_id)
{
	char copy[DOOR_ID_SIZE], again[DOOR_ID_SIZE];
	unsigned long long id;

	if (text.size == 0 || text.size >= sizeof(copy))
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (strcmp(copy, ROOT_ID) == 0) {
		*ret_id = NODE_ROOT;
		return true;
	}
	/* Whatever else sscanf takes is seen by writing it again. */
	if (sscanf(copy, "%16llx", &id) != 1 || id > INT64_MAX ||
	    id <= NODE_FIXED_MAX)
		return false;
	door_id((int64_t)id, again);
	if (strcmp(copy, again) != 0)
		return false;
	*ret_id = (int64_t)id;
	return true;
}

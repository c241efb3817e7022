/* id.h - ids as clients have them: opaque texts. */
#ifndef DOZO_DOOR_ID_H
#define DOZO_DOOR_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { DOOR_ID_SIZE = 20 };

/* Of a node, or of another row. */
void door_id(int64_t id, char out[DOOR_ID_SIZE]);

/* False for what door_id never writes. */
bool door_id_parse(struct span text, int64_t *ret_id);

#endif

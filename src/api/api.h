/* api.h - the JSON door at /api/v1/: for now, whether the service is well. */
#ifndef DOZO_API_API_H
#define DOZO_API_API_H

#include "door/door.h"

enum { API_ROUTES = 1 };

/* Writes API_ROUTES routes to out; door is borrowed for as long as they are
 * used. */
void api_routes(struct door *door, struct http_route *out, size_t *ret_n);

#endif

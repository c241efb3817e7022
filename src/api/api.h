/* api.h - the JSON door at /api/v1/: docs/openapi.yaml is its contract. */
#ifndef DOZO_API_API_H
#define DOZO_API_API_H

#include "door/door.h"

enum { API_ROUTES = 1 };

struct api_door;

/* door is borrowed. Close with api_close when the server has stopped. */
enum rc api_open(
    struct op *op, struct door *door, struct api_door **ret_api) MUST_CHECK;
void api_close(struct api_door *api); /* accepts NULL */

/* Writes API_ROUTES routes to out; api is borrowed for as long as they are
 * used. */
void api_routes(struct api_door *api, struct http_route *out, size_t *ret_n);

#endif

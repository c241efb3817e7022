/* tus.h - the tus 1.0.0 door at /uploads/ (and, as a part of the API, at
 * /api/v1/uploads/): uploads that go on where they were. */
#ifndef DOZO_TUS_TUS_H
#define DOZO_TUS_TUS_H

#include "door/door.h"

enum { TUS_ROUTES = 2 };

/* Writes TUS_ROUTES routes to out; door is borrowed for as long as they are
 * used. */
void tus_routes(struct door *door, struct http_route *out, size_t *ret_n);

#endif

/* security.h - GET /api/v1/security: the living security document for programs.
 */
#ifndef DOZO_API_SECURITY_H
#define DOZO_API_SECURITY_H

#include "door/door.h"

/* Writes the route to out; door is borrowed for as long as it is used. */
void security_route(struct door *door, struct http_route *out);

#endif

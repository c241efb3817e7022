/* dav.h - the WebDAV door at /dav/: RFC 4918 class 1 and 2, for file managers
 * and sync clients. */
#ifndef DOZO_DAV_DAV_H
#define DOZO_DAV_DAV_H

#include "door/door.h"

enum { DAV_ROUTES = 1 };

/* Writes DAV_ROUTES routes to out; door is borrowed for as long as they are
 * used. */
void dav_routes(struct door *door, struct http_route *out, size_t *ret_n);

#endif

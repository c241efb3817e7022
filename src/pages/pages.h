/* pages.h - the plain pages of a server: what it is, how to trust it, how to
 * connect. */
#ifndef DOZO_PAGES_PAGES_H
#define DOZO_PAGES_PAGES_H

#include "door/door.h"

enum { PAGES_ROUTES = 7 };

/* Writes PAGES_ROUTES routes to out: "/", "/en", "/ja", "/ca.crt",
 * "/style.css", "/favicon.ico", "/about/security". */
void pages_routes(struct door *door, struct http_route *out, size_t *ret_n);

#endif

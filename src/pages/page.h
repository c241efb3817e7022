/* page.h - texts of the pages; private to this folder. */
#ifndef DOZO_PAGES_PAGE_H
#define DOZO_PAGES_PAGE_H

#include "http/request.h"

/*
 * The page of GET /, in which "{URL}" and "{HOST}" stand for the server's
 * address
 * ("https://h:8443") and its authority ("h:8443"), "{NAME}" for the host
 * without a port, "{PORT}" for the port, and "{FINGERPRINT}" for that of the
 * local CA.
 */
extern const char *const page_home[2]; /* by enum http_language */

/* Between its two halves, only where there is a local CA. */
extern const char *const page_trust[2];
extern const char *const page_connect[2];

extern const char page_style[];
extern const char page_icon[];

#endif

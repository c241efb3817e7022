/* page.h - texts of the pages; private to this folder. */
#ifndef DOZO_PAGES_PAGE_H
#define DOZO_PAGES_PAGE_H

#include "door/door.h"

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

/*
 * The page of /about/security as it is now, appended to page; it reads the
 * provider's database, and so is for a worker.
 */
enum rc page_security(struct op *op, const struct door *door,
    enum http_language language, struct buf *page) MUST_CHECK;

extern const char page_style[];
extern const char page_icon[];

#endif

/* get.h - the pieces of GET; private to this folder. */
#ifndef DOZO_DAV_GET_H
#define DOZO_DAV_GET_H

#include "dav/request.h"

/* Answers with a small page of links; for browsers. */
enum rc listing_answer(struct dav *dav) MUST_CHECK;

#endif

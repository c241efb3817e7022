/* pem_file.h - a certificate's or key's file, found by its path. */
#ifndef DOZO_HTTP_PEM_FILE_H
#define DOZO_HTTP_PEM_FILE_H

#include "base/buf.h"
#include "base/op.h"

enum { PEM_FILE_LIMIT = 256 << 10 };

/*
 * A whole file by its path. Links are followed: certificates are often links
 * that their renewer moves. buf is the caller's, who wipes it where a key
 * passes. RC_NOT_FOUND, RC_IO, RC_LIMIT.
 */
enum rc
pem_file_read(struct op *op, const char *path, struct buf *buf) MUST_CHECK;

#endif

/* utf8.h - whether bytes are strict UTF-8 without control characters. */
#ifndef DOZO_HTTP_UTF8_H
#define DOZO_HTTP_UTF8_H

#include "base/span.h"

/*
 * True where all of it is UTF-8 in its shortest form, without surrogates,
 * nothing over U+10FFFF, and no control character (C0, DEL, C1).
 */
bool utf8_is_clean(struct span text);

#endif

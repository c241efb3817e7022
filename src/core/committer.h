/* committer.h - private to the committer's files: one group of changes on its
 * way to becoming a segment. */
#ifndef DOZO_CORE_COMMITTER_H
#define DOZO_CORE_COMMITTER_H

#include "core/change.h"
#include "core/tenant.h"

enum {
	GROUP_SEGMENT_MAX = 1 << 20, /* L8; one change alone may be more */
	GROUP_CHANGES_MAX = 512,
	GROUP_BODY_MAX = 512 << 10, /* of inline chunks, sealed (L8) */

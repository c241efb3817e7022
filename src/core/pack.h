/* pack.h - old numbers of a site into packs (LOG.md L11). */
#ifndef DOZO_CORE_PACK_H
#define DOZO_CORE_PACK_H

#include "core/tenant.h"

enum {
	PACK_LOOSE = 1000, /* newest numbers that stay objects of their own */
	PACK_LEAST = 32, /* numbers that are worth a pack */
};

/*
 * On each site in service: committed numbers up to this one, and those beyond
 * PACK_LOOSE, that are objects of their own are copied verbatim and in order
 * into packs, which are read back; then the loose ones go. What is loose and in
 * a pack too goes as well. Beside the committer. RC_BUSY (the service stops),
 * RC_FENCED.
 */
enum rc
pack_tenant(struct op *op, struct tenant *tenant, uint64_t number) MUST_CHECK;

#endif

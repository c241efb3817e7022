/* free_name.h - a name that nothing has in a folder, as like the wanted one as
 * can be. Inside changes. */
#ifndef DOZO_CORE_FREE_NAME_H
#define DOZO_CORE_FREE_NAME_H

#include "core/change.h"
#include "meta/node.h"

/*
 * The wanted name (NFC) where it is free, else the first free one with " (2)",
 * " (3)" ... before a file's extension, with its key under parent. The name
 * lies in the op's arena, or is the wanted one. RC_EXISTS where a thousand of
 * them are taken.
 */
enum rc free_name(struct op *op, struct tx *tx, int64_t parent,
    struct span wanted, enum node_kind kind, struct span *ret_name,
    uint8_t key[META_NAME_KEY_SIZE]) MUST_CHECK;

#endif

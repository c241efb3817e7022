/* tree_names.h - names with a number for what finds its name taken; private to
 * core/'s tree files. */
#ifndef DOZO_CORE_TREE_NAMES_H
#define DOZO_CORE_TREE_NAMES_H

#include "core/tree.h"

/*
 * The wanted name where it is free in the folder, else "report (2).txt",
 * "report (3).txt" ...; a folder's number stands at its end. In the op's arena;
 * *key: its key there. RC_EXISTS after a thousand.
 */
enum rc name_free(struct op *op, struct tx *tx, int64_t parent,
    enum node_kind kind, struct span wanted, struct span *ret_name,
    uint8_t key[META_NAME_KEY_SIZE]) MUST_CHECK;

#endif

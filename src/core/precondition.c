/* precondition.c - compares lists of ETags with a node. */
#include "core/precondition.h"

const struct precondition precondition_none;

struct node_etag
node_etag(const struct node *node)
{
	return (struct node_etag){node->id, node->tag};
}

static bool
listed(const struct node_etag *list, size_t n, const struct tx *tx,
    const struct node *node)
{
	size_t i;

	if (node->kind == NODE_FOLDER && tx_folder_touched(tx, node->id))
		return false;
	for (i = 0; i < n; i++)
		if (list[i].node == node->id && list[i].tag == node->tag)
			return true;
	return false;
}

enum rc
precondition_check(struct op *op, const struct tx *tx,
    const struct precondition *precondition, const struct node *node)
{
	const struct precondition *p = precondition;

	if (p->lists != NULL)
		TRY(if_lists_check(op, tx->meta, tx, tx->now, p->lists));
	if (p->if_match &&
	    (node == NULL ||
		(!p->if_match_any && !listed(p->match, p->n_match, tx, node))))
		FAIL(
		    op, RC_CONFLICT, "it is not the state that If-Match names");
	if (p->if_none_match && node != NULL &&
	    (p->if_none_match_any ||
		listed(p->none_match, p->n_none_match, tx, node)))
		FAIL(op, RC_CONFLICT, "it is there, against If-None-Match");
	return RC_OK;
}

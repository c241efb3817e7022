/* search.h - files and folders by a piece of their names. */
#ifndef DOZO_CORE_SEARCH_H
#define DOZO_CORE_SEARCH_H

#include "core/access.h"
#include "meta/node.h"

enum { SEARCH_ROWS_MAX = 1000000 };

struct search {
	struct span text; /* case and form are looked over; not empty */
	size_t limit; /* of what is found */
	int64_t after; /* in the order of ids; 0: from the first */

	/* Results. */
	bool more; /* limit, or SEARCH_ROWS_MAX, was reached: go on behind last
		    */
	int64_t last;
};

/* Something found, and where it stands; valid until each returns. */
typedef enum rc search_each(void *arg, struct op *op, const struct node *node,
    const struct place *place);

/*
 * Calls each for what op->actor may see, in the order of ids. Names are sealed,
 * so every name of the tenant is opened: about a second for a million.
 * RC_INVALID for a text that is no UTF-8.
 */
enum rc search_names(struct op *op, struct meta *meta, struct search *search,
    search_each *each, void *arg) MUST_CHECK;

#endif

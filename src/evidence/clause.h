/*
 * clause.h - the clauses of the service's security document, in its order: what
 * each is about and what dozo does for it, in words of our own.
 */
#ifndef DOZO_EVIDENCE_CLAUSE_H
#define DOZO_EVIDENCE_CLAUSE_H

#include <stdbool.h>
#include <stddef.h>

#include "meta/setting.h"

enum { CLAUSES = 10 };

struct clause {
	const char *number; /* as the document has it: "12.3.1" */
	const char *title[2]; /* by enum lang */
	const char *what[2]; /* what dozo does today, and what it does not */
	bool checked; /* there is a check that runs */
};

extern const struct clause clauses[CLAUSES];

/* The place of a number in clauses, or CLAUSES. */
size_t clause_find(const char *number);

#endif

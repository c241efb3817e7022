/* check_log.h - runs of whole servers (the real committer, claims, start and
 * catch-up) over simulated sites, with what the log promises as the judge. */
#ifndef DOZO_TESTS_MODEL_CHECK_LOG_H
#define DOZO_TESTS_MODEL_CHECK_LOG_H

#include <stdbool.h>

/*
 * The interleaving that a rule exists for, told step by step; the seed varies
 * the rest. README.md says which rule, and which planted fault, each is for.
 */
enum log_story {
	LOG_WILD, /* none: whatever the seed brings */
	LOG_DOUBT_REOPENED,
	LOG_DATA_IN_DOUBT,
	LOG_ORPHAN,
	LOG_TWO_ENDS,
	LOG_TAKEN_OVER,
	LOG_GAP_OF_CLAIMS,
	LOG_SAME_COUNTER,
	LOG_FENCED_ELSEWHERE,
	LOG_TOO_FEW_SITES,
	LOG_DAMAGED_END,
	LOG_LOSER_NEARBY,
	LOG_CUT_BEHIND,
	LOG_SITE_LEAVES,
	LOG_STORIES,
};

/* What may happen in a run. */
struct check_log {
	enum log_story story;
	bool to_its_end; /* a story that breaks off is a violation: the code as
			    it is has to come where a fault would show */
	bool goes_on; /* after its story a run is a wild one */
	bool surface; /* look only at answers and at what is left in the end,
			 never under the surface while it runs */
	bool calm; /* nothing happens: one server works, and is closed */
	bool alone; /* never two servers at once */
	bool rot; /* bits flip, on one site of the run */
	bool old_databases; /* a database of before is put back */
	bool upkeep; /* snapshots, cuts, packs, compaction beside it all */
};

/* The body of a run; arg is a struct check_log. */
void check_log_run(void *arg);

#endif

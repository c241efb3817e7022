/* check_site.h - runs of the real site_dir.c on a simulated disk, with what a
 * site promises as the judge. */
#ifndef DOZO_TESTS_MODEL_CHECK_SITE_H
#define DOZO_TESTS_MODEL_CHECK_SITE_H

#include <stdbool.h>

struct check_site {
	bool outcomes_only; /* judge by what power cuts leave, not by looking
			       under the surface */
	bool puts; /* what a put promises is judged */
	bool lists; /* what a durable listing promises is judged */
	bool removes; /* what a durable removal promises is judged */
	bool makers_die; /* one server puts and dies before it has synced the
			    folder, again and again; the other one lists */
	bool no_tmpfile;
	bool cut_below; /* disks lose power while servers live */
};

/* The body of a run; arg is a struct check_site. */
void check_site_run(void *arg);

#endif

/* sim_driver.c - runs many seeds of many variants and adds up what happened. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/sim.h"

enum { KINDS_MAX = 24, SEEDS_SHOWN = 8, KIND_SIZE = 72, SHOW = 60 };

/* Violations that begin alike. */
struct kind {
	char name[KIND_SIZE];
	char example[SIM_MESSAGE_SIZE];
	uint64_t seeds[SEEDS_SHOWN];
	uint64_t n;
};

struct tally {
	uint64_t runs, violated, steps;
	uint64_t broken; /* of those, promises that the code did not keep */
	struct kind kinds[KINDS_MAX];
	size_t n_kinds;
	struct sim_stat stats[SIM_STATS];
};

static void
add_stats(struct tally *tally, const struct sim_result *result)
{
	size_t i, j;

	for (i = 0; i < SIM_STATS && result->stats[i].name[0] != '\0'; i++)
		for (j = 0; j < SIM_STATS; j++) {
			if (tally->stats[j].name[0] == '\0')
				memcpy(tally->stats[j].name,
				    result->stats[i].name,
				    sizeof(tally->stats[j].name));
			if (strcmp(tally->stats[j].name,
				result->stats[i].name) == 0) {
				tally->stats[j].value += result->stats[i].value;
				break;
			}
		}
}

/* The harness's own trouble, and a run that did not come to its end, say
 * nothing of a fault that was planted. */
static bool
breaks_promise(const char *kind)
{
	static const char *const others[] = {
	    "harness", "misuse", "crash", "hung", "endless", "deadlock"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(kind, others[i]) == 0)
			return false;
	return true;
}

static void
add_violation(
    struct tally *tally, uint64_t seed, const struct sim_result *result)
{
	char name[KIND_SIZE];
	struct kind *kind = tally->kinds;

	(void)snprintf(name, sizeof(name), "%.*s",
	    (int)strcspn(result->message, ":"), result->message);
	while (kind < tally->kinds + tally->n_kinds &&
	       strcmp(kind->name, name) != 0)
		kind++;
	if (kind == tally->kinds + tally->n_kinds) {
		if (tally->n_kinds == KINDS_MAX)
			kind--; /* the last one takes the rest */
		else
			tally->n_kinds++;
	}
	if (kind->n == 0) {
		memcpy(kind->name, name, sizeof(name));
		memcpy(kind->example, result->message, SIM_MESSAGE_SIZE);
	}
	if (kind->n < SEEDS_SHOWN)
		kind->seeds[kind->n] = seed;
	kind->n++;
	tally->violated++;
	tally->broken += breaks_promise(name);
}

static void
print_tally(const struct sim_variant *variant, const struct tally *tally)
{
	size_t i, j;

	(void)printf("%s: %" PRIu64 "/%" PRIu64 " violated, %" PRIu64
		     " steps a run\n",
	    variant->name, tally->violated, tally->runs,
	    tally->runs > 0 ? tally->steps / tally->runs : 0);
	for (i = 0; i < tally->n_kinds; i++) {
		const struct kind *kind = &tally->kinds[i];

		(void)printf("    %s: %" PRIu64 ", seeds", kind->name, kind->n);
		for (j = 0; j < SEEDS_SHOWN && j < kind->n; j++)
			(void)printf(" %" PRIu64, kind->seeds[j]);
		(void)printf("\n        e.g. %s\n", kind->example);
	}
	for (i = 0; i < SIM_STATS && tally->stats[i].name[0] != '\0'; i++)
		(void)printf("%s%s %" PRIu64, i == 0 ? "    " : ", ",
		    tally->stats[i].name, tally->stats[i].value);
	(void)printf("\n");
	(void)fflush(stdout);
}

static bool
run_variant(const struct sim_variant *variant, uint64_t first, uint64_t runs)
{
	struct tally *tally = calloc(1, sizeof(*tally));
	struct sim_result result;
	uint64_t seed;
	/* A planted fault is to be found once. */
	bool once = variant->planted && getenv("SIM_ALL") == NULL;
	bool as_wished;

	if (tally == NULL)
		abort();
	for (seed = first; seed < first + runs; seed++) {
		if (once && tally->broken > 0)
			break;
		sim_fork(seed, variant->body, variant->arg,
		    runs == 1 ? SHOW : 0, &result);
		tally->runs++;
		tally->steps += result.steps;
		add_stats(tally, &result);
		if (!result.ok)
			add_violation(tally, seed, &result);
		if (runs == 1)
			(void)printf("seed %" PRIu64 " hash %016" PRIx64 "\n",
			    seed, result.hash);
	}
	print_tally(variant, tally);
	as_wished = variant->planted ? tally->broken > 0 : tally->violated == 0;
	free(tally);
	return as_wished;
}

static int
usage(const char *program, const struct sim_variant *variants, size_t n)
{
	size_t i;

	(void)fprintf(stderr,
	    "usage: %s RUNS [PART OF A VARIANT'S NAME] [=FIRST SEED]\n",
	    program);
	for (i = 0; i < n; i++)
		(void)fprintf(stderr, "    %s%s\n", variants[i].name,
		    variants[i].planted ? " (planted)" : "");
	return 2;
}

int
sim_driver(int argc, char **argv, const struct sim_variant *variants, size_t n)
{
	const char *part = "";
	uint64_t runs, first = 1;
	bool good = true;
	size_t i, chosen = 0;
	int at;

	if (argc < 2 || !str_to_u64(argv[1], 1, UINT64_MAX / 2, &runs))
		return usage(argv[0], variants, n);
	for (at = 2; at < argc; at++) {
		if (argv[at][0] != '=')
			part = argv[at];
		else if (!str_to_u64(argv[at] + 1, 0, UINT64_MAX / 2, &first))
			return usage(argv[0], variants, n);
	}
	for (i = 0; i < n; i++) {
		if (strstr(variants[i].name, part) == NULL)
			continue;
		chosen++;
		good = run_variant(&variants[i], first, runs) && good;
	}
	if (chosen == 0)
		return usage(argv[0], variants, n);
	return good ? 0 : 1;
}

/*
 * doctor.h - what dozo doctor finds: things that have not failed yet, each with
 * the next command to type. The examinations are in doctor_service.c (what the
 * service knows) and doctor_host.c (what the machine and DIR are like).
 */
#ifndef DOZO_CLI_DOCTOR_H
#define DOZO_CLI_DOCTOR_H

#include "cli/cli.h"
#include "core/state.h"

enum { DOCTOR_FINDINGS_MAX = 200 };

/* Texts lie in the op's arena. */
struct doctor_finding {
	const char *name; /* [a-z-]+, the same for all of its kind */
	const char *text;
	const char *next; /* a command */
};

struct doctor {
	struct cli *cli;
	bool stated; /* state is known: the service could be opened */
	struct state state;
	size_t n; /* those beyond DOCTOR_FINDINGS_MAX are not kept */
	struct doctor_finding list[DOCTOR_FINDINGS_MAX];
};

/* A finding's text; its next command follows, by doctor_next. */
void doctor_found(struct doctor *doctor, const char *name, const char *format,
    ...) PRINTF_LIKE(3, 4);
void
doctor_next(struct doctor *doctor, const char *format, ...) PRINTF_LIKE(2, 3);

/* Sites, clock, snapshots: doctor->state is known, doctor->cli->service open.
 */
void doctor_service(struct doctor *doctor);

/* Certificate, limits, settings, master key, permissions. */
void doctor_host(struct doctor *doctor);

#endif

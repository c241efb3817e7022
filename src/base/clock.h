/* clock.h - the machine's clocks, in nanoseconds. Service time (LOG.md L19) is
 * built on them in core/. */
#ifndef DOZO_BASE_CLOCK_H
#define DOZO_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_MS INT64_C(1000000)
#define CLOCK_S INT64_C(1000000000)
#define CLOCK_HOUR (3600 * CLOCK_S)
#define CLOCK_DAY (86400 * CLOCK_S)

enum { CLOCK_BOOT_ID_SIZE = 40, CLOCK_TEXT_SIZE = 32 };

/* For time-outs and measuring only; stands still while the machine sleeps.
 * Never injected. */
int64_t clock_mono(void);

/* Since boot, sleep included. Smaller than before: a machine image was put
 * back. */
int64_t clock_boot(void);

/* Since 1970-01-01 UTC; may jump either way. */
int64_t clock_wall(void);

/* Whether the kernel says that the wall clock is synchronised (adjtimex). */
bool clock_synchronised(void);

/* The kernel's boot id, or "" where there is none. */
void clock_boot_id(char out[CLOCK_BOOT_ID_SIZE]);

/* RFC 3339 in UTC with milliseconds: 2026-11-23T17:50:52.123Z */
void clock_text(char out[CLOCK_TEXT_SIZE], int64_t wall);

/*
 * Reads RFC 3339, with an offset or Z and up to 9 digits of a second; false
 * where it is none, or before 1678 or after 2261.
 */
bool clock_parse(const char *text, int64_t *ret_wall);

/*
 * The test build reads DOZO_TEST_CLOCK=FILE at each call of clock_boot,
 * clock_wall, clock_synchronised and clock_boot_id. FILE holds one line:
 *	BOOT_OFFSET_NS WALL_OFFSET_NS SYNCHRONISED(0|1) BOOT_ID
 * the offsets being added to the real clocks. A release ignores it.
 */

#endif

/* output.h - tables, amounts and colours for a terminal. */
#ifndef DOZO_CLI_OUTPUT_H
#define DOZO_CLI_OUTPUT_H

#include "cli/cli.h"

enum paint {
	PAINT_NONE,
	PAINT_GOOD,
	PAINT_WARN,
	PAINT_BAD,
	PAINT_DIM,
	PAINT_BOLD
};

/* Escape sequences, "" where there are no colours. */
const char *paint_begin(const struct cli *cli, enum paint paint);
const char *paint_end(const struct cli *cli, enum paint paint);

struct table_cell {
	const char *text;
	enum paint paint;
};

enum { TABLE_COLUMNS_MAX = 10 };

/* Cells lie in the op's arena. */
struct table {
	struct cli *cli;
	const char *const
	    *titles; /* one that begins with '>' is right-aligned */
	size_t n_columns;
	size_t n_cells, room;
	struct table_cell *cells;
};

void table_init(
    struct table *table, struct cli *cli, const char *const *titles, size_t n);

/* The next cell; rows follow one another. */
void table_add(struct table *table, enum paint paint, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Prints it, or that there is none; wide characters (東京) count as two
 * columns. */
void table_print(const struct table *table);

enum { OUTPUT_TEXT_SIZE = 40 };

/* "1.5 GiB" */
void output_bytes(char out[OUTPUT_TEXT_SIZE], uint64_t bytes);

/* "1,234,567" */
void output_count(char out[OUTPUT_TEXT_SIZE], uint64_t count);

/* The end of a counted word: "" of 1, else "s". */
const char *output_plural(uint64_t count);

/* "3 d 4 h", "12 s" */
void output_duration(char out[OUTPUT_TEXT_SIZE], int64_t ns);

#endif

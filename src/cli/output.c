/* output.c - what people read: tables, amounts, colours. */
#include "cli/output.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

const char *
paint_begin(const struct cli *cli, enum paint paint)
{
	static const char *const codes[] = {
	    [PAINT_NONE] = "",
	    [PAINT_GOOD] = "\033[32m",
	    [PAINT_WARN] = "\033[33m",
	    [PAINT_BAD] = "\033[31m",
	    [PAINT_DIM] = "\033[2m",
	    [PAINT_BOLD] = "\033[1m",
	};

	return cli->colour ? codes[paint] : "";
}

const char *
paint_end(const struct cli *cli, enum paint paint)
{
	return cli->colour && paint != PAINT_NONE ? "\033[0m" : "";
}

void
table_init(
    struct table *table, struct cli *cli, const char *const *titles, size_t n)
{
	*table = (struct table){.cli = cli, .titles = titles, .n_columns = n};
}

static bool
table_grow(struct table *table)
{
	size_t room = 2 * table->room + 64;
	struct table_cell *cells;

	if (table->n_cells < table->room)
		return true;
	if (op_alloc(&table->cli->op, room * sizeof(*cells), &cells) != RC_OK) {
		table->cli->lost = true;
		return false;
	}
	if (table->n_cells > 0)
		memcpy(cells, table->cells, table->n_cells * sizeof(*cells));
	table->cells = cells;
	table->room = room;
	return true;
}

void
table_add(struct table *table, enum paint paint, const char *format, ...)
{
	va_list args;
	char *text;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0 || !table_grow(table) ||
	    op_alloc(&table->cli->op, (size_t)size + 1, &text) != RC_OK) {
		table->cli->lost = true;
		return;
	}
	va_start(args, format);
	(void)vsnprintf(text, (size_t)size + 1, format, args);
	va_end(args);
	table->cells[table->n_cells++] = (struct table_cell){text, paint};
}

static bool
is_right(const struct table *table, size_t column)
{
	return table->titles[column][0] == '>';
}

static const char *
title_of(const struct table *table, size_t column)
{
	return table->titles[column] + is_right(table, column);
}

static void
cell_print(const struct table *table, size_t column, size_t width,
    const struct table_cell *cell)
{
	size_t own = text_width(span_str(cell->text));
	int pad = (int)(width > own ? width - own : 0);
	bool last = column + 1 == table->n_columns;

	if (is_right(table, column))
		cli_print(table->cli, "%*s", pad, "");
	cli_print(table->cli, "%s%s%s", paint_begin(table->cli, cell->paint),
	    cell->text, paint_end(table->cli, cell->paint));
	if (!is_right(table, column) && !last)
		cli_print(table->cli, "%*s", pad, "");
	cli_print(table->cli, "%s", last ? "\n" : "  ");
}

void
table_print(const struct table *table)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	size_t i, n = table->n_columns;

	assert(n > 0 && n <= TABLE_COLUMNS_MAX);
	if (table->n_cells == 0) {
		cli_print(table->cli, "%sThere is none.%s\n",
		    paint_begin(table->cli, PAINT_DIM),
		    paint_end(table->cli, PAINT_DIM));
		return;
	}
	for (i = 0; i < n; i++)
		widths[i] = text_width(span_str(title_of(table, i)));
	for (i = 0; i < table->n_cells; i++) {
		size_t width = text_width(span_str(table->cells[i].text));

		if (width > widths[i % n])
			widths[i % n] = width;
	}
	for (i = 0; i < n; i++) {
		struct table_cell title = {title_of(table, i), PAINT_DIM};

		cell_print(table, i, widths[i], &title);
	}
	for (i = 0; i < table->n_cells; i++)
		cell_print(table, i % n, widths[i % n], &table->cells[i]);
}

void
output_bytes(char out[OUTPUT_TEXT_SIZE], uint64_t bytes)
{
	static const char *const units[] = {
	    "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1023.95 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1024;
		unit++;
	}
	(void)snprintf(out, OUTPUT_TEXT_SIZE, unit == 0 ? "%.0f %s" : "%.1f %s",
	    value, units[unit]);
}

void
output_count(char out[OUTPUT_TEXT_SIZE], uint64_t count)
{
	char digits[24];
	int size = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *p = out;
	int i;

	for (i = 0; i < size; i++) {
		if (i > 0 && (size - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = '\0';
}

const char *
output_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

void
output_duration(char out[OUTPUT_TEXT_SIZE], int64_t ns)
{
	long long s = (long long)(ns / CLOCK_S);

	if (s < 60)
		(void)snprintf(out, OUTPUT_TEXT_SIZE, "%lld s", s);
	else if (s < 3600)
		(void)snprintf(
		    out, OUTPUT_TEXT_SIZE, "%lld min %lld s", s / 60, s % 60);
	else if (s < 86400)
		(void)snprintf(out, OUTPUT_TEXT_SIZE, "%lld h %lld min",
		    s / 3600, s % 3600 / 60);
	else
		(void)snprintf(out, OUTPUT_TEXT_SIZE, "%lld d %lld h",
		    s / 86400, s % 86400 / 3600);
}

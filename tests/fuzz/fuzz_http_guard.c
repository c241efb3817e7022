/* fuzz_http_guard.c - fuzzes the guard over a head; '|' in the input is a NUL,
 * its first byte the target's size. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What passed has to have one reading. */
static void
check(const struct guard_head *head)
{
	size_t i;

	if (!guard_is_token(head->method))
		abort();
	for (i = 0; i < head->n_fields; i++)
		if (!guard_is_token(head->fields[i].name) ||
		    strpbrk(head->fields[i].value, "\r\n") != NULL)
			abort();
	if (head->expects_continue && !head->has_body)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	struct guard_head head;
	uint8_t *copy;
	int status = 0;
	size_t i;

	op_init(&op);
	if (size == 0)
		return 0;
	copy = mem_alloc(size);
	if (copy == NULL)
		return 0;
	for (i = 1; i < size; i++)
		copy[i - 1] = data[i] == '|' ? 0 : data[i];
	if (guard_check(&op, span_of(copy, size - 1), data[0] % 64U, &status,
		&head) == RC_OK &&
	    status == 0)
		check(&head);
	mem_free(copy);
	return 0;
}

/* fuzz_api_body.c - bodies of JSON that clients send. */
#include <stdlib.h>

#include "api/body.h"
#include "base/clock.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const choices[] = {"fail", "version", "rename", NULL};
static const struct body_field fields[] = {
    {.name = "name", .type = BODY_TEXT, .required = true},
    {.name = "mtime", .type = BODY_TIME},
    {.name = "if_exists", .type = BODY_CHOICE, .choices = choices},
};

static void
check_values(const struct body_value *values)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t time;

	if (!values[0].given || !text_valid(values[0].text) ||
	    memchr(values[0].text.data, 0, values[0].text.size) != NULL)
		abort();
	if (values[2].given && values[2].choice > 2)
		abort();
	/* What was read is written, and read again, to the millisecond. */
	clock_text(text, values[1].time);
	if (values[1].given &&
	    (!clock_parse(text, &time) || time > values[1].time ||
		values[1].time - time >= CLOCK_MS))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct body_value values[3];
	struct body_fault fault;
	struct op op;
	enum rc rc;

	op_init(&op);
	rc = body_parse(&op, span_of(data, size), fields, 3, values, &fault);
	if (rc == RC_OK)
		check_values(values);
	else if (rc == RC_INVALID && fault.en[0] == '\0')
		abort();
	op_release(&op);
	return 0;
}

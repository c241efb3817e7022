/* fuzz_object.c - names of objects, as a site lists them: whatever is taken for
 * a name is the one that its parts make again (S1). */
#include <stdlib.h>
#include <string.h>

#include "store/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_be(const struct object_name *name, const char *file)
{
	if (strcmp(name->file, file) != 0)
		abort();
}

static void
numbers(struct op *op, const char *file)
{
	struct object_name name;
	struct log_name log;
	struct key_name key;

	if (object_log_parse(op, file, &log) == RC_OK) {
		object_log(&name, 1, &log);
		must_be(&name, file);
	}
	op_clear_error(op);
	if (object_key_parse(op, file, &key) == RC_OK) {
		object_key(&name, 1, &key);
		must_be(&name, file);
	}
	op_clear_error(op);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	uint8_t id[OBJECT_ID_SIZE];
	uint64_t counter, version;
	struct object_name name;
	char *file;

	op_init(&op);
	if (op_format(&op, &file, "%.*s", (int)size, (const char *)data) !=
	    RC_OK)
		return 0;
	numbers(&op, file);
	if (object_data_parse(&op, file, id) == RC_OK) {
		object_data(&name, 1, id);
		must_be(&name, file);
	}
	op_clear_error(&op);
	if (object_fence_parse(&op, file, &counter) == RC_OK) {
		object_fence(&name, counter);
		must_be(&name, file);
	}
	op_clear_error(&op);
	if (object_heads_parse(&op, file, &counter, &version) == RC_OK) {
		object_heads(&name, counter, version);
		must_be(&name, file);
	}
	return 0;
}

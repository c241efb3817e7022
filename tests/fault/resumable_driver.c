/*
 * resumable_driver.c - an upload that goes on, in a process of its own, to be
 * killed:
 *	resumable_driver PATH SITES M SEED UPLOAD
 * PATH is a sandbox that world_keep was called on, its file "acknowledged" the
 * offset that the last writing was told. Writes on in pieces of many sizes
 * until the upload is done; ends with 5 where it stands before what was
 * acknowledged. DOZO_TEST_KILL works.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "core/resumable.h"
#include "world.h"

static const uint64_t sizes[] = {
    1, 5000, 65536, 65537, MIB, 5 * MIB, 17 * MIB, 37 * MIB};

struct driver {
	struct world w;
	uint64_t dice;
	int64_t upload;
	int fd; /* the file */
};

static void
expect(struct op *op, enum rc rc, const char *what)
{
	if (rc == RC_OK)
		return;
	(void)fprintf(stderr, "driver: %s: %s (%s)\n", what, rc_name(rc),
	    op_error(op, rc));
	_exit(3);
}

static enum rc
write_bytes(struct op *op, struct resumable *r, uint64_t offset, uint64_t size)
{
	static uint8_t piece[128 * KIB];

	while (size > 0) {
		size_t step =
		    size < sizeof(piece) ? (size_t)size : sizeof(piece);

		world_fill(piece, step, offset, 1);
		TRY(resumable_write(op, r, span_of(piece, step)));
		offset += step;
		size -= step;
	}
	return RC_OK;
}

static void
write_piece(struct driver *d, struct op *op, const struct resumable_state *at)
{
	const struct precondition none = {0};
	struct resumable_from from = {
	    .offset = at->offset, .whole = world_dice(&d->dice, 2) == 0};
	/* Of a whole one several segments are named before it counts. */
	uint64_t size = from.whole
			    ? 70 * MIB
			    : sizes[world_dice(&d->dice, ARRAY_LEN(sizes))];
	struct resumable_result result;
	struct resumable *r;

	if (size > at->size - at->offset)
		size = at->size - at->offset;
	expect(op, resumable_open(op, d->w.t, d->upload, &from, &r), "open");
	expect(op, write_bytes(op, r, at->offset, size), "write");
	expect(op, resumable_end(op, r, &none, &result), "end");
	if (pwrite(d->fd, &result.state.offset, sizeof(result.state.offset),
		0) != sizeof(result.state.offset))
		_exit(4);
	resumable_free(r);
}

static bool
go_on(struct driver *d)
{
	CLEANUP(op_release) struct op op;
	struct resumable_state state;
	uint64_t acknowledged = 0;

	world_ask(&d->w, &op);
	expect(&op, resumable_get(&op, d->w.t, d->upload, &state), "get");
	if (pread(d->fd, &acknowledged, sizeof(acknowledged), 0) < 0)
		_exit(4);
	if (state.offset < acknowledged)
		_exit(5);
	if (!state.done)
		write_piece(d, &op, &state);
	return !state.done;
}

int
main(int argc, char **argv)
{
	static struct driver d;
	char path[400];

	if (argc != 6)
		return 2;
	log_set_level(LOG_LEVEL_WARN);
	fault_init_from_env();
	d.dice = strtoull(argv[4], NULL, 10);
	d.upload = strtoll(argv[5], NULL, 10);
	(void)snprintf(path, sizeof(path), "%.300s/acknowledged", argv[1]);
	d.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d.fd < 0)
		return 4;
	world_adopt(&d.w, argv[1], strtoul(argv[2], NULL, 10),
	    (uint32_t)strtoul(argv[3], NULL, 10));
	while (go_on(&d))
		;
	world_stop(&d.w);
	keystore_free(d.w.f.keystore);
	io_close(&d.w.f.dir_fd);
	io_close(&d.fd);
	free(d.w.f.path);
	op_release(&d.w.op);
	return 0;
}

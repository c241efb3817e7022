/* export.c - "VERSION FINGERPRINT" of the keystore that was exported last. */
#include "cli/export.h"

#include <inttypes.h>
#include <stdio.h>

enum { NOTE_SIZE = 64 };

static void
note_text(const struct keystore *keystore, char out[NOTE_SIZE])
{
	char fingerprint[KEYSTORE_FINGERPRINT_SIZE];

	keystore_fingerprint(keystore, fingerprint);
	(void)snprintf(
	    out, NOTE_SIZE, "%" PRIu32 " %s\n", keystore->version, fingerprint);
}

enum rc
export_note(
    struct op *op, const struct dir *dir, const struct keystore *keystore)
{
	CLEANUP(io_close) int fd = -1;
	char text[NOTE_SIZE];

	note_text(keystore, text);
	TRY(io_open_dir(op, dir->fd, "keys", false, &fd));
	return io_write_file(op, fd, "exported", span_str(text), 0600);
}

enum rc
export_look(struct op *op, const struct dir *dir,
    const struct keystore *keystore, bool *ret_done)
{
	CLEANUP(io_close) int fd = -1;
	CLEANUP(buf_release) struct buf bytes;
	char text[NOTE_SIZE];
	enum rc rc;

	buf_init(&bytes, NOTE_SIZE);
	note_text(keystore, text);
	TRY(io_open_dir(op, dir->fd, "keys", false, &fd));
	rc = io_read_file(op, fd, "exported", &bytes);
	if (rc == RC_NOT_FOUND || rc == RC_LIMIT) {
		op_clear_error(op);
		*ret_done = false;
		return RC_OK;
	}
	TRY(rc);
	*ret_done = span_equal(buf_span(&bytes), span_str(text));
	return RC_OK;
}

/* journal.c - from records to what must be there. */
#include "journal.h"

#include <stdio.h>
#include <string.h>

void
journal_folder(char out[32], unsigned round, unsigned thread)
{
	(void)snprintf(out, 32, "r%ut%u", round, thread);
}

void
journal_rotten(char out[32], unsigned round, unsigned i)
{
	(void)snprintf(out, 32, "r%u-rotten-%u", round, i);
}

void
journal_name(char out[32], unsigned slot)
{
	(void)snprintf(out, 32, "%s-%u",
	    slot < JOURNAL_FOLDERS_FROM ? "file" : "folder", slot);
}

bool
journal_in_sub(unsigned slot)
{
	return slot < JOURNAL_FOLDERS_FROM && slot % 2 == 1;
}

void
journal_path(
    char out[400], const struct world *w, unsigned round, unsigned thread)
{
	(void)snprintf(
	    out, 400, "%.300s/journal-%u-%u", w->f.path, round, thread);
}

static void
trash_add(struct state *state, const struct slot *slot)
{
	if (slot->node != 0 && state->n_trashed < KEPT_VERSIONS_MAX)
		state->trashed[state->n_trashed++] = slot->node;
}

/* What a file had before is kept, unless it was empty (L26). */
static void
kept_add(struct state *state, const struct slot *was, int64_t version)
{
	if (version == 0 || was->kind != SLOT_FILE ||
	    state->n_kept == KEPT_VERSIONS_MAX)
		return;
	state->kept[state->n_kept++] =
	    (struct kept_version){version, was->size, was->seed};
}

void
state_apply(struct state *state, const struct record *record)
{
	struct slot *slot = &state->slots[record->slot];
	struct slot *to = &state->slots[record->to_slot];

	switch ((enum journal_what)record->what) {
	case JOURNAL_PUT:
		kept_add(state, slot, record->version);
		*slot = (struct slot){
		    SLOT_FILE, record->size, record->seed, record->node};
		break;
	case JOURNAL_MKDIR:
		*slot = (struct slot){SLOT_FOLDER, 0, 0, record->node};
		break;
	case JOURNAL_MOVE:
		*to = *slot;
		*slot = (struct slot){.kind = SLOT_NONE};
		break;
	case JOURNAL_DELETE:
		trash_add(state, slot);
		*slot = (struct slot){.kind = SLOT_NONE};
		break;
	case JOURNAL_TENANT:
		break;
	}
}

/* packs.c - numbers as objects of their own or in packs. */
#include "store/packs.h"

#include <string.h>

#include "base/mem.h"

void
packs_init(struct packs *packs, uint64_t tenant)
{
	memset(packs, 0, sizeof(*packs));
	packs->tenant = tenant;
	mutex_init(&packs->lock);
}

void
packs_release(struct packs *packs)
{
	size_t i;

	for (i = 0; i < packs->n; i++)
		mem_free(packs->list[i].pack.entries);
	mem_free(packs->list);
	mutex_release(&packs->lock);
	memset(packs, 0, sizeof(*packs));
}

static bool
name_equal(const struct pack_name *a, const struct pack_name *b)
{
	return a->first == b->first && a->last == b->last &&
	       memcmp(a->hash8, b->hash8, sizeof(a->hash8)) == 0;
}

/* Under the lock. */
static bool
is_known(const struct packs *packs, size_t i, const struct pack_name *name)
{
	size_t k;

	for (k = 0; k < packs->n; k++)
		if (packs->list[k].site == i &&
		    name_equal(&packs->list[k].pack.name, name))
			return true;
	return false;
}

/* The directory and nothing else of the object. */
static enum rc
directory_read(struct op *op, struct site *site,
    const struct object_name *object, struct buf *tail, struct pack *ret_pack)
{
	uint8_t header[PACK_HEADER_SIZE], trailer[PACK_TRAILER_SIZE];
	uint64_t size, tail_size;
	uint8_t *room;

	TRY(site_size(op, site, object, &size));
	if (size < sizeof(header) + sizeof(trailer))
		FAIL(op, RC_DAMAGED, "a pack of %llu bytes",
		    (unsigned long long)size);
	TRY(site_read(op, site, object, 0, header, sizeof(header)));
	TRY(site_read(op, site, object, size - sizeof(trailer), trailer,
	    sizeof(trailer)));
	TRY(pack_tail_size(
	    op, span_of(trailer, sizeof(trailer)), size, &tail_size));
	TRY(buf_grow(op, tail, (size_t)tail_size, &room));
	TRY(site_read(
	    op, site, object, size - tail_size, room, (size_t)tail_size));
	return pack_directory(op, span_of(header, sizeof(header)),
	    buf_span(tail), size, ret_pack);
}

/* Keeps a copy of its entries. */
static enum rc
pack_add(struct op *op, struct packs *packs, size_t i, const struct pack *pack)
{
	MUTEX_GUARD(&packs->lock);
	struct packs_one *more;
	struct pack_entry *entries;

	if (is_known(packs, i, &pack->name))
		return RC_OK;
	more = mem_realloc(packs->list, (packs->n + 1) * sizeof(*more));
	if (more == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	packs->list = more;
	entries = mem_alloc_array(pack->n, sizeof(*entries));
	if (entries == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	memcpy(entries, pack->entries, pack->n * sizeof(*entries));
	more[packs->n].site = i;
	more[packs->n].pack = *pack;
	more[packs->n++].pack.entries = entries;
	return RC_OK;
}

static enum rc
pack_learn(struct op *op, struct packs *packs, struct site *site, size_t i,
    const struct pack_name *name)
{
	CLEANUP(buf_release) struct buf tail = {.limit = PACK_SIZE_MAX};
	struct object_name object;
	struct pack pack;

	object_pack(&object, packs->tenant, name);
	TRY(directory_read(op, site, &object, &tail, &pack));
	if (pack.tenant != packs->tenant || !name_equal(&pack.name, name))
		FAIL(op, RC_DAMAGED, "%s is not what its name says",
		    object.file);
	return pack_add(op, packs, i, &pack);
}

enum rc
packs_learn(struct op *op, struct packs *packs, struct sites *sites, size_t i,
    const struct pack_name *name)
{
	CLEANUP(op_release) struct op step;
	bool known;
	enum rc rc;

	mutex_lock(&packs->lock);
	known = is_known(packs, i, name);
	mutex_unlock(&packs->lock);
	op_init(&step);
	if (known)
		return RC_OK;
	rc = pack_learn(&step, packs, sites->slots[i].site, i, name);
	return rc == RC_OK ? RC_OK : op_fail(op, rc, "%s", op_error(&step, rc));
}

enum rc
packs_each(struct op *op, struct packs *packs, size_t i,
    enum rc (*each)(void *arg, struct op *op, const struct pack_entry *entry),
    void *arg)
{
	MUTEX_GUARD(&packs->lock);
	size_t k, e;

	for (k = 0; k < packs->n; k++)
		for (e = 0;
		     packs->list[k].site == i && e < packs->list[k].pack.n; e++)
			TRY(each(arg, op, &packs->list[k].pack.entries[e]));
	return RC_OK;
}

void
packs_forget(struct packs *packs, uint64_t number)
{
	MUTEX_GUARD(&packs->lock);
	size_t k, n = 0;

	for (k = 0; k < packs->n; k++)
		if (packs->list[k].pack.name.last > number)
			packs->list[n++] = packs->list[k];
		else
			mem_free(packs->list[k].pack.entries);
	packs->n = n;
}

/* Where a number lies on a site. */
static bool
entry_find(struct packs *packs, size_t i, const struct log_name *log,
    struct pack_name *ret_name, struct pack_entry *ret_entry)
{
	MUTEX_GUARD(&packs->lock);
	size_t k;

	for (k = 0; k < packs->n; k++) {
		const struct pack *pack = &packs->list[k].pack;
		const struct pack_entry *entry;

		if (packs->list[k].site != i ||
		    log->number < pack->name.first ||
		    log->number > pack->name.last)
			continue;
		entry = &pack->entries[log->number - pack->name.first];
		if (generation_compare(entry->generation, log->generation) !=
			0 ||
		    memcmp(entry->hash, log->hash8, sizeof(log->hash8)) != 0)
			continue;
		*ret_name = pack->name;
		*ret_entry = *entry;
		return true;
	}
	return false;
}

enum rc
packs_find(struct op *op, struct packs *packs, size_t i,
    const struct log_name *log, struct pack *ret_pack)
{
	struct pack_name name;
	struct pack_entry entry;
	size_t k;

	if (!entry_find(packs, i, log, &name, &entry))
		FAIL(op, RC_NOT_FOUND, "number %llu is in no pack",
		    (unsigned long long)log->number);
	MUTEX_GUARD(&packs->lock);
	for (k = 0; k < packs->n; k++) {
		const struct pack *pack = &packs->list[k].pack;
		struct pack_entry *entries;

		if (packs->list[k].site != i || !name_equal(&pack->name, &name))
			continue;
		TRY(op_alloc(op, pack->n * sizeof(*entries), &entries));
		memcpy(entries, pack->entries, pack->n * sizeof(*entries));
		*ret_pack = *pack;
		ret_pack->entries = entries;
		return RC_OK;
	}
	FAIL(op, RC_NOT_FOUND, "the pack is gone");
}

uint64_t
packs_count(struct packs *packs, size_t i, uint64_t above)
{
	MUTEX_GUARD(&packs->lock);
	uint64_t count = 0;
	size_t k;

	for (k = 0; k < packs->n; k++) {
		const struct pack_name *name = &packs->list[k].pack.name;

		if (packs->list[k].site != i || name->last <= above)
			continue;
		count += name->last -
			 (name->first > above ? name->first - 1 : above);
	}
	return count;
}

void
packs_drop(struct packs *packs, size_t i, const struct pack_name *name)
{
	MUTEX_GUARD(&packs->lock);
	size_t k, n = 0;

	for (k = 0; k < packs->n; k++)
		if (packs->list[k].site != i ||
		    !name_equal(&packs->list[k].pack.name, name))
			packs->list[n++] = packs->list[k];
		else
			mem_free(packs->list[k].pack.entries);
	packs->n = n;
}

struct looking {
	struct packs *packs;
	struct sites *sites;
	size_t site;
	uint64_t number;
};

static enum rc
name_seen(void *arg, struct op *op, const char *file)
{
	struct looking *l = arg;
	struct pack_name name;
	enum rc rc;

	if (object_pack_parse(op, file, &name) != RC_OK ||
	    l->number < name.first || l->number > name.last) {
		op_clear_error(op);
		return RC_OK;
	}
	rc = packs_learn(op, l->packs, l->sites, l->site, &name);
	if (rc == RC_NO_MEMORY)
		return rc;
	op_clear_error(op);
	return RC_OK;
}

/* RC_NOT_FOUND where no pack of the site has it. */
static enum rc
entry_get(struct op *op, struct packs *packs, struct sites *sites, size_t i,
    const struct log_name *log, struct pack_name *ret_name,
    struct pack_entry *ret_entry)
{
	struct looking looking = {packs, sites, i, log->number};
	char folder[OBJECT_FOLDER_SIZE];

	if (entry_find(packs, i, log, ret_name, ret_entry))
		return RC_OK;
	object_folder(folder, "log", packs->tenant);
	TRY(site_list(op, sites->slots[i].site, folder, SITE_LIST_SEEN,
	    name_seen, &looking));
	if (entry_find(packs, i, log, ret_name, ret_entry))
		return RC_OK;
	FAIL(op, RC_NOT_FOUND, "number %llu is neither an object nor in a pack",
	    (unsigned long long)log->number);
}

static enum rc
packed_read(struct op *op, struct packs *packs, struct sites *sites, size_t i,
    const struct log_name *log, uint64_t offset, void *out, size_t size)
{
	struct pack_name name;
	struct pack_entry entry;
	struct object_name object;

	TRY(entry_get(op, packs, sites, i, log, &name, &entry));
	if (offset > entry.size || size > entry.size - offset)
		FAIL(op, RC_DAMAGED, "beyond the end of number %llu",
		    (unsigned long long)log->number);
	object_pack(&object, packs->tenant, &name);
	return site_read(op, sites->slots[i].site, &object,
	    entry.offset + offset, out, size);
}

enum rc
packs_read(struct op *op, struct packs *packs, struct sites *sites, size_t i,
    const struct log_name *log, uint64_t offset, void *out, size_t size)
{
	struct object_name object;
	enum rc rc;

	object_log(&object, packs->tenant, log);
	rc = site_read(op, sites->slots[i].site, &object, offset, out, size);
	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	return packed_read(op, packs, sites, i, log, offset, out, size);
}

enum rc
packs_size(struct op *op, struct packs *packs, struct sites *sites, size_t i,
    const struct log_name *log, uint64_t *ret_size)
{
	struct pack_name name;
	struct pack_entry entry;
	struct object_name object;
	enum rc rc;

	object_log(&object, packs->tenant, log);
	rc = site_size(op, sites->slots[i].site, &object, ret_size);
	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	TRY(entry_get(op, packs, sites, i, log, &name, &entry));
	*ret_size = entry.size;
	return RC_OK;
}

enum rc
packs_get(struct op *op, struct packs *packs, struct sites *sites, size_t i,
    const struct log_name *log, struct buf *buf)
{
	struct pack_name name;
	struct pack_entry entry;
	struct object_name object;
	uint8_t *room;
	enum rc rc;

	object_log(&object, packs->tenant, log);
	rc = site_get(op, sites->slots[i].site, &object, buf);
	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	TRY(entry_get(op, packs, sites, i, log, &name, &entry));
	buf_clear(buf);
	TRY(buf_grow(op, buf, (size_t)entry.size, &room));
	object_pack(&object, packs->tenant, &name);
	return site_read(op, sites->slots[i].site, &object, entry.offset, room,
	    (size_t)entry.size);
}

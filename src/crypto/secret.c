/* secret.c - a pool of locked pages, each between two guard pages, cut into
 * slots of 64 bytes. */
#include "crypto/secret.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/thread.h"

enum { PAGE = 4096, SLOTS = PAGE / SECRET_MAX };

_Static_assert(SLOTS == 64, "one bit of used for each slot");

struct secret {
	uint8_t *bytes; /* its slot */
	uint8_t index; /* of its slot, and of itself in page->secrets */
	uint8_t size;
};

/*
 * All bookkeeping stands outside of the locked page: it takes no locked memory,
 * and an overrun key cannot reach it.
 */
struct page {
	struct page *next_all;
	struct page *next_free; /* only while it has a free slot */
	uint64_t used; /* bit i: slot i has an owner */
	struct secret secrets[SLOTS];
};

/* Pages are never given back: the pool is as large as it once had to be. */
static struct {
	struct mutex lock;
	struct page *all; /* keeps them reachable for leak checkers */
	struct page *with_free;
} pool = {.lock = {.native = PTHREAD_MUTEX_INITIALIZER}};

/*
 * mlock2() and not mlock(): the same system call to us, but one that ASan does
 * not turn into nothing.
 */
static enum rc
page_protect(struct op *op, uint8_t *slots)
{
	if (mprotect(slots, PAGE, PROT_READ | PROT_WRITE) != 0)
		return op_fail_errno(
		    op, RC_NO_MEMORY, errno, "cannot open a page for keys");
	if (madvise(slots, PAGE, MADV_DONTDUMP) != 0 ||
	    madvise(slots, PAGE, MADV_WIPEONFORK) != 0)
		return op_fail_errno(op, RC_IO, errno,
		    "cannot keep keys out of dumps and forks");
	if (mlock2(slots, PAGE, 0) != 0)
		return op_fail_errno(op, RC_LIMIT, errno,
		    "cannot lock memory for keys (raise LimitMEMLOCK)");
	return RC_OK;
}

/* A page of slots with an untouchable page at either end. */
static enum rc
page_map(struct op *op, uint8_t **ret_slots)
{
	uint8_t *map =
	    mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum rc rc;

	if (map == MAP_FAILED)
		return op_fail_errno(
		    op, RC_NO_MEMORY, errno, "no memory for keys");
	rc = page_protect(op, map + PAGE);
	if (rc != RC_OK) {
		(void)munmap(map, 3 * PAGE);
		return rc;
	}
	*ret_slots = map + PAGE;
	return RC_OK;
}

/* The pool's lock is held. */
static enum rc
pool_grow(struct op *op)
{
	struct page *page = mem_alloc(sizeof(*page));
	uint8_t *slots = NULL;
	enum rc rc;
	int i;

	if (page == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory (%zu bytes)",
		    sizeof(*page));
	rc = page_map(op, &slots);
	if (rc != RC_OK) {
		mem_free(page);
		return rc;
	}
	for (i = 0; i < SLOTS; i++)
		page->secrets[i] =
		    (struct secret){.bytes = slots + (size_t)i * SECRET_MAX,
			.index = (uint8_t)i};
	page->next_all = pool.all;
	pool.all = page;
	page->next_free = pool.with_free;
	pool.with_free = page;
	return RC_OK;
}

/* The pool's lock is held, and its first page has a free slot. */
static struct secret *
pool_take(size_t size)
{
	struct page *page = pool.with_free;
	int i = __builtin_ctzll(~page->used);

	page->used |= UINT64_C(1) << i;
	if (page->used == UINT64_MAX)
		pool.with_free = page->next_free;
	page->secrets[i].size = (uint8_t)size;
	return &page->secrets[i];
}

enum rc
secret_new(struct op *op, size_t size, struct secret **ret_secret)
{
	MUTEX_GUARD(&pool.lock);

	if (size > SECRET_MAX)
		FAIL(op, RC_LIMIT, "a key of %zu bytes, the limit is %d", size,
		    SECRET_MAX);
	if (pool.with_free == NULL)
		TRY(pool_grow(op));
	*ret_secret = pool_take(size);
	return RC_OK;
}

enum rc
secret_new_from(struct op *op, struct span bytes, struct secret **ret_secret)
{
	struct secret *secret;

	TRY(secret_new(op, bytes.size, &secret));
	if (bytes.size > 0)
		memcpy(secret->bytes, bytes.data, bytes.size);
	*ret_secret = secret;
	return RC_OK;
}

enum rc
secret_new_random(struct op *op, size_t size, struct secret **ret_secret)
{
	struct secret *secret;

	TRY(secret_new(op, size, &secret));
	rand_bytes(secret->bytes, size);
	*ret_secret = secret;
	return RC_OK;
}

void
secret_free(struct secret *secret)
{
	struct page *page;
	uint64_t bit;

	if (secret == NULL)
		return;
	MUTEX_GUARD(&pool.lock);
	page = container_of(secret - secret->index, struct page, secrets);
	bit = UINT64_C(1) << secret->index;
	assert((page->used & bit) != 0);
	/* The whole slot: secret_bytes may have been filled beyond size. */
	mem_wipe(secret->bytes, SECRET_MAX);
	if (page->used == UINT64_MAX) {
		page->next_free = pool.with_free;
		pool.with_free = page;
	}
	page->used &= ~bit;
}

void
secret_free_ptr(struct secret **secret)
{
	secret_free(*secret);
}

struct span
secret_span(const struct secret *secret)
{
	return span_of(secret->bytes, secret->size);
}

uint8_t *
secret_bytes(struct secret *secret)
{
	return secret->bytes;
}

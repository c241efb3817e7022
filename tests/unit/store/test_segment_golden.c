/* test_segment_golden.c - a small site kept as files: format 1 stays readable
 * for ever. */
#include <stdio.h>

#include "base/io.h"
#include "base/str.h"
#include "crypto/aead.h"
#include "crypto/keystore.h"
#include "segment_fixture.h"
#include "store/fence_object.h"
#include "store/pack.h"
#include "store/site_id.h"

enum { OBJECTS_MAX = 16 };

/* One file below golden/. */
struct golden_file {
	struct object_name
	    name; /* folder below site/; master.key: "" of the top */
	struct buf bytes;
};

struct golden {
	struct op op;
	struct keystore *store;
	struct keyring *keys;
	size_t n;
	struct golden_file files[OBJECTS_MAX];
	uint8_t hashes[4][OBJECT_HASH_SIZE]; /* of the numbers */
	struct segment_data data;
};

/* What --write-golden printed when format 1 was fixed. */
#define GOLDEN_KEY_HASH8 "5843a4685f67d638"
#define GOLDEN_LOG_HASH8 "6aa7988dfb392a52"
#define GOLDEN_LOG_HASH \
	"6aa7988dfb392a52fdfef0df73509e7f50e1dbbb7d9ed0162b107f828a3ecb1a"
#define GOLDEN_PACK "pack.0000000000000001.0000000000000003.82653518060d903e"
#define GOLDEN_LIST_HASH \
	"9a5a84a45fdfbb4d53abf94d9aef1e14d7e6508c2aa95d4dff2d5756518b2481"
#define GOLDEN_DATA_HASH \
	"37a83cef9f3a9048b39b9785fa5ffbd6b83ae690a6958eedbc12082a87367dfd"

static const uint8_t site_bytes[OBJECT_ID_SIZE] = "golden site 001";
static const uint8_t claim_bytes[OBJECT_ID_SIZE] = "golden claim 01";
static const uint8_t data_bytes[OBJECT_ID_SIZE] = "golden data 001";
static const uint8_t snap_bytes[OBJECT_ID_SIZE] = "golden snap 001";
static const uint8_t rows_bytes[] = "rows of a state";
static const uint8_t fact_bytes[] = "a fact of core/";
static const size_t chunk_sizes[] = {5, 65536 + 10, 0};

/* ---- making ---- */

static struct buf *
golden_add(struct golden *g, const struct object_name *name)
{
	struct golden_file *file;

	assert_true(g->n < OBJECTS_MAX);
	file = &g->files[g->n++];
	file->name = *name;
	buf_init(&file->bytes, SEGMENT_DATA_MAX);
	return &file->bytes;
}

static void
add_keys(struct golden *g)
{
	struct key_name key = {.version = 1, .generation = {.counter = 1}};
	struct object_name name = {.file = "master.key"};
	CLEANUP(buf_release) struct buf sealed = {0};
	uint8_t sum[SHA256_SIZE];
	struct op *op = &g->op;

	buf_init(&sealed, KEYRING_OBJECT_MAX);
	ASSERT_OK(op, keystore_new(op, &g->store));
	ASSERT_OK(op, keystore_add_site(op, g->store, site_bytes, "tokyo"));
	ASSERT_OK(op, keystore_write(op, g->store, golden_add(g, &name)));
	g->keys = fixture_keyring(op, FIXTURE_TENANT);
	ASSERT_OK(op, keyring_seal(op, g->keys, 1, g->store->service,
			  &g->store->sites[0], &sealed));
	sha256_of(buf_span(&sealed), sum);
	memcpy(key.hash8, sum, sizeof(key.hash8));
	object_key(&name, FIXTURE_TENANT, &key);
	ASSERT_OK(op, buf_add(op, golden_add(g, &name), buf_span(&sealed)));
}

static void
add_identity(struct golden *g)
{
	struct site_id id = {.name = "tokyo"};
	struct fence_object fence = {
	    .counter = 1,
	    .wall = 1795456800123456789,
	    .host = "golden.example",
	    .n_registers = 2,
	    .registers = {{.version = 1, .m = 1, .n = 1},
		{.version = 2, .m = 1, .n = 2}},
	};
	struct object_name name;
	struct op *op = &g->op;

	memcpy(id.service, g->store->service, sizeof(id.service));
	memcpy(id.id, site_bytes, sizeof(id.id));
	site_id_name(&name);
	ASSERT_OK(op, site_id_write(op, &id, golden_add(g, &name)));
	memcpy(fence.claim, claim_bytes, sizeof(fence.claim));
	memcpy(fence.registers[0].ids[0], site_bytes, OBJECT_ID_SIZE);
	memcpy(fence.registers[1].ids[0], site_bytes, OBJECT_ID_SIZE);
	memset(fence.registers[1].ids[1], 0x55, OBJECT_ID_SIZE);
	object_fence(&name, 1);
	ASSERT_OK(op, fence_object_write(op, &fence, golden_add(g, &name)));
}

static void
add_data(struct golden *g)
{
	struct segment_header header = fixture_data();
	CLEANUP(data_writer_release) struct data_writer w;
	static uint8_t text[65536 + 10];
	struct op *op = &g->op;
	struct fixture_sink sink;
	struct object_name name;
	size_t i;

	header.generation = (struct generation){.counter = 1, .attempt = 2};
	memcpy(header.claim, claim_bytes, sizeof(header.claim));
	memcpy(header.data_id, data_bytes, sizeof(header.data_id));
	fixture_sink_init(&sink);
	ASSERT_OK(op, data_begin(op, &w, &header, &sink.base));
	for (i = 0; i < ARRAY_LEN(chunk_sizes); i++) {
		fixture_text(text, chunk_sizes[i], (unsigned)i);
		ASSERT_OK(op,
		    fixture_data_chunk(op, &w, span_of(text, chunk_sizes[i]),
			(uint8_t)(0xc0 + i)));
	}
	ASSERT_OK(op, data_end(op, &w, &g->data));
	object_data(&name, FIXTURE_TENANT, data_bytes);
	ASSERT_OK(op, buf_add(op, golden_add(g, &name), buf_span(&sink.out)));
	buf_release(&sink.out);
}

/* Ends number n and keeps it. */
static void
end_number(struct golden *g, struct segment_writer *w, uint64_t n,
    struct generation generation)
{
	struct log_name log = {.number = n, .generation = generation};
	struct object_name name;
	struct op *op = &g->op;

	ASSERT_OK(op, segment_end(op, w, g->hashes[n]));
	memcpy(log.hash8, g->hashes[n], sizeof(log.hash8));
	object_log(&name, FIXTURE_TENANT, &log);
	ASSERT_OK(op, buf_add(op, golden_add(g, &name), buf_span(&w->out)));
}

static struct segment_header
golden_header(const struct golden *g, uint64_t n, enum segment_role role)
{
	struct segment_header header = fixture_numbered(n, role);

	header.generation = (struct generation){.counter = 1, .attempt = n - 1};
	memcpy(header.claim, claim_bytes, sizeof(header.claim));
	memcpy(header.previous, g->hashes[n - 1], sizeof(header.previous));
	return header;
}

static void
add_opening(struct golden *g)
{
	struct segment_header header = golden_header(g, 1, SEGMENT_OPENING);
	CLEANUP(segment_writer_release) struct segment_writer w;

	ASSERT_OK(&g->op, segment_begin(&g->op, &w, &header, g->keys));
	end_number(g, &w, 1, header.generation);
}

static const struct segment_data golden_drops[] = {
    {.id = {0xdd, 1}, .hash = {0xee}, .size = 1000},
    {.id = {0xdd, 2}, .hash = {0xef}, .size = 0x123456789a},
};
static const struct segment_aside golden_aside[] = {
    {.number = 1, .generation = {.counter = 9, .attempt = 8}, .hash = {0xaa}},
};
static const struct segment_aside golden_losses[] = {
    {.number = 1, .hash = {0xbb}},
    {.number = 2, .generation = {.counter = 4, .attempt = 5}},
};

static void
golden_sections(const struct golden *g, struct segment_header *header)
{
	header->adds = header->live = &g->data;
	header->n_adds = header->n_live = 1;
	header->drops = golden_drops;
	header->n_drops = ARRAY_LEN(golden_drops);
	header->aside = golden_aside;
	header->n_aside = ARRAY_LEN(golden_aside);
	header->losses = golden_losses;
	header->n_losses = ARRAY_LEN(golden_losses);
}

/* u32 version and a SHA-256. */
static void
golden_migration(uint8_t out[36])
{
	memset(out, 0, 36);
	out[0] = 1;
	sha256_of(span_str("-- no schema yet"), out + 4);
}

static void
add_full(struct golden *g)
{
	struct segment_header header = golden_header(g, 2, SEGMENT_SNAPSHOT);
	CLEANUP(segment_writer_release) struct segment_writer w;
	CLEANUP(buf_release) struct buf chunk = {0};
	uint8_t migration[36], text[100];
	struct op *op = &g->op;
	uint64_t offset;

	buf_init(&chunk, 1 << 20);
	golden_sections(g, &header);
	golden_migration(migration);
	fixture_text(text, sizeof(text), 9);
	fixture_chunk(op, &chunk, span_of(text, sizeof(text)), 0xcc);
	ASSERT_OK(op, segment_begin(op, &w, &header, g->keys));
	ASSERT_OK(
	    op, segment_add_record(op, &w, SEGMENT_CHANGESET,
		    span_of(fixture_changeset_1, sizeof(fixture_changeset_1))));
	ASSERT_OK(
	    op, segment_add_chunk(op, &w, buf_span(&chunk), 100, &offset));
	ASSERT_OK(op, segment_add_record(op, &w, SEGMENT_MIGRATION,
			  span_of(migration, sizeof(migration))));
	ASSERT_OK(op, segment_add_record(op, &w, SEGMENT_FACT,
			  span_of(fact_bytes, sizeof(fact_bytes) - 1)));
	end_number(g, &w, 2, header.generation);
}

static void
add_changes(struct golden *g)
{
	struct segment_header header = golden_header(g, 3, SEGMENT_CHANGES);
	CLEANUP(segment_writer_release) struct segment_writer w;
	struct op *op = &g->op;

	header.epoch = 2;
	ASSERT_OK(op, segment_begin(op, &w, &header, g->keys));
	ASSERT_OK(
	    op, segment_add_record(op, &w, SEGMENT_CHANGESET,
		    span_of(fixture_changeset_2, sizeof(fixture_changeset_2))));
	end_number(g, &w, 3, header.generation);
}

/* Ends a piece of the snapshot at number 3 and keeps it. */
static void
end_piece(struct golden *g, struct segment_writer *w, uint32_t part,
    struct segment_data *ret_data)
{
	struct object_name name;
	struct op *op = &g->op;

	ASSERT_OK(op, segment_end(op, w, ret_data->hash));
	memcpy(ret_data->id, snap_bytes, OBJECT_ID_SIZE);
	ret_data->size = w->out.size;
	object_snap(&name, FIXTURE_TENANT, snap_bytes, part);
	ASSERT_OK(op, buf_add(op, golden_add(g, &name), buf_span(&w->out)));
}

static struct segment_header
piece_header(const struct golden *g)
{
	struct segment_header header = {
	    .kind = SEGMENT_PIECE,
	    .tenant = FIXTURE_TENANT,
	    .number = 3,
	    .generation = {.counter = 1},
	    .epoch = 2,
	};

	memcpy(header.claim, claim_bytes, sizeof(header.claim));
	memcpy(header.data_id, snap_bytes, sizeof(header.data_id));
	memcpy(header.previous, g->hashes[3], sizeof(header.previous));
	return header;
}

static void
add_snapshot(struct golden *g)
{
	struct segment_aside at = {.number = 3, .generation = {1, 2}};
	struct segment_data parts[2], list;
	struct op *op = &g->op;
	size_t i;

	for (i = 0; i < ARRAY_LEN(parts); i++) {
		CLEANUP(segment_writer_release) struct segment_writer w;
		struct segment_header header = piece_header(g);

		header.n_live = i == 0 ? 1 : 0;
		header.live = &g->data;
		ASSERT_OK(op, segment_begin(op, &w, &header, g->keys));
		if (i == 1)
			ASSERT_OK(op,
			    segment_add_record(op, &w, SEGMENT_ROWS,
				span_of(rows_bytes, sizeof(rows_bytes) - 1)));
		end_piece(g, &w, (uint32_t)i + 1, &parts[i]);
	}
	CLEANUP(segment_writer_release) struct segment_writer w;
	struct segment_header header = piece_header(g);

	memcpy(at.hash, g->hashes[3], sizeof(at.hash));
	header.n_parts = ARRAY_LEN(parts);
	header.parts = parts;
	header.n_at = 1;
	header.at = &at;
	header.n_aside = ARRAY_LEN(golden_aside);
	header.aside = golden_aside;
	ASSERT_OK(op, segment_begin(op, &w, &header, g->keys));
	ASSERT_OK(op, segment_add_record(op, &w, SEGMENT_FACT,
			  span_of(fact_bytes, sizeof(fact_bytes) - 1)));
	end_piece(g, &w, 0, &list);
}

/* Numbers 1 to 3, which stand alone too. */
static void
add_pack(struct golden *g)
{
	CLEANUP(buf_release) struct buf out = {.limit = PACK_SIZE_MAX};
	struct pack_entry entries[3] = {{0}};
	const struct golden_file *files = &g->files[g->n - 6];
	struct pack_name pack;
	struct object_name name;
	struct op *op = &g->op;
	size_t i;

	for (i = 0; i < ARRAY_LEN(entries); i++) {
		entries[i].number = i + 1;
		entries[i].generation = (struct generation){1, i};
		memcpy(entries[i].hash, g->hashes[i + 1], OBJECT_HASH_SIZE);
		entries[i].size = files[i].bytes.size;
	}
	ASSERT_OK(op, pack_begin(op, FIXTURE_TENANT, entries, 3, &out));
	for (i = 0; i < ARRAY_LEN(entries); i++)
		ASSERT_OK(op, buf_add(op, &out, buf_span(&files[i].bytes)));
	ASSERT_OK(op, pack_end(op, entries, 3, &out, &pack));
	object_pack(&name, FIXTURE_TENANT, &pack);
	ASSERT_OK(op, buf_add(op, golden_add(g, &name), buf_span(&out)));
}

static void
golden_make(struct golden *g)
{
	memset(g, 0, sizeof(*g));
	op_init(&g->op);
	fixture_rand_seed(20261123);
	add_keys(g);
	add_identity(g);
	add_data(g);
	add_opening(g);
	add_full(g);
	add_changes(g);
	add_snapshot(g);
	add_pack(g);
}

static void
golden_release(struct golden *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		buf_release(&g->files[i].bytes);
	keyring_free(g->keys);
	keystore_free(g->store);
	op_release(&g->op);
}

/* The path of a file's folder below golden/. */
static void
golden_folder(const struct golden_file *file, char out[64])
{
	if (strcmp(file->name.file, "master.key") == 0)
		(void)snprintf(out, 64, "keys");
	else if (file->name.folder[0] == '\0')
		(void)snprintf(out, 64, "site");
	else
		(void)snprintf(out, 64, "site/%s", file->name.folder);
}

int
fixture_golden_write(const char *dir)
{
	CLEANUP(io_close) int root = -1;
	struct golden g;
	size_t i;

	golden_make(&g);
	ASSERT_OK(&g.op, io_open_root(&g.op, dir, &root));
	for (i = 0; i < g.n; i++) {
		CLEANUP(io_close) int fd = -1;
		char folder[64];

		golden_folder(&g.files[i], folder);
		ASSERT_OK(&g.op, io_open_dir(&g.op, root, folder, true, &fd));
		ASSERT_OK(&g.op, io_write_file(&g.op, fd, g.files[i].name.file,
				     buf_span(&g.files[i].bytes), 0644));
		(void)printf("%s/%s\n", folder, g.files[i].name.file);
	}
	golden_release(&g);
	return 0;
}

/* ---- reading ---- */

static void
golden_read(
    struct op *op, const char *folder, const char *file, struct buf *out)
{
	CLEANUP(io_close) int root = -1;
	CLEANUP(io_close) int fd = -1;

	buf_init(out, SEGMENT_DATA_MAX);
	ASSERT_OK(op, io_open_root(op, GOLDEN_DIR, &root));
	ASSERT_OK(op, io_open_dir(op, root, folder, false, &fd));
	ASSERT_OK(op, io_read_file(op, fd, file, out));
}

/* The keyring as a reader finds it: by master.key and the site's object. */
static struct keyring *
golden_keys(struct op *op)
{
	CLEANUP(buf_release) struct buf master = {0};
	CLEANUP(buf_release) struct buf object = {0};
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	const struct keystore_site *site;
	struct keyring *keys;

	golden_read(op, "keys", "master.key", &master);
	ASSERT_OK(
	    op, keystore_read(op, buf_span(&master), span_of(NULL, 0), &store));
	site = keystore_find(store, site_bytes);
	assert_non_null(site);
	golden_read(op, "site/keys/0000000000000007",
	    "0000000000000001.0000000000000001.00000000." GOLDEN_KEY_HASH8,
	    &object);
	ASSERT_OK(op, keyring_open(op, buf_span(&object), FIXTURE_TENANT,
			  store->service, site, &keys));
	return keys;
}

static void
check_sections(const struct segment_header *header)
{
	assert_int_equal(header->n_adds, 1);
	assert_memory_equal(header->adds[0].id, data_bytes, OBJECT_ID_SIZE);
	assert_int_equal(header->adds[0].size, 65835);
	assert_int_equal(header->n_live, 1);
	assert_memory_equal(
	    header->live, header->adds, sizeof(header->live[0]));
	assert_int_equal(header->n_drops, 2);
	assert_memory_equal(header->drops, golden_drops, sizeof(golden_drops));
	assert_int_equal(header->n_aside, 1);
	assert_memory_equal(header->aside, golden_aside, sizeof(golden_aside));
	assert_int_equal(header->n_losses, 2);
	assert_memory_equal(
	    header->losses, golden_losses, sizeof(golden_losses));
}

static void
check_record(struct op *op, const struct segment *segment, size_t i,
    enum segment_item_type type, struct span expected,
    const struct keyring *keys)
{
	CLEANUP(buf_release) struct buf out = {0};

	buf_init(&out, 1 << 20);
	assert_int_equal(segment->items[i].type, type);
	assert_int_equal(segment->items[i].plain_size, expected.size);
	ASSERT_OK(op, segment_open_record(op, segment, i, keys, &out));
	assert_true(span_equal(buf_span(&out), expected));
}

static void
check_chunk(struct op *op, const struct segment *segment, size_t i, size_t size,
    unsigned seed, uint8_t key_byte)
{
	const struct segment_item *item = &segment->items[i];
	static uint8_t expected[65546], text[65546];
	uint8_t key[AEAD_KEY_SIZE];

	memset(key, key_byte, sizeof(key));
	fixture_text(expected, size, seed);
	assert_int_equal(item->type, SEGMENT_CHUNK);
	assert_int_equal(item->plain_size, size);
	ASSERT_OK(
	    op, aead_open(op, span_of(key, sizeof(key)), segment_chunk_ad(),
		    span_of(segment->bytes.data + item->offset,
			aead_sealed_size(size)),
		    text, size));
	assert_memory_equal(text, expected, size);
}

void
golden_numbered_segment_reads_field_by_field(void **state)
{
	CLEANUP(keyring_free_ptr) struct keyring *keys = NULL;
	CLEANUP(buf_release) struct buf bytes = {0};
	uint8_t migration[36], hash[OBJECT_HASH_SIZE];
	const struct segment_header *header;
	struct segment segment;
	struct op op;

	(void)state;
	op_init(&op);
	keys = golden_keys(&op);
	golden_migration(migration);
	golden_read(&op, "site/log/0000000000000007",
	    "0000000000000002.0000000000000001.00000001." GOLDEN_LOG_HASH8,
	    &bytes);
	ASSERT_OK(&op, segment_parse(&op, buf_span(&bytes), &segment));
	header = &segment.header;
	assert_int_equal(header->kind, SEGMENT_NUMBERED);
	assert_int_equal(header->role, SEGMENT_SNAPSHOT);
	assert_int_equal(header->tenant, 7);
	assert_int_equal(header->number, 2);
	assert_int_equal(header->generation.counter, 1);
	assert_int_equal(header->generation.attempt, 1);
	assert_int_equal(header->epoch, 1);
	assert_memory_equal(header->claim, claim_bytes, OBJECT_ID_SIZE);
	memset(hash, 0, sizeof(hash));
	assert_memory_equal(header->data_id, hash, OBJECT_ID_SIZE);
	assert_memory_not_equal(header->previous, hash, OBJECT_HASH_SIZE);
	check_sections(header);
	ASSERT_OK(&op, segment_check_index(&op, &segment, keys));
	assert_int_equal(segment.n_items, 4);
	check_record(&op, &segment, 0, SEGMENT_CHANGESET,
	    span_of(fixture_changeset_1, sizeof(fixture_changeset_1)), keys);
	check_chunk(&op, &segment, 1, 100, 9, 0xcc);
	check_record(&op, &segment, 2, SEGMENT_MIGRATION,
	    span_of(migration, sizeof(migration)), keys);
	check_record(&op, &segment, 3, SEGMENT_FACT,
	    span_of(fact_bytes, sizeof(fact_bytes) - 1), keys);
	ASSERT_OK(&op, str_unhex(&op, GOLDEN_LOG_HASH, hash, sizeof(hash)));
	assert_memory_equal(segment.hash, hash, sizeof(hash));
	op_release(&op);
}

void
golden_data_segment_reads_field_by_field(void **state)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	uint8_t hash[OBJECT_HASH_SIZE];
	struct segment segment;
	struct op op;
	size_t i;

	(void)state;
	op_init(&op);
	golden_read(&op, "site/data/0000000000000007",
	    "676f6c64656e20646174612030303100", &bytes);
	ASSERT_OK(&op, segment_parse(&op, buf_span(&bytes), &segment));
	assert_int_equal(segment.header.kind, SEGMENT_DATA);
	assert_int_equal(segment.header.role, 0);
	assert_int_equal(segment.header.tenant, 7);
	assert_int_equal(segment.header.generation.counter, 1);
	assert_int_equal(segment.header.generation.attempt, 2);
	assert_memory_equal(segment.header.claim, claim_bytes, OBJECT_ID_SIZE);
	assert_memory_equal(segment.header.data_id, data_bytes, OBJECT_ID_SIZE);
	assert_int_equal(segment.n_items, ARRAY_LEN(chunk_sizes));
	for (i = 0; i < ARRAY_LEN(chunk_sizes); i++)
		check_chunk(&op, &segment, i, chunk_sizes[i], (unsigned)i,
		    (uint8_t)(0xc0 + i));
	ASSERT_OK(&op, str_unhex(&op, GOLDEN_DATA_HASH, hash, sizeof(hash)));
	assert_memory_equal(segment.hash, hash, sizeof(hash));
	op_release(&op);
}

static void
piece_read(struct op *op, const struct keyring *keys, const char *part,
    struct buf *bytes, struct segment *ret_segment)
{
	char file[64];

	(void)snprintf(
	    file, sizeof(file), "676f6c64656e20736e61702030303100.%s", part);
	golden_read(op, "site/snap/0000000000000007", file, bytes);
	ASSERT_OK(op, segment_parse(op, buf_span(bytes), ret_segment));
	ASSERT_OK(op, segment_check_index(op, ret_segment, keys));
	assert_int_equal(ret_segment->header.kind, SEGMENT_PIECE);
	assert_int_equal(ret_segment->header.number, 3);
	assert_int_equal(ret_segment->header.epoch, 2);
	assert_memory_equal(
	    ret_segment->header.data_id, snap_bytes, OBJECT_ID_SIZE);
}

void
golden_snapshot_reads_field_by_field(void **state)
{
	CLEANUP(keyring_free_ptr) struct keyring *keys = NULL;
	CLEANUP(buf_release) struct buf list_bytes = {0};
	CLEANUP(buf_release) struct buf live_bytes = {0};
	CLEANUP(buf_release) struct buf rows_bytes_read = {0};
	struct segment list, live, rows;
	uint8_t hash[OBJECT_HASH_SIZE];
	struct op op;

	(void)state;
	op_init(&op);
	keys = golden_keys(&op);
	piece_read(&op, keys, "00000000", &list_bytes, &list);
	piece_read(&op, keys, "00000001", &live_bytes, &live);
	piece_read(&op, keys, "00000002", &rows_bytes_read, &rows);
	assert_int_equal(list.header.n_parts, 2);
	assert_memory_equal(
	    list.header.parts[0].hash, live.hash, OBJECT_HASH_SIZE);
	assert_memory_equal(
	    list.header.parts[1].hash, rows.hash, OBJECT_HASH_SIZE);
	assert_int_equal(list.header.parts[1].size, rows_bytes_read.size);
	assert_int_equal(list.header.n_at, 1);
	assert_int_equal(list.header.at->number, 3);
	assert_int_equal(list.header.at->generation.attempt, 2);
	assert_memory_equal(
	    list.header.at->hash, list.header.previous, OBJECT_HASH_SIZE);
	assert_int_equal(list.header.n_aside, 1);
	check_record(&op, &list, 0, SEGMENT_FACT,
	    span_of(fact_bytes, sizeof(fact_bytes) - 1), keys);
	assert_int_equal(live.n_items, 0);
	assert_int_equal(live.header.n_live, 1);
	assert_memory_equal(live.header.live->id, data_bytes, OBJECT_ID_SIZE);
	check_record(&op, &rows, 0, SEGMENT_ROWS,
	    span_of(rows_bytes, sizeof(rows_bytes) - 1), keys);
	ASSERT_OK(&op, str_unhex(&op, GOLDEN_LIST_HASH, hash, sizeof(hash)));
	assert_memory_equal(list.hash, hash, sizeof(hash));
	op_release(&op);
}

void
golden_pack_reads_field_by_field(void **state)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	CLEANUP(buf_release) struct buf number = {0};
	struct pack pack;
	struct op op;

	(void)state;
	op_init(&op);
	golden_read(&op, "site/log/0000000000000007", GOLDEN_PACK, &bytes);
	ASSERT_OK(&op, pack_parse(&op, buf_span(&bytes), &pack));
	assert_int_equal(pack.tenant, FIXTURE_TENANT);
	assert_int_equal(pack.n, 3);
	assert_int_equal(pack.name.first, 1);
	assert_int_equal(pack.name.last, 3);
	assert_int_equal(pack.entries[1].generation.attempt, 1);
	golden_read(&op, "site/log/0000000000000007",
	    "0000000000000002.0000000000000001.00000001." GOLDEN_LOG_HASH8,
	    &number);
	assert_true(span_equal(
	    buf_span(&number), span_of(bytes.data + pack.entries[1].offset,
				   (size_t)pack.entries[1].size)));
	op_release(&op);
}

void
golden_site_id_and_fence_read_field_by_field(void **state)
{
	CLEANUP(buf_release) struct buf site, fence;
	struct fence_object claim;
	struct site_id id;
	struct op op;

	(void)state;
	op_init(&op);
	golden_read(&op, "site", "site.id", &site);
	ASSERT_OK(&op, site_id_read(&op, buf_span(&site), &id));
	assert_memory_equal(id.id, site_bytes, OBJECT_ID_SIZE);
	assert_string_equal(id.name, "tokyo");
	golden_read(&op, "site/fence", "0000000000000001", &fence);
	ASSERT_OK(&op, fence_object_read(&op, buf_span(&fence), &claim));
	assert_int_equal(claim.counter, 1);
	assert_memory_equal(claim.claim, claim_bytes, OBJECT_ID_SIZE);
	assert_true(claim.wall == 1795456800123456789);
	assert_string_equal(claim.host, "golden.example");
	assert_int_equal(claim.n_registers, 2);
	assert_int_equal(claim.registers[1].version, 2);
	assert_int_equal(claim.registers[1].m, 1);
	assert_int_equal(claim.registers[1].n, 2);
	assert_int_equal(claim.registers[1].ids[1][15], 0x55);
	op_release(&op);
}

/* A change of any writer's bytes is a change of the format: this fails, and
 * then a format 2 is due. */
void
golden_files_are_made_again_byte_for_byte(void **state)
{
	struct golden g;
	size_t i;

	(void)state;
	golden_make(&g);
	for (i = 0; i < g.n; i++) {
		CLEANUP(buf_release) struct buf kept = {0};
		char folder[64];

		golden_folder(&g.files[i], folder);
		golden_read(&g.op, folder, g.files[i].name.file, &kept);
		assert_true(
		    span_equal(buf_span(&kept), buf_span(&g.files[i].bytes)));
	}
	golden_release(&g);
}

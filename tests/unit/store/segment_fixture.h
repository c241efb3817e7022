/* segment_fixture.h - what the tests of segments share: a seeded RNG in the
 * place of rand.c, keys, a sink in memory. */
#ifndef DOZO_TESTS_SEGMENT_FIXTURE_H
#define DOZO_TESTS_SEGMENT_FIXTURE_H

#include "lib/test.h"
#include "segment_sums.h"
#include "store/segment.h"

enum { FIXTURE_TENANT = 7 };

/* rand_bytes goes on from a seed. */
void fixture_rand_seed(uint64_t seed);

/* rand_bytes gives the same bytes at every call, as a broken machine would. */
void fixture_rand_repeat(void);

/* A random keyring of the tenant, from the seeded RNG; epochs 1 and 2. */
struct keyring *fixture_keyring(struct op *op, uint64_t tenant);

/* A numbered segment's header without sections. */
struct segment_header fixture_numbered(uint64_t number, enum segment_role role);
struct segment_header fixture_data(void);

/* size bytes that differ by seed. */
void fixture_text(uint8_t *out, size_t size, unsigned seed);

/* Seals a chunk under a key of 32 bytes key_byte. */
void fixture_chunk(
    struct op *op, struct buf *out, struct span plain, uint8_t key_byte);

/* Writes a chunk into a data segment, frame by frame. */
enum rc fixture_data_chunk(
    struct op *op, struct data_writer *w, struct span plain, uint8_t key_byte);

/* Takes what a data writer hands over; fails once fail_at bytes came, if not 0.
 */
struct fixture_sink {
	struct segment_sink base;
	struct buf out;
	size_t fail_at;
};
void fixture_sink_init(struct fixture_sink *sink);

/* Two changesets that SQLite's session extension made. */
extern const uint8_t fixture_changeset_1[181];
extern const uint8_t fixture_changeset_2[146];

/* ---- test_segment_golden.c ---- */

int fixture_golden_write(const char *dir);
void golden_numbered_segment_reads_field_by_field(void **state);
void golden_data_segment_reads_field_by_field(void **state);
void golden_snapshot_reads_field_by_field(void **state);
void golden_pack_reads_field_by_field(void **state);
void golden_site_id_and_fence_read_field_by_field(void **state);
void golden_files_are_made_again_byte_for_byte(void **state);

#endif

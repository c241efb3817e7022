"""Numbered segments and data segments (8)."""
from collections import namedtuple

import xxhash

from .seals import (TAG, Cursor, Damaged, format_check, frames_of, frames_open, hkdf, need,
                    sealed_size, sha256)

NUMBERED_MAX, DATA_MAX, CHUNK_MAX = 2 << 20, 20 << 20, 4 << 20
SECTIONS = {1: "adds", 2: "drops", 3: "aside", 4: "losses", 5: "live"}
CHUNK, CHANGESET, MIGRATION, FACT, INDEX = 1, 2, 3, 4, 255
OPENING = 2  # of roles 1 to 4

Header = namedtuple("Header", "kind role size epoch tenant number counter attempt claim "
                    "data_id previous sections")
Item = namedtuple("Item", "type plain_size offset record salt commitment")
Segment = namedtuple("Segment", "data header header_hash items directory index hash")
Data = namedtuple("Data", "id hash size")
Number = namedtuple("Number", "number counter attempt hash")


def section_read(c, last):
    kind = c.uint(2)
    c.zeros(2)
    n = c.uint(4)
    need(kind in SECTIONS and kind > last, "sections")
    need(1 <= n <= 65536 and 56 * n <= len(c.data) - c.at, "entries")
    if SECTIONS[kind] in ("aside", "losses"):
        return kind, [Number(*c.uints(8, 8, 8), c.take(32)) for _ in range(n)]
    return kind, [Data(c.take(16), c.take(32), c.uint(8)) for _ in range(n)]


def header_read(data, kind):
    """(8.1)"""
    c = Cursor(data)
    c.take(8)
    format_check(c.uint(2))
    need(c.uint(2) == kind, "kind")
    role = c.uint(2)
    c.zeros(2)
    fields = c.uints(4, 4, 8, 8, 8, 8) + [c.take(16), c.take(16), c.take(32)]
    n, last, sections = c.uint(4), 0, {name: [] for name in SECTIONS.values()}
    need(124 <= fields[0] <= len(data), "header size")
    c.data = data[:fields[0]]
    need(n <= 5, "number of sections")
    for _ in range(n):
        last, entries = section_read(c, last)
        sections[SECTIONS[last]] = entries
    c.end()
    header = Header(kind, role, *fields, sections)
    need(header.attempt < 1 << 32, "attempt")
    if kind == 2:
        need(not (role or header.number or header.epoch or n or any(header.previous)) and
             any(header.data_id), "header")
    else:
        need(1 <= role <= 4 and header.number and header.epoch and not any(header.data_id),
             "header")
        need(header.number > 1 or not any(header.previous), "previous")
    return header


def items_read(directory, offset, end, kind):
    """(8.3)"""
    c, items, records = Cursor(directory), [], 0
    while c.more():
        item, size, number, salt, commitment = c.uint(4), c.uint(4), 0, b"", b""
        if item != CHUNK:
            need(kind == 1 and item in (CHANGESET, MIGRATION, FACT), "type")
            salt, commitment, number = c.take(32), c.take(32), records
            records += 1
        need(item != CHUNK or size <= CHUNK_MAX, "a chunk too large")
        items.append(Item(item, size, offset, number, salt, commitment))
        offset += sealed_size(size)
        need(offset <= end and len(items) <= 4096, "items")
    need(offset == end, "items do not fill the body")
    return items, records


def sealed_of(data, item):
    return data[item.offset:item.offset + sealed_size(item.plain_size)]


def segment_read(data):
    """Structure, checksum and hash; no key needed (8.5, 8.6)."""
    kind = {b"dozo-log": 1, b"dozo-dat": 2}.get(data[:8], 0)
    need(kind != 0, "no segment")
    need(196 <= len(data) <= (NUMBERED_MAX if kind == 1 else DATA_MAX), "size")
    need(xxhash.xxh3_128_digest(data[:-48]) == data[-48:-32], "checksum")
    header = header_read(data[:-72], kind)
    c, end = Cursor(data[-72:-48]), len(data) - 72
    need(c.take(8) == b"dozo-end", "trailer")
    directory, index = c.uints(8, 8)
    need(index == (end - 120 if kind == 1 else 0), "index position")
    stop = index or end
    need(header.size <= directory <= stop, "directory position")
    items, records = items_read(data[directory:stop], header.size, directory, kind)
    if kind == 1:
        need(not items if header.role == OPENING else records, "role")
    tags = [frame[-TAG:] for item in items for frame in frames_of(sealed_of(data, item))]
    digest = sha256(data[:header.size], *tags, data[directory:end])
    need(digest == data[-32:], "hash")
    return Segment(data, header, sha256(data[:header.size]), items, data[directory:stop],
                   data[stop:end], digest)


def sealed_record_open(segment, ring, kind, number, salt, commitment, sealed):
    """(8.4)"""
    header = segment.header
    need(header.tenant == ring.tenant, "another tenant's")
    need(header.epoch in ring.epochs, "no key for epoch %d" % header.epoch)
    context = segment.header_hash + kind.to_bytes(4, "little") + number.to_bytes(4, "little")
    keys = hkdf(ring.epochs[header.epoch], salt, b"dozo record v1" + context, 64)
    need(keys[32:] == commitment, "commitment")
    return frames_open(keys[:32], context, sealed)


def record_open(segment, ring, item):
    return sealed_record_open(segment, ring, item.type, item.record, item.salt,
                              item.commitment, sealed_of(segment.data, item))


def index_check(segment, ring):
    index = segment.index
    c = Cursor(sealed_record_open(segment, ring, INDEX, 0xffffffff, index[:32], index[32:64],
                                  index[64:]))
    records = sum(item.type != CHUNK for item in segment.items)
    need(c.uints(4, 4) == [len(segment.items), records] and
         c.take(32) == sha256(segment.directory), "the sealed index tells otherwise")
    c.end()


def chain_of(segments):
    """The highest chain from number 1, and what is not on it (8.7)."""
    after, before, ends = {}, {}, []
    for segment in segments:
        after.setdefault(segment.header.previous, []).append(segment)
    open_ends = [s for s in after.get(bytes(32), []) if s.header.number == 1]
    while open_ends:
        last = open_ends.pop()
        following = [s for s in after.get(last.hash, [])
                     if s.header.number == last.header.number + 1]
        before.update((s.hash, last) for s in following)
        open_ends.extend(following)
        ends.extend([] if following else [last])
    chain = [max(ends, key=lambda s: (s.header.counter, s.header.attempt,
                                      s.header.number))] if ends else []
    while chain and chain[-1].hash in before:
        chain.append(before[chain[-1].hash])
    on_chain = {segment.hash for segment in chain}
    return chain[::-1], [s for s in segments if s.hash not in on_chain]

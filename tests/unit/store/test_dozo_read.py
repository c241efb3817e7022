#!/usr/bin/python3
"""tools/dozo-read over the golden site: the second reader of the format agrees with the first."""
import importlib.machinery
import importlib.util
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

import xxhash

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(HERE, "../../../tools/dozo-read")
GOLDEN = os.path.join(HERE, "golden")
TENANT = "0000000000000007"
SCHEMA = "node: *id parent name weight note\npair: *a *b c"

loader = importlib.machinery.SourceFileLoader("dozo_read", TOOL)
spec = importlib.util.spec_from_loader("dozo_read", loader)
dozo = importlib.util.module_from_spec(spec)
loader.exec_module(dozo)

def golden(name):
    with open(os.path.join(GOLDEN, name), "rb") as file:
        return file.read()


def objects(folder, packs=False):
    """Names below golden/site/folder, sorted: without packs, or packs only."""
    return sorted(os.path.join("site", folder, TENANT, name) for name in
                  os.listdir(os.path.join(GOLDEN, "site", folder, TENANT))
                  if name.startswith("pack.") == packs)


def run(*arguments):
    done = subprocess.run(["/usr/bin/python3", TOOL, *arguments],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def read_log(path):
    """The golden tenant: its rows are of no schema that dozo has."""
    tenant = dozo.Tenant(dozo.Site(path, golden("keys/master.key")), 7)
    tenant.rows.schema(SCHEMA)
    return tenant


def changesets(tenant):
    return [dozo.changeset_read(plain) for found in tenant.chain
            for kind, plain in tenant.records(found) if kind == dozo.CHANGESET]


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="dozo-test-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.site = os.path.join(self.dir, "site")
        self.key = os.path.join(GOLDEN, "keys/master.key")
        shutil.copytree(os.path.join(GOLDEN, "site"), self.site)
        keystore = dozo.keystore_read(golden("keys/master.key"))
        self.id = dozo.site_id_read(golden("site/site.id"))
        self.ring = dozo.keyring_open(golden(objects("keys")[0]), 7, self.id,
                                      keystore[1][self.id.id])

    def refuse_flips(self, data, read):
        """Each byte changed: damaged, or the reader is broken."""
        for i in range(len(data)):
            changed = bytearray(data)
            changed[i] ^= 1 << i % 8
            with self.assertRaises((dozo.Damaged, dozo.Newer),
                                   msg="byte %d" % i):
                read(bytes(changed))
        read(data)

    def open_all(self, data):
        segment = dozo.segment_read(data)
        dozo.index_check(segment, self.ring)
        for item in segment.items:
            if item.type == dozo.CHUNK:
                dozo.frames_open(
                    b"\xcc" * 32, b"dozo chunk v1",
                    segment.data[item.offset:item.offset +
                                 dozo.sealed_size(item.plain_size)])
        return [dozo.record_open(segment, self.ring, item)
                for item in segment.items if item.type != dozo.CHUNK]


class Golden(Case):
    def test_the_golden_site_is_read_without_a_fault(self):
        tenant = read_log(self.site)
        site = tenant.site
        self.assertEqual(site.id.name, "tokyo")
        self.assertEqual([(s.header.number, s.header.sections[1] != [])
                          for s in tenant.chain], [(1, False), (2, True), (3, False)])
        self.assertEqual(tenant.chain[-1].hash.hex()[:16], "8a3236cf5b401729")
        self.assertEqual(tenant.others, [])
        records = [kind for found in tenant.chain for kind, _ in tenant.records(found)]
        self.assertEqual(records, [dozo.CHANGESET, dozo.MIGRATION, dozo.FACT,
                                   dozo.CHANGESET])
        data = site.each("data/" + TENANT, tenant.data_read)
        self.assertEqual([d.size for d in data], [65835])
        self.assertEqual(tenant.chain[1].header.sections[1], data)
        self.assertEqual((len(site.fences()), site.faults), (1, 0))

    def test_a_schema_of_somebody_else_stops_the_reader(self):
        code, out = run("verify", self.site, self.key)
        self.assertEqual(code, 1)
        self.assertIn("tenant 0000000000000007: ", out)

    def test_the_fields_are_those_that_were_written(self):
        segment = dozo.segment_read(golden(objects("log")[1]))
        header = segment.header
        self.assertEqual((header.role, header.number, header.counter,
                          header.attempt, header.epoch), (3, 2, 1, 1, 1))
        self.assertEqual(header.claim, b"golden claim 01\0")
        self.assertEqual(header.sections[2][1].size, 0x123456789a)
        self.assertEqual(header.sections[3][0][:3], (1, 9, 8))
        self.assertEqual([len(header.sections[i]) for i in (1, 4, 5)], [1, 2, 1])
        self.assertEqual([item.type for item in segment.items], [2, 1, 3, 4])
        self.assertEqual(self.open_all(segment.data)[2], b"a fact of core/")
        chunk = segment.items[1]
        plain = dozo.frames_open(
            b"\xcc" * 32, b"dozo chunk v1",
            segment.data[chunk.offset:chunk.offset + 116])
        self.assertEqual(plain, bytes(i * 7 + 9 & 255 for i in range(100)))
        fence = dozo.fence_read(golden("site/fence/0000000000000001"))
        self.assertEqual(fence.wall, 1795456800123456789)
        self.assertEqual(fence.registers[1][2][1], b"\x55" * 16)

    def test_the_pack_has_the_numbers_that_stand_alone_too(self):
        name, = objects("log", packs=True)
        _, entries, _ = dozo.pack_open(golden(name))
        self.assertEqual([entry[:3] for entry in entries],
                         [(1, 1, 0), (2, 1, 1), (3, 1, 2)])
        for entry, alone in zip(entries, objects("log")):
            self.assertEqual(golden(name)[entry[4]:entry[4] + entry[5]], golden(alone))
            os.remove(os.path.join(self.dir, alone))
        tenant = read_log(self.site)
        self.assertEqual([found.name for found in tenant.chain], [name[5:]] * 3)
        self.assertEqual(len(changesets(tenant)), 2)

    def test_the_snapshot_is_read_by_its_list(self):
        tenant = read_log(self.site)
        pieces = [dozo.segment_read(golden(name)) for name in objects("snap")]
        named = dozo.Data(pieces[0].header.data_id, pieces[0].hash, len(pieces[0].data))
        for number, piece in enumerate(pieces):
            part = [named, *pieces[0].header.sections[6]][number]
            self.assertEqual(tenant.piece(part, number).hash, piece.hash)
        self.assertEqual(pieces[0].header.sections[7],
                         [dozo.Number(3, 1, 2, tenant.chain[-1].hash)])
        self.assertEqual(pieces[1].header.sections[5],
                         tenant.chain[1].header.sections[1])
        self.assertEqual([self.open_all(piece.data) for piece in pieces],
                         [[b"a fact of core/"], [], [b"rows of a state"]])
        with self.assertRaises(dozo.Damaged):
            tenant.piece(named, 1)

    def test_the_chunks_of_the_data_segment_open(self):
        segment = dozo.segment_read(golden(objects("data")[0]))
        sizes = [item.plain_size for item in segment.items]
        self.assertEqual(sizes, [5, 65546, 0])
        for i, item in enumerate(segment.items):
            sealed = segment.data[item.offset:item.offset +
                                  dozo.sealed_size(item.plain_size)]
            plain = dozo.frames_open(bytes([0xc0 + i]) * 32, b"dozo chunk v1",
                                     sealed)
            self.assertEqual(plain, bytes((k * 7 + (k >> 8) + i) & 255
                                          for k in range(sizes[i])))


class Changed(Case):
    def test_each_flipped_byte_of_each_object_is_damage(self):
        self.refuse_flips(golden(objects("log", packs=True)[0]), dozo.pack_open)
        for name in objects("snap"):
            self.refuse_flips(golden(name), self.open_all)
        self.refuse_flips(golden("site/site.id"), dozo.site_id_read)
        self.refuse_flips(golden("site/fence/0000000000000001"),
                          dozo.fence_read)
        self.refuse_flips(golden("keys/master.key"), dozo.keystore_read)
        key = dozo.keystore_read(golden("keys/master.key"))[1][self.id.id]
        self.refuse_flips(
            golden(objects("keys")[0]),
            lambda data: dozo.keyring_open(data, 7, self.id, key))
        for name in objects("log") + objects("data"):
            self.refuse_flips(golden(name), dozo.segment_read)

    def test_each_flipped_byte_of_a_number_with_its_sums_made_anew(self):
        for name in objects("log"):
            data = golden(name)

            def read(changed):
                self.open_all(self.with_sums(changed))

            self.refuse_flips(data[:-48], lambda head, read=read, data=data:
                              read(head + data[-48:]))

    @staticmethod
    def with_sums(data):
        """Checksum right, and the hash if the items still can be told."""
        data = data[:-48] + xxhash.xxh3_128_digest(data[:-48]) + data[-32:]
        try:
            dozo.segment_read(data)
        except dozo.Newer:
            pass
        except dozo.Damaged as error:
            if str(error) == "hash":
                return Changed.with_hash(data)
        return data

    @staticmethod
    def with_hash(data):
        size = struct.unpack("<I", data[16:20])[0]
        directory, index = struct.unpack("<QQ", data[-64:-48])
        items = dozo.items_read(data[directory:index], size, directory, 1)
        tags = [frame[-16:] for item in items for frame in dozo.frames_of(
            data[item.offset:item.offset +
                 dozo.sealed_size(item.plain_size)])]
        return data[:-32] + dozo.sha256(data[:size], *tags,
                                        data[directory:-72])

    def test_a_dropped_last_record_is_caught_by_the_sealed_index(self):
        data = golden(objects("log")[1])
        last = dozo.segment_read(data).items[-1]
        directory, index = struct.unpack("<QQ", data[-64:-48])
        cut = data[:last.offset] + data[directory:index - 72] + data[index:]
        directory, index = last.offset, last.offset + index - 72 - directory
        cut = cut[:-64] + struct.pack("<QQ", directory, index) + cut[-48:]
        cut = self.with_sums(cut)
        self.assertEqual(len(dozo.segment_read(cut).items), 3)
        with self.assertRaisesRegex(dozo.Damaged, "sealed index"):
            self.open_all(cut)

    def test_zeros_that_are_none_are_damage(self):
        key = bytearray(golden("keys/master.key"))
        key[39] = 1
        key[-32:] = dozo.sha256(bytes(key[:-32]))
        with self.assertRaises(dozo.Damaged):
            dozo.keystore_read(bytes(key))

    def test_a_keystore_opens_by_its_passphrase_and_no_other(self):
        """The known files of crypto: one content, open and sealed; one site's key is rotated."""
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../crypto/golden")
        raw, sealed = (read_file(os.path.join(folder, name))
                       for name in ("keystore.v1", "keystore-sealed.v1"))
        service, keys = dozo.keystore_read(raw)
        self.assertEqual(sorted(len(found) for found in keys.values()), [1, 1, 2])
        self.assertEqual(dozo.keystore_read(sealed, b"a storehouse of earth walls"),
                         (service, keys))
        for wrong in (None, b"", b"a storehouse of earth wall"):
            with self.assertRaises(dozo.Damaged):
                dozo.keystore_read(sealed, wrong)
        for at, value in ((40, 1 << 20 | 1), (44, 11), (48, 9), (52, 1)):
            changed = bytearray(sealed[:-32])
            changed[at:at + 4] = value.to_bytes(4, "big")
            with self.assertRaises(dozo.Damaged):
                dozo.keystore_read(bytes(changed) + dozo.sha256(bytes(changed)),
                                   b"a storehouse of earth walls")

    def test_each_shorter_length_is_damage(self):
        for name in objects("log"):
            data = golden(name)
            for size in range(len(data)):
                with self.assertRaises(dozo.Damaged):
                    dozo.segment_read(data[:size])

    def test_a_flipped_byte_on_disk_is_a_fault_and_the_exit_is_1(self):
        for name in objects("log") + objects("data"):
            path = os.path.join(self.dir, name)
            data = bytearray(golden(name))
            data[len(data) // 2] ^= 4
            with open(path, "wb") as file:
                file.write(data)
            code, out = run("verify", self.site, self.key)
            self.assertEqual(code, 1)
            self.assertIn("DAMAGED " + name[5:], out)
            with open(path, "wb") as file:
                file.write(golden(name))

    def test_renamed_objects_are_faults(self):
        for name, other in (objects("log")[2], "0000000000000004."), (
                objects("data")[0], "0" * 32):
            path = os.path.join(self.dir, name)
            folder, file = os.path.split(path)
            os.rename(path, os.path.join(folder, other + file[len(other):]))
            code, out = run("verify", self.site, self.key)
            self.assertEqual(code, 1)
            self.assertIn("another's name", out)

    def test_another_keystore_reads_nothing(self):
        key = bytearray(golden("keys/master.key"))
        key[-72] ^= 1  # of the site's present key
        key[-32:] = dozo.sha256(bytes(key[:-32]))
        path = os.path.join(self.dir, "key")
        with open(path, "wb") as file:
            file.write(key)
        code, out = run("verify", self.site, path)
        self.assertEqual(code, 1)
        self.assertIn("does not open", out)
        key[16] ^= 1
        key[-32:] = dozo.sha256(bytes(key[:-32]))
        with open(path, "wb") as file:
            file.write(key)
        self.assertEqual(run("verify", self.site, path)[0], 2)

    def test_a_newer_format_stops_the_reader(self):
        data = bytearray(golden("site/site.id"))
        data[8] = 2
        data[-32:] = dozo.sha256(bytes(data[:-32]))
        with open(os.path.join(self.site, "site.id"), "wb") as file:
            file.write(data)
        code, out = run("list", self.site, self.key)
        self.assertEqual(code, 2)
        self.assertIn("format 2", out)


class Changesets(Case):
    def test_the_changes_of_the_chain_give_the_rows_that_sqlite_had(self):
        tenant = read_log(self.site)
        for change in sum(changesets(tenant), []):
            tenant.rows.apply(change)
        self.assertEqual([tuple(row) for row in tenant.rows.each("node")], [
            (1, 0, b"\0\xff\x10", 1.5, "first"),
            (2, 3000000000, None, -2.25, None),
            (4, 1, None, None, "土蔵")])
        self.assertEqual([tuple(row) for row in tenant.rows.each("pair")], [
            (7, "schlüssel", -9223372036854775807), (8, "b", None)])

    def test_what_does_not_fit_the_rows_is_a_conflict(self):
        def row_there(rows):
            rows["node"][3,] = [3, 9, None, None, None]

        def row_gone(rows):
            del rows["node"][2,]

        def row_changed(rows):
            rows["node"][2,][1] = 5

        tenant = read_log(self.site)
        first, second = changesets(tenant)
        for step, spoil in (0, row_there), (1, row_gone), (1, row_changed):
            tenant = read_log(self.site)
            for change in first[:step * len(first)]:
                tenant.rows.apply(change)
            spoil(tenant.rows.rows)
            with self.assertRaisesRegex(dozo.Damaged, "node: a conflict"):
                for change in (first, second)[step]:
                    tenant.rows.apply(change)

    def test_a_table_with_another_key_is_of_another_schema(self):
        tenant = read_log(self.site)
        change = changesets(tenant)[0][0]
        for key in [0, 1, 0, 0, 0], [1, 2, 0, 0, 0], [1, 0, 0, 0]:
            with self.assertRaisesRegex(dozo.Damaged, "another schema"):
                tenant.rows.apply(change._replace(key=key))

    def test_each_change_reads_back_field_by_field(self):
        first, second = changesets(read_log(self.site))
        self.assertEqual([c.kind for c in first], [dozo.INSERT] * 5)
        self.assertEqual([(c.table, c.kind) for c in second], [
            ("node", dozo.UPDATE), ("node", dozo.DELETE),
            ("node", dozo.INSERT), ("pair", dozo.UPDATE)])
        update, gap = second[0], dozo.UNDEFINED
        self.assertEqual(update.key, [1, 0, 0, 0, 0])
        self.assertEqual(update.old, [2, 1, gap, gap, gap])
        self.assertEqual(update.new, [gap, 3000000000, gap, gap, gap])

    def test_a_changeset_cut_short_is_damage_or_ends_between_two_rows(self):
        data = self.open_all(golden(objects("log")[1]))[0]
        whole = 0
        for size in range(len(data) + 1):
            try:
                dozo.changeset_read(data[:size])
                whole += 1
            except dozo.Damaged:
                pass
        # Nothing, each of two headers, each of five rows.
        self.assertEqual(whole, 8)

    def test_varints_of_every_length_are_read(self):
        for data, value in ((b"\x00", 0), (b"\x7f", 127), (b"\x81\x00", 128),
                            (b"\x82\x80\x01", 32769), (b"\xff" * 9, 2**64 - 1),
                            (b"\x80" * 8 + b"\x05", 5)):
            c = dozo.Cursor(data, "big")
            self.assertEqual(dozo.varint(c), value)
            c.end()


if __name__ == "__main__":
    unittest.main()

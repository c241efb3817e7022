#!/usr/bin/python3
"""tools/dozo-read over each site of a real service, alone: test_read_service.py MAKE_SERVICE."""
import contextlib
import functools
import hashlib
import importlib.machinery
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tempfile
import types
import unicodedata
import unittest

import xxhash

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(HERE, "../../tools/dozo-read")

loader = importlib.machinery.SourceFileLoader("dozo_read", TOOL)
spec = importlib.util.spec_from_loader("dozo_read", loader)
dozo = importlib.util.module_from_spec(spec)
loader.exec_module(dozo)

EVERY_FLIP = 16384  # up to this size by the object's own reader
SAMPLES = 100


def setUpModule():
    """One service for all tests; what make_service told, by its lines' first fields."""
    global made
    made = {}
    folder = tempfile.mkdtemp(prefix="dozo-test-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    told = subprocess.run([MAKE_SERVICE], stdout=subprocess.PIPE, text=True, check=True,
                          env=os.environ | {"TMPDIR": folder}, stderr=subprocess.PIPE)
    for line in told.stdout.splitlines():
        kind, *fields = line.split("\t")
        made.setdefault(kind, []).append(fields)
    made["key"] = made["path"][0][0] + "/master.key"
    made["sites"] = [site for site, in made["site"]]


def run(*arguments):
    done = subprocess.run(["/usr/bin/python3", TOOL, *arguments],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def read(path):
    with open(path, "rb") as file:
        return file.read()


def plain(name):
    return read(os.path.join(made["path"][0][0], name))


def objects(site):
    """Every object of a site, by its name."""
    return sorted(os.path.relpath(os.path.join(folder, name), site)
                  for folder, _, names in os.walk(site) for name in names)


class FlippedSite(dozo.Site):
    """A site one object of which has other bytes."""
    name, data = None, None

    def get(self, name):
        return self.data if name == self.name else cached(os.path.join(self.path, name))


@functools.lru_cache(maxsize=None)
def cached(path):
    return read(path)


def refused(site, name, data):
    """Whether a whole verify finds fault with a site that has these bytes."""
    FlippedSite.name, FlippedSite.data = name, data
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            opened = FlippedSite(site, read(made["key"]))
            dozo.verify(opened, types.SimpleNamespace(tenant=None))
        except (dozo.Damaged, dozo.Newer, UnicodeDecodeError):
            return True
    return opened.faults > 0


def flipped(data, i):
    changed = bytearray(data)
    changed[i] ^= 1 << i % 8
    return bytes(changed)


def sampled(size, n=SAMPLES):
    """Places all over."""
    return [size * (2 * i + 1) // (2 * n) for i in range(n)]


class Reading(unittest.TestCase):
    def test_each_site_alone_is_whole_and_has_the_rows_that_the_service_had(self):
        for site in made["sites"]:
            code, out, err = run("verify", site, made["key"])
            self.assertEqual((code, err), (0, ""), out)
            self.assertIn("\n0 faults\n", out)
            for tenant, state in made["state"]:
                self.assertRegex(out, "tenant %s .*\n  state %s," % (tenant, state))

    def listed(self, site):
        code, out, err = run("list", site, made["key"])
        self.assertEqual((code, err), (0, ""))
        return [line.split("\t") for line in out.splitlines()]

    def test_each_site_lists_every_file_version_and_thing_in_the_trash(self):
        for site in made["sites"]:
            found = []
            for kind, path, *rest in self.listed(site):
                if path.startswith("//trash/"):
                    kind, path = "trash" if kind == "file" else kind, path.split("/", 4)[4]
                if kind == "version":
                    path, _, number = path.rpartition("//")
                    self.assertGreater(int(number), 1000)
                if kind in ("file", "version", "trash"):
                    found.append((kind, path, *rest))
            expected = []
            for kind in ("file", "version", "trash"):
                for path, name, mtime in made[kind]:
                    data = plain(name)
                    expected.append((kind, path, str(len(data)), "2023-11-14T22:13:20.%09dZ" %
                                     (int(mtime) % 10**9), hashlib.sha256(data).hexdigest()))
            self.assertEqual(sorted(found), sorted(expected))

    def test_folders_and_two_personal_spaces_of_one_name_are_told_apart(self):
        folders = [path for kind, path, *_ in self.listed(made["sites"][0])
                   if kind == "folder" and not path.startswith("//trash")]
        self.assertEqual(folders, ["//personal/admin/My files", "//personal/hanako/My files",
                                   "/Company", "/Company/Folder"])

    def test_the_bytes_of_each_file_come_back_from_each_site(self):
        with tempfile.TemporaryDirectory(prefix="dozo-test-") as folder:
            for site in made["sites"]:
                by_digest = {hashlib.sha256(plain(name)).hexdigest(): name for kind in
                             ("file", "version", "trash") for _, name, _ in made[kind]}
                n = 0
                for kind, path, *rest in self.listed(site):
                    if kind not in ("file", "version"):
                        continue
                    out = os.path.join(folder, "out")
                    code, _, err = run("get", site, made["key"], path, out)
                    self.assertEqual((code, err), (0, ""), path)
                    self.assertEqual(read(out), plain(by_digest[rest[2]]), path)
                    self.assertEqual(os.listdir(folder), ["out"])
                    n += 1
                self.assertEqual(n, sum(len(made[kind]) for kind in
                                        ("file", "version", "trash")))

    def test_a_path_that_is_not_there_gives_no_file(self):
        out = os.path.join(made["path"][0][0], "out")
        code, _, err = run("get", made["sites"][0], made["key"], "/Company/none", out)
        self.assertEqual(code, 1)
        self.assertIn("0 files are called /Company/none", err)
        self.assertFalse(os.path.exists(out))

    def test_name_keys_are_those_of_the_folded_names(self):
        site = dozo.Site(made["sites"][0], read(made["key"]))
        tenant = dozo.Tenant(site, int(made["state"][1][0], 16)).read()
        key = dozo.hkdf(tenant.ring.root, tenant.id.to_bytes(8, "big"), b"dozo name", 32)
        n = 0
        for node in tenant.rows.each("node"):
            name = tenant.rows.open("node", "name", node.id, sealed=node.name).decode()
            fold = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
            fold = fold.encode()
            if node.parent <= 999:
                expected = bytes(8) + node.id.to_bytes(8, "big")
            else:
                expected = dozo.hmac.digest(key, dozo.pieces(
                    tenant.id, b"node", node.parent, len(fold)) + fold, "sha256")[:16]
                n += 1
            self.assertEqual(node.name_key, expected, name)
        self.assertGreater(n, 5)

    def test_the_rows_of_uploads_say_how_far_they_have_come(self):
        site = dozo.Site(made["sites"][0], read(made["key"]))
        tenant = dozo.Tenant(site, int(made["state"][1][0], 16)).read()
        rows, done = tenant.rows, 0
        for upload in rows.each("upload"):
            name, _, metadata = rows.open("upload", "name", upload.id,
                                          sealed=upload.name).partition(b"\0")
            self.assertEqual(metadata, b"parent MQ==,name MQ==")
            state = rows.open("upload", "sha256", upload.id, sealed=upload.sha256)
            if not state:
                self.assertEqual((upload.offset, upload.content, upload.sha1),
                                 (upload.size, 0, None))
                self.assertIn(upload.parent, [node.id for node in rows.each("node")])
                done += 1
                continue
            self.assertEqual([name.decode()], [made_as for made_as, _ in made["upload"]])
            data = plain(made["upload"][0][1])
            self.assertEqual(upload.offset, len(data))
            # Bytes hashed, then those of the unfinished block; the digest that is wanted.
            rest = data[len(data) // 64 * 64:]
            self.assertEqual(state[32:40], len(data).to_bytes(8, "big"))
            self.assertEqual(state[40:128], rest.ljust(88, b"\0"))
            self.assertEqual(state[128:], b"d" * 32)
            state = rows.open("upload", "sha1", upload.id, sealed=upload.sha1)
            self.assertEqual(state[20:28], len(data).to_bytes(8, "big"))
            self.assertEqual(state[28:], rest.ljust(100, b"\0"))
            chunks = [chunk.size for chunk in rows.each("chunk") if chunk.content == upload.content]
            self.assertEqual((len(chunks), sum(chunks)), (2, len(data)))
        self.assertEqual(done, 1)


class Flipping(unittest.TestCase):
    """Each test on the first site: the objects of all sites are of the same kinds."""

    def setUp(self):
        self.site = made["sites"][0]
        self.names = objects(self.site)
        self.opened = dozo.Site(self.site, read(made["key"]))

    def test_nothing_flipped_is_nothing_refused(self):
        for name in self.names:
            self.assertFalse(refused(self.site, name, read(os.path.join(self.site, name))))

    def test_every_kind_of_object_is_there(self):
        kinds = {name.split("/")[0] for name in self.names}
        self.assertEqual(kinds, {"site.id", "fence", "keys", "log", "data", "heads",
                                 "snap"})

    def own_reader(self, name):
        """What a flip in this object has to get past first."""
        kind, *rest = name.split("/")
        fields = rest[-1].split(".") if rest else []
        if kind == "site.id":
            return dozo.site_id_read
        if kind == "fence":
            return dozo.fence_read
        if kind == "heads":
            numbers = tuple(int(field, 16) for field in fields)
            return lambda data: dozo.heads_open(data, numbers, self.opened.id,
                                                self.opened.key)
        if kind == "keys":
            return lambda data: dozo.keyring_open(data, int(rest[0], 16), self.opened.id,
                                                  self.opened.key)
        return dozo.pack_open if fields[0] == "pack" else dozo.segment_read

    def test_a_flip_at_each_byte_of_each_object_that_is_not_large_is_refused(self):
        n = 0
        for name in self.names:
            data, reader = cached(os.path.join(self.site, name)), self.own_reader(name)
            reader(data)
            for i in range(len(data)) if len(data) <= EVERY_FLIP else sampled(len(data)):
                with self.assertRaises((dozo.Damaged, dozo.Newer), msg="%s %d" % (name, i)):
                    reader(flipped(data, i))
                n += 1
        self.assertGreater(n, 20000)

    def test_a_flip_in_any_object_of_the_site_fails_the_whole_verify(self):
        for name in self.names:
            data = cached(os.path.join(self.site, name))
            self.assertTrue(refused(self.site, name, flipped(data, len(data) // 3)), name)

    def test_a_flip_whose_checksum_was_made_anew_is_refused_by_what_seals_it(self):
        """Who can write to a site can make XXH3 and SHA-256 anew: only keys tell."""
        for name in self.names:
            data = cached(os.path.join(self.site, name))
            if name.split("/")[0] not in ("log", "data"):
                continue
            for i in sampled(len(data) - 48, 2 if name[0] == "l" else 4):
                changed = flipped(data[:-48], i)
                changed += xxhash.xxh3_128_digest(changed) + data[-32:]
                self.assertTrue(refused(self.site, name, changed), "%s %d" % (name, i))

    def test_a_flip_on_disk_is_told_with_its_name(self):
        with tempfile.TemporaryDirectory(prefix="dozo-test-") as folder:
            copy = os.path.join(folder, "site")
            shutil.copytree(self.site, copy)
            seen = set()
            for name in self.names:
                kind = name.split("/")[0]
                path = os.path.join(copy, name)
                if kind in seen:
                    continue
                seen.add(kind)
                os.chmod(path, 0o600)
                with open(path, "r+b") as file:
                    data = file.read()
                    file.seek(0)
                    file.write(flipped(data, len(data) // 2))
                code, _, err = run("verify", copy, made["key"])
                self.assertEqual(code, 2 if kind == "site.id" else 1, name)
                if kind != "site.id":
                    self.assertIn("DAMAGED " + name, err)
                with open(path, "wb") as file:
                    file.write(data)

    def test_a_get_over_damage_leaves_no_file(self):
        large = max(self.names, key=lambda name: len(cached(os.path.join(self.site, name))))
        with tempfile.TemporaryDirectory(prefix="dozo-test-") as folder:
            copy, out = os.path.join(folder, "site"), os.path.join(folder, "out")
            shutil.copytree(self.site, copy)
            path = os.path.join(copy, large)
            os.chmod(path, 0o600)
            data = read(path)
            with open(path, "wb") as file:
                file.write(flipped(data, len(data) // 2))
            code, _, err = run("get", copy, made["key"], "/Company/17M", out)
            self.assertEqual(code, 1)
            self.assertIn("a frame does not open", err)
            self.assertFalse(os.path.exists(out))

    def test_a_missing_object_is_told(self):
        with tempfile.TemporaryDirectory(prefix="dozo-test-") as folder:
            copy, away = os.path.join(folder, "site"), os.path.join(folder, "away")
            shutil.copytree(self.site, copy)
            logs = [name for name in self.names if name.startswith("log/")]
            data = [name for name in self.names if name.startswith("data/")]
            for name in logs[-1], logs[len(logs) // 2], logs[0], data[0]:
                os.rename(os.path.join(copy, name), away)
                code, _, err = run("verify", copy, made["key"])
                self.assertEqual(code, 1, name)
                self.assertIn("DAMAGED", err)
                os.rename(away, os.path.join(copy, name))


if __name__ == "__main__":
    MAKE_SERVICE = os.path.abspath(sys.argv.pop(1))
    unittest.main()

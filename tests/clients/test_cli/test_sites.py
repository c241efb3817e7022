#!/usr/bin/python3
"""check and rebuild: what is on the sites, and what comes back from one of them."""
import os
import shutil
import unittest

import cli
from cli import SITES, dozo

SECRET = "Tr0ub4dor-and-three-horses"
SPACE = "/dav/%E5%85%A8%E7%A4%BE%E5%85%B1%E6%9C%89/"  # 全社共有
USER = "ann@t:" + SECRET
BIG = os.urandom(3 << 20)


class Filled(cli.Case):
    """A service with a tenant and two files: one small, one in a data segment."""

    def setUp(self):
        super().setUp()
        self.d = self.made()
        self.ran("tenant", "add", self.d, "t", "--admin", "ann", "--password-stdin",
                 stdin=SECRET + "\n")
        self.tenant = self.ran("tenant", "list", self.d, "--json").json()[0]["id"]
        server = self.serve(self.d)
        self.put(server, "small", b"a small file")
        self.put(server, "big", BIG)
        self.assertEqual(self.ran("status", self.d, "--json").json()["tenants"][0]["files"], 2)
        self.assertEqual(server.end(), 0)

    def put(self, server, name, data, code=201):
        self.assertEqual(server.request("PUT", SPACE + name, data, USER)[0], code)

    def get(self, server, name):
        status, _, data = server.request("GET", SPACE + name, None, USER)
        return status, data

    def objects(self, site, kind):
        folder = f"{self.d}/sites/{site}/{kind}/{self.tenant}"
        return sorted(os.path.join(folder, name) for name in os.listdir(folder))

    def flip(self, path, at=-200):
        os.chmod(path, 0o600)
        with open(path, "r+b") as file:
            file.seek(at, 2 if at < 0 else 0)
            byte = file.read(1)
            file.seek(at, 2 if at < 0 else 0)
            file.write(bytes([byte[0] ^ 1]))


class Check(Filled):
    def check(self, *words, code=0):
        told = self.ran("check", self.d, *words, "--json", code=code).json()
        self.assertEqual(told["ok"], code == 0)
        return {(row["tenant"], row["site"]): row for row in told["sites"]}, told["problems"]

    def test_sites_that_have_everything_are_well(self):
        for served in (False, True):
            if served:
                self.serve(self.d)
            rows, problems = self.check()
            self.assertEqual((len(rows), problems), (6, []))
            rows, problems = self.check("--read-data", "--tenant", "t")
            self.assertEqual((len(rows), problems), (3, []))
            for site in SITES:
                self.assertEqual((rows["t", site]["data"], rows["t", site]["contents"]), (1, 2))
                self.assertGreater(rows["t", site]["numbers"], 3)
            self.assertIn("undamaged", self.ran("check", self.d).out)
            self.ran("check", self.d, "--tenant", "x", code=1)

    def test_a_flipped_bit_is_found_and_its_object_named(self):
        for kind in ("log", "data"):
            path = self.objects("b", kind)[-1]
            self.flip(path)
            rows, problems = self.check(code=1)
            self.assertEqual(rows["t", "b"]["damaged"], 1)
            self.assertEqual(rows["t", "a"]["damaged"] + rows["t", "c"]["damaged"], 0)
            self.assertEqual([p["site"] for p in problems], ["b"])
            self.flip(path)
        self.check("--read-data")

    def test_a_number_that_is_nobodys_is_told(self):
        name = os.path.basename(self.objects("b", "log")[-1])
        for odd in (name[:-1] + ("0" if name[-1] != "0" else "1"), "letter"):
            path = f"{self.d}/sites/b/log/{self.tenant}/{odd}"
            with open(path, "wb") as file:
                file.write(b"nothing of ours")
            rows, problems = self.check(code=1)
            self.assertEqual(rows["t", "b"]["strange"], 1)
            self.assertIn(odd, problems[0]["problem"])
            os.unlink(path)
        self.check()

    def test_what_only_opening_shows_is_shown_by_read_data(self):
        """Bytes whose checksums were made anew: only AEAD proves them."""
        import xxhash  # Debian's Python has it
        path = self.objects("c", "data")[0]
        with open(path, "rb") as file:
            data = bytearray(file.read())
        data[5000] ^= 1  # of a frame's ciphertext: no hash over tags sees it
        # The trailer: directory position (8), XXH3-128 of all bytes before it (16), SHA-256 (32).
        end = len(data) - 48
        with open(path, "rb") as file:
            good = file.read()
        way = 1 if xxhash.xxh3_128_digest(good[:end]) == good[end:end + 16] else -1
        self.assertEqual(xxhash.xxh3_128_digest(good[:end])[::way], good[end:end + 16])
        data[end:end + 16] = xxhash.xxh3_128_digest(bytes(data[:end]))[::way]
        os.chmod(path, 0o600)
        with open(path, "wb") as file:
            file.write(data)
        self.check()
        rows, problems = self.check("--read-data", code=1)
        self.assertEqual((rows["t", "c"]["damaged"], rows["t", "c"]["contents"]), (1, 1))
        self.assertIn("content", problems[0]["problem"])

    def test_what_is_missing_is_told_apart_from_damage(self):
        os.unlink(self.objects("c", "data")[0])
        rows, _ = self.check(code=3)
        self.assertEqual((rows["t", "c"]["missing"], rows["t", "c"]["damaged"]), (1, 0))
        os.rename(self.d + "/sites/a", self.path("a"))
        rows, _ = self.check(code=3)
        self.assertFalse(rows["t", "a"]["looked"])
        self.assertTrue(rows["t", "b"]["looked"])

    def test_checking_a_folder_that_is_not_served_changes_nothing(self):
        def listing():
            return {path: os.stat(path).st_mtime_ns for path in self.files_below(self.d)
                    if not path.endswith("/lock")}

        before = listing()
        self.check("--read-data")
        self.ran("status", self.d)
        self.ran("site", "status", self.d)
        self.ran("tenant", "list", self.d)
        self.assertEqual(listing(), before)


class Rebuild(Filled):
    def rebuild(self, site, into, code=0, key=None):
        return self.ran("rebuild", "--from-site", f"dir:{self.d}/sites/{site}", "--master-key",
                        key or self.d + "/keys/master.key", "--into", self.path(into), "--json",
                        code=code).json()

    def hashes(self, told):
        return {t["id"]: t["state_hash"] for t in told["tenants"]}

    def test_each_site_alone_gives_back_the_same_state_and_bytes(self):
        key = self.path("exported")
        self.ran("key", "export", self.d, key)
        told = {}
        for site in SITES:
            # Only that one site and the exported key exist.
            os.rename(f"{self.d}/sites/{site}", self.path("only"))
            os.rename(self.d, self.path("gone"))
            result = self.ran("rebuild", "--from-site", "dir:" + self.path("only"), "--master-key",
                              key, "--into", self.path("r"), "--json").json()
            self.assertTrue(result["complete"])
            told[site] = self.hashes(result)
            server = self.serve(self.path("r"))
            self.assertEqual(self.get(server, "small"), (200, b"a small file"))
            self.assertEqual(self.get(server, "big"), (200, BIG))
            self.assertEqual(server.request("GET", "/api/v1/health")[2].strip(),
                             b'{"status":"read-only"}')
            for method in ("PUT", "MKCOL", "DELETE", "MOVE", "COPY"):
                status, headers, body = server.request(method, SPACE + "small", None, USER)
                # For good: no client is told to try again.
                self.assertEqual((status, headers["Retry-After"]), (403, None))
                self.assertIn(b"read-only", body)
            for words in (["tenant", "add", self.path("r"), "u"],
                          ["member", "password", self.path("r"), "t", "ann", "--break-glass", "x"]):
                self.assertIn("takes no changes", self.ran(*words, code=1).err)
            self.assertIn("read_only", self.ran("status", self.path("r")).out)
            self.assertEqual(server.end(), 0)
            self.assertTrue(self.ran("check", self.path("r"), "--read-data", "--json").json()["ok"])
            shutil.rmtree(self.path("r"))
            os.rename(self.path("gone"), self.d)
            os.rename(self.path("only"), f"{self.d}/sites/{site}")
        self.assertEqual(told["a"], told["b"])
        self.assertEqual(told["a"], told["c"])
        self.assertEqual(len(told["a"]), 2)

    def test_a_rebuilt_tenant_has_the_state_hash_of_the_one_that_was(self):
        self.rebuild("b", "r")
        server = self.serve(self.d)
        before = self.ran("tenant", "state", self.d, "t", "--json").json()
        self.assertEqual(self.ran("tenant", "state", self.path("r"), "t", "--json").json(), before)
        self.assertRegex(before["state_hash"], "^[0-9a-f]{64}$")
        self.assertEqual(self.ran("tenant", "state", self.d, "t").out,
                         f"number      {before['number']}\nstate hash  {before['state_hash']}\n")
        self.put(server, "small", b"another", code=204)
        after = self.ran("tenant", "state", self.d, "t", "--json").json()
        self.assertGreater(after["number"], before["number"])
        self.assertNotEqual(after["state_hash"], before["state_hash"])
        self.ran("tenant", "state", self.d, "nobody", code=1)
        self.assertEqual(server.end(), 0)

    def test_rebuilding_writes_nothing_to_the_site_and_tells_no_names(self):
        def listing():
            return {path: os.stat(path).st_mtime_ns for path in self.files_below(self.d)}

        before = listing()
        out = self.ran("rebuild", "--from-site", f"dir:{self.d}/sites/a", "--master-key",
                       self.d + "/keys/master.key", "--into", self.path("r")).out
        self.assertEqual(listing(), before)
        self.assertIn("ends at", out)
        self.assertIn("0 missing", out)
        for name in ("small", "ann", "big"):
            self.assertNotIn(name, out)
        self.assertEqual(sorted(os.listdir(self.path("r"))),
                         ["db", "dozo.conf", "keys", "lock", "tls"])
        with open(self.path("r", "dozo.conf"), encoding="utf-8") as file:
            conf = file.read()
        self.assertEqual(conf.count("\nurl = "), 1)
        self.assertIn("\nread_only = yes\n", conf)

    def test_a_site_that_is_behind_is_told_by_number_and_served_only_on_demand(self):
        os.rename(self.d + "/sites/c", self.path("c"))
        server = self.serve(self.d)
        self.put(server, "later", b"while c was away")
        self.assertEqual(server.end(), 0)
        os.rename(self.path("c"), self.d + "/sites/c")
        server = self.serve(self.d)
        self.assertEqual(self.get(server, "later")[0], 200)  # the tenant is open
        self.await_true(lambda: dozo("check", self.d).code == 0)
        self.assertEqual(server.end(), 0)
        last = self.objects("c", "log")[-1]
        number = int(os.path.basename(last)[:16], 16)
        os.unlink(last)
        told = self.rebuild("c", "r", code=3)
        tenant = [t for t in told["tenants"] if t["id"] == self.tenant][0]
        self.assertEqual((tenant["number"], tenant["heads_number"], tenant["missing"]),
                         (number - 1, number, 1))
        self.assertFalse(told["complete"])
        self.assertIn("--accept-loss", self.ran("serve", self.path("r"), code=3).err)
        server = self.serve(self.path("r"), "--accept-loss")
        self.assertEqual(self.get(server, "small")[0], 200)

    def test_files_with_missing_pieces_are_named_by_their_numbers(self):
        os.unlink(self.objects("b", "data")[0])
        told = self.rebuild("b", "r", code=3)
        tenant = [t for t in told["tenants"] if t["id"] == self.tenant][0]
        self.assertEqual((tenant["data_missing"], tenant["files_missing"]), (1, 1))
        self.assertEqual(len(told["files"]), 1)
        self.assertGreater(told["files"][0]["node"], 1000)

    def test_what_does_not_belong_together_is_refused_and_nothing_is_made(self):
        e = self.made("e")
        key = self.d + "/keys/master.key"
        site = f"dir:{self.d}/sites/a"
        for words in (["--from-site", site, "--master-key", e + "/keys/master.key"],
                      ["--from-site", f"dir:{self.d}/nothing", "--master-key", key],
                      ["--from-site", site, "--master-key", self.path("nothing")],
                      ["--from-site", "s3:bucket", "--master-key", key]):
            self.ran("rebuild", *words, "--into", self.path("r"), code=1)
            self.assertFalse(os.path.exists(self.path("r")), words)
        self.assertIn("there is no file " + self.path("nothing"), self.ran(
            "rebuild", "--from-site", site, "--master-key", self.path("nothing"), "--into",
            self.path("r"), code=1).err)
        self.ran("rebuild", "--from-site", site, "--master-key", key, "--into", e, code=1)
        self.ran("status", e)

    def test_without_its_databases_the_service_is_as_before(self):
        before = self.hashes(self.rebuild("a", "r1"))
        shutil.rmtree(self.d + "/db")
        server = self.serve(self.d)
        self.assertEqual(self.get(server, "big"), (200, BIG))
        self.assertEqual(self.get(server, "small"), (200, b"a small file"))
        self.assertEqual(server.end(), 0)
        self.assertEqual(self.hashes(self.rebuild("a", "r2")), before)
        self.assertEqual(len(before), 2)


class Json(cli.Case):
    def test_all_that_print_print_valid_json(self):
        d = self.path("d")
        self.ran("init", d, "--json").json()
        self.ran("tenant", "add", d, "t", "--admin", "a", "--json").json()
        self.ran("member", "add", d, "t", "田中", "--json").json()
        for words in (["member", "password", d, "t", "田中"], ["member", "suspend", d, "t", "田中"],
                      ["member", "list", d, "t"], ["member", "app-password", d, "t", "a"],
                      ["member", "app-password", d, "t", "a", "--list"], ["tenant", "list", d],
                      ["site", "list", d], ["site", "status", d], ["status", d], ["check", d],
                      ["site", "set", d, "a", "--place", "東京\"都"],
                      ["trash", "list", d, "t"], ["key", "export", d, self.path("k")],
                      ["clock", "accept", d], ["version"],
                      ["rebuild", "--from-site", f"dir:{d}/sites/a", "--master-key",
                       self.path("k"), "--into", self.path("r")]):
            self.ran(*words, "--json").json()
        self.serve(d)
        for words in (["member", "list", d, "t"], ["status", d], ["check", d, "--read-data"],
                      ["clock", "accept", d], ["site", "list", d]):
            self.ran(*words, "--json").json()


if __name__ == "__main__":
    cli.main(__name__)

#!/usr/bin/python3
"""A real upload of 20 GiB: curl, TLS, two directory sites on disk (of a third there is no
need). Not among the tests that always run: ./dev large. It prints what it measured."""
import hashlib
import os
import shutil
import struct
import subprocess
import tempfile
import time

import cli

SECRET = "Tr0ub4dor-and-three-horses"
GIB = 1 << 30
SIZE = int(os.environ.get("DOZO_TEST_UPLOAD", 20 * GIB))
STEP = 1 << 20
MEMORY_MAX = 256 << 20  # of the server, at any time
PLACE = "/var/tmp"  # a disk, where /tmp may be memory


def source_make(path):
    """A file with holes: each step begins with its own number, so that no two are alike."""
    with open(path, "wb") as file:
        file.truncate(SIZE)
        for at in range(0, SIZE, STEP):
            file.seek(at)
            file.write(struct.pack("<Q", at + 1))


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(STEP):
            digest.update(block)
    return digest.hexdigest()


def memory_most(process):
    """The most memory that a process ever had, in bytes."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


class LargeUpload(cli.Case):
    def setUp(self):
        super().setUp()
        shutil.rmtree(self.box)
        self.box = tempfile.mkdtemp(prefix="dozo-large-", dir=PLACE)
        needed = 2 * SIZE + 4 * GIB
        self.assertGreater(shutil.disk_usage(self.box).free, needed, f"{PLACE} needs {needed} bytes")

    def curl(self, server, *words):
        begin = time.monotonic()
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--cacert", self.d + "/tls/ca.crt", "--user",
             f"ann@acme:{SECRET}", *words], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, time.monotonic() - begin

    def said(self, what, seconds, size=None):
        rate = f", {size / seconds / 1e6:,.0f} MB/s" if size else ""
        print(f"  {what}: {seconds:.2f} s{rate}", flush=True)

    def url(self, server, name):
        return f"https://localhost:{server.port}/dav/Company/{name}"

    def download(self, server, name, expected):
        begin = time.monotonic()
        get = subprocess.Popen(
            ["curl", "--silent", "--show-error", "--fail", "--cacert", self.d + "/tls/ca.crt",
             "--user", f"ann@acme:{SECRET}", self.url(server, name)], stdout=subprocess.PIPE)
        digest, size = hashlib.sha256(), 0
        while block := get.stdout.read(STEP):
            digest.update(block)
            size += len(block)
        get.stdout.close()
        self.assertEqual(get.wait(), 0)
        self.assertEqual(size, SIZE)
        self.assertEqual(digest.hexdigest(), expected)
        self.said("GET", time.monotonic() - begin, SIZE)

    def test_twenty_gib_come_back_byte_for_byte(self):
        sites = [f"{name}=dir:{self.path(name)}" for name in "ab"]
        self.d = self.made("d", "--site", sites[0], "--site", sites[1])
        self.ran("tenant", "add", self.d, "acme", "--lang", "en", "--admin", "ann", "--password-stdin",
                 stdin=SECRET + "\n")
        source = self.path("source")
        source_make(source)
        expected = sha256_of(source)
        server = self.serve(self.d)

        out, seconds = self.curl(server, "--upload-file", source, "--include", "--output", "-",
                                 "--header", f"OC-Checksum: SHA256:{expected}", self.url(server, "big"))
        self.assertIn("201 Created", out)
        self.assertIn("Dozo-Sites: a, b", out)
        self.said("PUT", seconds, SIZE)
        self.download(server, "big", expected)

        at = SIZE // 2 - 2
        with open(source, "rb") as file:
            file.seek(at)
            wanted = file.read(4).hex()
        out, _ = self.curl(server, "--range", f"{at}-{at + 3}", "--output", self.path("part"),
                           "--write-out", "%{http_code}", self.url(server, "big"))
        with open(self.path("part"), "rb") as file:
            self.assertEqual((out, file.read().hex()), ("206", wanted))

        # Rows, whatever the size.
        for method, name, to, status in (("COPY", "big", "copy", "201"), ("MOVE", "big", "moved", "201"),
                                         ("DELETE", "copy", None, "204")):
            more = ["--header", "Destination: " + self.url(server, to)] if to else []
            out, seconds = self.curl(server, "--request", method, *more, "--write-out", "%{http_code}",
                                     self.url(server, name))
            self.assertEqual(out, status)
            self.said(method, seconds)
        memory = memory_most(server.process)
        print(f"  most memory: {memory >> 20} MiB", flush=True)
        self.assertLess(memory, MEMORY_MAX)

        self.assertEqual(server.end(), 0)
        server = self.serve(self.d)
        self.download(server, "moved", expected)
        begin = time.monotonic()
        self.assertIn("undamaged", self.check(self.d))
        self.said("check --read-data", time.monotonic() - begin, 2 * SIZE)

    def check(self, d):
        done = subprocess.run([cli.DOZO, "check", d, "--read-data"], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout


if __name__ == "__main__":
    cli.main(__name__)

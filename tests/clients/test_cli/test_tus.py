#!/usr/bin/python3
"""Uploads that go on, with the program itself: tus-js-client under Node through lines that
break, kill -9 amid an upload, many uploads at once."""
import base64
import fcntl
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import unittest

import cli

SECRET = "Tr0ub4dor-and-three-horses"
USER = f"ann@acme:{SECRET}"
MIB = 1 << 20
HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT = os.path.join(HERE, "../tus")
MEMORY_MAX = 256 * MIB  # of the server, with all uploads at once
PARALLEL = 64


# ---- tus-js-client, as its lock file pins it ----

def client_folder():
    """A folder with the client and what it needs, installed once for each lock file."""
    with open(os.path.join(CLIENT, "package-lock.json"), "rb") as file:
        name = "tus-" + hashlib.sha256(file.read()).hexdigest()[:16]
    place = os.path.join(os.environ["DOZO_NPM"], name)
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, "lock"), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(place, "installed")):
            for file in ("package.json", "package-lock.json"):
                shutil.copy(os.path.join(CLIENT, file), place)
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                           cwd=place, check=True, stdout=subprocess.DEVNULL, timeout=500)
            with open(os.path.join(place, "installed"), "wb"):
                pass
        shutil.copy(os.path.join(CLIENT, "client.mjs"), place)
    return place


class Client:
    """One upload in a process of its own; what it says is read line by line."""

    def __init__(self, folder, ca, job):
        self.said = []
        self.process = subprocess.Popen(
            ["node", os.path.join(folder, "client.mjs"), json.dumps(job)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": ca})

    def until(self, holds):
        """Reads on until a line is as wanted; None where it ends before."""
        for line in self.process.stdout:
            self.said.append(json.loads(line))
            if holds(self.said[-1]):
                return self.said[-1]
        return None

    def end(self):
        """All that it said; its exit code."""
        self.until(lambda line: False)
        _, err = self.process.communicate(timeout=120)
        if err:
            print(err)
        return self.process.returncode

    def last(self, key):
        return [line for line in self.said if key in line][-1]


# ---- a line that breaks ----

class Line:
    """Passes connections on from a port of its own; cut() ends all of them."""

    def __init__(self):
        self.to = 0
        self.lock = threading.Lock()
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                one, _ = self.listener.accept()
                other = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                if self.listener.fileno() < 0:
                    return
                one.close()
                continue
            with self.lock:
                self.sockets += [one, other]
            for a, b in ((one, other), (other, one)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    @staticmethod
    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        with self.lock:
            for one in self.sockets:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                one.close()
            self.sockets = []

    def close(self):
        self.listener.close()
        self.cut()


class Uploads(cli.Case):
    def setUp(self):
        super().setUp()
        self.line = Line()
        self.d = self.made()
        self.ran("tenant", "add", self.d, "acme", "--lang", "en", "--admin", "ann",
                 "--password-stdin", stdin=SECRET + "\n")
        self.start()
        status, _, body = self.server.request("GET", "/api/v1/nodes?path=/Company", user=USER)
        self.assertEqual(status, 200, body)
        self.company = json.loads(body)["id"]

    def tearDown(self):
        self.line.close()
        super().tearDown()

    def start(self):
        self.server = self.serve(self.d)
        self.line.to = self.server.port

    def source(self, name, size, seed=1):
        with open(self.path(name), "wb") as file:
            file.write(random.Random(seed).randbytes(size))
        return self.path(name)

    def job(self, file, **more):
        options = {"metadata": {"parent": self.company, "name": os.path.basename(file)},
                   "retryDelays": [0, 100, 200, 500, 1000, 1000, 2000, 2000, 3000, 3000],
                   **more.pop("options", {})}
        return {"endpoint": f"https://localhost:{self.line.port}/uploads/", "file": file,
                "authorization": "Basic " + base64.b64encode(USER.encode()).decode(),
                "options": options, **more}

    def client(self, job):
        return Client(client_folder(), self.d + "/tls/ca.crt", job)

    def is_there(self, file, name=None):
        """The server gives back just these bytes."""
        with open(file, "rb") as source:
            wanted = hashlib.sha256(source.read()).hexdigest()
        status, headers, body = self.server.request(
            "GET", "/dav/Company/" + (name or os.path.basename(file)), user=USER)
        self.assertEqual(status, 200, body[:300])
        self.assertEqual(hashlib.sha256(body).hexdigest(), wanted)
        return headers

    def tus(self, method, path, body=None, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.server.request(method, path, body, user=USER,
                                   headers={"Tus-Resumable": "1.0.0", **names})

    def offset(self, path):
        status, headers, _ = self.tus("HEAD", path)
        self.assertEqual(status, 200)
        return int(headers["Upload-Offset"])

    def uploaded(self, file, **more):
        client = self.client(self.job(file, **more))
        self.assertEqual(client.end(), 0, client.said)
        self.assertIn("done", client.said[-1])
        return client


class Javascript(Uploads):
    def test_tus_js_client_uploads_in_every_way_that_it_has(self):
        client = self.uploaded(self.source("whole.bin", 3 * MIB + 1))
        last = client.last("status")
        self.assertEqual((last["method"], last["status"]), ("PATCH", 204))
        headers = self.is_there(self.path("whole.bin"))
        self.assertEqual(last["headers"]["ETag"], headers["ETag"])
        self.assertTrue(last["headers"]["Dozo-Node"])
        self.assertTrue(last["headers"]["Dozo-Commit"])
        self.assertTrue(last["headers"]["Dozo-Sites"])
        self.uploaded(self.source("pieces.bin", 3 * MIB + 5), options={"chunkSize": 700000})
        self.is_there(self.path("pieces.bin"))
        client = self.uploaded(self.source("first.bin", 2 * MIB),
                               options={"uploadDataDuringCreation": True})
        self.assertEqual([line["method"] for line in client.said if "method" in line], ["POST"])
        self.is_there(self.path("first.bin"))
        self.uploaded(self.source("stream.bin", 2 * MIB + 7), stream=True,
                      options={"uploadLengthDeferred": True, "chunkSize": MIB})
        self.is_there(self.path("stream.bin"))
        self.uploaded(self.source("none.bin", 0))
        self.is_there(self.path("none.bin"))
        self.uploaded(self.source("override.bin", MIB),
                      options={"overridePatchMethod": True, "chunkSize": 300000})
        self.is_there(self.path("override.bin"))

    def test_a_taken_name_is_an_error_that_it_does_not_try_again(self):
        file = self.source("taken.bin", 1000)
        self.uploaded(file)
        client = self.client(self.job(file))
        self.assertEqual(client.end(), 1)
        self.assertEqual(client.last("error")["status"], 412)
        self.assertEqual(len([line for line in client.said if "method" in line]), 1)
        job = self.job(file)
        job["options"]["metadata"]["if_exists"] = "rename"
        client = self.client(job)
        self.assertEqual(client.end(), 0)
        self.is_there(file, "taken%20(2).bin")

    def test_it_goes_on_by_itself_when_the_line_breaks(self):
        file = self.source("broken.bin", 60 * MIB)
        client = self.client(self.job(file))
        for at in (5, 20, 40):
            self.assertTrue(client.until(lambda line, at=at: line.get("sent", 0) >= at * MIB))
            self.line.cut()
        self.assertEqual(client.end(), 0, client.said[-3:])
        asked = [line["method"] for line in client.said if "method" in line]
        self.assertEqual(asked.count("POST"), 1)
        self.assertGreaterEqual(asked.count("HEAD"), 1)
        self.is_there(file)

    def test_it_goes_on_when_the_server_was_killed(self):
        file = self.source("killed.bin", 60 * MIB)
        client = self.client(self.job(file))
        self.assertTrue(client.until(lambda line: line.get("sent", 0) >= 40 * MIB))
        self.server.end(signal.SIGKILL)
        self.line.cut()
        self.start()
        self.assertEqual(client.end(), 0, client.said[-3:])
        # Not from its begin: two data segments at least had been acknowledged to the log.
        heads = [int(line["headers"]["Upload-Offset"]) for line in client.said
                 if line.get("method") == "HEAD" and line["status"] == 200]
        self.assertGreaterEqual(heads[-1], 16 * MIB)
        self.is_there(file)

    def test_it_goes_on_in_another_process_and_ends_what_it_gives_up(self):
        file = self.source("later.bin", 40 * MIB)
        store = self.path("store.json")
        job = self.job(file, store=store, stop_at=20 * MIB)
        client = self.client(job)
        self.assertEqual(client.end(), 0)
        self.assertIn("stopped", client.said[-1])
        del job["stop_at"]
        client = self.client(job)
        self.assertEqual(client.end(), 0)
        self.assertEqual(client.said[0], {"found": 1})
        self.assertNotIn("POST", [line.get("method") for line in client.said])
        self.is_there(file)
        file = self.source("never.bin", 40 * MIB)
        client = self.client(self.job(file, stop_at=10 * MIB, terminate=True))
        self.assertEqual(client.end(), 0)
        path = "/uploads/" + client.said[-1]["stopped"].rsplit("/", 1)[1]
        self.assertEqual(self.tus("HEAD", path)[0], 404)


class Killed(Uploads):
    def patch_begin(self, path, offset, total, data, more=""):
        """Sends the head and a part of a content, and leaves the connection open."""
        context = ssl.create_default_context(cafile=self.d + "/tls/ca.crt")
        tls = context.wrap_socket(socket.create_connection(("127.0.0.1", self.server.port)),
                                  server_hostname="localhost")
        auth = base64.b64encode(USER.encode()).decode()
        tls.sendall((f"PATCH {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {auth}\r\n"
                     f"Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"
                     f"Upload-Offset: {offset}\r\nContent-Length: {total}\r\n{more}\r\n").encode())
        tls.sendall(data)
        return tls

    def create(self, name, size):
        encoded = [base64.b64encode(text.encode()).decode() for text in (self.company, name)]
        status, headers, body = self.tus("POST", "/uploads/", Upload_Length=str(size),
                                         Upload_Metadata=f"parent {encoded[0]},name {encoded[1]}")
        self.assertEqual(status, 201, body)
        return headers["Location"]

    def patch(self, path, offset, data):
        status, headers, body = self.tus(
            "PATCH", path, data, Upload_Offset=str(offset),
            Content_Type="application/offset+octet-stream")
        self.assertEqual(status, 204, body)
        return headers

    def test_what_was_acknowledged_survives_kill_9_again_and_again(self):
        size = 70 * MIB + 11
        file = self.source("kill9.bin", size, seed=2)
        with open(file, "rb") as source:
            data = source.read()
        path = self.create("kill9.bin", size)
        dice = random.Random(int(os.environ.get("DOZO_TEST_SEED", "0")) or None)
        acknowledged = 0
        for _ in range(4):
            step = dice.choice([1, 1000, 65536, 65537, 3 * MIB])
            headers = self.patch(path, acknowledged, data[acknowledged:acknowledged + step])
            acknowledged = int(headers["Upload-Offset"])
            # Killed while more of it comes; where that has a checksum, none of it counts.
            checked = dice.random() < 0.5
            tls = self.patch_begin(path, acknowledged, size - acknowledged,
                                   data[acknowledged:acknowledged + dice.randrange(1, 25 * MIB)],
                                   f"Upload-Checksum: sha1 {'A' * 27}=\r\n" if checked else "")
            self.server.end(signal.SIGKILL)
            tls.close()
            if dice.random() < 0.5:
                shutil.rmtree(self.d + "/db")  # a cache: the sites have it all
                os.mkdir(self.d + "/db", 0o700)
            self.start()
            now = self.offset(path)
            self.assertGreaterEqual(now, acknowledged)
            if checked:
                self.assertEqual(now, acknowledged)
            acknowledged = now
        headers = self.patch(path, acknowledged, data[acknowledged:])
        self.assertIn("Dozo-Node", headers)
        self.is_there(file)
        self.assertEqual(self.server.end(), 0)
        self.assertIn("undamaged", self.ran("check", self.d, "--read-data").out)

    def test_many_uploads_at_once_need_little_memory(self):
        size = 3 * MIB
        data = random.Random(3).randbytes(size)
        self.server.end()
        # ASan keeps what was freed for a while: none of the server's own doing.
        os.environ["ASAN_OPTIONS"] = "quarantine_size_mb=1:thread_local_quarantine_size_kb=16"
        try:
            self.start()
        finally:
            del os.environ["ASAN_OPTIONS"]
        paths = [self.create(f"many{n}.bin", size) for n in range(PARALLEL)]
        lines = [self.patch_begin(path, 0, size, data[:size - 1]) for path in paths]
        # All of them are under way: another request for one is turned away.
        for path in paths:
            self.await_true(lambda path=path: self.tus(
                "PATCH", path, b"", Upload_Offset="0",
                Content_Type="application/offset+octet-stream")[0] == 423)
        for tls in lines:
            tls.sendall(data[size - 1:])
        for tls in lines:
            self.assertIn(b" 204 ", tls.recv(100))
            tls.close()
        memory = self.memory_most()
        print(f"  most memory with {PARALLEL} uploads: {memory >> 20} MiB", flush=True)
        self.assertLess(memory, MEMORY_MAX)
        for n in (0, PARALLEL - 1):
            status, _, body = self.server.request("GET", f"/dav/Company/many{n}.bin", user=USER)
            self.assertEqual((status, body == data), (200, True))

    def memory_most(self):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")


def load_tests(loader, _tests, _pattern):
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Javascript, Killed))


if __name__ == "__main__":
    with open(os.path.join(CLIENT, "package.json"), encoding="utf-8") as package:
        pinned = json.load(package)["dependencies"]["tus-js-client"]
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    print(f"tus-js-client {pinned}, Node {node.stdout.strip()}", flush=True)
    cli.main(__name__)

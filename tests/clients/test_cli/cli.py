"""cli.py - what the tests of the command line share: a sandbox, the program, a server."""
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import unittest

DOZO = os.environ.get("DOZO", "")
SITES = ("a", "b", "c")


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)


def dozo(*words, stdin="", **more):
    """Runs a command to its end."""
    return Result(subprocess.run([DOZO, *map(str, words)], input=stdin, text=True,
                                 capture_output=True, timeout=300, check=False, **more))


class Server:
    """dozo serve on a free port, its log in a file."""

    def __init__(self, folder, *words, log=None):
        self.folder = folder
        self.log = log or folder.rstrip("/") + ".log"
        with open(self.log, "ab") as err:
            self.process = subprocess.Popen(
                [DOZO, "serve", folder, "--listen", "localhost:0", *words],
                stdout=subprocess.PIPE, stderr=err, text=True)
        self.line = self.process.stdout.readline()
        self.port = int(self.line.rsplit(":", 1)[1]) if ":" in self.line else 0

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.wait()

    def wait(self):
        code = self.process.wait(timeout=120)
        self.process.stdout.close()
        return code

    def request(self, method, path, body=None, user=None, headers=None):
        """Status, headers, body."""
        context = ssl.create_default_context(cafile=self.folder + "/tls/ca.crt")
        connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=120)
        headers = dict(headers or {})
        if user:
            import base64
            headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


class Case(unittest.TestCase):
    """Each test has a folder of its own; servers that it leaves are killed."""

    def setUp(self):
        self.box = tempfile.mkdtemp(prefix="dozo-cli-")
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            if server.process.poll() is None:
                server.process.kill()
                server.wait()
        shutil.rmtree(self.box)

    def path(self, *parts):
        return os.path.join(self.box, *parts)

    def ran(self, *words, stdin="", code=0):
        """A command that ends as expected. A server's first seconds are degraded (3): where
        all is to be well, that is waited for."""
        result = dozo(*words, stdin=stdin)
        end = time.monotonic() + 120
        while result.code == 3 and code == 0 and "status" in words[:2] \
                and time.monotonic() < end:
            time.sleep(0.05)
            result = dozo(*words, stdin=stdin)
        self.assertEqual(result.code, code, f"{words}: {result.out}{result.err}")
        return result

    def made(self, name="d", *words):
        folder = self.path(name)
        self.ran("init", folder, *words)
        return folder

    def serve(self, folder, *words, log=None):
        server = Server(folder, *words, log=log)
        self.servers.append(server)
        if server.port == 0:
            with open(server.log, encoding="utf-8") as file:
                self.fail(f"no server: {server.wait()} {file.read()}")
        return server

    def serve_well(self, folder):
        """A server that has seen that nothing is missing: its first seconds are degraded."""
        server = self.serve(folder)
        self.await_true(lambda: dozo("status", folder).code == 0)
        return server

    def await_true(self, what, seconds=120):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, "it never came")
            time.sleep(0.05)

    def files_below(self, *folders):
        for folder in folders:
            for at, _, names in os.walk(folder):
                for name in names:
                    yield os.path.join(at, name)


class Printed(unittest.TextTestResult):
    """Lines that tools/count-tests counts, a case each."""

    def startTest(self, test):
        super().startTest(test)
        self.stream.writeln(f"[ RUN      ] {test.id()}")
        self.stream.flush()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.stream.writeln(f"[       OK ] {test.id()}")


def main(module):
    runner = unittest.TextTestRunner(resultclass=Printed, verbosity=0)
    unittest.main(module=module, testRunner=runner)

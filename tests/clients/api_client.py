"""What the API's tests share: a whole server, requests to it over TLS, and the contract
that every answer is held against."""
import base64
import http.client
import importlib.machinery
import importlib.util
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import traceback
import urllib.parse

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))


def load(name, path):
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


openapi = load("openapi", os.path.join(HERE, "../../tools/openapi"))
contract = openapi.Contract(os.path.join(HERE, "../../docs/openapi.yaml"))
Wrong = openapi.Wrong


class Server:
    """The tests' server, with a clock that tests move."""

    def __init__(self, program):
        self.folder = tempfile.mkdtemp(prefix="dozo-test-")
        self.clock = os.path.join(self.folder, "clock")
        self.ahead = 0
        self.clock_set(0)
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "DOZO_TEST_CLOCK": self.clock})
        self.read_line()

    def read_line(self):
        port, ca, self.user, self.password = self.process.stdout.readline().rstrip("\n").split("\t")
        self.port = int(port)
        self.tls = ssl.create_default_context(cafile=ca)

    def clock_set(self, seconds):
        """How far ahead of the machine's clocks the server's are."""
        self.ahead = seconds
        ns = int(seconds * 10**9)
        with open(self.clock + ".new", "w", encoding="ascii") as file:
            file.write(f"{ns} {ns} 1 boot-of-the-test\n")
        os.rename(self.clock + ".new", self.clock)

    def restart(self):
        """The service ends, its databases are dropped, and it starts again."""
        self.process.stdin.write("r")
        self.process.stdin.flush()
        self.read_line()

    def link(self):
        """Signs the administrator in once."""
        self.process.stdin.write("l")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def stop(self):
        self.process.stdin.close()
        code = self.process.wait(timeout=60)
        shutil.rmtree(self.folder)
        return code


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = body
        kind = self.headers.get("content-type", "")
        self.json = json.loads(body) if body and kind.split(";")[0].endswith("json") else None

    def __getitem__(self, name):
        return self.json[name]


class Client:
    """One member, over one connection. Every answer is held against the contract."""

    def __init__(self, server, user=None, password=None):
        self.server = server
        self.connection = None
        user, password = user or server.user, password or server.password
        self.basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def ask(self, method, target, body=None, headers=None, kind=None, chunked=False):
        headers = dict(headers or {})
        if self.basic:
            headers.setdefault("Authorization", self.basic)
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            kind = kind or "application/json"
        if kind:
            headers["Content-Type"] = kind
        for again in True, False:
            try:
                if self.connection is None or self.connection.port != self.server.port:
                    self.connection = http.client.HTTPSConnection(
                        "localhost", self.server.port, context=self.server.tls, timeout=120)
                self.connection.request(method, "/api/v1" + target, body, headers,
                                        encode_chunked=chunked)
                response = self.connection.getresponse()
                answer = Answer(response, response.read())
                break
            except (http.client.HTTPException, ConnectionError, ssl.SSLError):
                self.connection.close()
                self.connection = None
                if not again:
                    raise
        if response.getheader("Connection") == "close":
            self.connection.close()
            self.connection = None
        return answer

    def __call__(self, status, method, target, body=None, headers=None, kind=None):
        """The answer, which must have this status and be as the contract says."""
        answer = self.ask(method, target, body, headers, kind)
        if answer.status != status:
            raise Wrong(f"{method} {target}: {answer.status}, not {status}\n"
                        + answer.body.decode(errors="replace"))
        contract.check(method, target, status, answer.headers, answer.body, answer.json)
        if status < 300 and isinstance(body, dict):
            contract.note_request(method, target, "application/json", body)
        return answer

    def refused(self, status, problem, method, target, body=None, headers=None, kind=None):
        """As above, a problem of this type; its detail."""
        answer = self(status, method, target, body, headers, kind)
        if answer["type"] != "/problems/" + problem:
            raise Wrong(f"{method} {target}: {answer.json}, not {problem}")
        return answer.json.get("detail", "")

    def dav(self, status, method, path, body=None, headers=None):
        """What only WebDAV can do; no contract."""
        headers = {"Authorization": self.basic, **(headers or {})}
        connection = http.client.HTTPSConnection(
            "localhost", self.server.port, context=self.server.tls, timeout=120)
        connection.request(method, "/dav" + urllib.parse.quote(path), body, headers)
        answer = Answer(connection.getresponse(), b"")
        connection.close()
        if answer.status != status:
            raise Wrong(f"{method} /dav{path}: {answer.status}, not {status}")
        return answer

    def pages(self, target):
        """All items of a list, page by page; a list that goes on for ever is wrong."""
        items, join = [], "&" if "?" in target else "?"
        page = self(200, "GET", target).json
        for _ in range(1000):
            items.append(page["items"])
            if page["next"] is None:
                return items
            page = self(200, "GET", f"{target}{join}cursor={page['next']}").json
        raise Wrong(f"{target} has no end")

    def at(self, path):
        """The node at a path."""
        return self(200, "GET", "/nodes?path=" + urllib.parse.quote(path)).json


def must(holds, why):
    if not holds:
        raise Wrong(why)


def same(got, wanted):
    if got != wanted:
        raise Wrong(f"{str(got)[:500]}, not {str(wanted)[:500]}")


def case(name, call):
    print(f"[ RUN      ] {name}", flush=True)
    try:
        call()
    except Exception as error:  # pylint: disable=broad-except
        where = [f"{os.path.basename(frame.filename)}:{frame.lineno}"
                 for frame in traceback.extract_tb(error.__traceback__)
                 if not frame.filename.endswith("api_client.py")]
        print(f"{' '.join(where[-2:])}: {type(error).__name__}: {error}\n[  FAILED  ] {name}", flush=True)
        return False
    print(f"[       OK ] {name}", flush=True)
    return True


def run(cases, program, *more):
    """Each case with a server and the administrator's client."""
    server = Server(program)
    good = True
    for call in cases:
        good &= case(call.__name__, lambda call=call: call(Client(server), *more))

    def the_server_ends_cleanly():
        same(server.stop(), 0)

    good &= case("the_server_ends_cleanly", the_server_ends_cleanly)
    return 0 if good else 1

#!/usr/bin/python3
"""The command line beside a server: the admin socket, signals, kill -9, two servers, what may be said to whom."""
import fcntl
import json
import os
import shutil
import signal
import socket
import ssl
import stat
import time
import unittest
import urllib.request

import cli
from cli import SITES, dozo

SECRET = "Tr0ub4dor-and-three-horses"
SPACE = "/dav/%E5%85%A8%E7%A4%BE%E5%85%B1%E6%9C%89/"  # 全社共有


class Served(cli.Case):
    def twin(self, d):
        """A second DIR over the same sites, as on another machine."""
        other = self.path("other")
        os.mkdir(other)
        for name in ("keys", "tls"):
            shutil.copytree(f"{d}/{name}", f"{other}/{name}")
        shutil.copy(d + "/dozo.conf", other)
        return other

    def test_a_command_gives_the_same_served_or_not(self):
        d = self.made()
        self.ran("tenant", "add", d, "acme", "--admin", "ann")
        self.ran("member", "add", d, "acme", "bob")
        commands = (["tenant", "list"], ["member", "list"], ["site", "list"],
                    ["member", "app-password"])
        words = {"tenant list": [], "site list": [], "member list": ["acme"],
                 "member app-password": ["acme", "bob", "--list"]}
        alone = {}
        for command in commands:
            name = " ".join(command)
            for how in ([], ["--json"]):
                alone[name, bool(how)] = self.ran(*command, d, *words[name], *how).out
        server = self.serve(d)
        for command in commands:
            name = " ".join(command)
            for how in ([], ["--json"]):
                self.assertEqual(self.ran(*command, d, *words[name], *how).out,
                                 alone[name, bool(how)])
        self.ran("member", "list", d, "nobody", code=1)
        self.ran("member", "list", d, code=2)
        self.assertEqual(server.end(), 0)

    def test_a_served_folder_has_a_socket_that_only_its_owner_reaches(self):
        d = self.made()
        server = self.serve(d)
        mode = os.stat(d + "/admin.sock").st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.assertEqual(server.end(), 0)
        self.assertFalse(os.path.exists(d + "/admin.sock"))

    def test_nonsense_on_the_socket_ends_nothing(self):
        d = self.made()
        self.serve(d)
        for line in (b"", b"\n", b"{}\n", b"[1]\n", b'{"command": [1]}\n', b"\xff\xfe\n",
                     b'{"command": ["serve", "."]}\n', b'{"command": ["init", "x"]}\n',
                     b'{"command": []}\n', b'{"command": ["status"], "stdin": ["a","b","c"]}\n',
                     b"x" * 100000, b'{"command": ["status", "."], "stdin": {}}\n'):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(d + "/admin.sock")
                try:
                    s.sendall(line)
                    s.shutdown(socket.SHUT_WR)
                    answer = s.makefile("rb").read()
                except (BrokenPipeError, ConnectionResetError):
                    answer = b""
                if answer and b'"stdin": {}' not in line:
                    self.assertNotEqual(json.loads(answer)["exit"], 0, line)
        self.assertEqual(os.path.exists("x"), False)
        self.ran("status", d)

    def test_a_folder_with_a_deep_path_has_a_socket_too(self):
        deep = self.path(*(["a-rather-long-folder-name"] * 5))
        os.makedirs(deep)
        # The sites stand elsewhere: a line of dozo.conf has room for 190 bytes.
        d = os.path.join(deep, "d")
        self.ran("init", d, "--site", "a=dir:" + self.path("a"), "--site", "b=dir:" + self.path("b"))
        self.serve(d, log=self.path("log"))
        self.assertTrue(self.ran("status", d, "--json").json()["served"])

    def test_a_stale_socket_is_no_server_and_is_replaced(self):
        d = self.made()
        server = self.serve(d)
        server.end(signal.SIGKILL)
        self.assertTrue(os.path.exists(d + "/admin.sock"))
        self.assertFalse(self.ran("status", d, "--json").json()["served"])
        self.ran("tenant", "add", d, "t")
        server = self.serve(d)
        self.assertTrue(self.ran("status", d, "--json").json()["served"])
        self.assertEqual(server.end(), 0)

    def test_only_one_process_has_a_folder(self):
        d = self.made()
        server = self.serve(d)
        self.assertIn("in use", self.ran("serve", d, code=4).err)
        self.assertEqual(server.end(), 0)
        with open(d + "/lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for words in (["status", d], ["tenant", "add", d, "t"], ["serve", d]):
                self.ran(*words, code=4)
        self.assertEqual(self.ran("tenant", "list", d, "--json").json(), [])

    def test_a_taken_port_is_said(self):
        d, e = self.made("d"), self.made("e")
        server = self.serve(d)
        result = self.ran("serve", e, "--listen", f"localhost:{server.port}", code=1)
        self.assertIn(f"port {server.port}", result.err)
        self.assertIn("in use", result.err)
        self.assertIn("--listen", result.err)

    def test_after_kill_9_it_serves_again_at_once_with_all_that_was_told(self):
        d = self.made()
        names = []
        for turn in range(3):
            server = self.serve(d)
            names.append(f"t{turn}")
            self.ran("tenant", "add", d, names[-1], "--admin", "a")
            server.end(signal.SIGKILL)
        started = time.monotonic()
        server = self.serve(d)
        self.assertLess(time.monotonic() - started, 10)
        self.assertEqual(sorted(t["name"] for t in self.ran("tenant", "list", d, "--json").json()),
                         names)
        for name in names:
            self.assertEqual(len(self.ran("member", "list", d, name, "--json").json()), 1)
        self.assertEqual(server.end(), 0)

    def test_ctrl_c_drains_and_ends_well(self):
        d = self.made()
        server = self.serve(d)
        self.assertRegex(server.line, r"^listening on https://localhost:\d+\n$")
        self.assertEqual(server.end(signal.SIGINT), 0)

    def test_a_hangup_reads_the_log_level_and_the_certificate_again(self):
        d = self.made()
        server = self.serve(d)

        def conf(text):
            with open(d + "/dozo.conf", encoding="utf-8") as file:
                old = file.read()
            with open(d + "/dozo.conf", "w", encoding="utf-8") as file:
                file.write(old.replace("[service]\n", "[service]\n" + text, 1))
            return old

        def log():
            with open(server.log, encoding="utf-8") as file:
                return file.read()

        old = conf("nonsense = 1\n")
        server.process.send_signal(signal.SIGHUP)
        self.await_true(lambda: "event=not-reloaded" in log())
        self.assertEqual(server.request("GET", "/api/v1/health")[0], 200)
        with open(d + "/dozo.conf", "w", encoding="utf-8") as file:
            file.write(old)
        server.process.send_signal(signal.SIGHUP)
        self.await_true(lambda: "event=reloaded" in log())
        conf("log_level = error\n")
        server.process.send_signal(signal.SIGHUP)
        self.assertEqual(server.end(), 0)
        # Signals that wait are taken lowest number first: the hangup came before the end.
        self.assertEqual(log().count("event=reloaded"), 1)
        self.assertNotIn("event=stopping", log())

    def test_a_hangup_takes_new_names_into_the_certificate(self):
        d = self.made()
        server = self.serve(d)

        def known(name):
            context = ssl.create_default_context(cafile=d + "/tls/ca.crt")
            with socket.create_connection(("localhost", server.port)) as plain:
                try:
                    with context.wrap_socket(plain, server_hostname=name):
                        return True
                except ssl.SSLCertVerificationError:
                    return False

        self.assertFalse(known("files.example.com"))
        with open(d + "/dozo.conf", encoding="utf-8") as file:
            text = file.read()
        with open(d + "/dozo.conf", "w", encoding="utf-8") as file:
            file.write(text.replace("[service]\n", "[service]\nnames = files.example.com\n", 1))
        server.process.send_signal(signal.SIGHUP)
        self.await_true(lambda: known("files.example.com"))
        self.assertTrue(known("localhost"))
        self.assertEqual(server.end(), 0)

    def test_a_second_server_takes_the_sites_over_and_the_first_ends(self):
        d = self.made()
        self.ran("tenant", "add", d, "t", "--admin", "a", "--password-stdin", stdin=SECRET + "\n")
        other = self.twin(d)
        first = self.serve(d)
        second = self.serve(other)
        self.assertEqual(first.wait(), 1)
        with open(first.log, encoding="utf-8") as file:
            self.assertIn("another server", file.read())
        self.assertEqual(second.request("PUT", SPACE + "x", b"hello", "a@t:" + SECRET)[0], 201)
        self.assertEqual(second.end(), 0)

    def test_a_server_that_was_paused_acknowledges_nothing_when_it_wakes(self):
        d = self.made()
        self.ran("tenant", "add", d, "t", "--admin", "a", "--password-stdin", stdin=SECRET + "\n")
        other, user = self.twin(d), "a@t:" + SECRET
        first = self.serve(d)
        self.assertEqual(first.request("PUT", SPACE + "x", b"first", user)[0], 201)
        first.process.send_signal(signal.SIGSTOP)
        second = self.serve(other)
        self.assertEqual(second.request("PUT", SPACE + "x", b"second", user)[0], 204)
        first.process.send_signal(signal.SIGCONT)
        try:
            told = first.request("PUT", SPACE + "x", b"third", user)[0]
        except OSError:
            told = 0
        self.assertNotIn(told, (200, 201, 204))
        self.assertEqual(first.wait(), 1)
        with open(first.log, encoding="utf-8") as file:
            self.assertIn("another server", file.read())
        self.assertEqual(second.request("GET", SPACE + "x", None, user)[2], b"second")
        self.assertEqual(second.request("PUT", SPACE + "x", b"fourth", user)[0], 204)
        self.assertEqual(self.ran("check", other, "--read-data").code, 0)
        self.assertEqual(second.end(), 0)

    def test_a_site_that_is_away_is_named_with_its_reason(self):
        d = self.made()
        self.ran("site", "set", d, "b", "--place", "大阪", "--country", "JP")
        os.rename(d + "/sites/b", self.path("b"))
        server = self.serve(d)
        with open(server.log, encoding="utf-8") as file:
            self.assertRegex(file.read(), r'event=site-away site=b why="[^"]*No such file')
        result = self.ran("status", d, code=3)
        self.assertRegex(result.out, r"b +大阪 JP +away")
        self.assertRegex(result.out, r"b is away: .*No such file")
        sites = {s["name"]: s for s in self.ran("site", "status", d, "--json", code=3).json()}
        self.assertEqual([sites[s]["state"] for s in SITES], ["in-service", "away", "in-service"])
        self.assertEqual(sites["b"]["place"], "大阪")
        self.ran("tenant", "add", d, "t")
        os.rename(self.path("b"), d + "/sites/b")
        self.await_true(lambda: dozo("site", "status", d).code == 0)
        self.assertEqual(self.ran("check", d, "--read-data").code, 0)

    def test_a_tenant_that_nobody_opens_is_caught_up_and_told_of(self):
        d = self.made()
        for name in ("t", "u"):
            self.ran("tenant", "add", d, name, "--admin", "a")
        os.rename(d + "/sites/b", self.path("b"))
        self.serve(d).end()
        self.serve(d)
        self.ran("member", "add", d, "t", "bob")
        self.servers[-1].end()
        os.rename(self.path("b"), d + "/sites/b")
        server = self.serve(d)
        told = {}

        def well_and_closed():
            nonlocal told
            told = dozo("status", d, "--json").json()
            return told["health"] == "ok" and \
                {t["state"] for t in told["tenants"]} == {"not open"}

        self.await_true(well_and_closed)
        self.assertEqual([s["closed_behind"] for s in told["sites"]], [0, 0, 0])
        self.assertFalse(told["head_unproven"])
        self.assertEqual([s["rolled_back"] + s["damaged"] for s in told["sites"]], [0, 0, 0])
        logs = [sorted(os.path.relpath(f, d + f"/sites/{s}")
                       for f in self.files_below(d + f"/sites/{s}/log")) for s in SITES]
        self.assertEqual(logs[0], logs[1])
        self.assertEqual(logs[0], logs[2])
        self.assertIn(b'"ok"', server.request("GET", "/api/v1/health")[2])

    def test_the_limits_of_connections_are_settings(self):
        for line, held in (("connections = 3", 3), ("connections_per_address = 2", 2)):
            d = self.made("d" + str(held))
            with open(d + "/dozo.conf", encoding="utf-8") as file:
                text = file.read()
            with open(d + "/dozo.conf", "w", encoding="utf-8") as file:
                file.write(text.replace("[service]\n", f"[service]\n{line}\n", 1))
            server = self.serve(d)
            context = ssl.create_default_context(cafile=d + "/tls/ca.crt")
            opened = []
            for _ in range(held):
                raw = socket.create_connection(("localhost", server.port), timeout=60)
                opened.append(context.wrap_socket(raw, server_hostname="localhost"))
            with self.assertRaises(OSError):
                raw = socket.create_connection(("localhost", server.port), timeout=60)
                context.wrap_socket(raw, server_hostname="localhost")
            for one in opened:
                one.close()
            self.assertEqual(server.end(), 0)

    def test_a_site_that_was_rolled_back_is_told_of(self):
        d = self.made()
        self.ran("tenant", "add", d, "t", "--admin", "a", "--password-stdin", stdin=SECRET + "\n")
        server = self.serve(d)
        self.await_true(lambda: dozo("status", d).code == 0)
        shutil.copytree(d + "/sites/b", self.path("older"))
        for turn in range(3):
            self.assertEqual(server.request("PUT", SPACE + f"x{turn}", b"hello", "a@t:" + SECRET)[0], 201)
        self.await_true(lambda: dozo("status", d).code == 0)
        server.end()
        shutil.rmtree(d + "/sites/b")
        os.rename(self.path("older"), d + "/sites/b")
        server = self.serve(d)
        self.await_true(lambda: dozo("status", d).code == 0)
        told = self.ran("status", d).out
        self.assertIn("b was rolled back: 1 log had less than it had acknowledged", told)
        logs = [sorted(os.listdir(d + f"/sites/{s}/log")) for s in SITES]
        self.assertEqual(logs[0], logs[1])
        self.assertEqual(server.request("GET", SPACE + "x2", None, "a@t:" + SECRET)[2], b"hello")

    def test_a_disk_below_its_reserve_is_told_of(self):
        d = self.made()
        self.ran("tenant", "add", d, "t", "--admin", "a", "--password-stdin", stdin=SECRET + "\n")
        with open(d + "/dozo.conf", encoding="utf-8") as file:
            text = file.read()
        with open(d + "/dozo.conf", "w", encoding="utf-8") as file:
            file.write(text.replace("[service]\n", "[service]\nreserve_bytes = 4096 TiB\n", 1))
        server = self.serve(d)
        status, headers, _ = server.request("PUT", SPACE + "x", b"hello", "a@t:" + SECRET)
        self.assertEqual(status, 507)
        self.assertTrue(headers["Retry-After"])
        told = self.ran("status", d, code=3).out
        self.assertIn("a is behind: No space above its reserve", told)
        self.assertRegex(told, r"a has .* free, of which 4.0 PiB are its reserve")
        self.assertRegex(told, r"The disk of .*/db has .* free, .*: uploads are refused")
        told = self.ran("status", d, "--json", code=3).json()
        self.assertTrue(told["disk"]["low"])
        self.assertEqual([s["low"] for s in told["sites"]], [True] * 3)
        self.assertIn(b'"degraded"', server.request("GET", "/api/v1/health")[2])

    def test_metrics_are_told_on_loopback_only(self):
        d = self.made()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        with open(d + "/dozo.conf", encoding="utf-8") as file:
            text = file.read()

        def listen(where):
            with open(d + "/dozo.conf", "w", encoding="utf-8") as out:
                out.write(text.replace("[service]\n", f"[service]\nmetrics_listen = {where}\n", 1))

        listen("0.0.0.0:9100")
        self.assertIn("loopback", self.ran("serve", d, "--listen", "localhost:0", code=1).err)
        listen(f"127.0.0.1:{port}")
        server = self.serve(d)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            told = answer.read().decode()
        for line in ("dozo_health 0", 'dozo_site_attached{site="a"} 1', "dozo_min_sites 2",
                     'dozo_site_low{site="a"} 0', "dozo_disk_low 0",
                     "# TYPE dozo_http_requests_total counter"):
            self.assertIn(line + "\n", told)
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10)
        with socket.create_connection(("127.0.0.1", port)) as silent:
            self.assertEqual(server.end(), 0)
            silent.close()


class Members(cli.Case):
    """The rule of who may act, each way: served, and not."""

    def setUp(self):
        super().setUp()
        self.d = self.made()
        self.ran("tenant", "add", self.d, "t", "--admin", "ann", "--password-stdin",
                 stdin=SECRET + "\n")

    def test_passwords_are_made_or_taken_and_shown_once(self):
        d = self.d
        made = self.ran("member", "add", d, "t", "bob", "--json").json()
        self.assertRegex(made["password"], r"^\S{20,}$")
        given = self.ran("member", "add", d, "t", "cy@t", "--password-stdin", "--json",
                         stdin="a-long-password\n").json()
        self.assertNotIn("password", given)
        self.assertEqual(given["user"], "cy")
        again = self.ran("member", "password", d, "t", "bob", "--json").json()
        self.assertNotEqual(again["password"], made["password"])
        self.ran("member", "add", d, "t", "bob", code=1)
        self.ran("member", "add", d, "t", "dan@other", code=1)
        self.ran("member", "add", d, "t", "dan", "--password-stdin", stdin="short\n", code=1)
        server = self.serve(d)
        for user, code in (("bob@t:" + again["password"], 207), ("bob@t:" + made["password"], 401),
                           ("cy@t:a-long-password", 207)):
            self.assertEqual(server.request("PROPFIND", "/dav/", None, user, {"Depth": "0"})[0],
                             code, user)
        self.ran("member", "suspend", d, "t", "bob")
        self.assertEqual(server.request("PROPFIND", "/dav/", None, "bob@t:" + again["password"],
                                        {"Depth": "0"})[0], 401)
        self.ran("member", "suspend", d, "t", "bob", "--lift")
        self.assertEqual(server.request("PROPFIND", "/dav/", None, "bob@t:" + again["password"],
                                        {"Depth": "0"})[0], 207)
        listed = {m["user"]: m for m in self.ran("member", "list", d, "t", "--json").json()}
        self.assertEqual(listed["ann"]["role"], "administrator")
        self.assertEqual(listed["bob"]["status"], "active")

    def test_app_passwords_are_made_listed_and_taken_back(self):
        d = self.d
        server = self.serve(d)
        made = self.ran("member", "app-password", d, "t", "ann", "--label", "phone", "--json").json()

        def status():
            return server.request("PROPFIND", "/dav/", None, "ann@t:" + made["password"],
                                  {"Depth": "0"})[0]

        self.ran("member", "app-password", d, "t", "ann", "--list")
        self.assertEqual(status(), 207)
        # The administrator has signed in: from now on the host must name one.
        self.ran("member", "app-password", d, "t", "ann", "--list", code=1)
        rows = self.ran("member", "app-password", d, "t", "ann", "--list", "--as", "ann", "--json",
                        stdin=SECRET + "\n").json()
        self.assertEqual([(r["id"], r["label"]) for r in rows], [(made["id"], "phone")])
        self.ran("member", "app-password", d, "t", "ann", "--revoke", "x", "--as", "ann",
                 stdin=SECRET + "\n", code=2)
        self.ran("member", "app-password", d, "t", "ann", "--revoke", made["id"], "--as", "ann",
                 stdin=SECRET + "\n")
        self.assertEqual(status(), 401)

    def test_errors_say_what_to_do_next(self):
        d = self.d
        for words, word in ((["member", "list", d, "nobody"], "dozo tenant list"),
                            (["member", "password", d, "t", "nobody"], "dozo member list"),
                            (["member", "app-password", d, "t", "ann", "--revoke", "77"], "--list"),
                            (["site", "set", d, "x", "--place", "y"], "dozo site list"),
                            (["check", d, "--tenant", "nobody"], "dozo tenant list")):
            self.assertIn(word, self.ran(*words, code=1).err)
        for name in "bc":
            os.rename(f"{d}/sites/{name}", self.path(name))
        for served in (False, True):
            if served:
                self.serve(d)
            told = self.ran("tenant", "add", d, "u", code=1).err
            self.assertIn("dozo status " + d, told)
            self.assertIn("Nothing was changed", told)

    def rule(self):
        d = self.d
        self.ran("member", "add", d, "t", "bob", "--password-stdin", stdin="bobs-own-password\n")
        # An administrator signs in for the first time.
        self.ran("member", "list", d, "t", "--as", "ann", stdin=SECRET + "\n")
        for words in (["member", "add", d, "t", "eve"], ["member", "password", d, "t", "ann"],
                      ["member", "suspend", d, "t", "bob"], ["member", "list", d, "t"],
                      ["member", "app-password", d, "t", "ann"], ["trash", "list", d, "t"]):
            result = self.ran(*words, code=1)
            self.assertIn("--as", result.err)
            self.assertEqual(result.out, "")
            # Not with a wrong password, and not as one who is no administrator.
            if words[0] == "member":
                told = self.ran(*words, "--as", "ann", stdin="wrong\n", code=1).err
                self.assertIn("wrong password", told)
                self.ran(*words, "--as", "nobody", stdin=SECRET + "\n", code=1)
                self.ran(*words, "--as", "bob", stdin="bobs-own-password\n", code=1)
        self.ran("member", "add", d, "t", "eve@t", "--as", "ann@t", "--password-stdin",
                 stdin=SECRET + "\neves-own-password\n")
        self.ran("trash", "list", d, "t", "--as", "bob", stdin="bobs-own-password\n")
        self.ran("member", "password", d, "t", "ann", "--break-glass", "", code=1)
        self.ran("member", "password", d, "t", "ann", "--break-glass", "lost", "--as", "ann",
                 stdin="x\n", code=1)
        self.ran("member", "password", d, "t", "ann", "--break-glass", "she lost it",
                 "--password-stdin", stdin="another-password\n")
        self.ran("member", "list", d, "t", "--as", "ann", stdin=SECRET + "\n", code=1)
        told = self.ran("member", "list", d, "t", "--as", "ann", stdin="another-password\n").err
        self.assertRegex(told, "^notice: 1 to be acknowledged: dozo notice list .* t --as ann\n$")
        self.notices()

    def notices(self):
        """Also what only looks is told, before it looks; each administrator acknowledges."""
        d, lines = self.d, "another-password\n"

        def listed(*words):
            return [(n["subject"], n["text"], n["acknowledged"]) for n in self.ran(
                "notice", "list", d, "t", "--as", "ann", "--json", *words, stdin=lines).json()]

        glass = ("member password ann", "she lost it")
        self.assertEqual(listed(), [(*glass, False)])
        self.ran("member", "list", d, "t", "--break-glass", "どうしても")
        self.ran("member", "app-password", d, "t", "bob", "--list", "--break-glass", "a look")
        rows = listed()
        self.assertEqual(rows[1:], [("member list", "どうしても", False),
                                    ("member app-password bob", "a look", False)])
        self.ran("member", "list", d, "t", "--break-glass", "x" * 201, code=1)
        self.assertEqual(listed(), rows)
        self.ran("notice", "list", d, "t", code=1)
        self.ran("notice", "list", d, "t", "--as", "bob", stdin="bobs-own-password\n", code=1)
        told = self.ran("notice", "list", d, "t", "--as", "ann", stdin=lines)
        self.assertEqual(told.err, "")
        words = told.out.rstrip().rsplit("dozo ", 1)[1].split()
        self.assertEqual(words[:4], ["notice", "acknowledge", d, "t"])
        self.ran("notice", "acknowledge", d, "t", "x", "--as", "ann", stdin=lines, code=2)
        self.ran("notice", "acknowledge", d, "t", 5, "--as", "ann", stdin=lines, code=1)
        self.ran(*words, stdin=lines)
        self.assertEqual(listed(), [])
        self.assertEqual([row[2] for row in listed("--all")], [True] * 3)
        self.assertEqual(self.ran("member", "list", d, "t", "--as", "ann", stdin=lines).err, "")
        self.assertIn("There is none", self.ran("notice", "list", d, "t", "--as", "ann", stdin=lines).out)

    def test_the_provider_must_not_slip_in(self):
        self.rule()

    def test_the_provider_must_not_slip_in_by_the_server_either(self):
        self.serve(self.d)
        self.rule()

    def test_a_tenant_that_cannot_be_made_leaves_the_others_as_they_are(self):
        self.ran("tenant", "add", self.d, "t", "--admin", "eve", code=1)
        users = self.ran("member", "list", self.d, "t", "--json").json()
        self.assertEqual([u["user"] for u in users], ["ann"])
        self.ran("tenant", "add", self.d, "Bad Name", code=1)
        self.ran("tenant", "add", self.d, "u", "--admin", "a b", code=1)
        self.assertEqual(len(self.ran("tenant", "list", self.d, "--json").json()), 1)

    def test_what_was_deleted_is_listed_and_restored(self):
        d = self.d
        server = self.serve(d)
        user = "ann@t:" + SECRET
        self.assertEqual(server.request("PUT", SPACE + "plan.txt", b"plan", user)[0], 201)
        self.assertEqual(server.request("DELETE", SPACE + "plan.txt", None, user)[0], 204)
        lines = SECRET + "\n"
        rows = self.ran("trash", "list", d, "t", "--as", "ann", "--json", stdin=lines).json()
        self.assertEqual([(r["name"], r["size"], r["folder"]) for r in rows],
                         [("plan.txt", 4, "/全社共有/")])
        told = self.ran("trash", "list", d, "t", "--as", "ann", stdin=lines).out
        self.assertRegex(told, r"DELETED \(UTC\)")
        self.assertRegex(told, r"\d{4}-\d\d-\d\d \d\d:\d\d .* 4 B  /全社共有/  plan.txt\n")
        self.assertLess(rows[0]["deleted"], rows[0]["kept_until"])
        self.ran("trash", "restore", d, "t", rows[0]["id"], code=1)
        self.ran("trash", "restore", d, "t", "x", "--as", "ann", stdin=lines, code=2)
        self.ran("trash", "restore", d, "t", rows[0]["id"], "--as", "ann", stdin=lines)
        self.assertEqual(server.request("GET", SPACE + "plan.txt", None, user)[2], b"plan")
        self.assertEqual(self.ran("trash", "list", d, "t", "--as", "ann", "--json",
                                  stdin=lines).json(), [])

    def test_nothing_secret_is_found_in_anything_that_is_written(self):
        d = self.d
        server = self.serve(d)
        self.ran("member", "add", d, "t", "beatrice-lindqvist", "--password-stdin",
                 stdin="correct-horse-battery\n")
        token = self.ran("member", "app-password", d, "t", "beatrice-lindqvist", "--label",
                         "kitchen-tablet", "--json").json()["password"]
        user = "beatrice-lindqvist@t:correct-horse-battery"
        self.assertEqual(server.request("PUT", SPACE + "merger-with-globex.txt",
                                        b"the-price-is-forty-two" * 10, user)[0], 201)
        dozo("member", "list", d, "t", "--as", "beatrice-lindqvist", stdin="wrong-guess-of-mine\n")
        secrets = [s.encode() for s in (SECRET, "beatrice-lindqvist", "correct-horse-battery", token,
                                        "kitchen-tablet", "merger-with-globex",
                                        "the-price-is-forty-two", "wrong-guess-of-mine",
                                        "全社共有", "マイフォルダ")]

        def search():
            found = []
            for path in self.files_below(self.box):
                if stat.S_ISSOCK(os.stat(path).st_mode):
                    continue
                with open(path, "rb") as file:
                    data = file.read()
                found += [(path, secret) for secret in secrets if secret in data]
            return found

        self.assertEqual(search(), [])
        self.assertEqual(server.end(), 0)
        self.assertEqual(search(), [])


if __name__ == "__main__":
    cli.main(__name__)

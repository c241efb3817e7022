#!/usr/bin/python3
"""The master key by the command line: passphrase, rotation, what is exported when."""
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import termios
import threading
import unittest

import cli
from cli import DOZO, SITES, Result

READER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../tools/dozo-read")
SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../src")
PASSPHRASE = "four walls of earth"
OTHER = "and a roof of tiles"
SECRET = "Tr0ub4dor-and-three-horses"
SPACE = "/dav/%E5%85%A8%E7%A4%BE%E5%85%B1%E6%9C%89/"  # 全社共有


def read(path):
    with open(path, "rb") as file:
        return file.read()


def with_lines(*words, lines, **more):
    """A command with --passphrase-fd, and these lines there."""
    get, put = os.pipe()
    os.write(put, "".join(line + "\n" for line in lines).encode())
    os.close(put)
    try:
        return Result(subprocess.run(
            [DOZO, *map(str, words), "--passphrase-fd", str(get)], text=True, pass_fds=[get],
            capture_output=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
            start_new_session=True, **more))
    finally:
        os.close(get)


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *words):
        self.out = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(DOZO, [DOZO, *map(str, words)])

    def take(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 4096)
            except OSError:  # the other end is closed
                return False
            self.out += data.decode()
            return data != b""
        raise AssertionError("nothing comes after: " + self.out)

    def answer(self, prompt, text):
        """Waits for the prompt; by then nothing that is typed is shown."""
        while prompt not in self.out:
            assert self.take(60), self.out
        self.out = self.out[self.out.index(prompt) + len(prompt):]
        assert not termios.tcgetattr(self.fd)[3] & termios.ECHO, "the terminal echoes"
        os.write(self.fd, text.encode())

    def end(self):
        while self.take(60):
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


class Keys(cli.Case):
    def sealed(self, name="d"):
        folder = self.path(name)
        self.passed("init", folder, lines=[PASSPHRASE])
        return folder

    def passed(self, *words, lines=(PASSPHRASE,), code=0):
        result = with_lines(*words, lines=lines)
        self.assertEqual(result.code, code, f"{words}: {result.out}{result.err}")
        return result

    def serve_sealed(self, folder):
        with open(self.path("passphrase"), "w", encoding="utf-8") as file:
            file.write(PASSPHRASE + "\n")
        self.set_conf(folder, "passphrase_file = " + self.path("passphrase"))
        return self.serve(folder)

    def set_conf(self, folder, line):
        with open(folder + "/dozo.conf", encoding="utf-8") as file:
            text = file.read()
        with open(folder + "/dozo.conf", "w", encoding="utf-8") as file:
            file.write(text.replace("[service]\n", "[service]\n" + line + "\n"))

    def rotated(self, folder, version):
        """Whether the keystore has this version, and no site a former key."""
        status = self.status(folder)
        return status["version"] == version and not any(s["pending"] for s in status["sites"])

    def status(self, folder):
        return json.loads(cli.dozo("key", "status", folder, "--json").out)

    def opens(self, folder, key, sites=SITES, lines=None):
        """Whether dozo-read opens every byte of each site with this key."""
        for site in sites:
            command = ["/usr/bin/python3", READER, "verify", f"{folder}/sites/{site}", key]
            done = subprocess.run(command, capture_output=True, text=True, check=False) \
                if lines is None else self.read_with(command, lines)
            if done.returncode != 0:
                self.told = done.stdout + done.stderr
                return False
        return True

    def read_with(self, command, lines):
        get, put = os.pipe()
        os.write(put, "".join(line + "\n" for line in lines).encode())
        os.close(put)
        try:
            return subprocess.run([*command, "--passphrase-fd", str(get)], pass_fds=[get],
                                  capture_output=True, text=True, check=False)
        finally:
            os.close(get)

    def with_files(self, folder, **more):
        self.ran("tenant", "add", folder, "acme", "--admin", "ann", "--password-stdin",
                 stdin=SECRET + "\n", **more)
        server = self.serve(folder)
        for i in range(3):
            self.assertEqual(201, server.request(
                "PUT", f"{SPACE}file-{i}", b"x" * (40000 * i + 1), "ann@acme:" + SECRET)[0])
        server.end()


class Passphrase(Keys):
    def test_what_opens_a_sealed_folder_wants_the_passphrase(self):
        d = self.sealed()
        self.assertNotIn(b"\0" * 32, read(d + "/keys/master.key")[72:])
        for words in (["status", d], ["tenant", "add", d, "t"], ["check", d], ["serve", d],
                      ["key", "export", d, self.path("k")], ["key", "status", d],
                      ["clock", "accept", d]):
            result = cli.dozo(*words, start_new_session=True)
            self.assertEqual(result.code, 1, words)
            self.assertRegex(result.err, "passphrase.*terminal.*--passphrase-fd")
            wrong = self.passed(*words, lines=[OTHER], code=1)
            self.assertIn("the passphrase is wrong", wrong.err)
            self.assertIn("passphrase", self.passed(*words, lines=[""], code=1).err)
        self.passed("tenant", "add", d, "t")
        self.passed("status", d)
        self.assertEqual(self.passed("tenant", "list", d, "--json").json()[0]["name"], "t")
        self.ran("status", d, "--passphrase-fd", "x", code=2)
        self.assertIn("passphrase", self.ran("status", d, "--passphrase-fd", "99", code=1).err)

    def test_only_the_first_line_is_taken(self):
        d = self.sealed()
        self.passed("status", d, lines=[PASSPHRASE, "more"])
        self.passed("status", d, lines=[PASSPHRASE + "\r"])
        self.passed("status", d, lines=["x" * 1500], code=1)
        # Standard input has it before the passwords.
        done = cli.dozo("tenant", "add", d, "t", "--admin", "u", "--password-stdin",
                        "--passphrase-fd", "0", stdin=PASSPHRASE + "\n" + SECRET + "\n")
        self.assertEqual(done.code, 0, done.err)

    def test_a_passphrase_that_is_too_short_is_refused_and_leaves_nothing(self):
        result = self.passed("init", self.path("d"), lines=["short"], code=1)
        self.assertIn("at least 12 bytes", result.err)
        self.assertFalse(os.path.exists(self.path("d")))

    def test_it_is_set_changed_and_removed(self):
        d = self.made()
        raw = read(d + "/keys/master.key")
        self.ran("key", "export", d, self.path("k1"))
        self.passed("key", "passphrase", d, lines=[PASSPHRASE])
        self.assertNotEqual(read(d + "/keys/master.key")[:72], raw[:72])
        self.assertNotIn(raw[88:120], read(d + "/keys/master.key"))
        self.assertEqual(stat.S_IMODE(os.stat(d + "/keys/master.key").st_mode), 0o400)
        # An export of before does not count: what opens it is another thing.
        self.assertFalse(self.passed("status", d, "--json").json()["key"]["exported"])
        wrong = self.passed("key", "passphrase", d, lines=[OTHER, OTHER], code=1)
        self.assertIn("wrong", wrong.err)
        self.passed("key", "passphrase", d, lines=[PASSPHRASE, "short"], code=1)
        self.passed("status", d)
        self.passed("key", "passphrase", d, lines=[PASSPHRASE, OTHER])
        self.passed("status", d, code=1)
        self.passed("status", d, lines=[OTHER])
        self.passed("key", "passphrase", d, "--remove", lines=[OTHER])
        self.assertEqual(read(d + "/keys/master.key"), raw)
        self.ran("status", d)
        self.assertIn("no passphrase", self.ran("key", "passphrase", d, "--remove", code=1).err)

    def test_a_server_takes_the_new_one_and_keeps_nothing_of_it(self):
        d = self.sealed()
        self.passed("tenant", "add", d, "acme")
        self.serve_sealed(d)
        self.await_true(lambda: cli.dozo("status", d).code == 0)  # the server has opened it
        self.ran("tenant", "list", d)
        self.passed("key", "passphrase", d, lines=["not the one of now", OTHER], code=1)
        self.passed("key", "passphrase", d, lines=[PASSPHRASE, OTHER])
        self.assertEqual(self.ran("key", "status", d, "--json").json()["passphrase"], True)
        self.passed("key", "rotate-sites", d, "--export", self.path("k"), lines=[OTHER])
        # The server wrote that one: it is sealed with the new passphrase.
        self.servers[-1].end()
        self.passed("status", d, lines=[PASSPHRASE], code=1)
        self.assertEqual(self.passed("key", "status", d, "--json", lines=[OTHER])
                         .json()["version"], 2)

    def test_it_stands_in_no_argument_and_in_no_environment(self):
        d = self.sealed()
        server = self.serve_sealed(d)
        for name in ("cmdline", "environ"):
            self.assertNotIn(PASSPHRASE.encode(),
                             read(f"/proc/{server.process.pid}/{name}"))
        result = cli.dozo("status", d, PASSPHRASE)
        self.assertEqual(result.code, 2)
        server.end()
        self.assertNotIn(PASSPHRASE.encode(), read(server.log))
        for path in self.files_below(d):
            self.assertNotIn(PASSPHRASE.encode(), read(path), path)

    def test_on_a_terminal_it_is_asked_for_without_an_echo(self):
        d = self.path("d")
        terminal = Terminal("init", d, "--passphrase")
        terminal.answer("new passphrase of the master key: ", PASSPHRASE + "\n")
        terminal.answer("once more: ", PASSPHRASE + "\n")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn(PASSPHRASE, terminal.out)
        terminal = Terminal("key", "passphrase", d)
        terminal.answer("passphrase of the master key: ", PASSPHRASE + "\n")
        terminal.answer("new passphrase of the master key: ", OTHER + "\n")
        terminal.answer("once more: ", PASSPHRASE + "\n")
        self.assertEqual(terminal.end(), 1)
        self.assertIn("not the same", terminal.out)
        terminal = Terminal("status", d)
        terminal.answer("passphrase of the master key: ", PASSPHRASE + "\n")
        self.assertEqual(terminal.end(), 0)
        self.passed("status", d)

    def test_a_members_password_is_asked_for_the_same_way(self):
        d = self.made()
        self.ran("tenant", "add", d, "acme")
        terminal = Terminal("member", "add", d, "acme", "bob", "--password-stdin")
        terminal.answer("password: ", SECRET + "\n")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn(SECRET, terminal.out)
        server = self.serve(d)
        self.assertEqual(server.request("OPTIONS", SPACE, user="bob@acme:" + SECRET)[0], 200)
        server.end()

    def test_a_ctrl_c_at_the_question_leaves_the_terminal_as_it_was(self):
        d = self.sealed()
        for words in (["status", d], ["serve", d]):
            terminal = Terminal(*words)
            terminal.answer("passphrase of the master key: ", "\x03")
            while terminal.take(60):
                if termios.tcgetattr(terminal.fd)[3] & termios.ECHO:
                    break
            self.assertEqual(terminal.end(), -signal.SIGINT)

    def test_a_service_is_rebuilt_with_a_sealed_export(self):
        d = self.sealed()
        self.passed("tenant", "add", d, "acme")
        told = self.passed("key", "export", d, self.path("k"))
        self.assertIn("passphrase", told.out)
        self.assertEqual(read(self.path("k")), read(d + "/keys/master.key"))
        words = ["rebuild", "--from-site", f"dir:{d}/sites/b", "--master-key", self.path("k"),
                 "--into", self.path("back")]
        self.passed(*words, lines=[OTHER], code=1)
        self.assertFalse(os.path.exists(self.path("back")))
        self.passed(*words)
        self.assertEqual(read(self.path("back", "keys", "master.key")), read(self.path("k")))
        self.assertTrue(self.opens(d, self.path("k"), lines=[PASSPHRASE]))
        self.assertFalse(self.opens(d, self.path("k"), lines=[OTHER]))


class Rotation(Keys):
    def test_it_goes_no_further_than_what_is_exported(self):
        d = self.made()
        self.ran("key", "export", d, self.path("k1"))
        before = read(d + "/keys/master.key")
        refused = self.ran("key", "rotate-sites", d, code=1)
        self.assertRegex(refused.err, "version 2 .* has to be exported .*--export FILE")
        self.assertEqual(read(d + "/keys/master.key"), before)
        waits = self.ran("key", "status", d, "--json", code=3).json()
        self.assertTrue(waits["waits_for_export"])
        self.assertEqual(waits["version"], 1)
        self.assertIn("being rotated", self.ran("status", d).out)
        # A start meanwhile seals by the key of now.
        self.ran("tenant", "add", d, "acme")
        self.assertTrue(self.opens(d, self.path("k1")))
        exported = self.ran("key", "export", d, self.path("k2"), "--json").json()
        self.assertEqual((exported["version"], exported["former_keys"]), (2, 3))
        self.assertEqual(read(self.path("k2")), read(d + "/keys/master.next"))
        done = self.ran("key", "rotate-sites", d, "--json").json()
        self.assertEqual(done, {"version": 2, "fingerprint": exported["fingerprint"],
                                "pending": []})
        self.assertFalse(os.path.exists(d + "/keys/master.next"))
        self.assertTrue(self.ran("status", d, "--json").json()["key"]["exported"])
        self.assertIn("still has the former keys", self.ran("key", "status", d).out)
        self.assertFalse(self.opens(d, self.path("k1")))
        self.assertTrue(self.opens(d, self.path("k2")))
        self.ran("key", "export", d, self.path("k3"))
        self.assertTrue(self.opens(d, self.path("k3")))
        self.assertNotIn("former", self.ran("key", "status", d).out)

    def test_an_export_that_fails_ends_it_before_anything_is_changed(self):
        d = self.made()
        before = read(d + "/keys/master.key")
        with open(self.path("k"), "w", encoding="utf-8") as file:
            file.write("mine")
        self.ran("key", "rotate-sites", d, "--export", self.path("k"), code=1)
        self.ran("key", "rotate-sites", d, "--export", self.path("no", "k"), code=1)
        self.assertEqual(read(d + "/keys/master.key"), before)
        self.assertEqual(read(self.path("k")), b"mine")
        self.ran("key", "rotate-sites", d, "--export", self.path("k2"))
        # Given again it makes the next version, and nothing over a file.
        self.ran("key", "rotate-sites", d, "--export", self.path("k2"), code=1)
        self.ran("key", "rotate-sites", d, "--export", self.path("k3"))
        self.assertTrue(self.opens(d, self.path("k3")))
        self.assertFalse(self.opens(d, self.path("k2")))

    def test_unattended_it_runs_where_key_export_to_is_set_and_can_be_written(self):
        d = self.made()
        self.set_conf(d, "key_export_to = " + self.path("safe"))
        self.ran("key", "rotate-sites", d, code=1)
        self.assertEqual(self.status(d)["version"], 1)
        os.mkdir(self.path("safe"))
        self.ran("key", "rotate-sites", d)
        self.ran("key", "rotate-sites", d)
        names = sorted(os.listdir(self.path("safe")))
        self.assertEqual([name.split("-")[1] for name in names], ["2", "3"])
        self.assertTrue(self.opens(d, self.path("safe", names[1])))
        self.assertTrue(self.rotated(d, 3))

    def test_a_next_key_that_does_not_follow_is_never_taken(self):
        d, e = self.made("d"), self.made("e")
        self.ran("key", "rotate-sites", e, code=1)
        os.rename(e + "/keys/master.next", d + "/keys/master.next")
        before = read(d + "/keys/master.key")
        told = self.ran("key", "export", d, self.path("k"), "--json").json()
        self.assertEqual(told["version"], 1)
        self.assertEqual(read(self.path("k")), before)
        self.ran("key", "rotate-sites", d, "--export", self.path("k2"))
        self.assertTrue(self.opens(d, self.path("k2")))

    def test_in_a_served_folder_people_work_on_and_a_site_that_is_away_follows(self):
        d = self.made()
        self.ran("tenant", "add", d, "acme", "--admin", "ann", "--password-stdin",
                 stdin=SECRET + "\n")
        self.ran("tenant", "add", d, "idle")
        self.ran("key", "export", d, self.path("k1"))
        server = self.serve(d)
        answers, stop = [], threading.Event()

        def work():
            while not stop.is_set() or len(answers) < 5:
                answers.append(server.request("PUT", f"{SPACE}f{len(answers)}", b"bytes" * 999,
                                              "ann@acme:" + SECRET)[0])

        worker = threading.Thread(target=work)
        worker.start()
        try:
            os.rename(d + "/sites/c", self.path("away"))
            self.await_true(lambda: cli.dozo("site", "status", d).code == 3)
            told = self.ran("key", "rotate-sites", d, "--export", self.path("k2"), "--json",
                            code=3).json()
            self.assertEqual([p["site"] for p in told["pending"]], ["c"])
            self.assertIn("away", told["pending"][0]["why"])
            sites = {s["name"]: s["pending"] for s in self.status(d)["sites"]}
            self.assertEqual(sites, {"a": False, "b": False, "c": True})
            again = self.ran("key", "rotate-sites", d, code=3)
            self.assertIn("pending      c: it is away", again.out)
            os.rename(self.path("away"), d + "/sites/c")
            self.await_true(lambda: self.rotated(d, 2))
        finally:
            stop.set()
            worker.join()
        self.assertEqual(set(answers), {201})
        self.await_true(lambda: cli.dozo("site", "status", d).code == 0)
        server.end()
        self.assertTrue(self.opens(d, self.path("k2")), getattr(self, "told", ""))
        self.assertFalse(self.opens(d, self.path("k1"), ["c"]))
        self.ran("check", d, "--read-data")
        rebuilt = self.ran("rebuild", "--from-site", f"dir:{d}/sites/c", "--master-key",
                           self.path("k2"), "--into", self.path("back"), "--json").json()
        self.assertTrue(rebuilt["complete"])

    def points(self):
        """Every failpoint of keys that the command passes."""
        found = set()
        for path in self.files_below(SOURCES + "/cli", SOURCES + "/core"):
            if path.endswith(".c"):
                found |= set(re.findall(rb'FAILPOINT\("((?:key|keys|site_keys)\.[a-z_]+)"\)',
                                        read(path)))
        self.assertGreater(len(found), 9)
        return sorted(point.decode() for point in found)

    def test_killed_at_each_failpoint_and_given_again_it_comes_to_its_end(self):
        d = self.made()
        self.with_files(d)
        self.ran("key", "export", d, self.path("k1"))
        newest = self.path("k1")
        for n, point in enumerate(self.points()):
            version = self.status(d)["version"]
            words = ["key", "rotate-sites", d, "--export"]
            killed = cli.dozo(*words, self.path(f"e{n}"), env={"DOZO_TEST_KILL": point})
            if killed.code == 0 and n == 0:
                self.skipTest("this build has no failpoints")
            self.assertEqual(killed.code, -signal.SIGKILL, point)
            # What is exported last opens each site alone, whatever had come to be.
            if os.path.exists(self.path(f"e{n}")):
                newest = self.path(f"e{n}")
            for key in (newest, d + "/keys/master.key"):
                self.assertTrue(self.opens(d, key), (point, getattr(self, "told", "")))
            self.ran(*words, self.path(f"again{n}"))
            newest = self.path(f"again{n}")
            self.assertTrue(self.rotated(d, self.status(d)["version"]), point)
            self.assertIn(self.status(d)["version"] - version, (1, 2), point)
            self.assertTrue(self.opens(d, newest), (point, getattr(self, "told", "")))
            self.ran("check", d, "--read-data")
        self.assertFalse(self.opens(d, self.path("k1")))

    def test_a_killed_server_goes_on_at_its_next_start(self):
        d = self.made()
        self.with_files(d)
        for n, point in enumerate(("site_keys.kept", "keys.renewed", "site_keys.dropped")):
            os.environ["DOZO_TEST_KILL"] = point
            try:
                server = self.serve(d)
            finally:
                del os.environ["DOZO_TEST_KILL"]
            result = cli.dozo("key", "rotate-sites", d, "--export", self.path(f"k{n}"))
            if result.code == 0 and n == 0:
                self.skipTest("this build has no failpoints")
            self.assertEqual(server.wait(), -signal.SIGKILL)
            server = self.serve(d)
            self.await_true(lambda v=n + 2: self.rotated(d, v))
            server.end()
            self.assertTrue(self.opens(d, self.path(f"k{n}")))


class Epochs(Keys):
    def test_a_new_epoch_is_told_and_served_or_not_everything_is_read(self):
        d = self.made()
        self.with_files(d)
        self.ran("key", "export", d, self.path("k"))
        told = self.ran("key", "rotate-epoch", d, "acme", "--json").json()
        self.assertEqual(told["epoch"], 2)
        server = self.serve(d)
        self.assertIn("Epoch 3 of acme begins", self.ran("key", "rotate-epoch", d, "acme").out)
        self.assertEqual(201, server.request("PUT", SPACE + "new", b"new", "ann@acme:" + SECRET)[0])
        self.assertIn("there is no tenant",
                      self.ran("key", "rotate-epoch", d, "other", code=1).err)
        server.end()
        self.assertTrue(self.opens(d, self.path("k")), getattr(self, "told", ""))
        self.ran("check", d, "--read-data")


if __name__ == "__main__":
    cli.main(__name__)

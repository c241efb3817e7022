#!/usr/bin/python3
"""The command line by itself: help, mistakes, init, dozo.conf, keys."""
import hashlib
import base64
import os
import pty
import resource
import signal
import ssl
import stat
import subprocess
import unicodedata
import unittest

import cli
from cli import SITES, dozo


class Help(cli.Case):
    def commands(self):
        lines = self.ran("help").out.splitlines()
        return [line[2:39].split("  ")[0].strip() for line in lines if line.startswith("  ")]

    def test_a_group_of_commands_has_a_help_and_what_there_is_not_has_none(self):
        told = self.ran("help", "tenant").out
        self.assertRegex(told, "(?m)^  tenant add DIR NAME ")
        self.assertNotIn("  member", told)
        self.assertIn("dozo help tenant", self.ran("tenant", code=2).err)
        self.assertIn('no command "nonsense"', self.ran("help", "nonsense", code=2).err)

    def test_every_command_has_a_help(self):
        commands = self.commands()
        self.assertGreater(len(commands), 20)
        for command in commands:
            words = [word for word in command.split() if word.islower() or "-" in word]
            for question in ([*words, "--help"], ["help", *words]):
                result = self.ran(*question)
                self.assertIn("usage: dozo " + " ".join(words), result.out)
                self.assertIn("--json", result.out)
                self.assertEqual(result.err, "")

    def test_what_is_not_understood_ends_with_2_and_changes_nothing(self):
        d = self.path("d")
        for words in ([], ["serv"], ["member"], ["tenant", "remove", d, "x"], ["status"],
                      ["status", d, "more"], ["status", d, "--nonsense"], ["status", d, "-x"],
                      ["init", d, "--min-sites"], ["init", d, "--min-sites", "two"],
                      ["init", d, "--min-sites", "1"], ["init", d, "--min-sites", "4"],
                      ["init", d, "--min-sites", "2", "--min-sites", "2"],
                      ["init", d, "--single-site=yes"],
                      ["init", d, "--single-site", "--min-sites", "2"],
                      ["init", d, "--site", "a"], ["init", d, "--site", "a=/x"],
                      ["init", d, "--site", "A=dir:x", "--site", "b=dir:y"],
                      ["init", d, "--site", "a=dir:x", "--site", "a=dir:y"],
                      ["init", d, "--site", "a=dir:x", "--site", "b=dir:./x"],
                      ["init", d, "--site", "a=dir:x"], ["init", d, "--listen", "8443"],
                      ["init", d, "--listen", "h:70000"], ["init", d, "--listen", "::1:80"],
                      ["rebuild", "--into", d], ["site", "set", d, "a"],
                      ["trash", "restore", d, "t", "1", "2"]):
            result = dozo(*words, cwd=self.box)
            if words[:2] in (["site", "set"],):
                self.assertEqual(result.code, 1, words)  # there is no DIR to begin with
            else:
                self.assertEqual(result.code, 2, (words, result.err))
            self.assertEqual(os.listdir(self.box), [], words)

    def test_a_password_that_is_not_there_is_a_mistake(self):
        d = self.made()
        for words in (["--password-stdin"], ["--as", "x", "--password-stdin"], ["--as", "x"]):
            self.ran("member", "add", d, "t", "u", *words, code=2)
        self.ran("member", "add", d, "t", "u", "--as", "x", "--password-stdin",
                 stdin="only one line\n", code=2)
        self.ran("tenant", "add", d, "t", "--password-stdin", stdin="p" * 2000, code=2)
        self.assertEqual(self.ran("tenant", "list", d, "--json").json(), [])

    def test_version_is_told(self):
        self.assertRegex(self.ran("version").out, r"^dozo \d+\.\d+\.\d+\n$")
        self.assertRegex(self.ran("version", "--json").json()["version"], r"^\d")


    def test_the_program_can_run_no_other_program(self):
        symbols = subprocess.run(["nm", "-D", "--undefined-only", cli.DOZO], capture_output=True,
                                 text=True, check=True).stdout
        self.assertRegex(symbols, r"(?m) U open(at)?\b")  # it was read
        self.assertNotRegex(symbols, r"(?m) U (system|popen|v?fork|exec[a-z]*|posix_spawnp?)\b")


class Init(cli.Case):
    def test_init_makes_a_folder_that_only_its_owner_reads(self):
        d = self.made()
        self.assertEqual(sorted(os.listdir(d)),
                         ["clock", "db", "dozo.conf", "keys", "lock", "sites", "tls"])
        for path, mode in (("", 0o700), ("keys/master.key", 0o400), ("tls/ca.key", 0o600),
                           ("tls/server.key", 0o600), ("dozo.conf", 0o600), ("db", 0o700)):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(d, path)).st_mode), mode, path)
        for site in SITES:
            self.assertTrue(os.path.exists(f"{d}/sites/{site}/site.id"))
            self.assertEqual(os.listdir(f"{d}/sites/{site}/fence"), ["0000000000000001"])

    def test_two_services_share_no_secret(self):
        """No default key, no key from a known seed: not even sixteen bytes are the same."""
        runs = []
        for name in "d", "e":
            d = self.made(name)
            found = set()
            for path in ("keys/master.key", "tls/ca.key", "tls/server.key", "sites/a/site.id"):
                with open(f"{d}/{path}", "rb") as file:
                    data = file.read()
                if path.endswith("tls/ca.key") or path.endswith("server.key"):
                    data = base64.b64decode(b"".join(data.split(b"-----")[2].split()))
                found |= {data[i:i + 16] for i in range(len(data) - 15)}
            runs.append(found)
        # The names of algorithms in a key's frame are everybody's.
        same = {piece for piece in runs[0] & runs[1]
                if len(set(piece)) > 12 and b"\x48\xce\x3d" not in piece}
        self.assertEqual(len(same), 0, same)

    def test_init_tells_what_to_do_next(self):
        result = self.ran("init", self.path("d"))
        for text in ("dozo serve", "dozo tenant add", "dozo key export"):
            self.assertIn(text, result.out)
        self.assertIn("on one device", result.err)
        single = self.ran("init", self.path("s"), "--single-site")
        self.assertIn("one site only", single.err)

    def test_init_refuses_a_folder_with_anything_in_it(self):
        os.mkdir(self.path("d"))
        self.ran("init", self.path("d"))  # empty
        before = sorted(os.listdir(self.path("d")))
        self.assertIn("not empty", self.ran("init", self.path("d"), code=1).err)
        self.assertEqual(sorted(os.listdir(self.path("d"))), before)

    def test_init_refuses_a_site_with_anything_in_it_and_leaves_nothing(self):
        os.makedirs(self.path("x", "full"))
        with open(self.path("x", "full", "letter"), "w", encoding="utf-8") as file:
            file.write("dear")
        os.mkdir(self.path("x", "empty"))
        result = self.ran("init", self.path("d"), "--site", "a=dir:" + self.path("new", "a"),
                          "--site", "e=dir:" + self.path("x", "empty"),
                          "--site", "b=dir:" + self.path("x", "full"), code=1)
        self.assertIn("not empty", result.err)
        self.assertEqual(sorted(os.listdir(self.box)), ["x"])
        self.assertEqual(sorted(os.listdir(self.path("x"))), ["empty", "full"])
        self.assertEqual(os.listdir(self.path("x", "empty")), [])
        self.assertEqual(os.listdir(self.path("x", "full")), ["letter"])

    def test_paths_are_made_absolute_and_links_are_followed(self):
        os.mkdir(self.path("disk"))
        os.symlink("disk", self.path("link"))
        result = dozo("init", "d", "--site", "one=dir:link/one", "--site", "two=dir:./two/",
                      cwd=self.box)
        self.assertEqual(result.code, 0, result.err)
        with open(self.path("d", "dozo.conf"), encoding="utf-8") as file:
            conf = file.read()
        real = os.path.realpath(self.box)
        self.assertIn(f"url = dir:{real}/disk/one\n", conf)
        self.assertIn(f"url = dir:{real}/two\n", conf)
        self.assertEqual([s["name"] for s in self.ran("site", "list", self.path("d"), "--json")
                          .json()], ["one", "two"])

    def test_a_disk_that_fills_during_init_leaves_nothing(self):
        """Every size of file at which writing can fail: EFBIG is as good as ENOSPC."""
        os.mkdir(self.path("there"))

        def limit(size):
            def before():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            return before

        failed = 0
        for size in (0, 50, 80, 200, 300, 500, 1000, 2000, 3000, 3400, 5000, 9000, 20000, 34000):
            result = dozo("init", self.path("d"), "--site", "a=dir:" + self.path("there"),
                          "--site", "b=dir:" + self.path("deep", "er", "b"),
                          preexec_fn=limit(size))
            if result.code == 0:
                break
            failed += 1
            self.assertEqual(result.code, 1, result.err)
            self.assertEqual(sorted(os.listdir(self.box)), ["there"], (size, result.err))
            self.assertEqual(os.listdir(self.path("there")), [], (size, result.err))
        self.assertGreater(failed, 8)

    def test_names_go_into_the_certificate(self):
        d = self.made("d", "--name", "files.example.com", "--name", "192.0.2.7")
        import subprocess
        text = subprocess.run(["openssl", "x509", "-in", d + "/tls/server.crt", "-noout", "-ext",
                               "subjectAltName"], capture_output=True, text=True, check=True).stdout
        for name in ("DNS:localhost", "DNS:files.example.com", "IP Address:192.0.2.7",
                     "IP Address:127.0.0.1"):
            self.assertIn(name, text)


class Conf(cli.Case):
    def conf(self, d, change):
        with open(d + "/dozo.conf", encoding="utf-8") as file:
            text = change(file.read())
        with open(d + "/dozo.conf", "w", encoding="utf-8") as file:
            file.write(text)

    def test_the_file_that_init_writes_explains_every_key_and_reads_back(self):
        d = self.made("d", "--listen", "localhost:9443", "--name", "x.example")
        with open(d + "/dozo.conf", encoding="utf-8") as file:
            text = file.read()
        for key in ("listen", "public_url", "trusted_proxies", "metrics_listen", "certificate",
                    "key", "connections", "connections_per_address", "reserve_bytes",
                    "reserve_percent", "offer_time", "slow_time", "log_level", "names"):
            self.assertRegex(text, rf"(?m)^#?{key} = ")
        self.assertIn("\nlisten = localhost:9443\n", text)
        # Every default, given in words, is taken as well.
        service, sites = text.split("[site ", 1)
        lines = [line[1:] if line.startswith("#") and " = " in line[:30] and line[1] != " "
                 else line for line in service.splitlines()]
        with open(d + "/dozo.conf", "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n[site " + sites)
        self.assertEqual(self.ran("status", d, "--json").json()["min_sites"], 2)

    def test_a_bad_configuration_is_an_error_with_its_line(self):
        for line in ("nonsense = 1", "connections = many", "connections = 0", "log_level = loud",
                     "listen = here", "certificate = /x", "metrics_listen = 9", "key = k",
                     "read_only = perhaps", "offer_time = 10x", "names = " + "n" * 200,
                     "proxy_header = via"):
            with self.subTest(line=line):
                d = self.made("d" + line[:6].strip() + str(len(line)))
                self.conf(d, lambda text: text.replace("[service]\n", "[service]\n" + line + "\n"))
                result = self.ran("status", d, code=1)
                self.assertIn("dozo.conf", result.err)
                self.assertIn("dozo.conf", self.ran("serve", d, code=1).err)

    def test_a_folder_that_is_none_is_told_so(self):
        os.mkdir(self.path("empty"))
        for words in (["status"], ["serve"], ["check"], ["tenant", "list"]):
            self.assertIn("no folder of a service",
                          self.ran(*words, self.path("empty"), code=1).err)
            self.ran(*words, self.path("nothing"), code=1)
        self.assertEqual(os.listdir(self.path("empty")), [])


class Terminal(cli.Case):
    def on_a_terminal(self, *words, **environment):
        """What a command prints where standard output is a terminal."""
        ours, theirs = pty.openpty()
        done = subprocess.run([cli.DOZO, *words], stdout=theirs, timeout=120, check=False,
                              env={**os.environ, "TERM": "xterm", **environment})
        os.close(theirs)
        told = b""
        try:
            while block := os.read(ours, 65536):
                told += block
        except OSError:
            pass  # the other end is closed
        os.close(ours)
        self.assertEqual(done.returncode, 0)
        return told

    def test_colours_are_for_terminals_and_for_those_who_want_them(self):
        d = self.made()
        self.ran("tenant", "add", d, "t", "--admin", "ann")
        for served in (False, True):
            if served:
                self.serve_well(d)
            for words in (["status", d], ["member", "list", d, "t"]):
                self.assertIn(b"\033[", self.on_a_terminal(*words))
                self.assertNotIn(b"\033[", self.on_a_terminal(*words, NO_COLOR="1"))
                self.assertIn(b"\033[", self.on_a_terminal(*words, NO_COLOR=""))
                self.assertNotIn(b"\033[", self.on_a_terminal(*words, TERM="dumb"))
                self.assertNotIn(b"\033[", self.on_a_terminal(*words, "--json"))
                self.assertNotIn("\033[", self.ran(*words).out)

    def test_passwords_are_asked_for_by_name_and_not_shown(self):
        d = self.made()
        self.ran("tenant", "add", d, "t", "--admin", "ann", "--password-stdin", stdin="first-password\n")
        words = [cli.DOZO, "member", "password", d, "t", "ann", "--as", "ann", "--password-stdin"]
        child, terminal = pty.fork()
        if child == 0:
            os.execv(words[0], words)
        told = b""

        def until(text):
            nonlocal told
            while text not in told:
                told += os.read(terminal, 4096)

        until(b"password of ann: ")
        os.write(terminal, b"first-password\n")
        until(b"new password: ")
        os.write(terminal, b"second-password\n")
        until(b"A new password: ann@t")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        os.close(terminal)
        self.assertNotIn(b"first-password", told)
        self.assertNotIn(b"second-password", told)
        self.ran("member", "list", d, "t", "--as", "ann", stdin="second-password\n")

    def test_an_empty_service_has_lists_too(self):
        d = self.made()
        self.assertEqual(self.ran("tenant", "list", d).out, "There is none.\n")
        self.ran("tenant", "add", d, "t")
        for served in (False, True):
            if served:
                self.serve_well(d)
            for words in (["member", "list", d, "t"], ["trash", "list", d, "t"],
                          ["notice", "list", d, "t"]):
                self.assertEqual(self.ran(*words).out, "There is none.\n")
                self.assertEqual(self.ran(*words, "--json").json(), [])
            for words in (["status", d], ["site", "list", d], ["site", "status", d], ["check", d]):
                self.ran(*words)

    def test_columns_line_up_whatever_is_in_them(self):
        d = self.made()
        self.ran("tenant", "add", d, "t", "--admin", "山田花子_とても長い名前の兼務担当者")
        self.ran("member", "add", d, "t", "bob")

        def width(text):
            return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

        lines = self.ran("member", "list", d, "t").out.splitlines()
        self.assertEqual(len({width(line[:line.index("active")]) for line in lines[1:]}), 1)
        self.assertEqual(width(lines[0][:lines[0].index("STATUS")]),
                         width(lines[1][:lines[1].index("active")]))
        self.assertEqual([line for line in lines if line != line.rstrip()], [])


class Fingerprint(cli.Case):
    def test_the_cas_fingerprint_is_told_by_all_that_make_or_serve_one(self):
        def of(folder):
            with open(folder + "/tls/ca.crt", encoding="ascii") as file:
                digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest().upper()
            return ":".join(digest[i:i + 2] for i in range(0, 64, 2))

        d, r = self.path("d"), self.path("r")
        told = self.ran("init", d).out
        self.assertIn(of(d), told)
        server = self.serve(d)
        self.assertIn("fingerprint", server.process.stdout.readline())
        self.assertEqual(server.process.stdout.readline().strip(), of(d))
        self.assertIn(of(d), server.request("GET", "/")[2].decode())
        self.assertEqual(server.end(), 0)
        told = self.ran("rebuild", "--from-site", f"dir:{d}/sites/a", "--master-key",
                        d + "/keys/master.key", "--into", r, "--json").json()
        self.assertEqual(told["ca_fingerprint"], of(r))
        self.assertNotEqual(of(r), of(d))


class Keys(cli.Case):
    def read(self, path):
        with open(path, "rb") as file:
            return file.read()

    def test_an_exported_key_is_the_master_key(self):
        d = self.made()
        self.assertFalse(self.ran("status", d, "--json").json()["key"]["exported"])
        self.assertIn("not exported", self.ran("status", d).out)
        told = self.ran("key", "export", d, self.path("k"), "--json").json()
        self.assertEqual(self.read(self.path("k")), self.read(d + "/keys/master.key"))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("k")).st_mode), 0o400)
        key = self.ran("status", d, "--json").json()["key"]
        self.assertTrue(key["exported"])
        self.assertEqual((told["version"], told["fingerprint"]),
                         (key["version"], key["fingerprint"]))
        self.assertNotIn("not exported", self.ran("status", d).out)

    def test_an_export_never_writes_over_a_file(self):
        d = self.made()
        with open(self.path("k"), "w", encoding="utf-8") as file:
            file.write("mine")
        self.ran("key", "export", d, self.path("k"), code=1)
        self.assertEqual(self.read(self.path("k")), b"mine")
        self.ran("key", "export", d, self.path("no", "k"), code=1)
        self.assertFalse(self.ran("status", d, "--json").json()["key"]["exported"])

    def test_a_key_is_not_exported_onto_a_site_or_into_the_folder_itself(self):
        d = self.path("d")
        self.ran("init", d, "--site", "a=dir:" + self.path("a"), "--site", "b=dir:" + self.path("b"))
        os.symlink(self.path("b"), self.path("link"))
        for at, word in ((d, "lost with it"), (d + "/keys", "lost with it"), (self.path("a"), "site a"),
                         (self.path("link", "data"), "site b")):
            self.assertIn(word, self.ran("key", "export", d, at + "/k", code=1).err)
            self.assertFalse(os.path.exists(at + "/k"))
        self.ran("key", "export", d, self.path("abc"))  # begins like site a, and is not in it

    def test_a_foreign_or_broken_master_key_is_refused(self):
        d, e = self.made("d"), self.made("e")
        key = d + "/keys/master.key"
        mine, foreign = self.read(key), self.read(e + "/keys/master.key")
        fences = os.listdir(d + "/sites/a/fence")
        for bad in (foreign, b"", mine[:-1], mine[:50] + b"\xff" + mine[51:], b"x" * 9000):
            os.unlink(key)
            with open(key, "wb") as file:
                file.write(bad)
            for words in (["serve", d], ["status", d], ["tenant", "add", d, "t"]):
                result = self.ran(*words, code=1)
                self.assertRegex(result.err, "master.key|another service")
        self.assertEqual(os.listdir(d + "/sites/a/fence"), fences)
        os.unlink(key)
        with open(key, "wb") as file:
            file.write(mine)
        self.ran("tenant", "add", d, "t")

    def test_a_site_of_another_service_is_refused(self):
        d, e = self.made("d"), self.made("e")
        os.rename(d + "/sites/a", self.path("a"))
        os.rename(e + "/sites/a", d + "/sites/a")
        for words in (["serve", d], ["status", d]):
            self.assertIn("another service", self.ran(*words, code=1).err)
        os.rename(d + "/sites/a", e + "/sites/a")
        os.rename(d + "/sites/b", d + "/sites/a")
        self.assertRegex(self.ran("serve", d, code=1).err, "stands the site b")


if __name__ == "__main__":
    cli.main(__name__)

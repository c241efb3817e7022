#!/usr/bin/python3
"""What is installed: the program from its new place, manual page, completion, systemd's unit."""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "test_cli"))
import cli  # noqa: E402

BUILD = os.environ["BUILD"]
SECRET = "Tr0ub4dor-and-three-horses"
SPACE = "/dav/%E5%85%A8%E7%A4%BE%E5%85%B1%E6%9C%89/"


def install(prefix, **more):
    subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True,
                   capture_output=True, **more)


class Installed(cli.Case):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="dozo-install-")
        cls.prefix = cls.root + "/usr"
        install(cls.prefix)
        cli.DOZO = cls.prefix + "/bin/dozo"

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def there(self, path):
        return os.path.join(self.prefix, path)

    def text(self, path):
        with open(self.there(path), encoding="utf-8") as file:
            return file.read()

    def commands(self):
        """As the program's own usage shows them: their words, and what they take."""
        lines = re.findall(r"(?m)^  ([a-z].*?)  +\S", self.ran("help").out)
        self.assertEqual(len(lines), len(self.ran("help", "--json").json()["commands"]))
        for line in lines:
            words = [word for word in line.split() if re.fullmatch("[a-z-]+", word)]
            yield " ".join(words), line

    def options(self, command):
        return re.findall(r"(?m)^  --([a-z-]+)", self.ran(*command.split(), "--help").out)

    # ---- the program ----

    def test_the_installed_program_makes_a_service_and_takes_a_file(self):
        d = self.made()
        self.ran("tenant", "add", d, "t", "--admin", "ann", "--password-stdin",
                 stdin=SECRET + "\n")
        server = self.serve(d)
        user = "ann@t:" + SECRET
        self.assertEqual(server.request("PUT", SPACE + "f", b"installed", user)[0], 201)
        self.assertEqual(server.request("GET", SPACE + "f", None, user)[2], b"installed")
        self.assertEqual(server.end(), 0)

    def test_what_watches_it_is_told_of_start_reload_and_stop(self):
        d = self.made()
        for path in (self.path("socket"), "\0" + self.path("abstract")):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as watcher:
                watcher.settimeout(120)
                watcher.bind(path)
                os.environ["NOTIFY_SOCKET"] = path.replace("\0", "@")
                try:
                    server = self.serve(d)
                finally:
                    del os.environ["NOTIFY_SOCKET"]
                self.assertEqual(watcher.recv(100), b"READY=1")
                server.process.send_signal(1)
                self.assertEqual(watcher.recv(100), b"RELOADING=1")
                self.assertEqual(watcher.recv(100), b"READY=1")
                self.assertEqual(server.end(), 0)
                self.assertEqual(watcher.recv(100), b"STOPPING=1")

    def test_nobody_who_watches_is_no_failure(self):
        d = self.made()
        os.environ["NOTIFY_SOCKET"] = self.path("nothing-there")
        try:
            self.assertEqual(self.serve(d).end(), 0)
        finally:
            del os.environ["NOTIFY_SOCKET"]

    def test_a_log_that_was_copied_away_and_cut_goes_on_from_its_beginning(self):
        d = self.made()
        server = self.serve(d)
        os.truncate(server.log, 0)  # as logrotate's copytruncate
        server.process.send_signal(1)

        def log():
            with open(server.log, "rb") as file:
                return file.read()

        self.await_true(lambda: b"event=reloaded" in log())
        self.assertTrue(log().startswith(b"time="))
        self.assertEqual(server.end(), 0)

    # ---- the manual page ----

    def test_the_manual_page_has_every_command_with_its_options(self):
        page = subprocess.run(["man", "-l", self.there("share/man/man1/dozo.1")], text=True,
                              capture_output=True, check=True,
                              env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8"}).stdout
        page = re.sub(".\b", "", page)
        everywhere = page.split("Options of every command")[1]
        for command, line in self.commands():
            self.assertRegex(page, rf"(?m)^ +dozo {re.escape(line)} \[option \.\.\.\]$")
            section = page.split(f"\n   dozo {command}\n")[1].split("\n   dozo ")[0]
            for option in self.options(command):
                pattern = rf"(?m)^ +--{option}( |$)"
                self.assertTrue(re.search(pattern, section) or re.search(pattern, everywhere),
                                f"{command} --{option}")

    def test_the_manual_page_has_no_mistakes(self):
        path = self.there("share/man/man1/dozo.1")
        lints = [["man", "--warnings", "-l", path]]
        if shutil.which("mandoc"):
            lints.append(["mandoc", "-T", "lint", "-W", "warning", path])
        for lint in lints:
            done = subprocess.run(lint, text=True, capture_output=True, check=False,
                                  env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    # ---- the completion ----

    def complete(self, *words):
        """What is offered for the last of the words."""
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dozo; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(
            ["bash", "-c", script, "bash", self.there("share/bash-completion/completions/dozo"),
             "dozo", *words], text=True, capture_output=True, check=True, cwd=self.box)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_the_completion_has_every_command_with_its_options(self):
        for command, _ in self.commands():
            words = command.split()
            for i, word in enumerate(words):
                self.assertIn(word, self.complete(*words[:i], ""))
                self.assertIn(word, self.complete(*words[:i], word[:2]))
            offered = self.complete(*words, "--")
            self.assertEqual(sorted(offered), sorted("--" + o for o in self.options(command)))

    def test_the_completion_offers_folders_files_and_words(self):
        os.mkdir(self.path("service"))
        with open(self.path("some.key"), "w", encoding="ascii"):
            pass
        self.assertEqual(self.complete("status", "s"), ["service"])
        self.assertEqual(self.complete("status", "--json", "s"), ["service"])
        self.assertEqual(self.complete("key", "export", "service", "so"), ["some.key"])
        self.assertEqual(self.complete("rebuild", "--master-key", "so"), ["some.key"])
        self.assertEqual(self.complete("tenant", "add", "service", "acme", "--lang", ""),
                         ["ja", "en"])
        self.assertEqual(self.complete("tenant", "l"), ["list"])
        self.assertEqual(self.complete("nonsense", ""), [])

    # ---- systemd ----

    def test_the_unit_starts_the_program_where_it_was_installed(self):
        unit = self.text("lib/systemd/system/dozo.service")
        self.assertIn(f"\nExecStart={self.prefix}/bin/dozo serve /srv/dozo\n", unit)
        stage = self.path("stage")
        install("/usr", env={**os.environ, "DESTDIR": stage})
        with open(stage + "/usr/lib/systemd/system/dozo.service", encoding="utf-8") as file:
            self.assertIn("\nExecStart=/usr/bin/dozo serve /srv/dozo\n", file.read())
        self.assertTrue(os.access(stage + "/usr/bin/dozo", os.X_OK))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
    def test_systemd_understands_the_unit(self):
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no",
             self.there("lib/systemd/system/dozo.service")],
            text=True, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_the_manuals_are_there(self):
        for path in ("README.md", "README.ja.md", "docs/operating.md",
                     "docs/operating.ja.md", "docs/FORMAT.md", "docs/THREATS.md"):
            self.assertGreater(os.path.getsize(self.there("share/doc/dozo/" + path)), 1000)
        self.assertRegex(self.text("lib/sysusers.d/dozo.conf"), r"(?m)^u dozo - ")

    def told(self, path):
        """Each dozo command of a manual: its words, without what is said beside it."""
        for line in re.findall(r"(?m)^    (?:\$ )?(?:sudo -u dozo )?(dozo [a-z].*)$", self.text(path)):
            yield re.split(r"  +|  # | \|\|", line)[0].split()[1:]

    def test_the_manuals_tell_of_commands_that_there_are(self):
        table = {tuple(command["name"].split()): command
                 for command in self.ran("help", "--json").json()["commands"]}
        everywhere = self.ran("help", "--json").json()["options"]
        for path in ("docs/operating.md", "docs/operating.ja.md"):
            lines = list(self.told("share/doc/dozo/" + path))
            self.assertGreater(len(lines), 20)
            for words in lines:
                command = table.get(tuple(words[:2])) or table.get(tuple(words[:1]))
                self.assertIsNotNone(command, words)
                options = {"--" + o["name"]: o for o in command["options"] + everywhere}
                rest = words[len(command["name"].split()):]
                args = 0
                while rest:
                    word = rest.pop(0)
                    if word.startswith("--"):
                        self.assertIn(word, options, words)
                        if options[word]["value"]:
                            rest.pop(0)
                    else:
                        args += 1
                self.assertEqual(args, len(command["args"]), words)

    def test_both_languages_tell_of_the_same_commands(self):
        self.assertEqual(list(self.told("share/doc/dozo/docs/operating.ja.md")),
                         list(self.told("share/doc/dozo/docs/operating.md")))


if __name__ == "__main__":
    cli.main(__name__)

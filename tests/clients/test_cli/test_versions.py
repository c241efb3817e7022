#!/usr/bin/python3
"""Versions, trash and settings by command, at a served and at an unserved DIR, with the clock
of the tests."""
import os
import unittest

import cli

SECRET = "a-long-enough-secret"
SPACE = "/dav/%E5%85%A8%E7%A4%BE%E5%85%B1%E6%9C%89/"
FILE = "/全社共有/plan.txt"
DAY = 86400 * 10**9


class Versions(cli.Case):
    def setUp(self):
        super().setUp()
        self.clock = self.path("clock")
        self.passed = 0
        self.tick(0)
        os.environ["DOZO_TEST_CLOCK"] = self.clock
        self.d = self.made()
        self.ran("tenant", "add", self.d, "t", "--admin", "ann", "--password-stdin",
                 stdin=SECRET + "\n")
        self.user = "ann@t:" + SECRET

    def tearDown(self):
        super().tearDown()
        del os.environ["DOZO_TEST_CLOCK"]

    def tick(self, ns):
        """So much time passes on the machine."""
        self.passed += ns
        with open(self.clock + ".next", "w", encoding="ascii") as file:
            file.write(f"{self.passed} {self.passed} 1 boot-1\n")
        os.rename(self.clock + ".next", self.clock)

    def asked(self, *words, code=0):
        """As ann."""
        return self.ran(*words, "--as", "ann", stdin=SECRET + "\n", code=code)

    def versions(self):
        return self.asked("versions", "list", self.d, "t", FILE, "--json").json()

    def put(self, server, text):
        status = server.request("PUT", SPACE + "plan.txt", text, self.user)[0]
        self.assertIn(status, (201, 204))

    def got(self, server, name="plan.txt"):
        status, _, body = server.request("GET", SPACE + name, None, self.user)
        return body if status == 200 else status

    def test_a_former_content_is_swapped_in_and_saved_until_its_second(self):
        server = self.serve(self.d)
        self.put(server, b"first")
        self.put(server, b"second")
        rows = self.versions()
        self.assertEqual([row["size"] for row in rows], [5])
        told = self.asked("versions", "list", self.d, "t", FILE).out
        self.assertRegex(told, r"KEPT UNTIL \(UTC\)\n")
        self.asked("versions", "swap", self.d, "t", FILE, rows[0]["id"])
        self.assertEqual(self.got(server), b"first")
        displaced = self.versions()
        self.assertEqual([row["size"] for row in displaced], [6])
        self.tick(6 * DAY)
        self.asked("versions", "save-as", self.d, "t", FILE, displaced[0]["id"],
                   "/全社共有/saved.txt")
        self.assertEqual(self.got(server, "saved.txt"), b"second")
        self.assertEqual(self.versions(), displaced)
        self.tick(DAY)
        self.assertEqual(self.versions(), [])
        self.asked("versions", "swap", self.d, "t", FILE, displaced[0]["id"], code=1)
        self.assertEqual(self.got(server), b"first")
        # Its content is another file's by now, and stays.
        self.assertEqual(self.got(server, "saved.txt"), b"second")
        self.assertEqual(server.end(), 0)
        self.assertEqual(self.ran("check", self.d, "--read-data").code, 0)

    def test_mistakes_say_what_to_do(self):
        server = self.serve(self.d)
        self.put(server, b"first")
        self.put(server, b"second")
        version = self.versions()[0]["id"]
        self.asked("versions", "swap", self.d, "t", FILE, "x", code=2)
        self.asked("versions", "swap", self.d, "t", FILE, 99999999, code=1)
        self.asked("versions", "list", self.d, "t", "/全社共有/none", code=1)
        self.asked("versions", "save-as", self.d, "t", FILE, version, FILE, code=1)
        self.asked("versions", "save-as", self.d, "t", FILE, version, "/x", code=1)
        told = self.ran("versions", "list", self.d, "t", FILE, code=1)
        self.assertIn("--as", told.err)
        self.assertEqual(len(self.versions()), 1)

    def test_a_restart_shortens_no_term(self):
        server = self.serve(self.d)
        self.put(server, b"first")
        self.put(server, b"second")
        self.tick(3 * DAY)
        self.assertEqual(server.end(), 0)
        self.tick(4 * DAY - 60 * 10**9)
        server = self.serve(self.d)
        self.assertEqual(len(self.versions()), 1)
        self.tick(60 * 10**9)
        self.assertEqual(self.versions(), [])

    def test_a_setting_is_for_what_comes(self):
        self.assertEqual(self.ran("tenant", "settings", self.d, "t", "--json").json()
                         ["version_days"], 7)
        server = self.serve(self.d)
        self.put(server, b"first")
        self.put(server, b"second")
        # ann has signed in: from now on it is hers.
        self.ran("tenant", "set", self.d, "t", "version_days", 1, code=1)
        self.asked("tenant", "set", self.d, "t", "version_days", 0, code=1)
        self.asked("tenant", "set", self.d, "t", "nonsense", 1, code=2)
        self.asked("tenant", "set", self.d, "t", "version_days", "many", code=2)
        self.asked("tenant", "set", self.d, "t", "version_days", 1)
        self.put(server, b"third")
        self.tick(DAY)
        self.assertEqual([row["size"] for row in self.versions()], [5])
        told = self.ran("tenant", "settings", self.d, "t").out
        self.assertRegex(told, r"version_days +1 ")

    def test_the_trash_is_purged_one_and_all(self):
        server = self.serve(self.d)
        for name in ("a", "b", "c"):
            self.assertEqual(server.request("PUT", SPACE + name, b"text", self.user)[0], 201)
            self.assertEqual(server.request("DELETE", SPACE + name, None, self.user)[0], 204)

        def names():
            return sorted(row["name"] for row in
                          self.asked("trash", "list", self.d, "t", "--json").json())

        rows = self.asked("trash", "list", self.d, "t", "--json").json()
        first = next(row["id"] for row in rows if row["name"] == "a")
        self.asked("trash", "purge", self.d, "t", first)
        self.assertEqual(names(), ["b", "c"])
        self.asked("trash", "purge", self.d, "t", first, code=1)
        self.asked("trash", "restore", self.d, "t", first, code=1)
        self.asked("trash", "purge", self.d, "t", "some", code=2)
        self.assertEqual(self.asked("trash", "purge", self.d, "t", "all", "--json").json(),
                         {"purged": 2})
        self.assertEqual(names(), [])


if __name__ == "__main__":
    cli.main(__name__)

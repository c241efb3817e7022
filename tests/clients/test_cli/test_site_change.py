#!/usr/bin/python3
"""site add, remove, replace: the register changes while people work (LOG.md L20)."""
import os
import shutil
import signal
import threading
import unittest

import cli
from cli import dozo

SECRET = "Tr0ub4dor-and-three-horses"
SPACE = "/dav/%E5%85%A8%E7%A4%BE%E5%85%B1%E6%9C%89/"  # 全社共有
USER = "ann@t:" + SECRET
BIG = os.urandom(1 << 20)


class Change(cli.Case):
    def setUp(self):
        super().setUp()
        self.sites = {name: self.path(name) for name in ("a", "b", "c")}
        self.d = self.made("d", *[word for name, path in self.sites.items()
                                  for word in ("--site", f"{name}=dir:{path}")])
        self.ran("tenant", "add", self.d, "t", "--admin", "ann", "--password-stdin",
                 stdin=SECRET + "\n")
        self.server = self.serve_well(self.d)
        self.put("small", b"a small file")
        self.put("big", BIG)

    def put(self, name, data):
        self.assertIn(self.server.request("PUT", SPACE + name, data, USER)[0], (201, 204))

    def rows(self):
        return {(row["name"], row["state"]): row
                for row in self.ran_any("site", "status", self.d, "--json").json()}

    def ran_any(self, *words):
        result = dozo(*words)
        self.assertIn(result.code, (0, 3), result.err)
        return result

    def names(self):
        return [row["name"] for row in self.ran("site", "list", self.d, "--json").json()]

    def conf(self):
        with open(self.d + "/dozo.conf", encoding="utf-8") as file:
            return file.read()

    def well(self):
        self.await_true(lambda: dozo("status", self.d).code == 0)

    def stop(self):
        self.assertEqual(self.server.end(), 0)

    def rebuilt(self, path, into, key):
        told = self.ran("rebuild", "--from-site", "dir:" + path, "--master-key", key, "--into",
                        self.path(into), "--json").json()
        self.assertTrue(told["complete"])
        return {t["id"]: t["state_hash"] for t in told["tenants"]}

    def alone(self, path, other):
        """Only the site and the exported key exist: the same state comes back."""
        key = self.path("exported")
        if os.path.exists(key):
            os.unlink(key)
        self.ran("key", "export", self.d, key)
        self.ran("check", self.d, "--read-data")
        want = self.rebuilt(other, "r1", key)
        for folder in [*self.sites.values(), self.d]:
            if folder != path and os.path.exists(folder):
                os.rename(folder, folder + ".gone")
        got = self.rebuilt(path, "r2", key)
        self.assertEqual(got, want)
        server = self.serve(self.path("r2"))
        self.assertEqual(server.request("GET", SPACE + "big", None, USER)[2], BIG)
        self.assertEqual(server.end(), 0)


class Served(Change):
    def test_a_site_is_added_while_people_work_and_is_enough_alone(self):
        stop, wrong, n = threading.Event(), [], [0]

        def work():
            while not stop.is_set():
                status = self.server.request("PUT", f"{SPACE}w{n[0]}", os.urandom(100000), USER)[0]
                if status != 201:
                    wrong.append(status)
                n[0] += 1

        worker = threading.Thread(target=work)
        worker.start()
        with open(self.d + "/dozo.conf", "a", encoding="utf-8") as file:
            file.write("# a word of the operator's\n")
        out = self.ran("site", "add", self.d, "d=dir:" + self.path("e"), "--wait").out
        stop.set()
        worker.join()
        self.assertEqual(wrong, [])
        for text in ("counts for nothing", "4 sites", "when 2 have it", "export it again", "Done."):
            self.assertIn(text, out)
        self.well()
        self.assertEqual(self.names(), ["a", "b", "c", "d"])
        self.assertIn("# a word of the operator's\n", self.conf())
        self.assertIn("2 of 4 sites must have", self.ran("status", self.d).out)
        self.stop()
        self.alone(self.path("e"), self.sites["a"])
        self.assertGreater(n[0], 0)

    def test_it_goes_on_without_the_command_and_over_a_restart(self):
        told = self.ran("site", "add", self.d, "d=dir:" + self.path("e"), "--json", code=3).json()
        self.assertEqual(told, {"site": "d", "sites": 4, "min_sites": 2, "done": False})
        self.assertEqual(self.server.end(signal.SIGKILL), -signal.SIGKILL)
        self.server = self.serve(self.d)
        self.well()
        self.assertEqual(self.names(), ["a", "b", "c", "d"])
        # Once more: it is there.
        self.assertIn("d is a site already",
                      self.ran("site", "add", self.d, "d=dir:" + self.path("e")).out)
        self.assertIn("dozo site replace",
                      self.ran("site", "add", self.d, "d=dir:" + self.path("f"), code=1).err)

    def test_a_dead_disk_is_replaced_at_its_own_place(self):
        shutil.rmtree(self.sites["c"])
        out = self.ran("site", "replace", self.d, "c=dir:" + self.sites["c"], "--wait").out
        self.assertIn("It is away", out)
        self.put("later", b"after it")
        self.well()
        self.assertEqual(self.names(), ["a", "b", "c"])
        self.assertNotIn("\nnext_", self.conf())
        self.stop()
        self.alone(self.sites["c"], self.sites["a"])

    def test_what_has_left_never_comes_back(self):
        old, new = self.sites["c"], self.path("new")
        os.rename(old, self.path("away"))
        self.ran("site", "replace", self.d, "c=dir:" + new, "--wait")
        self.well()
        os.rename(self.path("away"), old)
        for words in (["add", "d=dir:" + old], ["replace", "b=dir:" + old]):
            err = self.ran("site", words[0], self.d, words[1], code=1).err
            self.assertIn("never comes back", err)
        self.stop()
        # Its disk where the present one is looked for.
        os.rename(new, self.path("aside"))
        os.rename(old, new)
        self.assertIn("never comes back", self.ran("serve", self.d, code=1).err)
        os.rename(new, old)
        os.rename(self.path("aside"), new)
        # And while the server runs.
        self.server = self.serve_well(self.d)
        os.rename(new, self.path("aside"))
        os.rename(old, new)
        self.await_true(lambda: ("c", "away") in self.rows())
        self.assertIn("has left", self.rows()["c", "away"]["why"])
        self.put("meanwhile", b"on two")
        os.rename(new, old)
        os.rename(self.path("aside"), new)
        self.well()

    def test_a_removed_site_is_emptied_and_forgotten(self):
        out = self.ran("site", "remove", self.d, "b", "--wait").out
        self.assertIn("what stands there is deleted", out)
        self.assertIn("None of them may be away then", out)
        self.well()
        self.assertEqual(self.names(), ["a", "c"])
        self.assertNotIn("[site b]", self.conf())
        left = sorted(os.path.relpath(path, self.sites["b"])
                      for path in self.files_below(self.sites["b"]))
        self.assertEqual(left[-1], "site.id")
        self.assertTrue(all(path.startswith("fence/") for path in left[:-1]), left)
        self.assertIn("1 site would be left",
                      self.ran("site", "remove", self.d, "a", code=1).err)
        self.ran("site", "remove", self.d, "b", code=1)
        self.stop()
        self.alone(self.sites["c"], self.sites["a"])

    def test_a_rotation_ends_once_the_dead_site_is_removed(self):
        shutil.rmtree(self.sites["c"])
        self.await_true(lambda: ("c", "away") in self.rows())
        told = self.ran("key", "rotate-sites", self.d, "--export", self.path("k"), "--json",
                        code=3).json()
        self.assertEqual([row["site"] for row in told["pending"]], ["c"])
        self.ran("site", "remove", self.d, "c", "--wait")
        self.well()
        self.assertNotIn("pending", self.ran_any("key", "status", self.d).out)

    def test_what_stands_in_the_way_is_said(self):
        full = self.path("full")
        os.mkdir(full)
        with open(full + "/x", "w", encoding="utf-8"):
            pass
        other = self.made("o", "--site", "x=dir:" + self.path("x"), "--site",
                          "y=dir:" + self.path("y"))
        conf, key = self.conf(), open(self.d + "/keys/master.key", "rb").read()
        for words, text in (
                (["add", "d=dir:" + full], "not empty (x is in it)"),
                (["add", "d=dir:" + self.path("x")], "another service"),
                (["add", "d=dir:" + self.sites["a"]], "a folder of its own"),
                (["add", "d=dir:" + self.sites["a"] + "/below"], "a folder of its own"),
                (["add", "d=dir:" + self.box], "a folder of its own"),
                (["add", "a=dir:" + self.path("n")], "dozo site replace"),
                (["replace", "z=dir:" + self.path("n")], "there is no site z"),
                (["replace", "a=dir:" + self.sites["b"]], "a folder of its own"),
                (["remove", "z"], "there is no site z")):
            err = self.ran("site", words[0], self.d, words[1], code=1).err
            self.assertIn(text, err)
        for word in ("d", "d=dir:relative", "D=dir:/x", "d=s3:x"):
            self.ran("site", "add", self.d, word, code=2)
        self.assertEqual(conf, self.conf())
        self.assertEqual(key, open(self.d + "/keys/master.key", "rb").read())
        self.assertFalse(os.path.exists(self.path("n")))
        self.ran("status", other)

    def test_with_too_few_sites_there_nothing_is_begun(self):
        os.rename(self.sites["b"], self.path("away"))
        self.await_true(lambda: ("b", "away") in self.rows())
        err = self.ran("site", "remove", self.d, "a", code=1).err
        self.assertIn("are needed", err)
        os.rename(self.path("away"), self.sites["b"])
        self.well()
        self.assertEqual(self.names(), ["a", "b", "c"])


class NotServed(Change):
    def setUp(self):
        super().setUp()
        self.stop()

    def test_a_site_is_added_and_the_command_ends_when_it_is_over(self):
        self.assertIn("Done.", self.ran("site", "add", self.d, "d=dir:" + self.path("e")).out)
        self.assertEqual(self.names(), ["a", "b", "c", "d"])
        self.ran("site", "status", self.d)
        self.assertIn("not exported", self.ran("status", self.d).out)
        self.alone(self.path("e"), self.sites["b"])

    def test_a_service_of_one_site_gets_a_second_one(self):
        one = self.made("one", "--single-site")
        out = self.ran("site", "add", one, "z=dir:" + self.path("z")).out
        self.assertIn("when 2 have it", out)
        self.assertEqual(self.ran("status", one, "--json").json()["min_sites"], 2)

    def test_killed_at_each_step_and_repeated_it_ends_right(self):
        points = {
            "add": ["site_place.keyed", "site_place.key", "site_place.folder", "site_place.conf",
                    "site_change.filling", "site_change.filled", "site_change.switching",
                    "claim.fenced:5", "site_change.claimed:1",
                    "site_change.heads", "claim.fenced:9", "site_change.claimed:2",
                    "site_change.left"],
            "replace": ["site_place.conf", "site_change.leaving", "site_leave.object",
                        "site_leave.acks", "site_leave.forgetting", "site_leave.key"],
        }
        for verb, list_ in points.items():
            for n, point in enumerate(list_):
                name = "b" if verb == "replace" else "n"
                words = ["site", verb, self.d, f"{name}=dir:{self.path(verb + str(n))}"]
                killed = dozo(*words, env={"DOZO_TEST_KILL": point})
                self.assertEqual(killed.code, -signal.SIGKILL, (verb, point, killed.err))
                self.assertIn("Done.", self.ran(*words).out)
                self.server = self.serve(self.d)
                self.well()
                self.assertEqual(self.server.request("GET", SPACE + "big", None, USER)[2], BIG)
                if verb == "add":
                    self.assertEqual(self.names(), ["a", "b", "c", "n"])
                    self.ran("site", "remove", self.d, "n", "--wait")
                    self.well()
                self.stop()
                self.ran("check", self.d, "--read-data")
                self.assertNotIn("\nnext_", self.conf())
        self.alone(self.path("replace5"), self.sites["a"])


if __name__ == "__main__":
    cli.main(__name__)

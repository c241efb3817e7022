"""test_scrub.py - dozo scrub and dozo check --repair: rot is found, told and made good, while it
is served and while it is not; a scrub goes on after its server was killed."""
import configparser
import glob
import os
import re
import signal
import subprocess

import cli


def rot(path):
    """Turns a byte in the middle."""
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))


class Filled(cli.Case):
    def filled(self, files=3, size=300000):
        """A service with a tenant and some files, served."""
        folder = self.made()
        made = self.ran("tenant", "add", folder, "demo", "--admin", "taro",
                        "--lang", "en")
        self.user = "taro@demo:" + re.search(r"password\s+(\S+)", made.out).group(1)
        server = self.serve_well(folder)
        for i in range(files):
            code, _, body = server.request(
                "PUT", f"/dav/Company/file-{i}", os.urandom(size), self.user)
            self.assertIn(code, (201, 204), body)
        return folder, server

    def objects(self, folder, site, kind):
        """Of the tenant with files: the kind's objects, the oldest first."""
        found = glob.glob(os.path.join(folder, "sites", site, kind, "*", "*"))
        found = [path for path in found if "/0000000000000000/" not in path]
        self.assertTrue(found)
        return sorted(found)

    def state(self, folder):
        parser = configparser.ConfigParser()
        parser.read(os.path.join(folder, "scrub"))
        return parser

    def rate(self, folder, bytes_a_second):
        with open(os.path.join(folder, "dozo.conf"), encoding="utf-8") as file:
            text = file.read()
        text = re.sub(r"^(# *)?scrub_rate = .*$", f"scrub_rate = {bytes_a_second}", text,
                      flags=re.M)
        self.assertIn("\nscrub_rate = ", text)
        with open(os.path.join(folder, "dozo.conf"), "w", encoding="utf-8") as file:
            file.write(text)


class Scrub(Filled):
    def test_a_clean_service_is_clean_on_every_site_served_or_not(self):
        folder, server = self.filled()
        for _ in range(2):
            for words in ((), ("--deep",)):
                done = self.ran("scrub", folder, *words, "--json").json()
                self.assertTrue(done["ok"] and done["over"])
                self.assertEqual([row["site"] for row in done["sites"]], list(cli.SITES))
                for row in done["sites"]:
                    self.assertEqual(row["data"], 3)
                    self.assertEqual(row["contents"], 3 if words else 0)
                    self.assertGreater(row["numbers"], 3)
            ended = self.state(folder)
            sites = [s for s in ended.sections() if s.startswith("site ")]
            self.assertEqual(len(sites), 3)
            for site in sites:
                self.assertGreater(int(ended[site]["ended"]), 0)
                self.assertEqual(ended[site]["ended"], ended[site]["ended_deep"])
            if server:
                self.assertEqual(server.end(), 0)
            server = None

    def test_one_site_alone_is_looked_at(self):
        folder, _ = self.filled(1)
        done = self.ran("scrub", folder, "--site", "b", "--json").json()
        self.assertEqual([row["site"] for row in done["sites"]], ["b"])
        ended = self.state(folder)
        self.assertEqual(
            sorted(int(ended[s]["ended"]) > 0 for s in ended.sections() if s != "scrub"),
            [False, False, True])
        wrong = self.ran("scrub", folder, "--site", "nowhere", code=1)
        self.assertIn("there is no site nowhere", wrong.err)

    def test_rot_is_found_told_and_repaired_while_it_is_served(self):
        folder, server = self.filled()
        bad = self.objects(folder, "b", "data")[0]
        with open(bad, "rb") as file:
            before = file.read()
        rot(bad)
        # Its ends are as they were: only --deep reads what lies between.
        self.ran("scrub", folder)
        found = self.ran("scrub", folder, "--deep", code=1)
        self.assertRegex(found.out, r"b, demo: data segment .*: made new from [ac], "
                                    r"the bad bytes are damaged/\w+/data\.\w+\n")
        self.assertIn("What was wrong is repaired.", found.out)
        with open(bad, "rb") as file:
            self.assertEqual(file.read(), before)
        aside = glob.glob(os.path.join(folder, "sites", "b", "damaged", "*", "*"))
        self.assertEqual(len(aside), 1)
        self.assertEqual(os.path.basename(aside[0]), "data." + os.path.basename(bad))
        self.ran("scrub", folder, "--deep")
        self.assertEqual(server.end(), 0)

    def test_what_is_gone_or_cut_short_is_found_without_deep(self):
        folder, _ = self.filled()
        paths = self.objects(folder, "c", "data")
        os.unlink(paths[0])
        os.chmod(paths[1], 0o600)
        os.truncate(paths[1], 1000)
        found = self.ran("scrub", folder, "--json", code=1).json()
        row = found["sites"][2]
        self.assertEqual((row["missing"], row["damaged"], row["repaired"]), (1, 1, 2))
        self.assertEqual(len(found["problems"]), 2)
        self.ran("scrub", folder)

    def test_keyrings_and_numbers_are_made_good_too(self):
        folder, _ = self.filled(1)
        rot(self.objects(folder, "a", "keys")[-1])
        rot(self.objects(folder, "a", "log")[1])
        found = self.ran("scrub", folder, "--json", code=1).json()
        row = found["sites"][0]
        self.assertEqual((row["damaged"], row["repaired"]), (2, 2), found)
        self.ran("scrub", folder, "--deep")

    def test_a_fence_that_rots_is_told_of(self):
        folder, _ = self.filled(1)
        rot(sorted(glob.glob(os.path.join(folder, "sites", "a", "fence", "*")))[0])
        found = self.ran("scrub", folder, code=1)
        self.assertRegex(found.out, r"a, \(provider\): fence 0+1: ")

    def test_a_site_that_is_away_leaves_it_incomplete(self):
        folder, _ = self.filled(1)
        os.rename(os.path.join(folder, "sites", "c"), self.path("away"))
        self.await_true(lambda: cli.dozo("status", folder).code == 3)
        found = self.ran("scrub", folder, code=3)
        self.assertIn("not complete", found.out)
        ended = self.state(folder)
        self.assertEqual(sum(int(ended[s]["ended"]) == 0
                             for s in ended.sections() if s != "scrub"), 1)

    def test_it_goes_on_where_it_was_after_the_server_is_killed(self):
        folder, server = self.filled(6)
        self.assertEqual(server.end(), 0)
        self.rate(folder, "200 KiB")
        server = self.serve_well(folder)
        with subprocess.Popen([cli.DOZO, "scrub", folder, "--deep"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as following:
            self.await_true(lambda: any(
                int(self.state(folder)[s]["data"]) > 1
                for s in self.state(folder).sections() if s != "scrub"))
            other = self.ran("scrub", folder, code=1)
            self.assertIn("another scrub is not over", other.err)
            server.end(signal.SIGKILL)
            _, err = following.communicate(timeout=120)
            self.assertEqual(following.returncode, 3, err)
            self.assertIn("Ctrl-C ends only this command", err)
            self.assertIn("goes on when it is served again", err)
        began = self.state(folder)["scrub"]["run"]
        self.assertEqual(self.state(folder)["scrub"]["going"], "yes")
        self.rate(folder, "1 GiB")
        self.serve(folder)
        self.await_true(lambda: self.state(folder)["scrub"]["going"] == "no")
        ended = self.state(folder)
        self.assertEqual(ended["scrub"]["run"], began)
        for site in ended.sections():
            if site != "scrub":
                self.assertEqual((ended[site]["data"], ended[site]["contents"]), ("6", "6"))
                self.assertEqual(ended[site]["found"], "0")

    def test_it_can_be_ended_for_good(self):
        folder, server = self.filled(6)
        self.assertEqual(server.end(), 0)
        self.rate(folder, "100 KiB")
        self.serve_well(folder)
        with subprocess.Popen([cli.DOZO, "scrub", folder, "--deep"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as following:
            self.await_true(lambda: cli.dozo("scrub", folder, "--stop").code == 0)
            out, err = following.communicate(timeout=120)
            self.assertEqual(following.returncode, 3, out + err)
            self.assertIn("It was stopped.", out)
        self.assertEqual(self.state(folder)["scrub"]["going"], "no")
        self.assertIn("no scrub is under way", self.ran("scrub", folder, "--stop", code=1).err)

    def test_one_that_was_interrupted_unserved_goes_on_when_it_is_asked_again(self):
        folder, server = self.filled(4)
        self.assertEqual(server.end(), 0)
        self.rate(folder, "200 KiB")
        with subprocess.Popen([cli.DOZO, "scrub", folder, "--deep"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as alone:
            self.await_true(lambda: any(
                int(self.state(folder)[s]["data"]) > 0
                for s in self.state(folder).sections() if s != "scrub"))
            alone.send_signal(signal.SIGINT)
            alone.communicate(timeout=120)
        began = self.state(folder)["scrub"]["run"]
        self.rate(folder, "1 GiB")
        done = self.ran("scrub", folder, "--deep", "--json").json()
        self.assertEqual([row["data"] for row in done["sites"]], [4, 4, 4])
        self.assertEqual(self.state(folder)["scrub"]["run"], began)


class Seen(Filled):
    def test_status_tells_of_upkeep_and_of_the_last_scrub(self):
        folder, server = self.filled(1)
        self.assertIn(", 1 file and ", self.ran("status", folder).out)
        self.assertRegex(self.ran("status", folder).out, r"\nscrub +- +- +- +-\n")
        before = self.ran("status", folder, "--json").json()
        self.assertEqual(sorted(before["upkeep"]),
                         ["compaction", "cut", "pack", "purge", "snapshot", "sweep"])
        for row in before["scrub"]["sites"]:
            self.assertEqual((row["last_end"], row["last_deep_end"]), (None, None))
        self.ran("scrub", folder, "--site", "a")
        self.assertRegex(self.ran("status", folder).out, r"\nscrub +- +- ")  # b and c never were
        self.ran("scrub", folder)
        self.assertRegex(self.ran("status", folder).out, r"\nscrub +- +20\d\d-")
        after = self.ran("status", folder, "--json").json()["scrub"]
        self.assertFalse(after["going"] or after["running"])
        for row in after["sites"]:
            self.assertRegex(row["last_end"], r"^20\d\d-\d\d-\d\dT")
            self.assertIsNone(row["last_deep_end"])
        self.assertEqual(server.end(), 0)
        closed = self.ran("status", folder, "--json").json()
        self.assertIsNone(closed["upkeep"])
        self.assertEqual(closed["scrub"]["sites"], after["sites"])


class Repair(Filled):
    def test_a_check_says_line_by_line_what_it_made_new(self):
        folder, _ = self.filled()
        data = self.objects(folder, "a", "data")
        rot(data[0])
        os.unlink(data[1])
        found = self.ran("check", folder, "--read-data", "--repair", code=1)
        self.assertRegex(found.out, r"a, demo: data segment \w+: [^\n]*: made new from [bc], the bad "
                                    r"bytes are damaged/")
        self.assertRegex(found.out, r"a, demo: data segment \w+: not there: made new from [bc]\n")
        self.assertIn("What was wrong is repaired.", found.out)
        self.ran("check", folder, "--read-data")

    def test_it_repairs_too_where_nobody_serves(self):
        folder, server = self.filled()
        rot(self.objects(folder, "a", "data")[0])
        rot(self.objects(folder, "b", "log")[2])
        self.assertEqual(server.end(), 0)
        only = self.ran("check", folder, "--read-data", code=1)
        self.assertNotIn("made new", only.out)
        found = self.ran("check", folder, "--repair", code=1)
        self.assertRegex(found.out, r"a, demo: data segment \w+: [^\n]*: made new from [bc], the bad")
        self.assertRegex(found.out, r"b, demo: number 3: [^\n]*: made new from [ac], the bad bytes")
        self.ran("check", folder, "--read-data")

    def test_the_only_copies_stay_where_they_are(self):
        folder, _ = self.filled(1)
        before = {}
        for site in cli.SITES:
            path = self.objects(folder, site, "data")[0]
            rot(path)
            with open(path, "rb") as file:
                before[path] = file.read()
        found = self.ran("check", folder, "--read-data", "--repair", code=1)
        self.assertIn("not repaired: no site has an undamaged copy", found.out)
        self.assertIn("Something is damaged.", found.out)
        for path, was in before.items():
            with open(path, "rb") as file:
                self.assertEqual(file.read(), was)
        self.assertEqual(glob.glob(os.path.join(folder, "sites", "*", "damaged")), [])


if __name__ == "__main__":
    cli.main(__name__)

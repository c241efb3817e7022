#!/usr/bin/python3
"""dozo doctor: each finding is made true, is told with a command, and goes when it is mended."""
import datetime
import os
import re
import resource
import shutil
import subprocess
import tempfile
import unittest

import cli
from cli import DOZO, Result

PASSPHRASE = "four walls of earth"
SECRET = "a-long-enough-secret"
SPACE = "/dav/%E5%85%A8%E7%A4%BE%E5%85%B1%E6%9C%89/"
HOUR = 3600 * 10**9
DAY = 24 * HOUR


def with_passphrase(*words):
    get, put = os.pipe()
    os.write(put, (PASSPHRASE + "\n").encode())
    os.close(put)
    try:
        return Result(subprocess.run([DOZO, *words, "--passphrase-fd", str(get)], text=True,
                                     pass_fds=[get], capture_output=True, timeout=120, check=False))
    finally:
        os.close(get)


class Doctor(cli.Case):
    """
    A service in which nothing is to be mended: two sites on two devices, in two places. There is
    no third device for the key: it is sealed where that matters, and key-beside-site is passed
    over where not, for Argon2id takes its time.
    """

    def setUp(self):
        super().setUp()
        self.clock = self.path("clock")
        self.tick()
        os.environ["DOZO_TEST_CLOCK"] = self.clock
        self.shm = tempfile.mkdtemp(prefix="dozo-doctor-", dir="/dev/shm")
        self.assertNotEqual(os.stat(self.shm).st_dev, os.stat(self.box).st_dev)
        self.d = self.path("d")
        self.ran("init", self.d, "--site", "a=dir:" + self.path("a"),
                 "--site", f"b=dir:{self.shm}/b")
        with open(self.path("passphrase"), "w", encoding="ascii") as file:
            file.write(PASSPHRASE + "\n")
        os.chmod(self.path("passphrase"), 0o600)
        self.sealed = False
        self.set("reserve_bytes", "1 MiB")
        self.set("reserve_percent", "0")
        self.ran("site", "set", self.d, "a", "--place", "東京")
        self.ran("site", "set", self.d, "b", "--place", "大阪")
        self.ran("key", "export", self.d, self.path("exported.key"))

    def tearDown(self):
        super().tearDown()
        shutil.rmtree(self.shm)
        del os.environ["DOZO_TEST_CLOCK"]

    def tick(self, boot=0, wall=0, synchronised=1, boot_id="boot-1"):
        with open(self.clock + ".next", "w", encoding="ascii") as file:
            file.write(f"{boot} {wall} {synchronised} {boot_id}\n")
        os.rename(self.clock + ".next", self.clock)

    def conf(self):
        with open(self.d + "/dozo.conf", encoding="utf-8") as file:
            return file.read()

    def conf_write(self, text):
        with open(self.d + "/dozo.conf", "w", encoding="utf-8") as file:
            file.write(text)

    def set(self, key, value):
        """A line of dozo.conf; None takes it out."""
        text = re.sub(f"^{key} = .*\n", "", self.conf(), flags=re.M)
        if value is not None:
            text = text.replace("[service]\n", f"[service]\n{key} = {value}\n", 1)
        self.conf_write(text)

    def seal(self):
        done = with_passphrase("key", "passphrase", self.d)
        self.assertEqual(done.code, 0, done.err)
        self.set("passphrase_file", self.path("passphrase"))
        self.ran("key", "export", self.d, self.path("sealed.key"))
        self.sealed = True

    def found(self, **more):
        """The findings' names; each has a text, and a command."""
        result = cli.dozo("doctor", self.d, "--json", **more)
        told = result.json()
        self.assertEqual(result.code, 1 if told["findings"] else 0, result.err)
        self.assertEqual(told["ok"], not told["findings"])
        for finding in told["findings"]:
            self.assertRegex(finding["text"], ".{10}")
            self.assertRegex(finding["next"], "^(dozo|sudo|chmod|ls|cd|editor|ulimit|journalctl"
                                              "|systemctl) ")
        self.findings = [f for f in told["findings"]
                         if self.sealed or f["name"] != "key-beside-site"]
        return [finding["name"] for finding in self.findings]

    def well(self):
        names = self.found()
        self.assertEqual(names, [], self.findings)

    def text(self, name):
        return next(f["text"] for f in self.findings if f["name"] == name)

    def next(self, name):
        return next(f["next"] for f in self.findings if f["name"] == name)

    # ---- the command itself ----

    def test_nothing_is_found_where_nothing_is_to_be_mended_served_or_not(self):
        self.seal()
        self.assertEqual(self.ran("doctor", self.d).out, "Nothing to mend.\n")
        self.assertFalse(self.ran("doctor", self.d, "--json").json()["served"])
        server = self.serve_well(self.d)
        self.assertEqual(self.ran("doctor", self.d).out, "Nothing to mend.\n")
        self.assertTrue(self.ran("doctor", self.d, "--json").json()["served"])
        self.assertEqual(server.end(), 0)

    def test_people_read_the_finding_and_below_it_what_to_type(self):
        self.seal()
        os.chmod(self.d + "/keys/master.key", 0o440)
        path = os.path.realpath(self.d) + "/keys/master.key"
        self.assertEqual(self.ran("doctor", self.d, code=1).out,
                         f"permissions  {path} may be read by others (mode 0440)\n"
                         f"    chmod go-rwx {path}\n1 finding.\n")

    def test_a_served_folder_is_examined_from_inside_too(self):
        server = self.serve_well(self.d)
        self.ran("site", "set", self.d, "b", "--place", "東京")
        os.chmod(self.d + "/tls/server.key", 0o644)
        self.assertEqual(self.found(), ["one-place", "permissions"])
        self.ran("site", "set", self.d, "b", "--place", "大阪")
        os.chmod(self.d + "/tls/server.key", 0o600)
        self.well()
        self.assertEqual(server.end(), 0)

    def test_a_service_that_cannot_be_opened_is_a_finding(self):
        os.rename(self.path("a"), self.path("a-away"))
        os.rename(self.shm + "/b", self.shm + "/b-away")
        shutil.rmtree(self.d + "/db")
        self.assertIn("service", self.found())
        self.assertIn("dozo status", self.next("service"))
        os.rename(self.path("a-away"), self.path("a"))
        os.rename(self.shm + "/b-away", self.shm + "/b")
        self.well()

    # ---- sites ----

    def test_sites_on_one_device(self):
        shutil.copytree(self.shm + "/b", self.path("b"), copy_function=shutil.copy2)
        text = self.conf()
        self.conf_write(text.replace(f"dir:{self.shm}/b", "dir:" + self.path("b")))
        self.assertEqual(self.found(), ["one-device"])
        self.assertRegex(self.text("one-device"), "a and b are on one device")
        self.assertIn(" b=dir:/", self.next("one-device"))
        self.conf_write(text)
        self.well()

    def test_sites_in_one_place_and_a_site_whose_place_nobody_knows(self):
        self.ran("site", "set", self.d, "b", "--place", "東京")
        self.assertEqual(self.found(), ["one-place"])
        self.ran("site", "set", self.d, "b", "--place", "")
        self.assertEqual(self.found(), ["place-unknown"])
        self.assertIn("site set", self.next("place-unknown"))
        self.ran("site", "set", self.d, "b", "--place", "大阪")
        self.well()

    def test_a_site_that_is_away(self):
        os.rename(self.path("a"), self.path("away"))
        self.assertIn("site-away", self.found())
        self.assertIn("No such file", self.text("site-away"))
        os.rename(self.path("away"), self.path("a"))
        self.well()

    def test_a_site_below_its_reserve(self):
        self.set("reserve_bytes", "64 TiB")
        self.assertEqual(self.found(), ["site-full", "site-full"])
        self.set("reserve_bytes", "1 MiB")
        self.well()

    def test_one_site_that_is_enough(self):
        alone = self.path("alone")
        self.ran("init", alone, "--single-site", "--site", f"a=dir:{self.shm}/alone")
        self.ran("site", "set", alone, "a", "--place", "東京")
        self.ran("key", "export", alone, self.path("alone.key"))
        told = self.ran("doctor", alone, "--json", code=1).json()["findings"]
        self.assertIn("one-site-is-enough", [f["name"] for f in told])

    # ---- clock, upkeep ----

    def test_a_clock_that_is_not_synchronised(self):
        self.tick(synchronised=0)
        self.assertEqual(self.found(), ["clock"])
        self.tick()
        self.well()

    def test_time_that_did_not_count(self):
        self.serve(self.d).end()
        self.tick(boot=0, wall=3 * HOUR, synchronised=0, boot_id="boot-2")
        server = self.serve_well(self.d)
        self.tick(boot=0, wall=3 * HOUR, boot_id="boot-2")
        self.assertEqual(self.found(), ["clock-not-counted"])
        self.ran(*self.next("clock-not-counted").split()[1:])
        self.well()
        self.assertEqual(server.end(), 0)

    def test_a_snapshot_that_is_overdue(self):
        self.ran("tenant", "add", self.d, "acme", "--admin", "ann", "--password-stdin",
                 stdin=SECRET + "\n")
        server = self.serve(self.d)
        self.assertEqual(201, server.request("PUT", SPACE + "f", b"x", "ann@acme:" + SECRET)[0])
        server.end()
        self.well()
        self.tick(boot=23 * HOUR)
        self.well()
        self.tick(boot=25 * HOUR)
        self.assertIn("snapshot-overdue", self.found())
        self.assertTrue(any("the tenant acme" in f["text"] for f in self.findings))
        self.assertIn("dozo serve", self.next("snapshot-overdue"))
        server = self.serve(self.d)
        self.await_true(lambda: "snapshot-overdue" not in self.found())
        server.end()
        self.well()

    def test_a_scrub_that_is_overdue(self):
        def scrubs():  # what else becomes overdue is another test's
            self.found()
            self.findings = [f for f in self.findings if f["name"] == "scrub-overdue"]
            return len(self.findings)

        self.tick(boot=34 * DAY, wall=34 * DAY)
        self.assertEqual(scrubs(), 0)
        self.tick(boot=36 * DAY, wall=36 * DAY)
        self.assertEqual(scrubs(), 2)
        self.assertIn("never", self.text("scrub-overdue"))
        for finding in self.findings:
            self.ran(*finding["next"].split()[1:])
        self.assertEqual(scrubs(), 0)
        self.tick(boot=180 * DAY, wall=180 * DAY)
        self.assertEqual(scrubs(), 2)
        self.assertRegex(self.text("scrub-overdue"), r"ended on \d{4}-\d\d-\d\d")
        self.ran("scrub", self.d)
        self.assertEqual(scrubs(), 0)
        self.tick(boot=191 * DAY, wall=191 * DAY)
        self.assertEqual(scrubs(), 2)
        self.assertIn("--deep", self.next("scrub-overdue"))
        self.ran("scrub", self.d, "--deep")
        self.assertEqual(scrubs(), 0)

    def test_what_a_scrub_could_not_repair(self):
        self.ran("tenant", "add", self.d, "acme", "--admin", "ann", "--password-stdin",
                 stdin=SECRET + "\n")
        tenant = self.ran("tenant", "list", self.d, "--json").json()[0]["id"]
        kept = {}
        for site in (self.path("a"), self.shm + "/b"):  # so that none has it whole
            folder = f"{site}/log/{tenant}"
            path = f"{folder}/{sorted(os.listdir(folder))[0]}"
            with open(path, "rb") as file:
                kept[path] = file.read()
            os.chmod(path, 0o600)
            with open(path, "wb") as file:
                file.write(kept[path][:-1])
        self.ran("scrub", self.d, code=1)
        self.assertIn("scrub-left", self.found())
        self.assertIn("--repair", self.next("scrub-left"))
        for path, data in kept.items():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
        self.ran("scrub", self.d)
        self.well()

    # ---- certificate ----

    def test_a_local_certificate_that_nobody_renews(self):
        self.tick(wall=80 * DAY)
        self.assertEqual(self.found(), ["certificate"])
        self.assertRegex(self.text("certificate"), r"ends on \d{4}-\d\d-\d\d$")
        self.tick(wall=100 * DAY)
        self.found()
        self.assertIn("has ended", self.text("certificate"))
        self.serve(self.d).end()
        self.well()

    def test_a_local_ca_near_its_end(self):
        self.tick(wall=10 * 365 * DAY - 100 * DAY)
        self.serve(self.d).end()
        self.assertEqual(self.found(), ["ca"])
        subprocess.run(self.next("ca"), shell=True, check=True)
        self.serve(self.d).end()
        self.well()

    def test_a_local_certificate_that_was_removed(self):
        shutil.rmtree(self.d + "/tls")
        self.assertEqual(self.found(), ["certificate", "ca"])
        for finding in self.findings:
            self.assertIn("dozo serve", finding["next"])
        self.serve(self.d).end()
        self.well()

    def own_certificate(self, name, days):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-subj", "/CN=localhost", "-days", str(days), "-keyout",
             self.path(name + ".key"), "-out", self.path(name + ".crt")],
            check=True, capture_output=True)

    def test_a_certificate_of_ones_own(self):
        self.own_certificate("own", 10)
        self.own_certificate("other", 100)
        self.set("certificate", self.path("own.crt"))
        self.set("key", self.path("own.key"))
        self.assertEqual(self.found(), ["certificate"])
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=10)
        self.assertIn(f"ends on {end:%Y-%m-%d}", self.text("certificate"))
        self.set("certificate", self.path("other.crt"))
        self.assertEqual(self.found(), ["certificate"])
        self.assertIn("key", self.text("certificate"))
        self.set("key", self.path("other.key"))
        self.well()
        self.set("certificate", self.path("gone.crt"))
        self.assertEqual(self.found(), ["certificate"])
        self.set("certificate", self.path("other.crt"))
        os.chmod(self.path("other.key"), 0o644)
        self.assertEqual(self.found(), ["permissions"])

    # ---- limits and settings ----

    def test_too_few_files_may_be_open(self):
        few = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (3000, 3000))}
        self.assertEqual(self.found(**few), ["file-limit"])
        self.assertRegex(self.next("file-limit"), r"^ulimit -n \d+$")
        self.set("connections", "900")
        self.assertEqual(self.found(**few), [])

    def test_a_server_raises_its_limit_as_far_as_it_may(self):
        server = self.serve_well(self.d)
        soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        self.assertEqual(soft, hard)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (3000, 3000))
        self.assertEqual(self.found(), ["file-limit"])
        self.assertRegex(self.next("file-limit"), r"LimitNOFILE=\d+$")
        self.assertEqual(server.end(), 0)

    def test_proxies_whose_word_everybody_could_be(self):
        for wide in ("0.0.0.0/0", "::/0", "10.0.0.0/7", "fc00::/7"):
            self.set("trusted_proxies", wide)
            self.assertEqual(self.found(), ["trusted-proxies"], wide)
        self.set("trusted_proxies", "10.0.0.0/8, fd00::/8, 192.0.2.1")
        self.well()

    def test_a_passphrase_beside_the_key_that_it_opens(self):
        self.seal()
        os.chmod(self.path("passphrase"), 0o644)
        self.assertEqual(self.found(), ["permissions"])
        subprocess.run(self.next("permissions"), shell=True, check=True)
        shutil.copy(self.path("passphrase"), self.d + "/passphrase")
        self.set("passphrase_file", self.d + "/passphrase")
        self.assertEqual(self.found(), ["passphrase-beside-key"])
        self.set("passphrase_file", self.path("passphrase"))
        self.well()

    # ---- the master key ----

    def test_a_key_that_was_never_exported_or_not_since(self):
        os.remove(self.d + "/keys/exported")
        self.assertEqual(self.found(), ["key-not-exported"])
        self.assertIn("never", self.text("key-not-exported"))
        self.ran("key", "export", self.d, self.path("again.key"))
        self.well()
        with open(self.d + "/keys/exported", "w", encoding="ascii") as file:
            file.write("nonsense\n")
        self.assertEqual(self.found(), ["key-not-exported"])

    def test_keys_whose_rotation_is_not_over(self):
        self.ran("key", "rotate-sites", self.d, code=1)
        self.assertEqual(self.found(), ["key-rotation"])
        self.ran("key", "rotate-sites", self.d, "--export", self.path("next.key"))
        names = self.found()
        self.assertNotIn("key-rotation", names)

    def test_an_open_key_or_export_on_the_device_of_a_site(self):
        self.seal()
        removed = with_passphrase("key", "passphrase", self.d, "--remove")
        self.assertEqual(removed.code, 0, removed.err)
        self.ran("key", "export", self.d, self.path("open.key"))
        self.assertEqual(self.found(), ["key-beside-site"])
        self.assertIn("site a", self.text("key-beside-site"))
        os.mkdir(self.shm + "/exports")
        self.set("key_export_to", self.shm + "/exports")
        self.assertEqual(self.found(), ["key-beside-site", "export-beside-site"])
        self.assertIn("site b", self.text("export-beside-site"))
        self.set("key_export_to", None)
        self.set("passphrase_file", None)
        self.assertEqual(with_passphrase(*self.next("key-beside-site").split()[1:]).code, 0)
        self.set("passphrase_file", self.path("passphrase"))
        self.ran("key", "export", self.d, self.path("sealed-again.key"))
        self.well()

    # ---- permissions ----

    def test_files_that_others_may_read_or_change(self):
        self.own_certificate("own", 90)
        os.chmod(self.path("own.key"), 0o600)
        self.set("certificate", self.path("own.crt"))
        self.set("key", self.path("own.key"))
        for path, mode in ((self.d, 0o770), (self.d + "/keys/master.key", 0o440),
                           (self.d + "/keys/exported", 0o604), (self.d + "/dozo.conf", 0o620),
                           (self.d + "/tls/ca.key", 0o640), (self.d + "/tls/ca.crt", 0o666),
                           (self.d + "/db", 0o777), (self.path("a"), 0o702),
                           (self.path("a", "site.id"), 0o660), (self.path("own.key"), 0o644)):
            before = os.stat(path).st_mode & 0o7777
            os.chmod(path, mode)
            self.assertEqual(self.found(), ["permissions"], path)
            self.assertIn(os.path.basename(path), self.text("permissions"))
            subprocess.run(self.next("permissions"), shell=True, check=True)
            self.well()
            os.chmod(path, before)

    def test_a_file_that_others_may_read_and_that_has_no_secret_is_no_finding(self):
        os.chmod(self.d + "/tls/ca.crt", 0o644)
        os.chmod(self.d, 0o755)
        self.well()

    @unittest.skipUnless(os.geteuid() == 0, "only root gives files away")
    def test_files_that_another_user_owns(self):
        os.chown(self.d + "/keys/master.key", 1, 1)
        self.assertEqual(self.found(), ["owner"])
        subprocess.run(self.next("owner").removeprefix("sudo "), shell=True, check=True)
        self.well()


if __name__ == "__main__":
    cli.main(__name__)

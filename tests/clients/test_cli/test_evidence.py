#!/usr/bin/python3
"""dozo evidence beside a server: checks by themselves and at once, the page and the JSON, a canary that nobody sees."""
import json
import os
import re
import subprocess
import unittest

import cli

CLAUSES = ["4.1", "CLD.8.1.5", "10.1.1", "11.2.7", "12.1.2", "12.3.1", "15.1.2", "16.1.1", "16.1.2", "18.2.1"]
CHECKED = ("10.1.1", "12.3.1")
PLACES = {"a": "札幌", "b": "東京", "c": "福岡"}


class Evidence(cli.Case):
    def placed(self):
        d = self.made()
        for site, place in PLACES.items():
            self.ran("site", "set", d, site, "--place", place, "--country", "JP")
        return d

    def now(self, d, clause, code=0):
        result = self.ran("evidence", d, "--clause", clause, "--now", "--json", code=code).json()
        self.assertEqual(result["clause"], clause)
        self.assertEqual(result["light"], "not_satisfied" if code else "satisfied", result)
        return result

    def test_without_a_server_nothing_is_satisfied(self):
        d = self.made()
        result = self.ran("evidence", d, "--clause", "12.3.1", code=1)
        self.assertIn("Nobody serves this service", result.out)
        items = self.ran("evidence", d, "--json", code=1).json()["items"]
        self.assertEqual([item["clause"] for item in items], CLAUSES)
        for item in items:
            self.assertEqual(item["light"], "not_satisfied" if item["clause"] in CHECKED
                             else "not_yet_covered")
            self.assertIsNone(item["checked_at"])
        self.ran("evidence", d, "--clause", "12.3.1", "--now", code=1)
        self.ran("evidence", d, "--clause", "12.3.2", code=2)
        self.ran("evidence", d, "--clause", "4.1", code=1)

    def test_the_first_checks_come_by_themselves_within_a_minute(self):
        d = self.placed()
        server = self.serve(d)
        self.await_true(lambda: self.lights(d) == {"satisfied"}, seconds=60)
        self.ran("evidence", d)
        shown = self.ran("evidence", d, "--clause", "12.3.1").out
        self.assertIn("satisfied, checked at 2", shown)
        self.assertIn("札幌, 東京, 福岡", shown)
        self.assertEqual(server.end(), 0)

    def lights(self, d):
        result = cli.dozo("evidence", d, "--json").json()
        return {item["light"] for item in result["items"] if item["clause"] in CHECKED}

    def test_a_site_that_goes_while_the_server_runs_turns_12_3_1_red_at_the_next_now(self):
        d = self.placed()
        server = self.serve(d)
        self.now(d, "12.3.1")
        os.rename(d + "/sites/b", d + "/sites/b.away")
        self.assertIn("site b", self.now(d, "12.3.1", code=1)["checked"].lower())
        os.rename(d + "/sites/b.away", d + "/sites/b")
        self.await_true(lambda: cli.dozo("evidence", d, "--clause", "12.3.1", "--now").code == 0)
        self.assertEqual(server.end(), 0)

    def test_a_server_that_is_stopped_amid_a_check_tells_who_waits(self):
        d = self.placed()
        server = self.serve(d)
        waiting = subprocess.Popen([cli.DOZO, "evidence", d, "--clause", "12.3.1", "--now"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # Under way: the canary has a log beside the provider's.
        self.await_true(lambda: len(os.listdir(d + "/sites/a/log")) == 2)
        self.assertEqual(server.end(), 0)
        self.assertEqual(waiting.wait(timeout=60), 1)
        self.assertIn("no checks run here", waiting.communicate()[1])

    def test_sites_whose_place_nobody_told_are_not_in_different_places(self):
        d = self.made()
        self.serve(d)
        self.assertIn("dozo site set", self.now(d, "12.3.1", code=1)["checked"])
        # What cannot be copied is sealed all the same.
        self.now(d, "10.1.1")

    def test_the_canary_is_in_no_list_and_cannot_be_used(self):
        d = self.placed()
        self.ran("tenant", "add", d, "acme", "--admin", "ann")
        self.serve(d)
        self.now(d, "10.1.1")
        self.assertEqual([row["name"] for row in self.ran("tenant", "list", d, "--json").json()],
                         ["acme"])
        status = self.ran("status", d, "--json").json()
        self.assertEqual([row["name"] for row in status["tenants"]], ["acme"])
        self.assertIn("1 tenant, 0 files and 0 B", self.ran("status", d).out)
        self.ran("member", "list", d, "(canary)", code=1)
        self.ran("member", "add", d, "(canary)", "eve", code=1)
        self.ran("tenant", "add", d, "(canary)", code=1)
        # Its log is checked as everybody's is.
        self.assertIn("(canary)", self.ran("check", d, "--read-data").out)

    def test_page_and_json_say_the_same_to_everybody(self):
        d = self.placed()
        server = self.serve(d)
        self.now(d, "10.1.1")
        code, headers, body = server.request("GET", "/api/v1/security")
        self.assertEqual((code, headers["Content-Type"]), (200, "application/json"))
        items = json.loads(body)["items"]
        self.assertEqual([item["clause"] for item in items], CLAUSES)
        for item in items:
            self.assertEqual(sorted(item), ["checked", "checked_at", "clause", "command", "light"])
            self.assertEqual(item["command"], "dozo evidence DIR --clause " + item["clause"])
        told = {item["clause"]: item for item in self.ran("evidence", d, "--json", code=1).json()["items"]}
        for item in items:
            self.assertEqual({key: told[item["clause"]][key] for key in item}, item)
        for lang, word in (("ja", "適合"), ("en", "Satisfied")):
            code, headers, body = server.request("GET", "/about/security?lang=" + lang)
            page = body.decode()
            self.assertEqual((code, headers["Content-Language"]), (200, lang))
            self.assertIn(f'<html lang="{lang}">', page)
            self.assertNotIn("<script", page)
            for place in PLACES.values():
                self.assertIn(place, page)
            shown = re.findall(r'<section id="c([^"]*)">.*?class="light ([a-z]*)">([^<]*)<', page)
            self.assertEqual([one[0] for one in shown], CLAUSES)
            self.assertEqual(shown[2][1:], ("good", "✓ " + word))
        self.assertIn(told["10.1.1"]["checked"], page)


if __name__ == "__main__":
    cli.main(__name__)

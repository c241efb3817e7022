#!/usr/bin/python3
"""./dev demo: it holds as it is, and each step notices that its promise is broken."""
import os
import re
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "test_cli"))
import cli  # noqa: E402

DEMO = os.path.join(HERE, "..", "..", "tools", "demo")


def demo(*words, lang="C"):
    done = subprocess.run([sys.executable, DEMO, *words], capture_output=True, text=True,
                          timeout=300, check=False,
                          env={**os.environ, "LC_ALL": lang, "PYTHONUTF8": "1"})
    return done.returncode, done.stdout, done.stderr


STEPS = demo("--steps")[1].split()


class Demo(unittest.TestCase):
    def test_every_promise_holds_and_is_told_in_the_language_of_the_reader(self):
        code, out, err = demo(lang="ja_JP.UTF-8")
        self.assertEqual(code, 0, out + err)
        self.assertEqual(err, "")
        self.assertIn("約束どおり", out.splitlines()[-1])
        self.assertEqual(re.findall(r"(?m)^\d/8 ([a-z0-9-]+):", out), STEPS)

    def test_the_steps_have_plain_names_one_a_line(self):
        code, out, err = demo("--steps")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(len(STEPS), 8)
        for line in out.splitlines():
            self.assertRegex(line, "^[a-z0-9-]+$")

    def test_what_it_does_not_know_is_refused(self):
        for words in (["--sabotage"], ["--sabotage", "nothing"], ["upload"]):
            code, out, err = demo(*words)
            self.assertEqual((code, out), (2, ""))
            self.assertIn("--sabotage STEP", err)

    def sabotage(self, step):
        code, out, _ = demo("--sabotage", step)
        lines = out.splitlines()
        self.assertEqual(code, 1, out)
        self.assertEqual(lines[-1], "FAILED at the step " + step)
        # The steps before it held: it is this one that was broken.
        self.assertEqual(re.findall(r"(?m)^\d/8 ([a-z0-9-]+):", out),
                         STEPS[:STEPS.index(step) + 1])


for name in STEPS:
    def one(self, step=name):
        self.sabotage(step)

    setattr(Demo, f"test_a_broken_{name.replace('-', '_')}_is_noticed", one)


if __name__ == "__main__":
    cli.main(__name__)

"""clients.py - what the scripts that drive clients share: a whole server, running a
program, cases printed as cmocka prints them, so that they are counted."""
import os
import shutil
import subprocess
import sys
import tempfile


class Failed(Exception):
    pass


def must(holds, why):
    if not holds:
        raise Failed(why)


class Server:
    """The server's program, and what a client needs to reach it."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().rstrip("\n")
        self.port, self.ca, self.user, self.password = line.split("\t")
        self.url = f"https://localhost:{self.port}"

    def stop(self):
        self.process.stdin.close()
        return self.process.wait(timeout=60)


def run(command, env=None, data=None, **options):
    done = subprocess.run(command, input=data, capture_output=True, timeout=900,
                          env={**os.environ, **(env or {})}, check=False, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command[:2])}: exit {done.returncode}\n"
                     + done.stdout.decode(errors="replace")[-2000:]
                     + done.stderr.decode(errors="replace")[-4000:])
    return done.stdout


SYSTEM_STORE = "/etc/ssl/certs/ca-certificates.crt"


def with_ca(server, folder, command):
    """The command, for a world of its own in which the system trusts the server's CA."""
    bundle = os.path.join(folder, "ca-certificates.crt")
    with open(bundle, "wb") as file:
        for name in SYSTEM_STORE, server.ca:
            with open(name, "rb") as part:
                file.write(part.read())
    unshare = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "-r", "--mount"]
    return unshare + ["sh", "-c", 'mount --bind "$1" "$2"; shift 2; exec "$@"', "sh",
                      bundle, SYSTEM_STORE, *command]


def case(name, call):
    print(f"[ RUN      ] {name}", flush=True)
    try:
        call()
    except (Failed, OSError, subprocess.SubprocessError, ValueError) as error:
        print(f"{error}\n[  FAILED  ] {name}", flush=True)
        return False
    print(f"[       OK ] {name}", flush=True)
    return True


def the_server_ends_cleanly(server):
    code = server.stop()
    must(code == 0, f"it ended with {code}")


def main(programs, cases):
    """programs: name -> how it tells its version. A missing one is a failure."""
    for program, ask in programs.items():
        if shutil.which(program) is None:
            print(f"{program} is missing: ./dev installs it")
            return 1
        told = subprocess.run([program, ask], capture_output=True, text=True, check=False)
        print(f"{program}: {(told.stdout + told.stderr).strip().splitlines()[0]}", flush=True)
    server = Server(sys.argv[1])
    good = True
    with tempfile.TemporaryDirectory(prefix="dozo-test-") as folder:
        for call in cases:
            good &= case(call.__name__, lambda call=call: call(server, folder))
    good &= case("the_server_ends_cleanly", lambda: the_server_ends_cleanly(server))
    return 0 if good else 1

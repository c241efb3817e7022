"""alone - what the disk itself makes, dozo on it, and how dozo's cost grows."""
import concurrent.futures
import json
import mmap
import os
import shutil
import subprocess
import tempfile
import time

from measures import GIB, fill
from servers import PASSWORD, Dozo, die

BLOCK = 256 << 10  # as a site writes data segments


def disk_files(place, seconds):
    """Durable 4 KiB files a second, one after the other: nameless file, write,
    fdatasync, link, fsync of the folder, as a site does it."""
    folder = tempfile.mkdtemp(prefix="dozo-bench-raw-", dir=place)
    body = os.urandom(4096)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    count, begin = 0, time.monotonic()
    try:
        while time.monotonic() - begin < seconds:
            file = os.open(folder, os.O_RDWR | os.O_TMPFILE, 0o600)
            os.write(file, body)
            os.fdatasync(file)
            # Only with a folder's descriptor does Python follow the link in /proc.
            os.link(f"/proc/self/fd/{file}", str(count), dst_dir_fd=descriptor,
                    follow_symlinks=True)
            os.fsync(descriptor)
            os.close(file)
            count += 1
        return count / (time.monotonic() - begin)
    finally:
        os.close(descriptor)
        shutil.rmtree(folder, ignore_errors=True)


def stream_write(path, size):
    with mmap.mmap(-1, BLOCK) as block:
        block.write(os.urandom(BLOCK))
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_DIRECT, 0o600)
        try:
            for _ in range(size // BLOCK):
                if os.write(file, block) != BLOCK:
                    die(f"{path}: a short write")
            os.fdatasync(file)
        finally:
            os.close(file)


def disk_streams(place, size, streams):
    """Bytes a second of each of so many streams, written past the page cache."""
    folder = tempfile.mkdtemp(prefix="dozo-bench-raw-", dir=place)
    paths = [os.path.join(folder, str(i)) for i in range(streams)]
    begin = time.monotonic()
    try:
        with concurrent.futures.ThreadPoolExecutor(streams) as pool:
            list(pool.map(lambda path: stream_write(path, size), paths))
        return size / (time.monotonic() - begin)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def disk_limits(results, place, folder, plan):
    """Before and after dozo's turn, as a shared disk changes."""
    rate = disk_files(folder, 2)
    for connections in plan["connections"]:
        results.add(place, f"PUT 4 KiB x{connections}", "/s", "disk", rate)
    if plan["large_disk"]:
        results.add(place, f"PUT {plan['large'] // GIB} GiB", "B/s", "disk",
                    disk_streams(folder, plan["large"], 2))


def null_sites(build, results, place, folder, plan):
    """The same program over sites that swallow what is written: dozo's own share."""
    with Dozo(build, folder) as server:
        server.stop()
        server.program = os.path.join(build, "bench", "dozo-null")
        server.serve()
        for turn in range(plan["runs"]):
            for connections in plan["connections"]:
                server.folders(f"n{connections}-{turn}")
                line = server.load("put-small", connections, 1000000, seconds=plan["seconds"],
                                   base=f"n{connections}-{turn}")
                results.add(place, f"PUT 4 KiB x{connections}", "/s", "null sites", line["rate"])
            server.folders(f"l{turn}")
            line = server.load("put-large", size=plan["large"], base=f"l{turn}", seconds=120)
            results.add(place, f"PUT {plan['large'] // GIB} GiB", "B/s", "null sites",
                        plan["large"] * 1000 / line["p50_ms"])


# ---- how cost grows ----

def start_time(server):
    """From nothing to the first answer of the tenant, after a clean stop."""
    server.stop()
    begin = time.monotonic()
    server.serve()
    server.load("propfind", size=0, base="empty")
    return (time.monotonic() - begin) * 1000


def folder_size(path):
    return sum(os.path.getsize(os.path.join(folder, name))
               for folder, _, names in os.walk(path) for name in names)


def grow_files(build, results, place, plan):
    """One tenant's files, of 100 bytes each, in sixteen folders."""
    with Dozo(build, place) as server:
        server.folders("empty")
        fill(server, "list", 1000)
        server.folders("files")
        there = 0
        for total in plan["files"]:
            column = f"{total:,}"
            while there < total:
                there += server.load("put-small", 64, total - there, 100, 300, "files",
                                     there)["count"]
            server.folders(f"at{total}")
            line = server.load("put-small", 16, 1000000, seconds=plan["seconds"],
                               base=f"at{total}")
            results.add("files", "PUT 4 KiB x16", "/s", column, line["rate"])
            line = server.load("get-small", 16, line["count"], seconds=plan["seconds"],
                               base=f"at{total}")
            results.add("files", "GET 4 KiB x16", "/s", column, line["rate"])
            line = server.load("propfind", 1, 5, size=1000, base="list")
            results.add("files", "PROPFIND 1,000", "ms", column, line["p50_ms"])
            results.add("files", "start", "ms", column, start_time(server))
            results.add("files", "memory", "MiB", column,
                        server.load("idle")["server_rss_kib"] / 1024)
            results.add("files", "database", "MiB", column,
                        folder_size(server.path("dir", "db")) / (1 << 20))


def grow_tenants(build, results, place, plan):
    """Others that are there and at rest."""
    with Dozo(build, place) as server:
        server.folders("empty")
        there = 1
        for total in plan["tenants"]:
            column = f"{total:,}"
            for i in range(there, total):
                server.tenant_add(f"tenant{i}")
            there = total
            server.folders(f"at{total}")
            line = server.load("put-small", 16, 1000000, seconds=plan["seconds"],
                               base=f"at{total}")
            results.add("tenants", "PUT 4 KiB x16", "/s", column, line["rate"])
            results.add("tenants", "start", "ms", column, start_time(server))
            results.add("tenants", "memory", "MiB", column,
                        server.load("idle")["server_rss_kib"] / 1024)


def grow_versions(build, results, place, plan):
    """One file, written over and over: what the last of so many cost."""
    timed = 10
    with Dozo(build, place) as server:
        server.folders("one")
        there = 0
        for total in plan["versions"]:
            column = f"{total:,}"
            if total - there > timed:
                server.load("put-one", count=total - there - timed, base="one", first=there)
            line = server.load("put-one", count=timed, base="one", first=total - timed)
            there = total
            results.add("versions", "PUT once more", "ms", column, line["p50_ms"])
            begin = time.monotonic()
            server.command("versions", "list", server.dir, "bench", "Company/one/one.bin",
                           "--as", "admin", "--json", text=PASSWORD + "\n")
            results.add("versions", "versions list", "ms", column,
                        (time.monotonic() - begin) * 1000, "a program's start and a password")


# ---- rebuild ----

def rebuild(build, results, place, plan):
    """The metadata of many files from snapshot and tail, on one site; the phases are
    the bench program's own."""
    folder = tempfile.mkdtemp(prefix="dozo-bench-", dir=place)
    try:
        done = subprocess.run([os.path.join(build, "bench", "rebuild_bench"), folder,
                               str(plan["rebuild"][0]), str(plan["rebuild"][1])],
                              stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            die("rebuild_bench failed")
        for line in map(json.loads, done.stdout.splitlines()):
            results.add("rebuild", line["name"], "s", "dozo", line["seconds"],
                        line.get("notes", ""))
    finally:
        shutil.rmtree(folder, ignore_errors=True)

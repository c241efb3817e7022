"""measures - what is asked of each server. Servers take turns, so that what else the
machine does meets all of them."""
from servers import Dozo

GIB = 1 << 30
MIB = 1 << 20
SMALL = 4096
SMALL_ROOM = 1000000  # requests in one run at the most; the seconds end it


def cpu_each(line):
    return f"server {1e6 * line['server_cpu_s'] / max(line['count'], 1):.0f} us of CPU each"


def small_files(servers, results, place, plan):
    """PUT, GET of the same files, PUT over them; as many as fit into the seconds."""
    for connections in plan["connections"]:
        for turn in range(plan["runs"]):
            for server in servers:
                base = f"s{connections}-{turn}"
                server.folders(base)
                count = SMALL_ROOM
                for what, mode in (("PUT", "put-small"), ("GET", "get-small"),
                                   ("overwrite", "overwrite-small")):
                    line = server.load(mode, connections, count, SMALL, plan["seconds"], base)
                    if what == "PUT":
                        count = line["count"]
                    name = f"{what} 4 KiB x{connections}"
                    note = cpu_each(line) if server.name == "dozo" else ""
                    results.add(place, name, "/s", server.name, line["rate"], note)
                    results.add(place, name + " p99", "ms", server.name, line["p99_ms"])


def large_files(starts, results, place, plan):
    """Each anew every time: what they keep of former files would fill the place."""
    for turn in range(plan["large_runs"]):
        for start in starts:
            with start() as server:
                base = f"l{turn}"
                server.folders(base)
                for what in ("PUT", "GET"):
                    line = server.load(f"{what.lower()}-large", size=plan["large"], base=base,
                                       seconds=120)
                    # The transfer itself, from the first byte asked to the last answered.
                    results.add(place, f"{what} {plan['large'] // GIB} GiB", "B/s",
                                server.name, plan["large"] * 1000 / line["p50_ms"],
                                f"server {line['server_cpu_s']:.1f} s of CPU"
                                if server.name == "dozo" else "")


def fill(server, base, entries, size=100):
    server.folders(base)
    server.load("fill-list", 16, entries, size, 300, base)


def listings(servers, results, place, plan):
    for entries in plan["entries"]:
        for server in servers:
            fill(server, f"p{entries}", entries)
        for _ in range(plan["runs"]):
            for server in servers:
                line = server.load("propfind", 1, 5, size=entries, base=f"p{entries}")
                results.add(place, f"PROPFIND {entries:,}", "ms", server.name, line["p50_ms"])


def folders(servers, results, place, plan):
    """MOVE there and back, DELETE; each of a folder of 10,000 files."""
    for turn in range(plan["runs"]):
        for server in servers:
            fill(server, f"m{turn}", 10000)
            line = server.load("move-folder", 1, 4, base=f"m{turn}", seconds=120)
            results.add(place, "MOVE folder of 10,000", "ms", server.name, line["p50_ms"])
            line = server.load("delete-folder", 1, 1, base=f"m{turn}", seconds=120)
            results.add(place, "DELETE folder of 10,000", "ms", server.name, line["p50_ms"])


def memory(starts, results, place, plan):
    """Each in a server of its own: what one load left in the heap is no other's matter.
    The highest that was seen meanwhile."""
    def add(name, server, line, detail=""):
        results.add(place, name, "MiB", server.name, line["server_rss_kib"] / 1024, detail)

    for start in starts:
        with start() as server:
            add("memory idle", server, server.load("idle"))
            add("memory 2,000 idle TLS", server, server.load("idle", 2000, 2000, seconds=120))
        if start.server is Dozo and plan["idle_many"]:
            with start() as server:
                add("memory 10,000 idle TLS", server,
                    server.load("idle", 10000, 10000, seconds=240))
        with start() as server:
            server.folders("u")
            line = server.load("put-large", 64, 64, plan["upload"], 120, "u")
            add("memory 64 uploads", server, line, f"{plan['upload'] // MIB} MiB each")

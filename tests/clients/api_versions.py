"""Versions of files, and the trash."""
import datetime
import hashlib
import time

from api_changes import alike, content, folder, key, receipt, upload
from api_client import Client, must, same

OTHER = ("bob@demo", "correct horse 2")


def put(client, node, data):
    return client(200, "PUT", f"/nodes/{node['id']}/content?if_exists=version", data).json


def made(client, name, *contents):
    """A file that has had these contents, in a folder of this name."""
    node = upload(client, folder(client, name), "a.txt", contents[0]).json
    for data in contents[1:]:
        node = put(client, node, data)
    return node


def versions(client, node):
    return client(200, "GET", f"/nodes/{node['id']}/versions")["items"]


def wall(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def clock_to(client, text, seconds):
    """The server's clock stands so many seconds after a time, which was told in whole milliseconds."""
    client.server.clock_set(wall(text) + seconds - time.time())


def former_contents_are_listed_the_newest_first(client):
    node = made(client, "listed", b"one", b"two!", b"three")
    answer = client(200, "GET", f"/nodes/{node['id']}/versions")
    same(answer.headers["etag"], node["etag"])
    items = answer["items"]
    same([item["size"] for item in items], [5, 4, 3])
    same([item["current"] for item in items], [True, False, False])
    same(items[0]["id"], "current")
    same((items[0]["replaced_at"], items[0]["kept_until"]), (None, None))
    for item, data in zip(items, (b"three", b"two!", b"one")):
        same(item["sha256"], hashlib.sha256(data).hexdigest())
        same(item["by"], "admin")
        same(client(200, "GET", f"/nodes/{node['id']}/versions/{item['id']}/content").body, data)
        must(len(item["sites"]) >= 2, item)
        for site in item["sites"]:
            must(site["name"] in ("tokyo", "osaka", "sendai"), site)
        must(sum(site["acknowledged_at"] is not None for site in item["sites"]) >= 2, item)
        for site in item["sites"]:
            if site["acknowledged_at"]:
                must(abs(wall(site["acknowledged_at"]) - wall(item["made_at"])) < 60, item)
    same(wall(items[1]["replaced_at"]), wall(items[0]["made_at"]))
    must(abs(wall(items[1]["kept_until"]) - wall(items[1]["replaced_at"]) - 7 * 86400) < 60, items[1])
    client.refused(400, "invalid", "GET", f"/nodes/{node['parent']}/versions")
    client.refused(404, "not-found", "GET", "/nodes/abcdef/versions")


def a_long_history_has_pages(client):
    node = made(client, "history", *(b"x" * n for n in range(1, 12)))
    for limit in 1, 3, 10, 11:
        pages = client.pages(f"/nodes/{node['id']}/versions?limit={limit}")
        must(all(len(page) <= limit for page in pages), pages)
        sizes = [item["size"] for page in pages for item in page]
        same(sizes, list(range(11, 0, -1)))
    cursor = client(200, "GET", f"/nodes/{node['id']}/versions?limit=2")["next"]
    other = made(client, "other history", b"1", b"2")
    for wrong in (f"/nodes/{other['id']}/versions?cursor={cursor}", f"/nodes/{node['id']}/versions?cursor={cursor}0",
                  f"/nodes/{node['parent']}/children?cursor={cursor}", f"/trash?cursor={cursor}",
                  f"/nodes/{node['id']}/versions?limit=0", f"/nodes/{node['id']}/versions?limit=1001"):
        client.refused(400, "invalid", "GET", wrong)


def a_version_is_read_like_a_file(client):
    node = made(client, "read", b"0123456789", b"new")
    version = versions(client, node)[1]
    target = f"/nodes/{node['id']}/versions/{version['id']}/content"
    whole = client(200, "GET", target)
    must("a.txt" in whole.headers["content-disposition"], whole.headers)
    same(client(206, "GET", target, headers={"Range": "bytes=2-4"}).body, b"234")
    client.refused(416, "range", "GET", target, headers={"Range": "bytes=10-"})
    client(304, "GET", target, headers={"If-None-Match": whole.headers["etag"]})
    client(412, "GET", target, headers={"If-Match": node["etag"]})
    same(client.ask("HEAD", target).headers["content-length"], "10")
    client.refused(400, "invalid", "GET", target + "?x=1")


def a_version_is_swapped_and_swapped_back(client):
    node = made(client, "swapped", b"old" * 30000, b"new")
    old = versions(client, node)[1]
    target = f"/nodes/{node['id']}/versions/{old['id']}/swap"
    client.refused(428, "precondition-required", "POST", target)
    client.refused(412, "precondition-failed", "POST", target, headers={"If-Match": '"1-1"'})
    client(415, "POST", target, b"x", {"If-Match": node["etag"]})
    client.refused(400, "invalid", "POST", target + "?x=1")
    used = {**key(), "If-Match": node["etag"]}
    swapped = client(200, "POST", target, headers=used)
    receipt(swapped)
    same((swapped["size"], swapped["sha256"]), (old["size"], old["sha256"]))
    must(swapped["etag"] != node["etag"], "the ETag stayed")
    same(content(client, node["id"]), b"old" * 30000)
    items = versions(client, node)
    same([item["size"] for item in items], [90000, 3])
    # What was swapped in is no version any more; the same request is answered alike.
    client.refused(404, "not-found", "POST", target, headers={"If-Match": swapped["etag"]})
    alike(swapped, client(200, "POST", target, headers=used))
    client.refused(422, "key-reused", "POST", target, headers={**used, "If-Match": "*"})
    back = client(200, "POST", f"/nodes/{node['id']}/versions/{items[1]['id']}/swap", headers={"If-Match": swapped["etag"]})
    same(back["sha256"], node["sha256"])
    same([item["size"] for item in versions(client, node)], [3, 90000])


def a_version_is_saved_as_another_file(client):
    node = made(client, "saved", b"former", b"now")
    version = versions(client, node)[1]
    target = f"/nodes/{node['id']}/versions/{version['id']}/save-as"
    body = {"parent": node["parent"], "name": "b.txt"}
    saved = client(201, "POST", target, body)
    receipt(saved)
    same((content(client, saved["id"]), saved["path"]), (b"former", "/Company/saved/b.txt"))
    same(len(versions(client, node)), 2)
    client.refused(409, "exists", "POST", target, body)
    client.refused(409, "exists", "POST", target, {**body, "if_exists": "version"})
    same(client(201, "POST", target, {**body, "if_exists": "rename"})["name"], "b (2).txt")
    client.refused(409, "no-parent", "POST", target, {"parent": "x", "name": "y"})
    client.refused(403, "space", "POST", target, {"parent": "root", "name": "y"})
    client.refused(400, "body", "POST", target, {"name": "y"})
    client(413, "POST", target, b" " * 70000, kind="application/json")
    client(415, "POST", target, b"{}", kind="text/plain")
    used = key()
    first = client(201, "POST", target, {"parent": node["parent"], "name": "c"}, used)
    alike(first, client(201, "POST", target, {"parent": node["parent"], "name": "c"}, used))
    client.refused(422, "key-reused", "POST", target, {"parent": node["parent"], "name": "d"}, used)


def version_requests(client, node, version, parent):
    """Everything that can be asked of a version; the problems as a client sees them."""
    seen = set()
    for method, tail, body, headers in (
            ("GET", "content", None, {}), ("GET", "content", None, {"Range": "bytes=0-0"}),
            ("GET", "content", None, {"If-None-Match": "*"}), ("POST", "swap", None, {"If-Match": "*"}),
            ("POST", "swap", None, {}), ("POST", "save-as", {"parent": parent, "name": "x"}, {})):
        answer = client(404, method, f"/nodes/{node}/versions/{version}/{tail}", body, headers)
        seen.add((answer["type"], answer["title"], answer["detail"]))
    return seen


def forged_and_foreign_versions_never_were(client):
    node = made(client, "forged", b"1", b"2")
    other = made(client, "forged too", b"1", b"2")
    foreign = versions(client, other)[1]["id"]
    seen = set()
    for version in foreign, node["id"], "abcdef", "x", "1", "0" + foreign, "ffffffffffffffff":
        seen |= version_requests(client, node["id"], version, node["parent"])
    same(len(seen), 1)
    bob = Client(client.server, *OTHER)
    mine = upload(client, client.at("/My files")["id"], "versioned", b"1").json
    mine = put(client, mine, b"2")
    version = versions(client, mine)[1]["id"]
    same(len(version_requests(bob, mine["id"], version, node["parent"])
             | version_requests(bob, "abcdef", version, node["parent"])), 1)
    bob.refused(404, "not-found", "GET", f"/nodes/{mine['id']}/versions")
    stranger = Client(client.server)
    stranger.basic = None
    for method, tail in ("GET", ""), ("GET", f"/{version}/content"), ("POST", f"/{version}/swap"):
        stranger(401, method, f"/nodes/{mine['id']}/versions{tail}")
    stranger(401, "POST", f"/nodes/{mine['id']}/versions/{version}/save-as", {"parent": "x", "name": "x"})


def at_the_second_of_its_deadline_a_version_never_was(client):
    node = made(client, "deadline", b"former", b"now")
    version = versions(client, node)[1]
    clock_to(client, version["kept_until"], -30)
    target = f"/nodes/{node['id']}/versions/{version['id']}"
    client(200, "GET", f"{target}/content")
    client(201, "POST", f"{target}/save-as", {"parent": node["parent"], "name": "saved in time"})
    same(len(versions(client, node)), 2)
    clock_to(client, version["kept_until"], 0.01)
    gone = version_requests(client, node["id"], version["id"], node["parent"])
    same(gone, version_requests(client, node["id"], "abcdef", node["parent"]))
    same([item["current"] for item in versions(client, node)], [True])
    same(client.at("/Company/deadline/saved in time")["size"], 6)


# ---- the trash ----

def trash(client):
    pages = client.pages("/trash?limit=7")
    must(all(len(page) <= 7 for page in pages), pages)
    return [item for page in pages for item in page]


def empty(client):
    client(200, "DELETE", "/trash")
    same(trash(client), [])


def what_was_deleted_is_listed_and_comes_back(client):
    empty(client)
    here = folder(client, "to the trash")
    node = upload(client, here, "a.txt", b"abc").json
    client(204, "DELETE", f"/nodes/{node['id']}")
    item, = trash(client)
    same((item["id"], item["name"], item["type"], item["size"]), (node["id"], "a.txt", "file", 3))
    same((item["folder"], item["by"]), ("/Company/to the trash/", "admin"))
    must(abs(wall(item["kept_until"]) - wall(item["deleted_at"]) - 30 * 86400) < 60, item)
    upload(client, here, "A.txt", b"another")
    used = key()
    back = client(200, "POST", f"/trash/{node['id']}/restore", {}, used)
    receipt(back)
    same((back["id"], back["path"]), (node["id"], "/Company/to the trash/a (2).txt"))
    alike(back, client(200, "POST", f"/trash/{node['id']}/restore", {}, used))
    client.refused(422, "key-reused", "POST", f"/trash/{node['id']}/restore", {"name": "x"}, used)
    client.refused(404, "not-found", "POST", f"/trash/{node['id']}/restore", {})
    same(trash(client), [])
    client(204, "DELETE", f"/nodes/{here}")
    item, = trash(client)
    same((item["type"], item["size"], item["folder"]), ("folder", None, "/Company/"))


def it_comes_back_to_where_it_is_said(client):
    here, there = folder(client, "restored"), folder(client, "elsewhere")
    node = upload(client, here, "a.txt", b"abc").json
    upload(client, there, "taken")

    def restored(body):
        client(204, "DELETE", f"/nodes/{node['id']}")
        return client(200, "POST", f"/trash/{node['id']}/restore", body)["path"]

    same(restored({"parent": there}), "/Company/elsewhere/a.txt")
    same(restored({"name": "b.txt"}), "/Company/elsewhere/b.txt")
    same(restored({"name": "c.txt", "parent": here}), "/Company/restored/c.txt")
    client(204, "DELETE", f"/nodes/{node['id']}")
    target = f"/trash/{node['id']}/restore"
    client.refused(409, "exists", "POST", target, {"name": "TAKEN", "parent": there})
    client.refused(409, "no-parent", "POST", target, {"parent": "x"})
    client.refused(409, "no-parent", "POST", target, {"parent": "abcdef"})
    client.refused(403, "space", "POST", target, {"parent": "root"})
    client.refused(400, "name", "POST", target, {"name": "CON"})
    client.refused(400, "body", "POST", target, {"name": 1})
    client(413, "POST", target, b" " * 70000, kind="application/json")
    client(415, "POST", target, b"{}", kind="text/plain")
    # Where its folder is gone, at the top of its space.
    client(204, "DELETE", f"/nodes/{here}")
    client(204, "DELETE", f"/trash/{here}")
    same(client(200, "POST", target, {})["path"], "/Company/c.txt")


def what_is_ended_is_gone_for_good(client):
    empty(client)
    nodes = [upload(client, folder(client, f"ended {i}"), "a", b"a").json for i in range(10)]
    for node in nodes:
        client(204, "DELETE", f"/nodes/{node['id']}")
    same(len(trash(client)), 10)
    receipt(client(204, "DELETE", f"/trash/{nodes[0]['id']}"))
    same(len(trash(client)), 9)
    client.refused(404, "not-found", "DELETE", f"/trash/{nodes[0]['id']}")
    client.refused(404, "not-found", "POST", f"/trash/{nodes[0]['id']}/restore", {})
    same(client(200, "DELETE", "/trash").json, {"purged": 9})
    same(client(200, "DELETE", "/trash").json, {"purged": 0})
    for target in "/trash", f"/trash/{nodes[0]['id']}":
        client.refused(400, "invalid", "DELETE", target + "?x=1")
        client(415, "DELETE", target, b"x")
    client.refused(400, "invalid", "GET", "/trash?limit=x")


def each_sees_the_own_trash_and_the_companys(client):
    empty(client)
    bob = Client(client.server, *OTHER)
    empty(bob)
    mine = upload(client, client.at("/My files")["id"], "deleted-mine", b"m").json
    shared = upload(client, folder(client, "shared"), "shared", b"s").json
    client(204, "DELETE", f"/nodes/{mine['id']}")
    client(204, "DELETE", f"/nodes/{shared['id']}")
    same([item["name"] for item in trash(client)], ["deleted-mine", "shared"])
    same([item["name"] for item in trash(bob)], ["shared"])
    seen = set()
    for wrong in mine["id"], "abcdef", "x", "root", client.at("/Company")["id"]:
        for method, tail, body in ("DELETE", "", None), ("POST", "/restore", {}):
            answer = bob(404, method, f"/trash/{wrong}{tail}", body)
            seen.add((answer["type"], answer["title"], answer["detail"]))
    same(len(seen), 1)
    # Only administrators end what is the company's; anybody may restore it.
    bob(403, "DELETE", f"/trash/{shared['id']}")
    same(bob(200, "DELETE", "/trash").json, {"purged": 0})
    bob(200, "POST", f"/trash/{shared['id']}/restore", {})
    stranger = Client(client.server)
    stranger.basic = None
    for method, target in ("GET", "/trash"), ("DELETE", "/trash"), ("DELETE", "/trash/abcdef"):
        stranger(401, method, target)
    stranger(401, "POST", "/trash/abcdef/restore", {})
    empty(client)


def the_trash_keeps_its_term_to_the_second(client):
    node = upload(client, folder(client, "trash term"), "a", b"a").json
    client(204, "DELETE", f"/nodes/{node['id']}")
    item, = trash(client)
    clock_to(client, item["kept_until"], -30)
    same(len(trash(client)), 1)
    clock_to(client, item["kept_until"], 0.01)
    same(trash(client), [])
    client.refused(404, "not-found", "POST", f"/trash/{node['id']}/restore", {})


CASES = [
    former_contents_are_listed_the_newest_first,
    a_long_history_has_pages,
    a_version_is_read_like_a_file,
    a_version_is_swapped_and_swapped_back,
    a_version_is_saved_as_another_file,
    forged_and_foreign_versions_never_were,
    at_the_second_of_its_deadline_a_version_never_was,
    what_was_deleted_is_listed_and_comes_back,
    it_comes_back_to_where_it_is_said,
    what_is_ended_is_gone_for_good,
    each_sees_the_own_trash_and_the_companys,
    the_trash_keeps_its_term_to_the_second,
]

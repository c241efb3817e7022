"""Changes: folders, contents, names, copies, the trash, answers kept by their keys."""
import base64
import hashlib
import json
import threading
import urllib.parse
import uuid

from api_client import Client, Wrong, must, same

OTHER = ("bob@demo", "correct horse 2")


def folder(client, name, parent="/Company"):
    """A new folder's id."""
    made = client(201, "POST", f"/nodes/{client.at(parent)['id']}/children",
                  {"type": "folder", "name": name})
    return made["id"]


def upload(client, parent, name, content=b"x", query="", headers=None, status=201):
    return client(status, "POST", f"/nodes/{parent}/children?name={name}{query}", content, headers)


def content(client, node):
    return client(200, "GET", f"/nodes/{node}/content").body


def receipt(answer):
    must(int(answer.headers["dozo-commit"]) > 0, "no number")
    sites = answer.headers["dozo-sites"].split(", ")
    must(len(sites) >= 2, f"only {sites}")
    return sites


def a_folder_is_made(client):
    parent = client.at("/Company")["id"]
    answer = client(201, "POST", f"/nodes/{parent}/children", {"type": "folder", "name": "新しい"})
    receipt(answer)
    same(answer.headers["location"], f"/api/v1/nodes/{answer['id']}")
    same(answer["path"], "/Company/新しい")
    same(answer.headers["etag"], answer["etag"])
    same(client(200, "GET", f"/nodes/{answer['id']}").json, answer.json)
    for if_exists in {}, {"if_exists": "fail"}, {"if_exists": "version"}:
        client.refused(409, "exists", "POST", f"/nodes/{parent}/children",
                       {"type": "folder", "name": "新しい", **if_exists})
    again = client(201, "POST", f"/nodes/{parent}/children",
                   {"type": "folder", "name": "新しい", "if_exists": "rename"})
    same(again["name"], "新しい (2)")
    client.refused(412, "precondition-failed", "POST", f"/nodes/{parent}/children",
                   {"type": "folder", "name": "新しい"}, {"If-None-Match": "*"})


def names_that_cannot_be_are_refused(client):
    parent = folder(client, "names")
    for name in "CON", "nul.txt", "a:b", "what?", "end.", "end ":
        client.refused(400, "name", "POST", f"/nodes/{parent}/children", {"type": "folder", "name": name})
        client.refused(400, "name", "POST", f"/nodes/{parent}/children?name={urllib.parse.quote(name)}", b"x")
    for name in "", ".", "..", "a/b", "x" * 256, "a\nb", "\u0085":
        client.refused(400, "invalid", "POST", f"/nodes/{parent}/children", {"type": "folder", "name": name})
    client(403, "POST", "/nodes/root/children", {"type": "folder", "name": "x"})
    client(403, "POST", "/nodes/root/children?name=x", b"x")
    file = upload(client, parent, "f.txt")["id"]
    client.refused(409, "no-parent", "POST", f"/nodes/{file}/children", {"type": "folder", "name": "x"})
    client.refused(409, "no-parent", "POST", f"/nodes/{file}/children?name=x", b"x")
    client.refused(404, "not-found", "POST", "/nodes/abc/children", {"type": "folder", "name": "x"})
    client.refused(404, "not-found", "POST", "/nodes/abcdef/children?name=x", b"x")


def a_file_is_made_by_its_name(client):
    parent = folder(client, "made")
    answer = upload(client, parent, "a.txt", b"first", "&mtime=2020-02-29T12:00:00%2B09:00")
    receipt(answer)
    same(answer.headers["location"], f"/api/v1/nodes/{answer['id']}")
    same(answer["mtime"], "2020-02-29T03:00:00.000Z")
    same(answer["sha256"], hashlib.sha256(b"first").hexdigest())
    same(content(client, answer["id"]), b"first")
    client.refused(409, "exists", "POST", f"/nodes/{parent}/children?name=A.TXT", b"second")
    client.refused(412, "precondition-failed", "POST", f"/nodes/{parent}/children?name=a.txt&if_exists=version",
                   b"second", {"If-None-Match": "*"})
    second = upload(client, parent, "A.TXT", b"second", "&if_exists=version", status=200)
    same((second["id"], second["name"]), (answer["id"], "a.txt"))
    third = upload(client, parent, "a.txt", b"third", "&if_exists=rename")
    same(third["name"], "a (2).txt")
    empty = upload(client, parent, "empty", b"")
    same((empty["size"], content(client, empty["id"])), (0, b""))
    client.refused(409, "exists", "POST", f"/nodes/{client.at('/Company')['id']}/children?name=made&if_exists=version", b"x")
    for query in "&if_exists=no", "&mtime=yesterday", "&mtime=", "&size=1":
        client.refused(400, "invalid", "POST", f"/nodes/{parent}/children?name=b{query}", b"x")
    # JSON too is a content where the query has a name.
    node = client.ask("POST", f"/nodes/{parent}/children?name=c.json", b'{"a":1}', kind="application/json")
    same((node.status, content(client, node["id"])), (201, b'{"a":1}'))


def a_content_is_replaced_in_the_state_that_is_meant(client):
    node = upload(client, folder(client, "put"), "a.txt", b"one").json
    target = f"/nodes/{node['id']}/content"
    client.refused(428, "precondition-required", "PUT", target, b"two")
    client.refused(412, "precondition-failed", "PUT", target, b"two", {"If-Match": '"1-1"'})
    two = client(200, "PUT", target, b"two", {"If-Match": node["etag"]})
    receipt(two)
    must(two["etag"] != node["etag"], "the ETag stayed")
    client.refused(412, "precondition-failed", "PUT", target, b"three", {"If-Match": node["etag"]})
    same(content(client, node["id"]), b"two")
    three = client(200, "PUT", target + "?if_exists=version&mtime=2021-01-01T00:00:00.5Z", b"three")
    same(three["mtime"], "2021-01-01T00:00:00.500Z")
    same(client(200, "PUT", target, b"four", {"If-Match": "*"})["size"], 4)
    client.refused(400, "invalid", "PUT", target + "?if_exists=fail", b"x")
    client.refused(404, "not-found", "PUT", "/nodes/abcdef/content", b"x", {"If-Match": "*"})
    client.refused(409, "kind", "PUT", f"/nodes/{node['parent']}/content", b"x", {"If-Match": "*"})


def the_same_bytes_are_no_new_state(client):
    node = upload(client, folder(client, "same"), "a.txt", b"one").json
    again = client(200, "PUT", f"/nodes/{node['id']}/content", b"one", {"If-Match": node["etag"]})
    same(again["etag"], node["etag"])
    must("dozo-commit" not in again.headers, "a receipt for nothing")
    same(client(200, "PATCH", f"/nodes/{node['id']}", {}).headers.get("dozo-commit"), None)


def a_content_that_is_not_the_announced_one_is_not_stored(client):
    parent = folder(client, "digests")
    right = "sha-256=:" + base64.b64encode(hashlib.sha256(b"right").digest()).decode() + ":"
    upload(client, parent, "right", b"right", headers={"Repr-Digest": right, "Content-Digest": right})
    for name in "Repr-Digest", "Content-Digest":
        client.refused(400, "invalid", "POST", f"/nodes/{parent}/children?name=wrong", b"wrong", {name: right})
    client.refused(400, "invalid", "POST", f"/nodes/{parent}/children?name=wrong", b"x", {"Repr-Digest": "sha-256=:x:"})
    client.refused(400, "invalid", "POST", f"/nodes/{parent}/children?name=wrong", b"x", {"Content-Range": "bytes 0-0/2"})
    client.refused(400, "invalid", "POST", f"/nodes/{parent}/children?name=wrong", b"x", {"Content-Encoding": "gzip"})
    client(404, "GET", "/nodes?path=/Company/digests/wrong")


def large_contents_come_whole_and_in_ranges(client):
    parent = folder(client, "large")
    for size in 65536, 65537, 5 << 20, (17 << 20) + 3:
        data = hashlib.sha256(str(size).encode()).digest() * (size // 32 + 1)
        data = data[:size]
        node = upload(client, parent, f"f{size}", data).json
        same(node["sha256"], hashlib.sha256(data).hexdigest())
        same(content(client, node["id"]) == data, True)
        part = client(206, "GET", f"/nodes/{node['id']}/content", headers={"Range": f"bytes={size - 5}-"})
        same(part.body, data[-5:])
    target = f"/nodes/{node['id']}/content"
    client.refused(416, "range", "GET", target, headers={"Range": f"bytes={size}-"})
    client(304, "GET", target, headers={"If-None-Match": node["etag"]})
    client(412, "GET", target, headers={"If-Match": '"1-1"'})
    head = client.ask("HEAD", target)
    same((head.status, head.headers["content-length"], head.body), (200, str(size), b""))
    client.refused(400, "invalid", "GET", f"/nodes/{parent}/content")
    client.refused(400, "invalid", "GET", target + "?x=1")
    client.refused(404, "not-found", "GET", "/nodes/abcdef/content")


def a_node_is_renamed_moved_and_dated(client):
    here, there = folder(client, "here"), folder(client, "there")
    node = upload(client, here, "a.txt", b"a").json
    target = f"/nodes/{node['id']}"
    renamed = client(200, "PATCH", target, {"name": "B.txt"})
    receipt(renamed)
    same((renamed["path"], renamed["etag"]), ("/Company/here/B.txt", node["etag"]))
    moved = client(200, "PATCH", target, {"parent": there}, {"If-Match": node["etag"]})
    same((moved["path"], moved["parent"], moved["etag"]), ("/Company/there/B.txt", there, node["etag"]))
    same(client(200, "PATCH", target, {"name": "b.TXT"})["name"], "b.TXT")
    dated = client(200, "PATCH", target, {"mtime": "2000-01-01T00:00:00Z"})
    same(dated["mtime"], "2000-01-01T00:00:00.000Z")
    must(dated["etag"] != node["etag"], "the ETag stayed")
    all_of_it = client(200, "PATCH", target, {"name": "c", "parent": here, "mtime": "1999-01-01T00:00:00Z"})
    same((all_of_it["path"], all_of_it["mtime"]), ("/Company/here/c", "1999-01-01T00:00:00.000Z"))
    client.refused(412, "precondition-failed", "PATCH", target, {"name": "d"}, {"If-Match": node["etag"]})
    upload(client, here, "taken")
    client.refused(409, "exists", "PATCH", target, {"name": "TAKEN"})
    client.refused(400, "name", "PATCH", target, {"name": "CON"})
    client.refused(400, "invalid", "PATCH", target, {"name": ""})
    client.refused(409, "itself", "PATCH", f"/nodes/{here}", {"parent": here})
    client.refused(403, "space", "PATCH", f"/nodes/{client.at('/Company')['id']}", {"name": "Firm"})
    client(403, "PATCH", "/nodes/root", {"name": "x"})
    client.refused(403, "space", "PATCH", target, {"parent": "root"})
    client.refused(404, "not-found", "PATCH", "/nodes/abcdef", {"name": "x"})


def a_folder_that_is_none_is_refused_in_one_way(client):
    node = upload(client, folder(client, "parents"), "a", b"a").json
    bob = Client(client.server, *OTHER)
    foreign = bob.at("/My files")["id"]
    file = upload(client, node["parent"], "b")["id"]
    seen = set()
    for parent in foreign, "abcdef", "fffffffff", "x", "", "1", "../x":
        for method, target, body in (("PATCH", f"/nodes/{node['id']}", {"parent": parent}),
                                     ("POST", f"/nodes/{node['id']}/copy", {"parent": parent, "name": "x"})):
            answer = client(409, method, target, body)
            seen.add((answer["type"], answer["title"]))
    same(seen, {("/problems/no-parent", "The folder does not exist")})
    client.refused(409, "no-parent", "PATCH", f"/nodes/{node['id']}", {"parent": file})


def copies_are_made(client):
    here = folder(client, "copies")
    node = upload(client, here, "a.txt", b"a").json
    target = f"/nodes/{node['id']}/copy"
    copy = client(201, "POST", target, {"parent": here, "name": "b.txt"})
    receipt(copy)
    same((copy["path"], copy["sha256"]), ("/Company/copies/b.txt", node["sha256"]))
    same(copy.headers["location"], f"/api/v1/nodes/{copy['id']}")
    client.refused(409, "exists", "POST", target, {"parent": here, "name": "B.txt"})
    same(client(201, "POST", target, {"parent": here, "name": "b.txt", "if_exists": "rename"})["name"], "b (2).txt")
    other = upload(client, here, "other", b"other").json
    over = client(200, "POST", target, {"parent": here, "name": "other", "if_exists": "version"})
    same((over["id"], over["sha256"]), (other["id"], node["sha256"]))
    client.refused(412, "precondition-failed", "POST", target, {"parent": here, "name": "c"}, {"If-Match": other["etag"]})
    # A folder, with all that is in it.
    client(201, "POST", f"/nodes/{here}/children", {"type": "folder", "name": "deep"})
    all_of_it = client(201, "POST", f"/nodes/{here}/copy", {"parent": client.at("/Company")["id"], "name": "copied"})
    receipt(all_of_it)
    names = [i["name"] for i in client(200, "GET", f"/nodes/{all_of_it['id']}/children")["items"]]
    same(names, ["deep", "a.txt", "b (2).txt", "b.txt", "other"])
    same(client.at("/Company/copied")["etag"], all_of_it["etag"])
    again = client(201, "POST", f"/nodes/{here}/copy", {"parent": all_of_it["parent"], "name": "copied", "if_exists": "rename"})
    same(again["path"], "/Company/copied (2)")
    client.refused(409, "exists", "POST", f"/nodes/{here}/copy", {"parent": all_of_it["parent"], "name": "copied", "if_exists": "version"})
    client.refused(409, "itself", "POST", f"/nodes/{here}/copy", {"parent": here, "name": "inside"})
    client.refused(403, "space", "POST", target, {"parent": "root", "name": "x"})
    client.refused(404, "not-found", "POST", "/nodes/abcdef/copy", {"parent": here, "name": "x"})


def what_is_deleted_is_gone_from_sight(client):
    here = folder(client, "deleted")
    node = upload(client, here, "a.txt", b"a").json
    client.refused(412, "precondition-failed", "DELETE", f"/nodes/{node['id']}", headers={"If-Match": '"1-1"'})
    receipt(client(204, "DELETE", f"/nodes/{node['id']}", headers={"If-Match": node["etag"]}))
    for method, target, body in (("GET", "", None), ("DELETE", "", None), ("PATCH", "", {"name": "x"}),
                                 ("GET", "/content", None), ("POST", "/copy", {"parent": here, "name": "x"})):
        client.refused(404, "not-found", method, f"/nodes/{node['id']}{target}", body)
    client(204, "DELETE", f"/nodes/{here}")
    client(403, "DELETE", f"/nodes/{client.at('/Company')['id']}")
    client(403, "DELETE", "/nodes/root")
    client.refused(400, "invalid", "DELETE", f"/nodes/{here}?x=1")
    client(415, "DELETE", f"/nodes/{here}", b"x")


LOCK = (b'<?xml version="1.0"?><lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope>'
        b"<locktype><write/></locktype></lockinfo>")


def a_lock_of_somebody_else_is_kept(client):
    here = folder(client, "locks")
    node = upload(client, here, "a.txt", b"one").json
    node = client(200, "PUT", f"/nodes/{node['id']}/content", b"two", {"If-Match": node["etag"]}).json
    version = client(200, "GET", f"/nodes/{node['id']}/versions")["items"][1]["id"]
    deleted = upload(client, here, "deleted", b"d")["id"]
    client(204, "DELETE", f"/nodes/{deleted}")
    bob = Client(client.server, *OTHER)
    lock = bob.dav(200, "LOCK", "/Company/locks", LOCK, {"Depth": "infinity", "Timeout": "Second-3600"})
    same(client.at("/Company/locks/a.txt")["locked_by"], "bob")
    same(client.at("/Company/locks")["locked_by"], "bob")
    same([i["locked_by"] for i in client(200, "GET", f"/nodes/{here}/children")["items"]], ["bob"])
    must("locked_by" not in client.at("/Company"), "the folder above is locked")
    any_state = {"If-Match": "*"}
    for method, target, body, headers in (
            ("PUT", f"/nodes/{node['id']}/content", b"x", any_state), ("PATCH", f"/nodes/{node['id']}", {"name": "b"}, {}),
            ("DELETE", f"/nodes/{node['id']}", None, {}), ("POST", f"/nodes/{here}/children", {"type": "folder", "name": "f"}, {}),
            ("POST", f"/nodes/{here}/children?name=f", b"f", {}),
            ("POST", f"/nodes/{node['id']}/copy", {"parent": here, "name": "c"}, {}),
            ("POST", f"/nodes/{node['id']}/versions/{version}/swap", None, any_state),
            ("POST", f"/nodes/{node['id']}/versions/{version}/save-as", {"parent": here, "name": "s"}, {}),
            ("POST", f"/trash/{deleted}/restore", {}, {})):
        client.refused(423, "locked", method, target, body, headers)
    bob.dav(204, "UNLOCK", "/Company/locks", None, {"Lock-Token": lock.headers["lock-token"]})
    must("locked_by" not in client.at("/Company/locks/a.txt"), "the lock has ended")
    client(200, "PATCH", f"/nodes/{node['id']}", {"name": "b"})


def nobody_changes_anything_without_a_password(client):
    node = upload(client, folder(client, "locked out"), "a", b"a").json
    stranger = Client(client.server)
    stranger.basic = None
    bob = Client(client.server, *OTHER)
    mine = upload(client, client.at("/My files")["id"], "mine", b"mine").json
    for method, tail, body in (("PATCH", "", {"name": "x"}), ("DELETE", "", None), ("PUT", "/content", b"x"),
                               ("GET", "/content", None), ("POST", "/copy", {"parent": "x", "name": "x"})):
        stranger(401, method, f"/nodes/{node['id']}{tail}", body)
        bob.refused(404, "not-found", method, f"/nodes/{mine['id']}{tail}", body,
                    {"If-Match": mine["etag"]} if method == "PUT" else None)
    stranger(401, "POST", f"/nodes/{node['parent']}/children", {"type": "folder", "name": "x"})
    bob.refused(404, "not-found", "POST", f"/nodes/{mine['parent']}/children", {"type": "folder", "name": "x"})
    bob.refused(404, "not-found", "POST", f"/nodes/{mine['parent']}/children?name=x", b"x")
    same(content(client, mine["id"]), b"mine")


BAD = [
    (b"", "not JSON"), (b"{", "not JSON"), (b"[]", "an object"), (b'"x"', "not JSON"), (b"null", "not JSON"),
    (b"{}x", "not JSON"), (b'{"name":"a","name":"b"}', "twice"), (b"[" * 9, "deeply"), (b'{"a":' * 10000, "deeply"),
    (b'{"name":"\xff"}', "UTF-8"), (b'{"name":"\\ud800"}', "not JSON"), (b'{"name":"\\u0000"}', "not JSON"),
    (b'{"name":1e999}', "out of range"), (b'{"name":99999999999999999999}', "out of range"), (b"{'name':'x'}", "not JSON"),
    (b'{"name":1}', '"name" must be a text'), (b'{"name":null}', '"name" must be a text'),
    (b'{"name":true}', '"name" must be a text'), (b'{"name":["x"]}', '"name" must be a text'),
    (b'{"name":{"a":"b"}}', '"name" must be a text'), (b'{"parent":2}', '"parent" must be a text'),
    (b'{"mtime":1700000000}', '"mtime" must be a text'), (b'{"mtime":"yesterday"}', '"mtime" must be a time'),
    (b'{"mtime":"2026-02-30T00:00:00Z"}', '"mtime" must be a time'), (b'{"colour":"red"}', '"colour" is not a field'),
    (b'{"Name":"x"}', '"Name" is not a field'), (b'{"' + b"x" * 500 + b'":1}', "is not a field"),
]


def bodies_that_are_not_as_expected_are_told_where(client):
    node = upload(client, folder(client, "bodies"), "a", b"a").json
    for body, told in BAD:
        detail = client.refused(400, "body", "PATCH", f"/nodes/{node['id']}", body, kind="application/json")
        must(told in detail, f"{body[:80]}: {detail}")
    for body, told in (({"name": "x"}, '"type" is missing'), ({"type": "folder"}, '"name" is missing'),
                       ({"type": "file", "name": "x"}, '"type" must be one of folder'),
                       ({"type": "folder", "name": "x", "if_exists": "no"}, "fail, version, rename")):
        detail = client.refused(400, "body", "POST", f"/nodes/{node['parent']}/children", body)
        must(told in detail, detail)
    client.refused(400, "body", "POST", f"/nodes/{node['id']}/copy", {"parent": node["parent"]})
    answer = client(400, "PATCH", f"/nodes/{node['id']}", b'{"name":1}', {"Accept-Language": "ja"}, "application/json")
    must("「name」" in answer["detail"] and "文字列" in answer["detail"], answer["detail"])
    for method, target in ("PATCH", f"/nodes/{node['id']}"), ("POST", f"/nodes/{node['id']}/copy"), \
            ("POST", f"/nodes/{node['parent']}/children"):
        client(413, method, target, b'{"name":"' + b"x" * 70000 + b'"}', kind="application/json")
        for kind in "text/plain", "application/jsonp", None:
            client(415, method, target, b'{"name":"x"}', kind=kind)
    same(client(200, "PATCH", f"/nodes/{node['id']}", b'{"name":"b"}', kind="application/json; charset=utf-8")["name"], "b")


def two_writers_cannot_both_win(client):
    node = upload(client, folder(client, "race"), "a", b"start").json
    statuses = []

    def write(i):
        writer = Client(client.server)
        statuses.append(writer.ask("PUT", f"/nodes/{node['id']}/content", f"writer {i}".encode(),
                                   {"If-Match": node["etag"]}).status)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same(sorted(statuses), [200] + [412] * 7)


# ---- Idempotency-Key ----

def key():
    return {"Idempotency-Key": str(uuid.uuid4())}


def alike(first, again):
    """Answers that differ in who has it on disk by now only."""
    same(again.status, first.status)
    for name in "etag", "location", "dozo-commit":
        same(again.headers.get(name), first.headers.get(name))
    same({**again.json, "sites": 0}, {**first.json, "sites": 0})


def a_request_with_a_key_is_done_once(client):
    here = folder(client, "once")
    file = upload(client, here, "start", b"start").json
    other = folder(client, "once more")
    requests = [
        ("POST", f"/nodes/{here}/children", {"type": "folder", "name": "f"}, {}),
        ("POST", f"/nodes/{here}/children?name=new.txt", b"content", {}),
        ("POST", f"/nodes/{here}/children?name=new.txt&if_exists=rename", b"content", {}),
        ("POST", f"/nodes/{file['id']}/copy", {"parent": here, "name": "copy", "if_exists": "rename"}, {}),
        ("POST", f"/nodes/{here}/copy", {"parent": other, "name": "deep", "if_exists": "rename"}, {}),
        ("PUT", f"/nodes/{file['id']}/content", b"large" * 50000, {"If-Match": file["etag"]}),
        ("PATCH", f"/nodes/{file['id']}", {"name": "renamed"}, {}),
    ]
    done = []
    for method, target, body, headers in requests:
        headers = {**headers, **key()}
        status = 200 if method in ("PUT", "PATCH") else 201
        first = client(status, method, target, body, headers)
        receipt(first)
        alike(first, client(status, method, target, body, headers))
        done.append((status, method, target, body, headers, first))
    # Later changes, a restart and databases made anew from the sites change no answer.
    client(200, "PATCH", f"/nodes/{file['id']}", {"name": "renamed again"})
    for again in False, True:
        if again:
            client.server.restart()
        for status, method, target, body, headers, first in done:
            alike(first, client(status, method, target, body, headers))
    client(204, "DELETE", f"/nodes/{here}")
    for status, method, target, body, headers, first in done:
        alike(first, client(status, method, target, body, headers))
    same(len(client(200, "GET", f"/nodes/{other}/children")["items"]), 1)


def another_request_with_the_same_key_is_refused(client):
    here = folder(client, "reused")
    used = key()
    node = upload(client, here, "a", b"a", headers=used).json
    client.refused(422, "key-reused", "POST", f"/nodes/{here}/children?name=a", b"b", used)
    client.refused(422, "key-reused", "POST", f"/nodes/{here}/children?name=b", b"a", used)
    client.refused(422, "key-reused", "POST", f"/nodes/{here}/children", {"type": "folder", "name": "a"}, used)
    client.refused(422, "key-reused", "PUT", f"/nodes/{node['id']}/content", b"a", {**used, "If-Match": "*"})
    client.refused(422, "key-reused", "PATCH", f"/nodes/{node['id']}", {"name": "x"}, used)
    client.refused(422, "key-reused", "POST", f"/nodes/{node['id']}/copy", {"parent": here, "name": "x"}, used)
    client.refused(422, "key-reused", "POST", f"/nodes/{here}/children?name=a", b"a", {**used, "If-None-Match": "*"})
    same(len(client(200, "GET", f"/nodes/{here}/children")["items"]), 1)
    # Another member's key is another key.
    bob = Client(client.server, *OTHER)
    same(upload(bob, here, "bobs", b"b", headers=used)["name"], "bobs")


def a_refused_request_leaves_its_key_free(client):
    here = folder(client, "free key")
    used = key()
    client.refused(409, "no-parent", "POST", f"/nodes/{here}/copy", {"parent": "x", "name": "y"}, used)
    client(201, "POST", f"/nodes/{here}/children", {"type": "folder", "name": "y"}, used)
    for wrong in "", " ", "a b", "x" * 256, "é":
        headers = {"Idempotency-Key": wrong.encode()}
        same(client.ask("POST", f"/nodes/{here}/children", {"type": "folder", "name": "z"}, headers).status, 400)
    client(201, "POST", f"/nodes/{here}/children", {"type": "folder", "name": "z"}, {"Idempotency-Key": "!" + "~" * 254})


def many_at_once_with_one_key_do_it_once(client):
    here = folder(client, "at once")
    used = key()
    answers = []

    def ask():
        answers.append(Client(client.server)(201, "POST", f"/nodes/{here}/children?name=a&if_exists=rename", b"a", used))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same(len(answers), 8)
    for answer in answers:
        alike(answers[0], answer)
    same(len(client(200, "GET", f"/nodes/{here}/children")["items"]), 1)


def a_key_lasts_a_day(client):
    here = folder(client, "a day")
    used = key()
    target, body = f"/nodes/{here}/children", {"type": "folder", "name": "a", "if_exists": "rename"}
    first = client(201, "POST", target, body, used)
    client.server.clock_set(client.server.ahead + 86400 - 60)
    alike(first, client(201, "POST", target, body, used))
    client.server.clock_set(client.server.ahead + 61)
    same(client(201, "POST", target, body, used)["name"], "a (2)")


CASES = [
    a_folder_is_made,
    names_that_cannot_be_are_refused,
    a_file_is_made_by_its_name,
    a_content_is_replaced_in_the_state_that_is_meant,
    the_same_bytes_are_no_new_state,
    a_content_that_is_not_the_announced_one_is_not_stored,
    large_contents_come_whole_and_in_ranges,
    a_node_is_renamed_moved_and_dated,
    a_folder_that_is_none_is_refused_in_one_way,
    copies_are_made,
    what_is_deleted_is_gone_from_sight,
    a_lock_of_somebody_else_is_kept,
    nobody_changes_anything_without_a_password,
    bodies_that_are_not_as_expected_are_told_where,
    two_writers_cannot_both_win,
    a_request_with_a_key_is_done_once,
    another_request_with_the_same_key_is_refused,
    a_refused_request_leaves_its_key_free,
    many_at_once_with_one_key_do_it_once,
    a_key_lasts_a_day,
]

"""Many small files at once."""
import base64
import hashlib
import urllib.parse

from api_changes import LOCK, content, folder, key, receipt, upload
from api_client import Client, must, same

OTHER = ("bob@demo", "correct horse 2")
TYPE = "multipart/mixed; boundary=b7d2"


def disposition(name):
    return "Content-Disposition: attachment; filename*=UTF-8''" + urllib.parse.quote(name, safe="")


def parts(*files, end=b"--b7d2--\r\n"):
    """A body of (name, bytes) or (name, bytes, further header lines)."""
    body = b""
    for name, data, *more in files:
        head = ([disposition(name)] if name is not None else []) + list(more)
        body += b"--b7d2\r\n" + "".join(line + "\r\n" for line in head).encode() + b"\r\n" + data + b"\r\n"
    return body + end


def batch(client, parent, body, query="", headers=None, status=200, kind=TYPE):
    return client(status, "POST", f"/nodes/{parent}/batch{query}", body, headers, kind)


def statuses(answer):
    for item in answer["items"]:
        must((item["node"] is None) != (item["problem"] is None), item)
        if item["problem"]:
            same(item["problem"]["status"], item["status"])
    return [item["status"] for item in answer["items"]]


def a_hundred_files_are_one_change(client):
    here = folder(client, "batch")
    data = [hashlib.sha256(str(i).encode()).digest() * (8 * i) for i in range(100)]
    answer = batch(client, here, parts(*((f"f{i}.bin", data[i]) for i in range(100))))
    receipt(answer)
    same(statuses(answer), [201] * 100)
    numbers = set()
    for i, item in enumerate(answer["items"]):
        same(item["name"], f"f{i}.bin")
        same(item["node"]["sha256"], hashlib.sha256(data[i]).hexdigest())
        same(item["node"]["path"], f"/Company/batch/f{i}.bin")
        must(len(item["node"]["sites"]) >= 2, item)
        same(content(client, item["node"]["id"]) == data[i], True)
    items = client(200, "GET", f"/nodes/{here}/children?limit=1000")["items"]
    same(len(items), 100)
    same([{**item, "sites": 0} for item in items], [{**item["node"], "sites": 0} for item in answer["items"]])
    client.server.restart()
    for item in answer["items"][::9]:
        same(hashlib.sha256(content(client, item["node"]["id"])).hexdigest(), item["node"]["sha256"])


def contents_beyond_the_number_share_a_data_segment(client):
    here = folder(client, "batch data")
    sizes = [0, 1, 65536, 65537, 60000, 60000, 60000, 60000, 60000, 60000, 60000, 1 << 20, (4 << 20) + 5]
    data = [bytes([i]) * size for i, size in enumerate(sizes)]
    answer = batch(client, here, parts(*((f"f{i}", data[i]) for i in range(len(data)))))
    same(statuses(answer), [201] * len(data))
    for again in False, True:
        for item, wanted in zip(answer["items"], data):
            same(content(client, item["node"]["id"]) == wanted, True)
        if not again:
            client.server.restart()


def a_refused_file_leaves_the_others(client):
    here = folder(client, "batch mixed")
    upload(client, here, "taken.txt", b"taken")
    client(201, "POST", f"/nodes/{here}/children", {"type": "folder", "name": "folder"})
    right = "Repr-Digest: sha-256=:" + base64.b64encode(hashlib.sha256(b"d").digest()).decode() + ":"
    answer = batch(client, here, parts(
        ("good", b"1", "Dozo-Mtime: 2020-01-01T00:00:00Z"), ("TAKEN.txt", b"2"), ("CON", b"3"), ("a/b", b"4"), (None, b"5"),
        ("GOOD", b"6"), ("folder", b"7"), ("dated", b"8", "Dozo-Mtime: yesterday"), ("digest", b"d", right),
        ("digest wrong", b"x", right), ("coded", b"eA==", "Content-Transfer-Encoding: base64"), ("large", b"x" * 100000),
        ("", b"9"), ("last", b"10")))
    same(statuses(answer), [201, 409, 400, 400, 400, 409, 409, 400, 201, 400, 400, 201, 400, 201])
    same([item["name"] for item in answer["items"]],
         ["good", "TAKEN.txt", "CON", None, None, "GOOD", "folder", "dated", "digest", "digest wrong", "coded", "large", None, "last"])
    same(answer["items"][0]["node"]["mtime"], "2020-01-01T00:00:00.000Z")
    same([item["problem"]["type"] for item in answer["items"][1:4]], ["/problems/exists", "/problems/name", "/problems/invalid"])
    same([item["problem"]["detail"] for item in answer["items"][1:3]],
         ["there is a file or folder of this name", "Windows cannot hold a file of this name"])
    names = [item["name"] for item in client(200, "GET", f"/nodes/{here}/children")["items"]]
    same(names, ["folder", "digest", "good", "large", "last", "taken.txt"])
    same(content(client, client.at("/Company/batch mixed/taken.txt")["id"]), b"taken")


def taken_names_are_dealt_with_as_is_said(client):
    here = folder(client, "batch taken")
    first = batch(client, here, parts(("a.txt", b"one"), ("b.txt", b"one")))
    again = batch(client, here, parts(("A.TXT", b"two"), ("b.txt", b"one")), "?if_exists=version")
    same(statuses(again), [200, 200])
    same([item["node"]["id"] for item in again["items"]], [item["node"]["id"] for item in first["items"]])
    # The second has these bytes already.
    same(again["items"][1]["node"]["etag"], first["items"][1]["node"]["etag"])
    renamed = batch(client, here, parts(("a.txt", b"3"), ("a.txt", b"4")), "?if_exists=rename")
    same([item["node"]["name"] for item in renamed["items"]], ["a (2).txt", "a (3).txt"])
    # Nothing new is no new state.
    same(batch(client, here, parts(("a.txt", b"two")), "?if_exists=version").headers.get("dozo-commit"), None)
    same(batch(client, here, parts(("a.txt", b"x"))).headers.get("dozo-commit"), None)


def a_batch_with_a_key_is_done_once(client):
    here = folder(client, "batch key")
    used = key()
    body = parts(("a", b"1"), ("CON", b"2"), ("b", b"3" * 70000))
    first = batch(client, here, body, "?if_exists=rename", used)

    def same_answer(again):
        both = [[{**i, "node": i["node"] and {**i["node"], "sites": 0}} for i in a["items"]] for a in (first, again)]
        same(both[1], both[0])
        same(again.headers["dozo-commit"], first.headers["dozo-commit"])

    same_answer(batch(client, here, body, "?if_exists=rename", used))
    client.server.restart()
    same_answer(batch(client, here, body, "?if_exists=rename", used))
    client.refused(422, "key-reused", "POST", f"/nodes/{here}/batch?if_exists=rename", body.replace(b"1", b"4", 1), used, TYPE)
    same(len(client(200, "GET", f"/nodes/{here}/children")["items"]), 2)


def what_is_no_batch_is_refused_whole(client):
    here = folder(client, "batch bad")
    good = parts(("a", b"1"))
    for kind in "application/json", "multipart/mixed", "multipart/mixed; boundary=", "multipart/mixed; boundary=" + "x" * 71, \
            'multipart/mixed; boundary="a b "', "multipart/mixed; boundary=a\u00e9", None:
        client(415, "POST", f"/nodes/{here}/batch", good, kind=kind)
    for body in (b"", b"nothing", b"--b7d2", b"--b7d2--", parts(), parts(("a", b"1"), end=b""), good[:-4], b"--b7d2x\r\n\r\n",
                 b"--b7d2\r\nno colon\r\n\r\nx\r\n--b7d2--", b"--b7d2\r\n: x\r\n\r\nx\r\n--b7d2--",
                 b"--b7d2\r\nA b: x\r\n\r\nx\r\n--b7d2--", b"--b7d2\r\nA: \xff\r\n\r\nx\r\n--b7d2--",
                 b"--b7d2\r\nA: \x00\r\n\r\nx\r\n--b7d2--", b"--b7d2" + b" " * 70 + b"\r\n\r\n\r\n--b7d2--"):
        answer = client(400, "POST", f"/nodes/{here}/batch", body, kind=TYPE)
        same(answer["type"], "/problems/invalid")
    client.refused(413, "limit", "POST", f"/nodes/{here}/batch", parts(*((f"f{i}", b"") for i in range(101))), kind=TYPE)
    client.refused(413, "limit", "POST", f"/nodes/{here}/batch", parts(("a", b"x" * (8 << 20))), kind=TYPE)
    client.refused(413, "limit", "POST", f"/nodes/{here}/batch", parts(("a", b"", "X: " + "x" * 9000)), kind=TYPE)
    client.refused(400, "invalid", "POST", f"/nodes/{here}/batch?if_exists=x", good, kind=TYPE)
    same(client(200, "GET", f"/nodes/{here}/children")["items"], [])
    file = upload(client, here, "file")["id"]
    client.refused(400, "invalid", "POST", f"/nodes/{file}/batch", good, kind=TYPE)
    client.refused(404, "not-found", "POST", "/nodes/abcdef/batch", good, kind=TYPE)
    client(403, "POST", "/nodes/root/batch", good, kind=TYPE)
    stranger = Client(client.server)
    stranger.basic = None
    stranger(401, "POST", f"/nodes/{here}/batch", good, kind=TYPE)


def what_stands_around_the_parts_says_nothing(client):
    here = folder(client, "batch around")
    body = b"preamble\r\n" + parts(("a", b"--b7d2\r\n--b7d"), ("b", b"\r\n\r\n")) + b"epilogue\r\n--b7d2\r\n"
    answer = batch(client, here, body, kind='Multipart/Mixed; x="; boundary=no"; Boundary="b7d2"')
    same([item["node"]["size"] for item in answer["items"]], [13, 4])


def a_locked_folder_takes_no_batch(client):
    here = folder(client, "batch locked")
    bob = Client(client.server, *OTHER)
    lock = bob.dav(200, "LOCK", "/Company/batch locked", LOCK, {"Depth": "infinity"})
    same(statuses(batch(client, here, parts(("a", b"1")))), [423])
    bob.dav(204, "UNLOCK", "/Company/batch locked", None, {"Lock-Token": lock.headers["lock-token"]})
    same(statuses(batch(client, here, parts(("a", b"1")))), [201])


CASES = [
    a_hundred_files_are_one_change,
    contents_beyond_the_number_share_a_data_segment,
    a_refused_file_leaves_the_others,
    taken_names_are_dealt_with_as_is_said,
    a_batch_with_a_key_is_done_once,
    what_is_no_batch_is_refused_whole,
    what_stands_around_the_parts_says_nothing,
    a_locked_folder_takes_no_batch,
]

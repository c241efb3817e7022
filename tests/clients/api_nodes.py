"""Reading files and folders."""
import hashlib
import urllib.parse

from api_client import Client, Wrong, must, same

OTHER = ("bob@demo", "correct horse 2")


def the_root_holds_the_spaces(client):
    root = client(200, "GET", "/nodes/root")
    same(root["path"], "/")
    same(root["type"], "folder")
    same(root["parent"], None)
    items = client(200, "GET", "/nodes/root/children")["items"]
    same([item["name"] for item in items], ["Company", "My files"])
    same({item["parent"] for item in items}, {"root"})
    same(client.at("/")["id"], "root")
    same(client(200, "GET", "/me")["root"], "root")


def who_is_signed_in_is_told(client):
    me = client(200, "GET", "/me").json
    same((me["name"], me["tenant"], me["role"]), ("admin", "demo", "administrator"))
    bob = Client(client.server, *OTHER)(200, "GET", "/me").json
    same((bob["name"], bob["role"]), ("bob", "member"))


def a_file_is_found_by_its_path_and_by_its_id(client):
    client.dav(201, "MKCOL", "/Company/見積")
    client.dav(201, "PUT", "/Company/見積/案 1.txt", "内容".encode(), {"X-OC-Mtime": "1700000000.5"})
    node = client.at("/Company/見積/案 1.txt")
    same(node["path"], "/Company/見積/案 1.txt")
    same((node["name"], node["type"], node["size"]), ("案 1.txt", "file", 6))
    same(node["sha256"], hashlib.sha256("内容".encode()).hexdigest())
    same(node["mtime"], "2023-11-14T22:13:20.000Z")
    must(len(node["sites"]) >= 2 and set(node["sites"]) <= {"tokyo", "osaka", "sendai"}, node)
    answer = client(200, "GET", f"/nodes/{node['id']}")
    same({**answer.json, "sites": 0}, {**node, "sites": 0})
    same(answer.headers["etag"], node["etag"])
    folder = client(200, "GET", f"/nodes/{node['parent']}").json
    same(folder["path"], "/Company/見積")
    same(folder["id"], client.at("/COMPANY/見積/")["id"])
    same(client.ask("HEAD", f"/nodes/{node['id']}").status, 200)


def what_a_client_has_is_not_sent_again(client):
    for path in "/Company", "/Company/見積/案 1.txt", "/":
        etag = client.at(path)["etag"]
        target = "/nodes?path=" + urllib.parse.quote(path)
        client(304, "GET", target, headers={"If-None-Match": etag})
        client(200, "GET", target, headers={"If-None-Match": '"1-1"'})
        client.refused(412, "precondition-failed", "GET", target, headers={"If-Match": '"1-1"'})
    node = client.at("/Company")
    client(304, "GET", f"/nodes/{node['id']}", headers={"If-None-Match": node["etag"]})
    client(412, "GET", f"/nodes/{node['id']}", headers={"If-Match": '"1-1"'})
    client(304, "GET", f"/nodes/{node['id']}/children", headers={"If-None-Match": node["etag"]})
    client(412, "GET", f"/nodes/{node['id']}/children", headers={"If-Match": '"1-1"'})


def forged_foreign_and_missing_ids_get_one_answer(client):
    bob = Client(client.server, *OTHER)
    bob.dav(201, "PUT", "/My files/secret.txt", b"x")
    client.dav(201, "PUT", "/My files/gone.txt", b"x")
    gone = client.at("/My files/gone.txt")["id"]
    client.dav(204, "DELETE", "/My files/gone.txt")
    ids = [bob.at("/My files/secret.txt")["id"], bob.at("/My files")["id"], gone,
           "fffffff", "1", "2", "0", "03e9", "3E9", "0x3e9", "+3e9", "-3e9", "root2", "ROOT",
           "7fffffffffffffff", "ffffffffffffffff", "10000000000000000", "9" * 300, "%20", "%F0%9F%92%A9"]
    seen = set()
    for wrong in ids:
        for tail in "", "/children":
            answer = client(404, "GET", f"/nodes/{wrong}{tail}")
            seen.add((answer["type"], answer["title"], answer["detail"]))
    same(len(seen), 1)
    # Not even by its path.
    answer = client(404, "GET", "/nodes?path=/My%20files/secret.txt")
    same((answer["type"], answer["title"], answer["detail"]), seen.pop())


def nobody_comes_in_without_a_password(client):
    stranger = Client(client.server)
    stranger.basic = None
    for target in "/me", "/nodes/root", "/nodes?path=/", "/nodes/root/children":
        stranger.refused(401, "sign-in", "GET", target)
    Client(client.server, "admin@demo", "wrong").refused(401, "wrong-password", "GET", "/me")
    stranger(200, "GET", "/health")
    answer = stranger(401, "GET", "/me", headers={"Accept-Language": "ja", "Cookie": "session=1"})
    same(answer["title"], "サインインしてください")


def what_is_no_route_is_told(client):
    for target in "", "/", "/nodes/", "/nope", "/nodes/root/", "/nodes/root/children/x":
        same(client.ask("GET", target).status, 404)
    answer = client.ask("DELETE", "/me")
    same((answer.status, answer.headers["allow"]), (405, "GET, HEAD"))
    same(client.ask("GET", "/me", b"x").status, 415)


def a_query_says_what_it_means(client):
    for target in ("/nodes", "/nodes?path", "/nodes?path=", "/nodes?path=Company",
                   "/nodes?path=/Company&x=1", "/nodes?path=/&path=/", "/nodes?path=//",
                   "/nodes?path=/Company//x", "/nodes?path=/%ff", "/nodes?path=/%00",
                   "/nodes?path=/..", "/me?x=1", "/health?x", "/nodes/root?path=/",
                   "/nodes/root/children?limit=0", "/nodes/root/children?limit=10001",
                   "/nodes/root/children?limit=-1", "/nodes/root/children?limit=1e3",
                   "/nodes/root/children?limit=99999999999999999999", "/nodes/root/children?limit=",
                   "/nodes/root/children?sort=colour", "/nodes/root/children?order=up",
                   "/nodes/root/children?cursor=x"):
        client.refused(400, "invalid", "GET", target)
    must("one of name, size, mtime" in
         client.refused(400, "invalid", "GET", "/nodes/root/children?sort=x"), "no choices")
    # A file has no children.
    node = client.at("/Company/見積/案 1.txt")
    client.refused(400, "invalid", "GET", f"/nodes/{node['id']}/children")


def names(client, folder, query=""):
    return [item["name"] for item in client(200, "GET", f"/nodes/{folder}/children?limit=10000{query}")["items"]]


def entries_stand_in_order(client):
    client.dav(201, "MKCOL", "/Company/order")
    # In order: case aside, code points, digits by value; equal ones as they were made.
    wanted = ["file2.txt", "File10.txt", "file010b.txt", "file100.txt", "Zebra", "ä.txt", "あ.txt", "ア.txt", "漢字.txt"]
    for size, name in enumerate(reversed(wanted)):
        client.dav(201, "PUT", f"/Company/order/{name}", b"x" * size,
                   {"X-OC-Mtime": str(1700000000 + 7 * size % 5)})
    for name in "z folder 10", "Z folder 9":
        client.dav(201, "MKCOL", f"/Company/order/{name}")
    folder = client.at("/Company/order")["id"]
    folders = ["Z folder 9", "z folder 10"]
    same(names(client, folder), folders + wanted)
    same(names(client, folder, "&sort=name&order=desc"), folders[::-1] + wanted[::-1])
    same(names(client, folder, "&sort=size")[2:], wanted[::-1])
    same(names(client, folder, "&sort=size&order=desc")[2:], wanted)
    items = client(200, "GET", f"/nodes/{folder}/children?sort=mtime")["items"][2:]
    same([i["mtime"] for i in items], sorted(i["mtime"] for i in items))
    items = client(200, "GET", f"/nodes/{folder}/children?sort=mtime&order=desc")["items"][2:]
    same([i["mtime"] for i in items], sorted((i["mtime"] for i in items), reverse=True))
    for item in items:
        same(item["path"], f"/Company/order/{item['name']}")
        same(item["parent"], folder)


def pages_are_one_state_of_the_folder(client):
    folder = client.at("/Company/order")["id"]
    whole = names(client, folder)
    for limit in 1, 2, 5, 11, 12:
        pages = client.pages(f"/nodes/{folder}/children?limit={limit}")
        must(all(len(page) <= limit for page in pages), pages)
        got = [item["name"] for page in pages for item in page]
        same(got, whole)
    first = client(200, "GET", f"/nodes/{folder}/children?limit=3").json
    client.dav(201, "PUT", "/Company/order/aaa new", b"")
    # That state is still in memory.
    rest = client(200, "GET", f"/nodes/{folder}/children?limit=100&cursor={first['next']}").json
    same([i["name"] for i in first["items"] + rest["items"]], whole)
    must("aaa new" in names(client, folder), "the new state has it")


def a_state_that_is_gone_is_told(client):
    folder = client.at("/Company/order")["id"]
    cursor = client(200, "GET", f"/nodes/{folder}/children?limit=3")["next"]
    client.server.restart()
    again = client(200, "GET", f"/nodes/{folder}/children?limit=3&cursor={cursor}").json
    must(again["items"], "the same state has been read again")
    client.dav(201, "PUT", "/Company/order/zzz new", b"")
    client.server.restart()
    client.refused(409, "list-changed", "GET", f"/nodes/{folder}/children?limit=3&cursor={cursor}")


def a_cursor_belongs_to_its_list(client):
    folder, other = client.at("/Company/order")["id"], client.at("/Company")["id"]
    cursor = client(200, "GET", f"/nodes/{folder}/children?limit=3")["next"]
    for target in (f"/nodes/{other}/children?cursor={cursor}",
                   f"/nodes/{folder}/children?sort=size&cursor={cursor}",
                   f"/nodes/{folder}/children?order=desc&cursor={cursor}",
                   f"/nodes/{folder}/children?cursor={cursor}0",
                   f"/nodes/{folder}/children?cursor={cursor[:-1]}"):
        client.refused(400, "invalid", "GET", target)
    parts = cursor.split(".")
    for i in range(len(parts)):
        forged = parts[:i] + [("1" if parts[i][0] != "1" else "2") + parts[i][1:]] + parts[i + 1:]
        client.refused(400, "invalid", "GET", f"/nodes/{folder}/children?cursor={'.'.join(forged)}")
    bob = Client(client.server, *OTHER)
    bob.refused(400, "invalid", "GET", f"/nodes/{folder}/children?cursor={cursor}")


def a_long_list_streams(client):
    client.dav(201, "MKCOL", "/Company/many")
    wanted = [f"entry number {i} with a rather long name 長い名前" for i in range(400)]
    for name in wanted:
        client.dav(201, "PUT", f"/Company/many/{name}", b"")
    folder = client.at("/Company/many")["id"]
    same(names(client, folder), wanted)
    same(client.ask("HEAD", f"/nodes/{folder}/children?limit=10000").body, b"")
    same(names(client, folder, "&order=desc"), wanted[::-1])


def found(client, text, limit=100):
    pages = client.pages(f"/search?q={urllib.parse.quote(text)}&limit={limit}")
    must(all(len(page) <= limit for page in pages), pages)
    return [item["path"] for page in pages for item in page]


def names_are_found_by_a_piece_of_them(client):
    client.dav(201, "MKCOL", "/Company/Searched")
    client.dav(201, "PUT", "/Company/Searched/Report Q3.pdf", b"x")
    client.dav(201, "PUT", "/Company/Searched/見積ガイド.txt", b"x")
    client.dav(201, "PUT", "/My files/report of mine", b"x")
    bob = Client(client.server, *OTHER)
    bob.dav(201, "PUT", "/My files/report of bob", b"x")
    same(found(client, "REPORT"), ["/Company/Searched/Report Q3.pdf", "/My files/report of mine"])
    same(found(bob, "report"), ["/Company/Searched/Report Q3.pdf", "/My files/report of bob"])
    same(found(client, "report", 1), found(client, "report"))
    same(found(client, "search"), ["/Company/Searched"])
    # A composed and a decomposed spelling are one.
    for text in "見積ガ", "積ガ", "積カ\u3099":
        same(found(client, text), ["/Company/Searched/見積ガイド.txt"])
    for text in "no such thing", "%", "_", "'", "Searched/":
        same(found(client, text), [])
    item, = client(200, "GET", "/search?q=Q3")["items"]
    same({**item, "sites": 0}, {**client.at("/Company/Searched/Report Q3.pdf"), "sites": 0})


def what_is_deleted_or_was_renamed_is_not_found(client):
    client.dav(201, "PUT", "/Company/Searched/unique old", b"x")
    client.dav(201, "MOVE", "/Company/Searched/unique old", None,
               {"Destination": f"https://localhost:{client.server.port}/dav/Company/Searched/unique%20new"})
    same(found(client, "unique"), ["/Company/Searched/unique new"])
    client.dav(204, "DELETE", "/Company/Searched")
    same(found(client, "unique"), [])
    same(found(client, "Q3"), [])


def a_search_says_what_it_looks_for(client):
    for target in "/search", "/search?q=", "/search?q=x&limit=0", "/search?q=x&limit=1001", "/search?q=%ff", \
            "/search?q=x&cursor=y", "/search?q=x&sort=name", "/search?q=x&q=y":
        client.refused(400, "invalid", "GET", target)
    stranger = Client(client.server)
    stranger.basic = None
    stranger(401, "GET", "/search?q=x")


CASES = [
    the_root_holds_the_spaces,
    who_is_signed_in_is_told,
    a_file_is_found_by_its_path_and_by_its_id,
    what_a_client_has_is_not_sent_again,
    forged_foreign_and_missing_ids_get_one_answer,
    nobody_comes_in_without_a_password,
    what_is_no_route_is_told,
    a_query_says_what_it_means,
    entries_stand_in_order,
    pages_are_one_state_of_the_folder,
    a_state_that_is_gone_is_told,
    a_cursor_belongs_to_its_list,
    a_long_list_streams,
    names_are_found_by_a_piece_of_them,
    what_is_deleted_or_was_renamed_is_not_found,
    a_search_says_what_it_looks_for,
]

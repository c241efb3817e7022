"""Browsers' sessions: cookies, CSRF, idle and absolute ends, lists."""
from api_client import Client, must, same

HOUR = 3600


class Browser(Client):
    """Signs in by name and password, and has a cookie from then on."""

    def __init__(self, server, user=None, password=None, agent="Browser"):
        super().__init__(server)
        self.basic = None
        self.agent = agent
        answer = self(201, "POST", "/session",
                      {"user": user or server.user, "password": password or server.password},
                      {"User-Agent": agent})
        self.csrf = answer["csrf"]
        self.id = answer["id"]
        self.set_cookie = answer.headers["set-cookie"]
        self.cookie = self.set_cookie.split(";")[0]

    def ask(self, method, target, body=None, headers=None, kind=None, chunked=False):
        headers = dict(headers or {})
        if getattr(self, "cookie", None):
            headers.setdefault("Cookie", self.cookie)
            if method not in ("GET", "HEAD"):
                headers.setdefault("Dozo-Csrf", self.csrf)
        return super().ask(method, target, body, headers, kind, chunked)


def bob(client):
    return Browser(client.server, "bob@demo", "correct horse 2")


def a_browser_signs_in_works_and_signs_out(client):
    browser = Browser(client.server)
    words = [word.strip() for word in browser.set_cookie.split(";")]
    must(words[0].startswith("__Host-dozo="), words)
    for word in "Path=/", "Secure", "HttpOnly", "SameSite=Strict":
        must(word in words, f"no {word} in {words}")
    must(not any(word.startswith("Domain") for word in words), words)
    own = browser(200, "GET", "/session")
    same((own["id"], own["user"], own["csrf"]), (browser.id, client.server.user, browser.csrf))
    same(browser(200, "GET", "/me")["name"], client.server.user.split("@")[0])
    parent = browser.at("/Company")["id"]
    browser(201, "POST", f"/nodes/{parent}/children", {"type": "folder", "name": "by cookie"})
    gone = browser(204, "DELETE", "/session")
    must(gone.headers["set-cookie"].startswith("__Host-dozo=;"), gone.headers)
    must("Max-Age=0" in gone.headers["set-cookie"], gone.headers)
    browser.refused(401, "sign-in", "GET", "/session")
    browser.refused(401, "sign-in", "DELETE", "/session")


def a_change_by_cookie_needs_the_pages_token(client):
    browser, other = Browser(client.server), bob(client)
    parent = browser.at("/Company")["id"]
    for token in "", other.csrf, browser.csrf[:-1], browser.csrf + "0", browser.csrf.upper():
        if token == browser.csrf:
            continue
        browser.refused(403, "csrf", "POST", f"/nodes/{parent}/children",
                        {"type": "folder", "name": "by another page"}, {"Dozo-Csrf": token})
        browser.refused(403, "csrf", "DELETE", "/session", None, {"Dozo-Csrf": token})
        browser.refused(403, "csrf", "DELETE", f"/sessions/{browser.id}", None, {"Dozo-Csrf": token})
    browser.refused(404, "not-found", "GET", "/nodes?path=/Company/by%20another%20page")
    browser(200, "GET", "/session")


def a_cookie_opens_no_other_door(client):
    browser = Browser(client.server)
    client.basic, basic = "", client.basic
    client.dav(401, "PROPFIND", "/", None, {"Cookie": browser.cookie, "Dozo-Csrf": browser.csrf, "Depth": "0"})
    client.basic = basic


def forged_cookies_are_refused_alike(client):
    browser = Browser(client.server)
    name, value = browser.cookie.split("=", 1)
    tenant, token = value.split(".", 1)
    for forged in ("", ".", "x", value[:-1], value + "A", tenant + "." + "A" * len(token),
                   "0" * 16 + "." + token, "f" * 16 + "." + token, tenant.upper() + "x." + token,
                   tenant + "," + token, "../" + value):
        browser.refused(401, "sign-in", "GET", "/session", None, {"Cookie": f"{name}={forged}"})
    browser.refused(401, "sign-in", "GET", "/sessions", None, {"Cookie": "other=1"})
    browser.refused(401, "sign-in", "DELETE", "/sessions/1", None, {"Cookie": f"{name}=x"})
    browser(200, "GET", "/session", None, {"Cookie": f"a=b; {browser.cookie}; c=d"})


def wrong_passwords_and_bodies_begin_no_session(client):
    user, password = client.server.user, client.server.password
    client.basic = None
    for body in ({"user": user, "password": "wrong"}, {"user": "nobody@demo", "password": password},
                 {"user": "nobody", "password": password}):
        client.refused(401, "wrong-password", "POST", "/session", body)
    for body in ({}, {"user": user}, {"password": password}, {"user": user, "password": password, "link": "x"}):
        client.refused(400, "invalid", "POST", "/session", body)
    client.refused(401, "link-used", "POST", "/session", {"link": "0" * 16 + "." + "A" * 43})
    client.refused(415, "content", "POST", "/session", b"user=x", kind="application/x-www-form-urlencoded")
    client.refused(413, "limit", "POST", "/session", b'{"user":"' + b"x" * 70000 + b'"}', kind="application/json")


def sessions_are_listed_and_ended_by_their_member_only(client):
    first, second, others = Browser(client.server, agent="One"), Browser(client.server, agent="Two"), bob(client)
    listed = second(200, "GET", "/sessions")["items"]
    same([(item["browser"], item["current"]) for item in listed[:2]], [("Two", True), ("One", False)])
    others.refused(404, "not-found", "DELETE", f"/sessions/{first.id}")
    others.refused(404, "not-found", "DELETE", "/sessions/none")
    first(200, "GET", "/session")
    second(204, "DELETE", f"/sessions/{first.id}")
    first.refused(401, "sign-in", "GET", "/session")
    same([item["id"] for item in second(200, "GET", "/sessions")["items"] if item["browser"] == "One"], [])
    second.refused(404, "not-found", "DELETE", f"/sessions/{first.id}")


def a_session_outlives_a_restart_and_ends_when_left_alone(client):
    server = client.server
    browser = Browser(server)
    server.restart()
    browser(200, "GET", "/session")
    ahead = server.ahead
    server.clock_set(ahead + 8 * HOUR - 60)
    browser(200, "GET", "/session")
    server.clock_set(ahead + 16 * HOUR - 120)
    browser(200, "GET", "/session")
    server.clock_set(ahead + 24 * HOUR)
    browser.refused(401, "sign-in", "GET", "/session")


def a_link_signs_in_once(client):
    link, client.basic = client.server.link(), None
    answer = client(201, "POST", "/session", {"link": link})
    same(answer["user"], client.server.user)
    same(answer["role"], "administrator")
    cookie = answer.headers["set-cookie"].split(";")[0]
    same(client(200, "GET", "/session", None, {"Cookie": cookie})["id"], answer["id"])
    client.refused(401, "link-used", "POST", "/session", {"link": link})
    client.refused(401, "sign-in", "GET", "/session", None, {"Cookie": "__Host-dozo=" + client.server.link()})


def what_there_is_no_parameter_for_is_refused(client):
    browser = Browser(client.server)
    for method, target in (("GET", "/session"), ("DELETE", "/session"), ("GET", "/sessions"),
                           ("DELETE", f"/sessions/{browser.id}")):
        browser.refused(400, "invalid", method, target + "?x=1")
    client.refused(404, "not-found", "GET", "/session")
    client.refused(404, "not-found", "DELETE", "/session")


CASES = [
    a_browser_signs_in_works_and_signs_out,
    a_change_by_cookie_needs_the_pages_token,
    a_cookie_opens_no_other_door,
    forged_cookies_are_refused_alike,
    wrong_passwords_and_bodies_begin_no_session,
    sessions_are_listed_and_ended_by_their_member_only,
    a_session_outlives_a_restart_and_ends_when_left_alone,
    a_link_signs_in_once,
    what_there_is_no_parameter_for_is_refused,
]

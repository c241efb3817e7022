"""GET /security: the living security document, for everybody."""
from api_client import same

CLAUSES = ["4.1", "CLD.8.1.5", "10.1.1", "11.2.7", "12.1.2", "12.3.1", "15.1.2", "16.1.1", "16.1.2", "18.2.1"]
CHECKED = ("10.1.1", "12.3.1")


def the_security_document_is_there_without_a_sign_in(client):
    client.basic = None
    items = client(200, "GET", "/security")["items"]
    same([item["clause"] for item in items], CLAUSES)
    for item in items:
        same(item["light"], "not_satisfied" if item["clause"] in CHECKED else "not_yet_covered")
        same(item["checked_at"], None)
        same(item["command"], "dozo evidence DIR --clause " + item["clause"])


def the_security_document_speaks_two_languages(client):
    client.basic = None
    english = client(200, "GET", "/security", headers={"Accept-Language": "en"})
    japanese = client(200, "GET", "/security", headers={"Accept-Language": "ja"})
    same(english.headers["content-language"], "en")
    same(japanese.headers["content-language"], "ja")
    same("within a minute of the start" in english["items"][2]["checked"], True)
    same("まだ確認していません" in japanese["items"][2]["checked"], True)
    client.refused(400, "invalid", "GET", "/security?lang=ja")


CASES = [
    the_security_document_is_there_without_a_sign_in,
    the_security_document_speaks_two_languages,
]

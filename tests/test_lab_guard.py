"""Attacks on the lab: what may not come in stays out, and changes nothing."""

import json
import re
import socket
from collections.abc import Iterator

import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")

from lab_pages import Client, running_lab

from plainnet.lab.guard import Secret
from plainnet.lab.requests import MOST_BYTES
from plainnet.lab.running import HOST, LabServer

ORDERS = "/api/points/orders"
STEP = {"order": "step"}


@pytest.fixture(scope="module")
def server() -> Iterator[LabServer]:
    with running_lab() as server:
        yield server


@pytest.fixture
def client(server: LabServer) -> Client:
    return Client(server)


def steps(server: LabServer) -> int:
    return server.worker.newest.get()[1].snapshot.position[2]


def test_the_lab_listens_on_the_own_machine_only(server: LabServer) -> None:
    assert HOST == "127.0.0.1"
    elsewhere = socket.socket()
    try:
        elsewhere.bind(("127.0.0.2", server.port))  # free, so the lab is not at all addresses
    finally:
        elsewhere.close()


def test_its_own_page_may_do_everything(client: Client, server: LabServer) -> None:
    own = {"Origin": f"http://{client.host}", "Sec-Fetch-Site": "same-origin"}
    before = steps(server)
    assert client.post(ORDERS, STEP, headers=own).status == 200
    assert steps(server) == before + 1
    assert client.get("/").status == client.get("/static/main.js").status == 200


def test_the_token_is_exchanged_for_a_cookie_that_scripts_and_other_sites_do_not_get(
    client: Client, server: LabServer
) -> None:
    client.cookie = ""
    entered = client.get(f"/?token={server.secret.token}")
    assert entered.status == 200
    cookie = entered.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert str(server.port) in cookie.partition("=")[0]
    assert server.secret.token not in cookie + entered.body.decode()
    client.cookie = cookie.partition(";")[0]
    assert client.get("/").status == 200


@pytest.mark.parametrize("token", ["", "x", "%00", "é", "x" * 5000])
def test_a_wrong_token_opens_nothing(client: Client, token: str) -> None:
    client.cookie = ""
    answer = client.get("/?token=" + token.replace("é", "%C3%A9"))
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers


def test_the_token_is_long_and_new_each_time() -> None:
    tokens = {Secret(80).token for _ in range(20)}
    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 43  # 256 bits


@pytest.mark.parametrize(
    "path", ["/", "/static/main.js", "/static/lab.css", "/api/points", "/api/points/frame"]
)
@pytest.mark.parametrize("cookie", ["", "plainnet-lab-1=x", "{name}=guess", "{name}=", 'a="; b'])
def test_without_the_cookie_there_is_nothing_to_see(
    client: Client, server: LabServer, path: str, cookie: str
) -> None:
    client.cookie = cookie.format(name=server.secret.name) if "{" in cookie else cookie
    answer = client.get(path)
    assert answer.status == 403
    assert "error" in answer.json


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "0.0.0.0", "[::]", ""]
)
def test_another_host_name_is_refused_as_after_dns_rebinding(
    client: Client, server: LabServer, host: str
) -> None:
    host = host.format(port=server.port)
    before = steps(server)
    if host:
        for path in ("/", "/api/points", f"/?token={server.secret.token}"):
            assert client.get(path, headers={"Host": host}).status == 403
        assert client.post(ORDERS, STEP, headers={"Host": host}).status == 403
    else:
        with socket.create_connection((HOST, server.port), timeout=10) as raw:
            raw.sendall(b"GET /api/points HTTP/1.0\r\n\r\n")
            assert b" 403 " in raw.recv(100)
    assert steps(server) == before


@pytest.mark.parametrize("host", ["localhost", "[::1]", "LOCALHOST", "127.0.0.1"])
def test_the_own_machine_has_several_names(client: Client, server: LabServer, host: str) -> None:
    assert client.get("/api/points", headers={"Host": f"{host}:{server.port}"}).status == 200


CROSS_SITE = [
    {"Origin": "null"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1.evil.example:{port}"},
    {"Origin": "not an origin"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:{port}"},
]


@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
def test_pages_of_other_sites_neither_order_nor_watch(
    client: Client, server: LabServer, headers: dict[str, str]
) -> None:
    """Even if a browser sent the cookie along."""
    sent = {name: value.format(port=server.port) for name, value in headers.items()}
    before = steps(server)
    assert client.post(ORDERS, STEP, headers=sent).status == 403
    assert client.post("/api/points/settings", {"noise": 1}, headers=sent).status == 403
    assert client.get("/api/points/frame", headers=sent).status == 403
    assert client.get("/api/points", headers=sent).status == 403
    assert steps(server) == before


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_orders_are_json_which_no_form_of_another_site_can_send(
    client: Client, server: LabServer, kind: str
) -> None:
    before = steps(server)
    answer = client.post(ORDERS, STEP, headers={"Content-Type": kind})
    assert answer.status == 415
    assert steps(server) == before


def test_no_other_site_is_given_leave(client: Client) -> None:
    origin = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    for answer in (client.send("OPTIONS", ORDERS, headers=origin), client.get("/")):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert client.send("OPTIONS", ORDERS, headers=origin).status == 403


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/api/points", "/nowhere"])
def test_pages_load_nothing_from_elsewhere_and_are_in_no_frame(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(
        rule.strip().partition(" ")[::2] for rule in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert {policy[f"{what}-src"] for what in ("script", "style", "connect")} == {"'self'"}
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "//" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/..\\app.py",
        "/static/main.js%00.css",
        "/static/",
        "/static/__init__.py",
        "/static",
    ],
)
def test_only_the_files_of_the_page_are_given_out(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status == 404
    assert b"import" not in answer.body
    assert b"root:" not in answer.body


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"order": NaN}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"order": ["run"]}', 400),
        (b'{"order": {"run": 1}}', 400),
        (b'{"order": "destroy"}', 400),
        (b'{"order": "speed", "speed": "fast"}', 400),
        (b'{"order": "speed", "speed": [1]}', 400),
        (b'{"order": "' + b"x" * MOST_BYTES + b'"}', 413),
    ],
)
def test_a_bad_body_gets_a_sentence(
    client: Client, server: LabServer, raw: bytes, status: int
) -> None:
    before = steps(server)
    answer = client.post(ORDERS, None, raw=raw)
    assert answer.status == status
    assert set(answer.json) == {"error"}
    assert "Traceback" not in answer.json["error"]
    assert steps(server) == before


@pytest.mark.parametrize(
    "settings",
    [
        {"hidden": [10**9]},
        {"hidden": [4] * 1000},
        {"samples": 10**9},
        {"samples": "many"},
        {"epochs": 10**12},
        {"learning_rate": -1},
        {"learning_rate": 1e400},
        {"activation": "../../etc/passwd"},
        {"activation": ["relu"]},
        {"points": [[0, 0]]},
        {"points": [7]},
        {"points": "all"},
        {"points": [[0, 0, 9]]},
        {"points": [[99, 0, 0]]},
        {"points": [[0, 0, 0]] * 3000},
        {"features": []},
        {"features": ["x", "x"]},
        {"features": {"x": 1}},
        {"__class__": 1},
        {"": None},
        {"seed": True},
        {"noise": None},
    ],
    ids=lambda settings: json.dumps(settings)[:40],
)
def test_settings_out_of_range_get_a_sentence_and_change_nothing(
    client: Client, server: LabServer, settings: object
) -> None:
    raw = json.dumps(settings).replace("Infinity", "1e400").encode()
    before = server.worker.newest.get()[1].snapshot.settings
    answer = client.post("/api/points/settings", None, raw=raw)
    assert answer.status == 400
    assert re.match(r"[A-Z].*[.)]$", answer.json["error"], re.DOTALL)
    assert server.worker.newest.get()[1].snapshot.settings == before


@pytest.mark.parametrize(
    "query", ["layer=99", "layer=-1", "layer=x", "layer=0&unit=99", "layer=0&x=nan", "layer=0&y=x"]
)
def test_there_is_no_other_layer_to_look_into(client: Client, query: str) -> None:
    answer = client.get(f"/api/points/layer?{query}")
    assert answer.status == 400
    assert answer.json["error"].endswith(".")


@pytest.mark.parametrize("query", ["after=x", "after=1e9", "since=" + "9" * 99, "run=%00"])
def test_a_frame_is_asked_for_with_whole_numbers(client: Client, query: str) -> None:
    assert client.get(f"/api/points/frame?{query}").status == 400


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ORDERS), ("POST", "/api/points"), ("DELETE", "/"), ("PUT", ORDERS)]
)
def test_other_methods_do_nothing(client: Client, method: str, path: str) -> None:
    assert client.send(method, path, STEP).status == 405


def test_a_websocket_is_refused(client: Client) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    assert client.get("/api/points/frame?after=x", headers=headers).status in (400, 403)

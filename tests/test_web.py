"""What every server over HTTP checks: hosts, origins, bodies."""

import asyncio
import gzip
import json
import zlib
from typing import Any

import numpy as np
import pytest

from plainnet.errors import DataError, FileError, MissingExtraError

pytest.importorskip("starlette", reason="the extra lab is not installed")

from plainnet.web.bodies import compressed, decompressed, read_body, read_json
from plainnet.web.errors import HttpError, answer_to, as_json
from plainnet.web.hosts import LOOPBACK, check_host, check_origin, is_loopback


def refused(call: Any, *given: Any) -> HttpError:
    with pytest.raises(HttpError) as caught:
        call(*given)
    return caught.value


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:8000", "[::1]:8000"])
def test_the_own_machine_has_its_names(host: str) -> None:
    check_host({"host": host}, LOOPBACK)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "",
        "[::1",
        "a@b",
        "127.0.0.1:80@b",
    ],
)
def test_another_name_is_refused(host: str) -> None:
    """DNS rebinding: the page of a site whose name now means this machine."""
    assert refused(check_host, {"host": host}, LOOPBACK).status == 403
    check_host({"host": host}, None)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:8000"},
    ],
)
def test_requests_of_other_sites_are_refused(headers: dict[str, str]) -> None:
    assert refused(check_origin, {"host": "127.0.0.1:8000", **headers}).status == 403


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}]
)
def test_programs_and_the_own_page_may_ask(headers: dict[str, str]) -> None:
    check_origin({"host": "127.0.0.1:8000", **headers})


def test_loopback_addresses_are_known() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.8.0.1", "::1", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "10.0.0.1", "example.org"]))


def body_of(*parts: bytes, headers: dict[str, str] | None = None, most: int = 100) -> bytes:
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]

    async def receive() -> Any:
        if messages:
            return messages.pop(0)
        return {"type": "http.request", "more_body": False}

    return asyncio.run(read_body(headers or {}, receive, most, 5))


def test_a_body_is_put_together() -> None:
    assert body_of(b"ab", b"", b"c") == b"abc"


def test_a_body_above_the_limit_is_refused_whether_it_says_so_or_not() -> None:
    for headers in ({}, {"content-length": "101"}):
        assert refused(lambda h=headers: body_of(b"a" * 60, b"a" * 60, headers=h)).status == 413


def test_a_slow_body_is_refused() -> None:
    async def receive() -> Any:
        await asyncio.Event().wait()

    error = refused(lambda: asyncio.run(read_body({}, receive, 100, 0.01)))
    assert error.status == 408
    assert error.headers["Connection"] == "close"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_bodies_are_read_and_written(encoding: str) -> None:
    assert decompressed(compressed(b"text" * 9, encoding), encoding, 100) == b"text" * 9
    packed = gzip.compress(b"a" * 101) if encoding == "gzip" else zlib.compress(b"a" * 101)
    assert refused(decompressed, packed, encoding, 100).status == 413
    for damaged in (packed[:-3], b"no", b"", packed + b"more"):
        assert refused(decompressed, damaged, encoding, 1000).status == 400
    assert refused(decompressed, b"", "br", 100).status == 415


@pytest.mark.parametrize("text", [b"", b"{", b"[NaN]", b"[Infinity]", b"\xff", b"[" * 10**5])
def test_what_is_not_json_is_refused(text: bytes) -> None:
    assert refused(read_json, text).status == 400


def test_answers_are_json_whatever_they_hold() -> None:
    content = {"é": [1, 0.1, None, True, np.float32(0.1).item()], "half": "\udcff", "猫": "\n"}
    assert json.loads(as_json(content)) == content
    del content["half"]
    assert json.loads(as_json(content)) == content


def test_each_error_has_its_status_and_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    cases = {
        413: HttpError(413, "Too much."),
        400: DataError("Wrong data."),
        501: MissingExtraError("Not installed."),
        500: FileError("No file."),
        503: MemoryError(),
    }
    for status, error in cases.items():
        answer = answer_to(error)
        assert answer.status_code == status
        assert str(error).encode() in bytes(answer.body)
    answer = answer_to(ZeroDivisionError("secret"))
    assert answer.status_code == 500
    assert b"secret" not in bytes(answer.body)
    assert "secret" in caplog.text

"""The lessons in the lab: pages with links to one another, and to the states of the lab."""

import re
from collections.abc import Iterator

import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")

from lab_pages import Client, running_lab

from plainnet.lessons import LANGUAGES, course, lesson
from plainnet.lessons.weaving import named


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running_lab() as server:
        yield Client(server)


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status == 200
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return answer.body.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_overview_leads_to_the_lessons(client: Client, language: str) -> None:
    text = page(client, f"/lessons/0.{language}")
    for one in course():
        assert f'href="/lessons/{one.number}.{language}"' in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lesson_leads_to_the_other_language_and_to_its_state(
    client: Client, language: str
) -> None:
    text = page(client, f"/lessons/1.{language}")
    other = "zh" if language == "en" else "en"
    assert {f"/lessons/1.{other}", f"/lessons/0.{language}"} <= {*re.findall('href="(.*?)"', text)}
    [state] = named(lesson(1).text(language), "lab")
    assert f'href="/#{state.replace("&", "&amp;")}"' in text
    assert ".md" not in re.sub("<code>.*?</code>", "", text)


@pytest.mark.parametrize("name", ["99.en", "1.fr", "1", "x.en", "..%2f1.en", "%D9%A1.en"])
def test_there_are_no_other_lessons(client: Client, name: str) -> None:
    assert client.get(f"/lessons/{name}").status in (400, 404)


@pytest.mark.parametrize(("wanted", "found"), [("zh-CN,en;q=0.5", "zh"), ("de,en", "en")])
def test_the_language_is_that_of_the_browser(client: Client, wanted: str, found: str) -> None:
    answer = client.get("/lessons", headers={"Accept-Language": wanted})
    assert answer.status == 307
    assert answer.headers["location"] == f"/lessons/0.{found}"

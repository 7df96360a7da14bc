"""The example application on a real server, and its page in a real browser."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

import skytells.local
from skytells.local import LocalPlatform

from ..local import browser
from .serving import served

SOURCE = Path(__file__).parents[2] / "examples" / "fastapi_app" / "app.py"
EVIL = "<img src=x onerror=document.title='taken'><script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def create_app() -> Callable[..., Any]:
    spec = importlib.util.spec_from_file_location("fastapi_app_example", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where pydantic looks up the types that it names
    spec.loader.exec_module(module)
    build: Callable[..., Any] = module.create_app
    return build


@pytest.fixture
def platform(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPlatform]:
    """A platform whose time moves only when it is told to, and to which the environment points."""
    with skytells.local.serve(speed=0) as platform:
        monkeypatch.setenv("SKYTELLS_BASE_URL", platform.url)
        monkeypatch.setenv("SKYTELLS_API_KEY", platform.key)
        yield platform


@pytest.fixture
def studio(platform: LocalPlatform, create_app: Callable[..., Any]) -> Iterator[str]:
    with served(partial(create_app, cancel_after=0.0)) as address:
        yield address


def until(look: Callable[[], Any]) -> Any:
    """What `look` finds, as soon as it finds something."""
    while not (found := look()):
        time.sleep(0.01)
    return found


def test_picture_is_ordered_made_and_kept_by_the_webhook(
    studio: str, platform: LocalPlatform
) -> None:
    with httpx.Client(base_url=studio) as visitor:
        assert "Picture studio" in visitor.get("/").text
        order = {"prompt": "A fox", "model": "truefusion"}
        answer = visitor.post("/pictures", json=order)
        assert answer.status_code == 202
        path = f"/pictures/{answer.json()['id']}"
        assert visitor.get(f"{path}/file").status_code == 404
        platform.advance(60.0)
        until(lambda: visitor.get(path).json()["kept"])
        assert visitor.get(f"{path}/events").text.count("event: end") == 1
        picture = visitor.get(f"{path}/file")
        assert picture.headers["content-type"].startswith("image/")
        platform.advance(600.0)
        assert httpx.get(platform.predictions[0]["output"][0]).status_code == 404
        assert visitor.get(f"{path}/file").content == picture.content


def test_visitor_sees_his_own_pictures_only_and_may_cancel_them(
    studio: str, platform: LocalPlatform
) -> None:
    with platform.client() as other:
        strange = other.predictions.create(model="flux-pro", input={"prompt": "Not yours"}).id
    with httpx.Client(base_url=studio) as visitor:
        for path in (f"/pictures/{strange}", f"/pictures/{strange}/events", "/pictures/x/file"):
            assert visitor.get(path).status_code == 404
        assert visitor.delete(f"/pictures/{strange}").status_code == 404
        assert visitor.post("/pictures", json={"prompt": ""}).status_code == 422
        id = visitor.post("/pictures", json={"prompt": "A fox"}).json()["id"]
        assert visitor.delete(f"/pictures/{id}").status_code == 204
        assert visitor.delete(f"/pictures/{id}").status_code == 422  # it has ended
    assert platform.predictions[0]["status"] == "cancelled"


def test_application_that_nobody_can_reach_asks_for_no_webhooks(
    platform: LocalPlatform, create_app: Callable[..., Any]
) -> None:
    with served(lambda _: create_app()) as address:
        httpx.post(f"{address}/pictures", json={"prompt": "A fox"})
    assert platform.predictions[0]["webhook"] == {"url": None, "events": []}


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Tab]:
    program = browser.find()
    if program is None:
        pytest.fail("there is no Chromium on this machine: run `make test-browser`")
    with browser.opened(program, tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def page(tab: browser.Tab, studio: str) -> Iterator[browser.Tab]:
    """The studio's page; neither an exception nor a failed request may pass unnoticed."""
    tab.complaints.clear()
    tab.open(studio)
    yield tab
    tab.leave()
    assert tab.complaints == []


def order(page: browser.Tab, prompt: str) -> None:
    page.value(f"document.forms.order.prompt.value = {prompt!r}")
    page.value("document.querySelector('button[type=submit]').click()")
    page.wait_for(f"document.querySelector('article h2')?.textContent === {prompt!r}")


STATUS = "document.querySelector('article .status').textContent"


@pytest.mark.browser
def test_page_shows_progress_the_picture_and_the_webhook(
    page: browser.Tab, platform: LocalPlatform, tmp_path: Path
) -> None:
    order(page, "A fox in the snow")
    page.wait_for(f"{STATUS} === 'pending, 0 %'")
    platform.advance(4.0)
    page.wait_for("document.querySelector('progress').value > 0")
    assert page.value(STATUS).startswith("processing, ")
    platform.advance(60.0)
    page.wait_for("document.querySelector('article img')?.naturalWidth > 0")
    page.wait_for("!document.querySelector('.kept').hidden")
    page.wait_for("document.querySelector('article img').src.endsWith('/file')")
    assert page.value(STATUS) == "ready"
    assert page.value("document.querySelector('progress')") is None


@pytest.mark.browser
def test_page_tells_what_failed_and_runs_no_words(
    page: browser.Tab, platform: LocalPlatform
) -> None:
    platform.script("flux-pro", fails=f"NSFW content detected. {EVIL}")
    order(page, EVIL)
    platform.advance(60.0)
    page.wait_for(f"{STATUS}.includes('NSFW')")
    assert page.value("document.title") == "Picture studio"
    assert page.value("document.querySelectorAll('main img, main script').length") == 0


@pytest.mark.browser
def test_page_cancels_by_its_button_and_by_being_left(
    page: browser.Tab, platform: LocalPlatform
) -> None:
    order(page, "Cancelled by the button")
    page.wait_for(f"{STATUS} === 'pending, 0 %'")
    page.value("document.querySelector('article button').click()")
    page.wait_for(f"{STATUS} === 'cancelled'")
    order(page, "Cancelled by leaving")
    page.wait_for(f"{STATUS} === 'pending, 0 %'")
    page.leave()
    until(lambda: [p["status"] for p in platform.predictions] == ["cancelled"] * 2)

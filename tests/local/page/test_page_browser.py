"""The page at `/` in a real browser; `make test-browser` installs one and runs these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from skytells.local import LocalPlatform
from skytells.local.json_values import JsonObject

from .. import browser

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=document.title='taken'><script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Tab]:
    program = browser.find()
    if program is None:
        pytest.fail("there is no Chromium on this machine: run `make test-browser`")
    with browser.opened(program, tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture(autouse=True)
def no_complaints(tab: browser.Tab, platform: LocalPlatform) -> Iterator[None]:
    """Neither an exception nor a breach of the page's policy may pass unnoticed."""
    tab.complaints.clear()
    yield
    tab.leave()  # before the platform ends, which the page would complain about
    assert tab.complaints == []


def created(platform: LocalPlatform, model: str, **given: object) -> JsonObject:
    order = {"model": model, "input": {"prompt": "a fox", **given}}
    headers = {"x-api-key": platform.key}
    answer = httpx.post(f"{platform.url}/predict", json=order, headers=headers)
    prediction: JsonObject = answer.json()
    return prediction


def shown(tab: browser.Tab, platform: LocalPlatform) -> None:
    tab.open(platform.url.removesuffix("v1"))


def status_of(prediction: JsonObject) -> str:
    return f"document.querySelector('#p-{prediction['id']} .status')?.textContent"


def test_the_page_follows_a_prediction_without_being_loaded_again(
    tab: browser.Tab, platform: LocalPlatform
) -> None:
    shown(tab, platform)
    assert "None yet. Connect a client" in tab.value("document.body.innerText")
    tab.value("window.mark = 1")
    first = created(platform, "veo-3.1-fast")
    tab.wait_for(f"document.getElementById('p-{first['id']}')")
    assert tab.value(status_of(first)) == "pending"
    second = created(platform, "flux-pro")
    tab.wait_for("document.querySelectorAll('article').length === 2")
    assert tab.value("document.querySelector('article').id") == f"p-{second['id']}"
    platform.advance(30.0)
    tab.wait_for(f"{status_of(first)} === 'processing' && {status_of(second)} === 'succeeded'")
    assert 30 < tab.value("document.querySelector('progress').value") < 50
    assert "None yet. Connect a client" not in tab.value("document.body.innerText")
    assert tab.value("window.mark") == 1


@pytest.mark.parametrize(
    ("button", "status"), [("Finish", "succeeded"), ("Fail", "failed"), ("Cancel", "cancelled")]
)
@pytest.mark.parametrize("scripted_schedule", [True, False])
def test_a_button_ends_a_prediction_with_and_without_script(
    tab: browser.Tab, platform: LocalPlatform, button: str, status: str, scripted_schedule: bool
) -> None:
    prediction = created(platform, "flux-pro", num_outputs=2, width=64, height=64)
    tab.ask("Emulation.setScriptExecutionDisabled", value=not scripted_schedule)
    shown(tab, platform)
    tab.value(f"document.querySelector('button[aria-label^={button}]').click()")
    tab.wait_for(f"{status_of(prediction)} === '{status}'")
    tab.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert platform.predictions[0]["status"] == status


def test_pictures_films_and_sounds_play(tab: browser.Tab, platform: LocalPlatform) -> None:
    created(platform, "flux-pro", width=96, height=64)
    created(platform, "veo-3.1-fast")
    created(platform, "beatfusion-2.0", lyrics="la", duration_seconds=1)
    platform.advance(200.0)
    shown(tab, platform)
    tab.wait_for("document.querySelector('img').naturalWidth === 96")
    tab.wait_for("document.querySelector('video').readyState === 4")
    assert tab.value("document.querySelector('video').duration") == pytest.approx(2)
    assert tab.value("document.querySelector('video').videoWidth") == 320
    tab.value("document.querySelector('video').play()")
    tab.wait_for("document.querySelector('video').currentTime > 0.2")
    tab.value("document.querySelector('video').currentTime = 1.5")
    tab.wait_for("!document.querySelector('video').seeking")
    tab.value("document.querySelector('audio').load()")
    tab.value("document.querySelector('audio').preload = 'auto'")
    tab.wait_for("Math.abs(document.querySelector('audio').duration - 1) < 0.1")


def test_a_player_goes_on_while_the_page_is_refreshed(
    tab: browser.Tab, platform: LocalPlatform
) -> None:
    created(platform, "veo-3.1-fast")
    platform.advance(200.0)
    shown(tab, platform)
    tab.value("window.player = document.querySelector('video')")
    created(platform, "flux-pro")
    tab.wait_for("document.querySelectorAll('article').length === 2")
    assert tab.value("window.player === document.querySelector('video')")


def test_what_users_write_is_text_and_nothing_else(
    tab: browser.Tab, platform: LocalPlatform
) -> None:
    prediction = created(platform, "flux-pro", prompt=EVIL, **{EVIL: [EVIL]})
    shown(tab, platform)
    assert EVIL in tab.value(f"document.getElementById('p-{prediction['id']}').textContent")
    assert tab.value("document.querySelector('article img, article script')") is None
    assert tab.value("document.title") == "Skytells, local platform"


def test_every_control_has_a_name_that_is_read_out(
    tab: browser.Tab, platform: LocalPlatform
) -> None:
    for model in ("flux-pro", "beatfusion-2.0", "veo-3.1-fast"):
        created(platform, model, lyrics="la", width=64, height=64)
    platform.advance(60.0)
    created(platform, "flux-pro")
    shown(tab, platform)
    nodes = tab.ask("Accessibility.getFullAXTree")["nodes"]
    seen = [(node["role"]["value"], node.get("name", {}).get("value")) for node in nodes]
    controls = {"button", "link", "image", "progressbar", "Audio", "Video", "heading", "article"}
    assert controls <= {role for role, _ in seen}
    assert [role for role, name in seen if role in controls and not name] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(
    tab: browser.Tab, platform: LocalPlatform, scheme: str, tmp_path: Path
) -> None:
    for model in ("flux-pro", "local-text", "veo-3.1-fast", "beatfusion-2.0"):
        created(platform, model, lyrics="la", width=64, height=64)
    platform.script("truefusion", fails="NSFW content detected.")
    created(platform, "truefusion")
    platform.advance(45.0)
    tab.ask(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    shown(tab, platform)
    tab.screenshot(tmp_path / f"{scheme}.png")
    assert tab.value(CONTRASTS) == []


CONTRASTS = """
(() => {
  const parts = (text) => text.match(/[0-9.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (part) => {
    const colour = getComputedStyle(part).backgroundColor;
    return parts(colour)[3] === 0 ? behind(part.parentElement) : colour;
  };
  const poor = [];
  for (const part of document.body.querySelectorAll("*")) {
    const written = [...part.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!written || !part.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(part).color), light(behind(part))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) poor.push(`${part.tagName} ${part.className} ${contrast.toFixed(2)}`);
  }
  return poor;
})()
"""
"""The texts whose contrast is less than the 4.5 that WCAG asks for."""

"""The explorer in a real Chromium: what people do there, and that the numbers are right."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gridgrad_server.access.token_file import TokenEntry, digest_of, edited
from tests.service.browser import Page, chromium
from tests.service.harness import running

pytestmark = pytest.mark.long

VIEWS = ("maps", "contours", "lines", "surface")
MOST_BYTES = 1_500_000
WAVE = "#f=sin(a*x)*exp(-y**2)&.x=across,-2,2,0.5&.y=up,-1,1,0.25&.a=number,0,4,1.5&points=64"
NO_WEBGL = """(() => {
  const usual = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind === "webgl2" ? null : usual.call(this, kind, ...rest);
  };
})()"""
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("explorer")
    with running(folder, "--http", "127.0.0.1:0", "--functions", "examples.functions") as started:
        yield started


def url_of(server: Any) -> str:
    found = re.search(r"http address=(\S+)", server.log.read_text())
    assert found
    return f"http://{found[1]}/"


@pytest.fixture
def opened(browser: Any, server: Any) -> Iterator[Open]:
    pages = []

    def opened(link: str = WAVE, **options: Any) -> Page:
        pages.append(Page(browser, url_of(server), link, **options))
        pages[-1].drawn()
        return pages[-1]

    yield opened
    for page in pages:
        page.close()


def check_wave(read: dict[str, float], a: float = 1.5) -> None:
    x, y, bell = read["x"], read["y"], math.exp(-(read["y"] ** 2))
    expected = (math.sin(a * x) * bell, a * math.cos(a * x) * bell, -2 * y * math.sin(a * x) * bell)
    assert_allclose([read["f"], read["∂f/∂x"], read["∂f/∂y"]], expected, rtol=3e-6, atol=1e-7)


def test_all_views_draw_and_load_nothing_from_elsewhere(opened: Open, server: Any) -> None:
    page = opened("")
    for view in VIEWS:
        page.drawn_after(page.tab.locator(f"[data-tab={view}]").click)
        page.until(lambda: page.run("document.querySelectorAll('#plots canvas').length"), view)
        assert page.run("[...document.querySelectorAll('#plots canvas')].every(c => c.width > 100)")
    assert all(url.startswith((url_of(server), "blob:", "data:")) for url in page.urls)
    assert sum(page.bytes[url] for url in page.bytes if "/explorer/" in url) < MOST_BYTES / 3
    assert sum(page.bytes.values()) < 10 * MOST_BYTES  # with the grids


def test_what_is_under_the_cursor_is_right(opened: Open) -> None:
    page = opened()
    check_wave(page.read_out())
    box = page.tab.locator("#plots canvas").nth(1).bounding_box()
    page.tab.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    moved = page.read_out()
    assert moved["x"] < 0.5
    check_wave(moved)
    page.tab.locator("#plots canvas").first.focus()
    page.tab.keyboard.press("ArrowRight")
    right = page.read_out()
    assert_allclose(right["x"] - moved["x"], 4 / 63, rtol=1e-5)
    check_wave(right)
    page.drawn_after(lambda: page.tab.keyboard.press("+"))
    first = page.tab.locator("#plots canvas").first
    page.until(lambda: "x from −1.6 to 1.6" in (first.get_attribute("aria-label") or ""), "what it shows, in words")


def test_the_surface_has_the_cursor_too(opened: Open) -> None:
    page = opened(f"{WAVE}&view=surface")
    before = page.read_out()
    box = page.tab.locator(".surface canvas").bounding_box()
    page.tab.mouse.move(box["x"] + 0.45 * box["width"], box["y"] + 0.45 * box["height"])
    page.until(lambda: page.read_out() != before, "another point")
    check_wave(page.read_out())
    page.tab.locator("#plane").select_option("d/x")
    page.until(lambda: page.text(".surface figcaption") == "∂f/∂x", "the other plane")


def test_the_newest_number_wins(opened: Open) -> None:
    page = opened()
    slider = page.tab.locator("fieldset.number input[type=range]")
    for value in range(100, 1000, 30):
        slider.evaluate("(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')) }", value)
    slider.evaluate("slider => { slider.value = 800; slider.dispatchEvent(new Event('input')) }")
    page.until(
        lambda: (
            abs(
                page.read_out()["∂f/∂x"]
                - 3.2 * math.cos(3.2 * page.read_out()["x"]) * math.exp(-(page.read_out()["y"] ** 2))
            )
            < 1e-5
        ),
        "a = 3.2",
    )
    check_wave(page.read_out(), 3.2)


def test_a_server_that_starts_or_is_full_is_asked_again(browser: Any, server: Any) -> None:
    page = Page(browser, url_of(server), "#f=x*x&.x=across,0,1,0.5")
    page.drawn()
    answer = {"status": 503, "json": {"error": {"message": "it is starting"}}}
    answers = [answer]
    page.tab.route("**/v1/gradient", lambda route: route.fulfill(**answers.pop()) if answers else route.continue_())
    page.drawn_after(lambda: page.tab.locator("#zoom-in").click())
    assert answers == []
    answers.append(answer)  # to the look at new inputs
    page.drawn_after(lambda: page.write("sqrt(1 - u**2 - v**2)"))
    assert answers == []
    page.until(lambda: ".u=across,-1,1" in page.run("location.hash").replace("%2C", ","), "the link")
    page.wrong.clear()  # the browser's own word on 503
    page.close()


def test_the_page_is_there_before_a_worker(browser: Any, server: Any) -> None:
    page = Page(browser, url_of(server), "#f=x*x&.x=across,0,1,0.5")
    page.drawn()
    starting = {"status": 503, "json": {"error": {"reason": "STARTING", "message": "it starts"}}}
    ready: list[bool] = []
    page.tab.route("**/ListFunctions", lambda route: route.continue_() if ready else route.fulfill(json={}))
    page.tab.route("**/v1/gradient", lambda route: route.continue_() if ready else route.fulfill(**starting))
    page.tab.goto(f"{url_of(server)}#f=q*k")
    page.tab.reload()
    page.until(lambda: page.text("#waiting").startswith("A worker is starting."), "what is waited for")
    assert page.text("#expression-error") == ""
    ready.append(True)
    page.drawn()
    assert page.text("#waiting") == ""
    page.tab.locator("[data-tab=functions]").click()
    page.until(lambda: page.tab.locator("#registered .card").count(), "functions that a worker registers")
    page.wrong.clear()  # the browser's own word on 503
    page.close()


def test_there_are_functions_of_nothing_and_browsers_without_webgl(opened: Open) -> None:
    page = opened()
    page.write("6*7")
    page.until(lambda: page.text("#plots") == "f = 42", "the number")
    page.tab.locator("#find-ranges").click()
    page.write("6*x")
    page.until(lambda: page.tab.locator("#plots canvas").count(), "lines")
    page.run(NO_WEBGL)
    page.drawn_after(lambda: page.write("x*y"))
    page.tab.locator("[data-tab=surface]").click()
    page.until(lambda: "no WebGL 2" in page.text("#plots"), "what it lacks")
    page.drawn_after(page.tab.locator("[data-tab=maps]").click)


def test_errors_are_at_their_places(opened: Open) -> None:
    page = opened()
    page.write("sin(x)*\ncosh(y")
    page.until(lambda: page.text("#expression-error"), "the error")
    page.write("sin(x)*cosj(y)")
    page.until(lambda: "cosj" in page.text("#expression-error"), "the error")
    assert "column 8" in page.text("#expression-error")
    assert page.run("document.querySelector('#mirror mark').textContent") == "c"
    assert page.tab.locator("#expression").get_attribute("aria-invalid") == "true"
    page.drawn_after(lambda: page.write("sin(x)*cosh(y)"))
    page.until(lambda: not page.text("#expression-error"), "no error")


def test_new_inputs_get_ranges_and_links_keep_all(opened: Open) -> None:
    page = opened()
    page.drawn_after(lambda: page.write("w*sqrt(1 - u**2 - v**2)"))
    legends = page.tab.locator("#inputs legend").all_inner_texts()
    assert legends == ["w", "u", "v"]
    page.until(lambda: "u=" in page.run("location.hash"), "the link")
    link = page.run("location.hash")
    assert ".u=across,-1,1" in link.replace("%2C", ",")
    assert opened(link).read_out() == page.read_out()


def test_who_writes_on_while_ranges_are_looked_for_gets_ranges(opened: Open) -> None:
    page, held = opened(), list[Any]()

    def hold_the_look(route: Any) -> None:
        looks = '"u":' in (route.request.post_data or "")  # the first asks which inputs there are
        held.append(route) if looks and not held else route.continue_()

    page.tab.route("**/v1/gradient", hold_the_look)
    page.write("sqrt(4 - u**2 - v**2)")
    page.until(lambda: held, "the look for ranges")
    page.drawn_after(lambda: page.write("sqrt(1 - u**2 - v**2)"))
    page.until(lambda: ".u=across,-1,1" in page.run("location.hash").replace("%2C", ","), "the link")


def test_slices_of_three_dims(opened: Open) -> None:
    page = opened("#f=x*y**2*z**3&.x=across,0,1,0.5&.y=up,0,2,1&.z=slice,0,15,3&points=64")
    for place in (3, 11):
        page.tab.locator("fieldset.slice input[type=number]").first.fill(str(place))
        page.tab.keyboard.press("Enter")
        page.until(lambda: page.read_out()["z"] == place, "the slice")  # noqa: B023 - it is over before the next
        read = page.read_out()
        assert_allclose(read["∂f/∂z"], 3 * read["x"] * read["y"] ** 2 * place**2, rtol=3e-6)


def test_registered_functions_with_units(opened: Open) -> None:
    page = opened()
    page.tab.locator("[data-tab=functions]").click()
    page.drawn_after(page.tab.locator(".card", has_text="vortex").locator("button").click)
    assert "m²/s" in page.text("#inputs")
    page.tab.locator("#component").select_option("1")
    page.until(lambda: "v" in page.read_out(), "the other component")
    read = page.read_out()
    assert read["v"] * read["x"] > 0  # it turns to the left
    page.tab.locator("#find-function").fill("bessel")
    assert not page.tab.locator(".card", has_text="vortex").is_visible()


def test_files_and_code_say_the_same(opened: Open, server: Any, tmp_path: Path) -> None:
    page = opened()
    table = np.genfromtxt(page.saved("#save-csv", tmp_path), delimiter=",", names=True)
    assert table.shape == (64 * 64,)
    assert_allclose(table["f"], np.sin(1.5 * table["x"]) * np.exp(-(table["y"] ** 2)), rtol=1e-13, atol=1e-16)
    assert page.saved("#save-png", tmp_path).read_bytes().startswith(b"\x89PNG")
    page.tab.locator("[data-tab=code]").click()
    code = page.until(lambda: page.text("#python"), "code").replace("127.0.0.1:50051", server.address)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert "64" in done.stdout


def test_the_panel_lives_and_texts_of_derivatives_are_there(opened: Open) -> None:
    page = opened(color_scheme="dark")
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(13, 18, 23)"
    page.until(lambda: "cos(" in page.text("#derived"), "the derivative")
    page.tab.locator("[data-tab=server]").click()
    page.until(lambda: "ready" in page.text("#status"), "the workers")
    page.until(lambda: "answers a second" in page.text("#status"), "figures")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_people_can_use_it_as_axe_core_sees_it(opened: Open, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(color_scheme=scheme)
    page.until(lambda: page.text("#derived"), "what is shown last")
    for tab in ("maps", "lines", "surface", "code", "functions", "server"):
        page.tab.locator(f"[data-tab={tab}]").click()
        page.until(lambda: page.run("document.querySelector('#plots').children.length"), "plots")
        found = axe.run(page.tab).response["violations"]
        assert [(tab, each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


def test_a_token_is_asked_for_and_kept(browser: Any, tmp_path: Path) -> None:
    with edited(tmp_path / "tokens") as file:
        file.add(TokenEntry("caller", ("call",), digest_of("secret")))
    with running(tmp_path, "--http", "127.0.0.1:0", "--auth-tokens", str(tmp_path / "tokens")) as server:
        page = Page(browser, url_of(server), WAVE)
        page.until(lambda: page.tab.locator("#token-dialog").is_visible(), "the dialog")
        page.tab.locator("#token").fill("secret")
        page.drawn_after(page.tab.locator("#token-dialog .first").click)
        check_wave(page.read_out())
        assert "secret" not in page.run("location.href")
        page.close()

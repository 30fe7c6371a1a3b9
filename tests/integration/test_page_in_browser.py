"""The page in headless Chromium: a silent console, search, sorting, 10,000 hostile triplets, print."""

from __future__ import annotations

import base64
import os
import shutil
from dataclasses import replace

import pytest
from dvc_render import ImageRenderer
from dvc_render.html import render_html
from page_facts import HOSTILE, made_up

from bootembed.report.charts import draw_oracle, draw_scores
from bootembed.report.page.write import write_page

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (BROWSER and DRIVER), reason="no chromium with chromedriver on this machine")
PHONE, DESKTOP = (390, 844), (1280, 900)
FOLDED = "document.querySelectorAll('details:not([open])').length"
SETTLED = 5.0  # seconds that a page may take to answer, on a busy machine


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """10,000 triplets, every text of them hostile."""
    folder = tmp_path_factory.mktemp("page")
    write_page(made_up(folder, texts=(HOSTILE, HOSTILE, HOSTILE), triplets=2_500), folder / "report.html")
    return (folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ("--headless=new", "--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def _open(browser, page, size=DESKTOP, scheme="light"):
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
    browser.get(page)
    _wait(browser, "document.querySelector('.triplet')")


def _wait(browser, condition):
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, SETTLED).until(lambda driver: driver.execute_script(f"return {condition}"))


def _choose(browser, name, value):
    """Set a control as a user does, and return the milliseconds that the page took."""
    return browser.execute_script(
        """const control = document.getElementById(arguments[0]); control.value = arguments[1];
        const start = performance.now();
        control.dispatchEvent(new Event(control.tagName === 'INPUT' ? 'input' : 'change'));
        return performance.now() - start""",
        name,
        value,
    )


def _count(browser):
    return browser.find_element("id", "count").text


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_silent_fits_and_has_the_colours_of_the_system(browser, page, size, scheme):
    _open(browser, page, size, scheme)
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) > 3 * 128) == (scheme == "light")


def test_the_caption_of_a_wide_table_is_read_without_scrolling(browser, tmp_path):
    facts = made_up(tmp_path)
    scores = [score for score in facts.results.scores if score.split == "validation"]
    write_page(replace(facts, results=replace(facts.results, scores=scores)), tmp_path / "report.html")
    _open(browser, (tmp_path / "report.html").as_uri(), PHONE)
    widths = browser.execute_script(
        """return [...document.querySelectorAll('#scores .sortable:not(.untitled)')]
        .map(table => [table.offsetWidth, table.caption.getBoundingClientRect().right])"""
    )
    assert max(table for table, _ in widths) > PHONE[0]
    assert max(caption for _, caption in widths) <= PHONE[0]


def test_hostile_texts_do_nothing(browser, page):
    _open(browser, page)
    assert browser.execute_script("return window.hacked") is None
    assert browser.find_elements("css selector", "img") == []
    text = browser.find_element("css selector", ".triplet .text").text
    assert " ".join(text.split()) == f"0 {HOSTILE}"


def test_search_and_facets_find_what_they_name(browser, page):
    _open(browser, page)
    assert _count(browser) == "10,000 of 10,000 triplets"
    _choose(browser, "query", "2041 </SCRIPT>")
    assert _count(browser) == "4 of 10,000 triplets"
    _choose(browser, "language", "yor")
    assert _count(browser) == "2 of 10,000 triplets"
    _choose(browser, "strategy", "xl_lora")
    assert _count(browser) == "1 of 10,000 triplets"
    _wait(browser, "document.querySelectorAll('.triplet').length === 1")
    assert "xl_lora, yor: kept" in browser.find_element("css selector", ".triplet").text
    _choose(browser, "reason", "copy_of_anchor")
    assert _count(browser) == "0 of 10,000 triplets"
    _choose(browser, "query", "")
    assert _count(browser) == "625 of 10,000 triplets"


def test_only_what_is_near_is_in_the_document_and_the_end_can_be_reached(browser, page):
    _open(browser, page)
    shown = "document.querySelectorAll('.triplet').length"
    assert browser.execute_script(f"return {shown}") < 200
    browser.execute_script("const list = document.getElementById('list'); list.scrollTop = list.scrollHeight")
    _wait(browser, "document.getElementById('list').lastChild.firstChild")
    browser.execute_script("const list = document.getElementById('list'); list.scrollTop = list.scrollHeight")
    _wait(browser, "!document.getElementById('list').firstChild.firstChild")
    assert browser.find_elements("css selector", ".triplet .text")[-1].text.startswith("2499 ")
    assert browser.execute_script(f"return {shown}") < 200


def test_nothing_takes_long(browser, page):
    """On a quiet machine at most 0.13 s, of sorting by likeness for the first time; a busy one gets more."""
    _open(browser, page)
    orders = [option.get_attribute("value") for option in browser.find_elements("css selector", "#order option")]
    took = {value: _choose(browser, "query", value) for value in ("1", "12", "nothing", "")}
    took |= {order: _choose(browser, "order", order) for order in orders}
    assert max(took.values()) < 1_000, took


def test_tables_are_sorted_by_their_heads(browser, page):
    _open(browser, page)
    table = browser.find_element("css selector", "#scores table")
    button = table.find_elements("css selector", "thead button")[-1]
    assert button.text == "gain over untrained"

    def last_cells():
        return [cell.text for cell in table.find_elements("css selector", "tbody td:last-child")]

    button.click()
    assert last_cells() == ["+0.300", "+0.200", "+0.100", ""]
    button.click()
    assert last_cells() == ["", "+0.100", "+0.200", "+0.300"]
    sorted_by = [head.get_attribute("aria-sort") for head in table.find_elements("css selector", "thead th")]
    assert sorted_by[-1] == "ascending"
    assert not any(sorted_by[:-1])


def test_the_page_of_dvc_plots_draws_without_a_network(browser, tmp_path):
    facts = made_up(tmp_path)
    draw_scores(facts.cells, tmp_path / "scores.svg")
    draw_oracle(facts.results.oracle, tmp_path / "oracle.svg")
    names = ("scores.svg", "oracle.svg")
    pictures = [ImageRenderer([{"rev": "workspace", "src": name}], name) for name in names]
    render_html(pictures, tmp_path / "index.html")
    assert "//" not in (tmp_path / "index.html").read_text()
    assert all("//" not in (tmp_path / name).read_text().partition(">")[2] for name in names)
    browser.get((tmp_path / "index.html").as_uri())
    _wait(browser, "Array.from(document.images, (image) => image.naturalWidth).join() === '760,760'")
    assert browser.get_log("browser") == []


def test_it_prints_what_is_folded_too(browser, page):
    _open(browser, page)
    browser.execute_script(f"addEventListener('beforeprint', () => {{ window.folded = {FOLDED} }})")
    pdf = base64.b64decode(browser.print_page())
    assert pdf.startswith(b"%PDF")
    assert 5_000 < len(pdf) < 5_000_000
    assert browser.execute_script("return window.folded") == 0
    assert browser.execute_script(f"return {FOLDED}") == 1
    assert browser.get_log("browser") == []

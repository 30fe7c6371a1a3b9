"""Writing the page: one file with its style, script and data, which may load nothing and run no other script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from bootembed.report.current import told_out_of_date
from bootembed.report.page.answer import answers
from bootembed.report.page.browser import triplets_for_page
from bootembed.report.page.examples import examples
from bootembed.report.page.fit import fit_table, fit_warnings
from bootembed.report.page.geometry import scatters
from bootembed.report.page.provenance import provenance
from bootembed.report.page.scores import difference_tables, score_charts, score_table
from bootembed.report.page.training import curve_panels, shared_curves, similarity_tables
from bootembed.report.page.triplets import funnel, judgements

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jinja2 import Environment
    from markupsafe import Markup

    from bootembed.report.page.facts import Facts

_IN_BACKTICKS = re.compile("`([^`]+)`")
_MOST_NAMES = 4  # of languages in the title
# What a browser's HTML parser might take for markup inside a data block, and what JSON allows there instead.
_IN_MARKUP = {ord(char): f"\\u{ord(char):04x}" for char in "<>&"}


def write_page(facts: Facts, path: Path) -> None:
    """Write the page.

    Args:
        facts: What was run and found; what is missing is shown as not run, or left out.
        path: The HTML file.
    """
    environment = page_environment()
    style, script = (_source(environment, name) for name in ("page.css", "page.js"))
    browser = triplets_for_page(facts)
    page = environment.get_template("page.html.jinja").render(
        profile=facts.profile,
        languages=_listed([facts.languages[language].name for language in facts.grid.languages]),
        seed=facts.seed,
        out_of_date={"told": told_out_of_date(facts.out_of_date), "cells": facts.out_of_date},
        answers=answers(facts),
        not_run=[(facts.name(language), cells) for language, cells in facts.not_run.items()],
        mixtures=facts.grid.mixtures,
        charts=score_charts(facts),
        scores=score_table(facts),
        differences=difference_tables(facts),
        scatters=scatters(facts),
        curves=curve_panels(facts),
        adapter_curves=shared_curves(facts, "adapter"),
        judge_curves=shared_curves(facts, "judge"),
        similarities=similarity_tables(facts),
        funnel=funnel(facts),
        judgements=judgements(facts),
        fit=fit_table(facts),
        fit_warnings=fit_warnings(facts),
        examples=examples(facts),
        browser=browser,
        data=as_data(browser),
        provenance=provenance(facts),
        style=style,
        script=script,
        hashes={"style": _hash_source(style), "script": _hash_source(script)},
    )
    path.write_text(page, encoding="utf-8", newline="\n")


def as_data(value: Any) -> str:
    """JSON for a data block of HTML; no text in it can end the block."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_IN_MARKUP)


def _listed(names: Sequence[str]) -> str:
    if len(names) > _MOST_NAMES:
        return f"{len(names)} languages"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def page_environment() -> Environment:
    """Jinja with the templates, which escapes all that it puts into them."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bootembed.report.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["code"] = _with_code
    return environment


def _with_code(text: str) -> Markup:
    """Text whose commands and keys stand between backticks, as on a command line, as HTML."""
    import markupsafe

    return markupsafe.Markup(_IN_BACKTICKS.sub(r"<code>\1</code>", str(markupsafe.escape(text))))


def _source(environment: Environment, name: str) -> str:
    """The text of a file beside the template, as it is."""
    loader = environment.loader
    assert loader is not None
    return loader.get_source(environment, name)[0]


def _hash_source(text: str) -> str:
    """The hash by which a content security policy allows an inline style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

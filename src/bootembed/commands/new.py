"""Write a profile for LANGUAGE (ISO 639-3, such as yor) from your files and models.

Formats and columns are found by name and shown with the first rows as read; what is not certain is asked for. A file
may be text (.txt), CSV, TSV, JSON Lines, Parquet or TMX, also compressed; a Moses pair is OWN,ENGLISH.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bootembed.drafting.profile import Draft
    from bootembed.settings.schema import Params


def _pairs(_context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    if wrong := [text for text in given if "=" not in text]:
        raise click.BadParameter(f"{wrong[0]}: write it with =", param=option)
    return {name: value for name, _, value in (text.partition("=") for text in given)}


@click.command(help=__doc__, short_help="A profile for your language, from your files and models.")
@click.argument("language")
@click.option("--name", required=True, help="The language's English name, for prompts.")
@click.option("--script", help="ISO 15924, such as Latn; by default the language's usual one.")
@click.option("--text", help="Sentences of the language.")
@click.option("--parallel", help="Translations into English.")
@click.option("--validation", help="Translations that are not trained on: they choose the best model.")
@click.option("--nli", help="English premises and hypotheses with labels, or triplets.")
@click.option("--examples", help="Some triplets of the language (anchor, positive, negative), for prompts.")
@click.option("--triplets", help="Triplets that somebody wrote, to train on: anchors in the language, the rest in any.")
@click.option("--evaluation", metavar="TASK[:KIND]=FILE", multiple=True, help="An evaluation set.")
@click.option("--encoder", required=True, help="Folder, or id on the Hub: the model to finetune.")
@click.option("--generator", help="Folder, .gguf file, id on the Hub, or `scratch`: the model that writes triplets.")
@click.option(
    "--column", "columns", metavar="TABLE.OURS=THEIRS", multiple=True, callback=_pairs, help="A column of a file."
)
@click.option("--label", "labels", metavar="THEIRS=OURS", multiple=True, callback=_pairs, help="A label of NLI.")
@click.option("--force", is_flag=True, help="Write over a profile of this name.")
def main(
    language: str,
    name: str,
    script: str | None,
    encoder: str,
    generator: str | None,
    force: bool,
    columns: dict[str, str],
    labels: dict[str, str],
    evaluation: tuple[str, ...],
    **files: str | None,
) -> None:
    """Draft, show, write, check, and say what it will cost and what to do next."""
    from bootembed.drafting.draft import draft_profile
    from bootembed.drafting.profile import link
    from bootembed.workflow.plan.report import make_plan
    from bootembed.workflow.project import require_project

    require_project()
    draft = draft_profile(
        language, name, script, files, evaluation, encoder, generator, columns, labels,
        command=shlex.join(["bootembed", *sys.argv[1:]]),
    )  # fmt: skip
    file = Path("conf/profile") / f"{language}.yaml"
    if file.exists() and not force:
        raise click.ClickException(f"{file}: is there already; change it by hand, or write over it with --force")
    for source in [*draft.sources.values(), *(source for _, source in draft.tasks)]:
        click.echo("\n".join(source.described()))
    click.echo("\n".join(_recipes(draft)))
    for warning in draft.warnings:
        click.echo(f"warning: {warning}")
    params = _written(file, draft)
    link(draft, Path(draft.folder))
    plan = make_plan(params, Path("dvc.yaml"))
    if not draft.tasks:
        click.echo("no evaluation set: nothing is scored or registered; --validation FILE or --evaluation TASK=FILE")
    elif draft.validated_by is None:
        click.echo("no validation set: no model is registered as the best; --validation FILE")
    click.echo("\n".join([f"{file}: {len(file.read_text(encoding='utf-8').splitlines())} lines", *plan.brief]))
    click.echo(f"next: bootembed run --profile {draft.language}")


def _recipes(draft: Draft) -> Iterator[str]:
    """Lines that say which recipes there are, which not, and what becomes of the generator."""
    choice = draft.choice
    yield f"recipes: {', '.join([*choice.strategies, *choice.baselines])}"
    for recipe, why in choice.out.items():
        yield f"  not {recipe}: {why}"
    if draft.generator and not choice.strategies:
        yield "no strategy can use the generator: it is left out"
    elif isinstance(draft.generator, dict) and "chat_template" in draft.generator:
        yield (
            f"warning: the generator brings no chat template and gets `{draft.generator['chat_template']}`; if its "
            "family has models tuned on chats, take one of them, or their template (docs/models.md)"
        )


def _written(file: Path, draft: Draft) -> Params:
    """Write the profile and compose it; if it is faulty, what was there before stays."""
    from bootembed.drafting.profile import render
    from bootembed.workflow.compose import composed

    before = file.read_bytes() if file.exists() else None
    file.write_text(render(draft), encoding="utf-8")
    try:
        return composed(draft.language, [], conf=Path("conf"))
    except BaseException:
        if before is None:
            file.unlink()
        else:
            file.write_bytes(before)
        raise

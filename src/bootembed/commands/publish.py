"""Write the folder of a model, an export or triplets as it goes to the Hub, with its card; with --upload, send it.

MODEL is models:/NAME@ALIAS of MLflow's registry, a cell such as xl_lora-afr-tiny (its median embedder), the folder of
an embedder or of an export of one, or a folder of triplets. REPO_ID is owner/name. Without --upload nothing is sent.
The token is HF_TOKEN of the environment; HF_ENDPOINT may name a mirror.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bootembed.publishing.leaderboard import Leaderboard
    from bootembed.publishing.publish import Published

_WORK = Path("work/publish")


@click.command(help=__doc__, short_help="A model, an export or triplets for the Hub, with a card.")
@click.argument("model")
@click.argument("repo_id")
@click.option("--upload", is_flag=True, help="Send the folder; otherwise it is only written.")
@click.option("--public", is_flag=True, help="For everyone; needs every licence named. By default it is private.")
@click.option("--work-dir", type=click.Path(path_type=Path), default=_WORK, show_default=True)
def main(model: str, repo_id: str, upload: bool, public: bool, work_dir: Path) -> None:
    """Prepare, show, and send if asked to."""
    from bootembed.publishing.upload import prepare_hub, require_token

    prepare_hub()
    if upload:
        require_token()  # before the work
    from bootembed.publishing import publish
    from bootembed.publishing import upload as hub
    from bootembed.publishing.embedder import Outputs
    from bootembed.settings.load import load_params
    from bootembed.workflow.places import refuse_other_profiles, results_of
    from bootembed.workflow.project import require_project

    require_project()
    params = load_params(Path("params.yaml"))
    refuse_other_profiles(model, params.profile)
    outputs = Outputs(**results_of(params.profile))
    published = publish.prepare(model, repo_id, params, outputs, work=work_dir, public=public)
    _show(published)
    if not upload:
        _show_leaderboard(publish.leaderboard(published, repo_id, params, outputs, public=public))
        elsewhere = [] if work_dir == _WORK else ["--work-dir", str(work_dir)]
        words = ["bootembed", "publish", model, repo_id, *(["--public"] if public else []), *elsewhere, "--upload"]
        click.echo(f"nothing was sent; to upload as {'public' if public else 'private'}: {shlex.join(words)}")
        return
    message = f"{published.name}, by bootembed"
    sent = hub.upload(published.folder, repo_id, kind=published.kind, public=public, message=message)
    written = publish.leaderboard(published, repo_id, params, outputs, public=public, revision=sent.commit)
    _show_leaderboard(written)
    click.echo(f"uploaded as {'public' if public else 'private'}: {sent.url}")


def _show(published: Published) -> None:
    click.echo(f"{published.folder}:")
    for name, size in published.files:
        click.echo(f"{size:>13,} bytes  {name}")
    click.echo(f"card: {published.card}")
    for unnamed in published.rights.unnamed:
        click.echo(f"licence not named: {unnamed}; --public is refused")


def _show_leaderboard(written: Leaderboard | None) -> None:
    if written is None:
        return
    click.echo(f"for mteb's leaderboard: {written.folder}: {', '.join(written.tasks) or 'no results'}")
    for task, reason in written.left_out.items():
        click.echo(f"  not {task}: {reason}")

"""Where a registered version came from: `lineage models:/NAME@ALIAS` or `lineage models:/NAME/VERSION`, a fact a line.

The other way round, `lineage HASH` finds versions: by a commit that they were made on, or whose dvc.lock records them;
by the content hash of an embedder; by a hash of dvc.lock, such as a training set's. Seven characters are enough.
"""

from __future__ import annotations

import json
import re

import click


@click.command(help=__doc__, short_help="Where a registered version came from.")
@click.argument("what")
@click.option("--json", "as_json", is_flag=True, help="All facts for scripts, with all parameters.")
def main(what: str, as_json: bool) -> None:
    """Print the facts, or the versions."""
    if re.fullmatch(r"[0-9a-f]{7,64}(\.dir)?", what):
        _print_versions(what, as_json)
    else:
        _print_lineage(what, as_json)


def _print_lineage(name: str, as_json: bool) -> None:
    from bootembed.registry.lineage import lineage_of, params_of, shown
    from bootembed.registry.lookup import connect, version_of
    from bootembed.workflow.origins import way_back

    version, client = version_of(name), connect()
    found = lineage_of(client, version)
    back = way_back(found["cell"], next((v for k, v in found["hashes"].items() if k.startswith("embedders.")), None))
    if as_json:
        all_of_it = {**found, "parameters": params_of(client, version), "files": back}
        click.echo(json.dumps(all_of_it, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join([*shown(found), f"{'files':<15} {back}"]))


def _print_versions(text: str, as_json: bool) -> None:
    from bootembed.core.errors import DataError
    from bootembed.registry.lookup import versions_with
    from bootembed.workflow.origins import lock_of

    found = versions_with(text, lock=lock_of(text))
    if not found:
        raise DataError(f"{text}: no version in MLflow's registry was made on this commit or has this hash")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo("\n".join(f"{name}\t{', '.join(why)}" for name, why in found.items()))

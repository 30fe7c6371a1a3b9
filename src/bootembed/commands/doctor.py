"""Check this machine: what would stop a run (exit status 1), or slow it, and what to do about it."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command(help=__doc__, short_help="What would stop a run on this machine.")
def main() -> None:
    """Print all checks."""
    from bootembed.workflow.doctor import examine
    from bootembed.workflow.plan.requirements import shown

    checks = examine(Path())
    for check in checks:
        click.echo(shown(check))
    sys.exit(int(any(check.state == "missing" for check in checks)))

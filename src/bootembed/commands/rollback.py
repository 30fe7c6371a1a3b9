"""Make the version champion again that was it before the present one; NAME is a registered model.

Registering the same models again does not undo it, but a version that is better than the new champion beyond noise
still replaces it. Several rollbacks go back several champions.
"""

from __future__ import annotations

import click


@click.command(help=__doc__, short_help="The champion before becomes champion again.")
@click.argument("name")
@click.option("--reason", default="no reason was given", help="A sentence for the history.")
@click.option("--alias", default="champion", show_default=True, help="The alias `register_models.alias`.")
def main(name: str, reason: str, alias: str) -> None:
    """Roll back, and say which versions another rollback would go to."""
    from bootembed.registry.rollback import roll_back

    done = roll_back(name, alias=alias, reason=reason)
    further = f"before it: version {', '.join(done.further)}" if done.further else "there is none before it"
    click.echo(f"{name}: version {done.version} is {alias} again, in place of version {done.before}; {further}")

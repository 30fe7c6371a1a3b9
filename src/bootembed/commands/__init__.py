"""The command line `bootembed`: one module a subcommand, imported when it is called.

A subcommand's module loads nothing heavy at its top, so that help and completion are there at once.
"""

from __future__ import annotations

import importlib
import logging

import click

from bootembed.core.errors import UserError, explain_disk_error

_COMMANDS = (
    "new", "compose", "plan", "run", "report", "compare", "embed", "search", "export",
    "register", "lineage", "rollback", "publish", "ui", "doctor",
)  # fmt: skip


class _Commands(click.Group):
    """Finds a subcommand by its module; a `UserError` or a fault of the disk is one message and its exit status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = importlib.import_module(f"bootembed.commands.{cmd_name}").main
        return found

    def invoke(self, ctx: click.Context) -> object:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.ClickException(str(error)).show()
            ctx.exit(getattr(error, "exit_status", 1))
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            if (message := explain_disk_error(error)) is None:
                raise
            click.ClickException(message).show()
            ctx.exit(1)


# click leaves a paragraph's lines as they are behind \b
_HELP = """Sentence embeddings for any language, from raw text and a language model.

\b
A language of your own, in three commands:
  bootembed new yor --name Yoruba --parallel train.tsv --validation dev.tsv --encoder FOLDER
  bootembed run --profile yor
  bootembed embed models:/bootembed-yor@champion my.txt -o my.parquet
"""


@click.command(cls=_Commands, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bootembed")
def main() -> None:
    """Run a subcommand."""

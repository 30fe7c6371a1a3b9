"""Bring in the public files that the frozen import files (.dvc) of a folder pin, and check each against its hash."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
import yaml

from bootembed.core.errors import DataError


@dataclass(frozen=True)
class Source:
    """One import file: what to fetch, where it goes, what it must be."""

    file: Path
    url: str
    target: Path
    md5: str | None
    size: int | None

    @classmethod
    def read(cls, file: Path) -> Source:
        """Read an import file.

        Raises:
            DataError: It is not an import of one URL.
        """
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
            (dependency,), (out,) = content["deps"], content["outs"]
            return cls(file, dependency["path"], file.parent / out["path"], out.get("md5"), out.get("size"))
        except (KeyError, TypeError, ValueError, yaml.YAMLError) as error:
            raise DataError(f"{file}: is not an import of one URL ({error!r}); restore it from git") from error

    def check(self, path: Path) -> None:
        """Compare a file with the recorded size and MD5.

        Raises:
            DataError: It is another file.
        """
        size = path.stat().st_size
        if self.size is not None and size != self.size:
            raise DataError(f"{self.target}: {size} bytes instead of {self.size}")
        md5 = _md5(path)
        if self.md5 is not None and md5 != self.md5:
            raise DataError(f"{self.target}: MD5 {md5} instead of {self.md5}")


@click.command(help=__doc__)
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folders: tuple[Path, ...]) -> None:
    """Fetch every source below `folders` (default: all); what is there and right is kept, nothing is overwritten."""
    roots = folders or (Path(__file__).parent,)
    files = sorted({file for root in roots for file in root.rglob("*.dvc") if file.is_file()})
    if not files:
        raise click.ClickException(f"no .dvc file below {', '.join(map(str, roots))}; name a folder of sources/")
    failed = sum(not _report(file) for file in files)
    if failed:
        raise click.ClickException(f"{failed} of {len(files)} files are missing or wrong; see docs/sources.md")


def _report(file: Path) -> bool:
    try:
        click.echo(_bring_in(Source.read(file)))
    except DataError as error:
        click.echo(f"FAILED  {error}", err=True)
        return False
    return True


def _bring_in(source: Source) -> str:
    if source.target.exists():
        try:
            source.check(source.target)
        except DataError as error:
            raise DataError(
                f"{error}. It is left as it is: delete it to fetch the pinned one, or keep your own files elsewhere"
            ) from error
        return f"kept    {source.target}"
    # Fetched beside its place: under its name there is never a file that was not checked.
    with tempfile.TemporaryDirectory(dir=source.target.parent, prefix=".fetch-") as folder:
        fetched = Path(folder) / source.target.name
        _download(source.url, fetched)
        try:
            source.check(fetched)
        except DataError as error:
            raise DataError(f"{error}. {source.url} does not give the pinned file; it was thrown away") from error
        os.replace(fetched, source.target)
    note = "" if source.md5 else f"  (no hash recorded; MD5 {_md5(source.target)})"
    return f"fetched {source.target}{note}"


def _download(url: str, target: Path) -> None:
    from aiohttp import ClientError
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        Repo.get_url(url, str(target))
    except (DvcException, ClientError, OSError) as error:
        # DVC says "does not exist" of a host that cannot be reached, too.
        raise DataError(f"{url}: cannot be fetched: {error} (or the network does not reach it)") from error


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


if __name__ == "__main__":
    main()

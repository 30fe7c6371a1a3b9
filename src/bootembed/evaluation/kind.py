"""What evaluation must know of a kind of task; each module of `evaluation.kinds` defines one kind as `KIND`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from bootembed.core.plugins import load_plugin, plugin_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pyarrow as pa

    from bootembed.settings.corpora import FileSpec

    Rows = Sequence[dict[str, Any]]

SPLITS = ("validation", "test")
_PACKAGE = "bootembed.evaluation.kinds"


class Sentences(NamedTuple):
    """What alignment and uniformity are measured on: positive pairs, and the sentences that should spread."""

    positive: list[tuple[str, str]]
    spread: list[str]


@dataclass(frozen=True)
class AnswerTable:
    """What a model answered to each item of a kind of task: a file of results, and the statistic that is bootstrapped.

    Attributes:
        file: Name of the file.
        schema: Its columns, which begin with `task`, `split` and `index`.
        rows: What mteb saved as predictions for a split, and the split's rows -> the other columns, one row an item.
        statistic: Its name: `Spearman` if there is `gold`, otherwise that of a mean.
        value: Row of the file -> the number that the statistic is computed on.
        gold: Row of the file -> the number that values are correlated with; None: the statistic is the mean.
    """

    file: str
    schema: pa.Schema
    rows: Callable[[Any, Rows], Iterable[dict[str, Any]]]
    statistic: str
    value: Callable[[dict[str, Any]], float]
    gold: Callable[[dict[str, Any]], float] | None = None


class Kind(ABC):
    """A kind of task.

    Attributes:
        schema: Columns of its tables: `split` first, the texts marked (`core.tables.schema`).
        task_type: mteb's name of the kind.
        base: The class of `mteb.abstasks` that every task of this kind derives from.
        main_score: mteb's name of the score that is reported.
        category: mteb's category of our own tasks: from text to text (`t2t`) or to a category (`t2c`).
        halves: The columns of the language and of English, where rows are translations.
        overrides: Class attributes that our own tasks override in mteb's class.
        answers: What differences between embedders are tested on; None: they are not tested.
    """

    schema: ClassVar[pa.Schema]
    task_type: ClassVar[str]
    base: ClassVar[str]
    main_score: ClassVar[str]
    category: ClassVar[str] = "t2t"
    halves: ClassVar[tuple[str, str] | None] = None
    overrides: ClassVar[Mapping[str, Any]] = {}
    answers: ClassVar[AnswerTable | None] = None

    @property
    def name(self) -> str:
        """The name of its module."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def base_class(self) -> Any:
        """`base` itself."""
        import mteb.abstasks

        return getattr(mteb.abstasks, self.base)

    def file_columns(self, spec: FileSpec) -> list[str]:
        """Our names of the columns that a raw file must have.

        Raises:
            ValueError: The file cannot give this table; the message says what to correct.
        """
        return [name for name in self.schema.names if name != "split"]

    def interpret(self, values: dict[str, Any], spec: FileSpec) -> dict[str, Any]:
        """The values of a raw file's row -> those of a row of the table, but for `split`."""
        return values

    def train_split(self, task: Any) -> str | None:
        """Mteb's name of the split that one of its tasks trains on, if any; it is not scored."""
        return None

    @abstractmethod
    def to_mteb(self, task: Any, by_split: Mapping[str, Rows], *, code: str, strict: bool) -> dict[str, Any]:
        """The data of each split as the task's class expects it, checked.

        Args:
            task: mteb's, restricted to one subset.
            by_split: Our split -> its rows, at least one.
            code: Language and script, as `hau-Latn`.
            strict: Refuse what is most likely a mistake. Not for mteb's own tasks, which are scored as published.

        Raises:
            DataError: The rows cannot be scored.
        """

    @abstractmethod
    def from_mteb(self, task: Any, split: str, by_split: Mapping[str, Any], *, code: str) -> Rows:
        """The rows of one split, without the column `split`.

        Args:
            task: mteb's, restricted to one subset, its data loaded.
            split: The split, in mteb's words.
            by_split: mteb's split -> its data.
            code: Language and script, as `hau-Latn`.

        Raises:
            DataError: The data is of a form that the table does not hold.
        """

    def sentences(self, task: Any, rows: Rows) -> Sentences | None:
        """What alignment and uniformity are measured on in the rows of a split; None: they are not measured."""
        return None


def task_kind(name: str) -> Kind:
    """The kind of task that a module of `evaluation.kinds` defines.

    Raises:
        ParamsError: There is no such module.
    """
    found: Kind = load_plugin(_PACKAGE, name, key="evaluate_embedder.tasks").KIND
    return found


def answer_tables() -> list[AnswerTable]:
    """The answer tables of all kinds."""
    return [kind.answers for kind in map(task_kind, plugin_names(_PACKAGE)) if kind.answers is not None]

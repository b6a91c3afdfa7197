"""The folders of a project, and how its files are read.

In a checkout they are the folders beside ``src``, so that what an analyst
edits is what runs. In an installed package they travel inside it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

import yaml

from kentstats.errors import DataError, KentstatsError, Problem, nearest

VARIABLE = "KENTSTATS_HOME"
Kind = TypeVar("Kind")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The reader written in C where PyYAML was built with it."""


@dataclass(frozen=True)
class Project:
    """The folders of one project; its root holds ``data``, ``notebooks`` and ``reports``.

    Examples
    --------
    >>> Project("there").raw.as_posix()
    'there/data/raw'
    """

    root: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(self.root))

    @property
    def raw(self) -> Path:
        """Sources as received: one folder each."""
        return self.root / "data" / "raw"

    @property
    def areas(self) -> Path:
        """The register of areas."""
        return self.raw / "areas"

    @property
    def notebooks(self) -> Path:
        """The notebooks that papermill runs."""
        return self.root / "notebooks"

    @property
    def reports(self) -> Path:
        """The Quarto project, templates and style."""
        return self.root / "reports"


ProjectLike = Project | Path | str
"""What the argument `home` of a function may be: a project, or its folder."""


def find_project(home: ProjectLike | None = None) -> Project:
    """Find the project: that named, else ``KENTSTATS_HOME``, the checkout, or the package."""
    if home is not None:
        return home if isinstance(home, Project) else Project(Path(home))
    if named := os.environ.get(VARIABLE):
        project = Project(Path(named).resolve())
        if not project.raw.is_dir():
            raise KentstatsError(
                f"{VARIABLE} is {named}, where there is no folder data/raw.",
                "Point it at a kentstats project, or unset it.",
            )
        return project
    package = Path(__file__).resolve().parent
    checkout = package.parent.parent
    if (checkout / "data" / "raw").is_dir() and (checkout / "pyproject.toml").is_file():
        return Project(checkout)
    return Project(package / "project")


def checksum(path: Path) -> str:
    """Compute the SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksums(folder: Path) -> dict[str, str]:
    """Compute the SHA-256 of each file of a folder, by name and in the order of names."""
    return {path.name: checksum(path) for path in sorted(folder.iterdir()) if path.is_file()}


def fingerprint(values: Mapping[str, Any]) -> str:
    """Compute one SHA-256 over values by name, whatever their order.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def one_of(known: Iterable[str]) -> Callable[[str], str]:
    """Return a function that refuses every text but the known ones, and names the nearest."""
    names = dict.fromkeys(known)

    def check(text: str) -> str:
        if text not in names:
            raise KentstatsError(f"“{text}” is not known here.", nearest(text, names))
        return text

    return check


def _written(make: Callable[[str], Any], pattern: str, meaning: str, remedy: str) -> Any:
    """Return a function that makes a value of a text written in one way, and refuses others."""

    def read(text: str) -> Any:
        with contextlib.suppress(ValueError):  # as of 2010-02-30
            if re.fullmatch(pattern, text):
                return make(text)
        raise KentstatsError(f"“{text}” is no {meaning}.", remedy)

    return read


SCALARS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _written(int, r"[1-9]\d*", "whole number", "Write digits, as in 95."),
    float: _written(float, r"\d+(\.\d+)?", "number", "Write digits, as in 100."),
    bool: lambda text: one_of(("true", "false"))(text) == "true",
    dt.date: _written(dt.date.fromisoformat, r"[\d-]+", "day", "Write it as 2010-11-19."),
}
"""What makes a value of a text, for every simple type."""


@cache
def _types(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


class YamlFile:
    """A YAML file, read into dataclasses: every fault is noted with its line and remedy.

    The keys of the file are the fields. A type may be a dataclass, a tuple of
    one type or of pairs of texts, a ``dict`` from text to one type, a
    ``Literal``, ``str``, ``int``, ``float``, ``bool``, ``date``, an optional
    one of these, or a key of `scalars`. In a ``dict`` of dataclasses with an
    ``id``, this is the key.

    The `scalars` are functions that make a value of a text, by type, and raise a
    :class:`~kentstats.errors.KentstatsError` where they cannot; the `separator`
    separates the words of a key. Afterwards `problems` lists what was found
    wrong, and `values` the line and value of every text.
    """

    def __init__(
        self, path: Path, scalars: Mapping[Any, Callable[[str], Any]], separator: str = "_"
    ) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.values: list[tuple[int, Any]] = []
        self._separator = separator
        self._texts: list[tuple[str, Any, int]] = []
        self._scalars: Mapping[Any, Callable[[str], Any]] = {**SCALARS, **scalars}

    def read(self, kind: type[Kind], default: Kind | None = None, **given: Any) -> Kind:
        """Read the file as a value of a type.

        The default is returned where there is no file, where it is empty, and
        where :attr:`problems` were found; without one, these raise a DataError.
        What is `given` are fields of the dataclass that are no keys of the file.
        """
        if default is not None and not self.path.is_file():
            return default
        made = default
        try:
            root = yaml.compose(self.path.read_text(encoding="utf-8"), LOADER)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            why = getattr(error, "problem", "") or "it is not UTF-8"
            self._fault(error, f"The file is no YAML: {why}.", "Mend or restore it.")
            root = None
        if root is not None:
            made = self._entry(kind, root, given) if given else self._value(kind, root)
        elif default is None and not self.problems:
            self._fault(None, "The file holds no keys.", "Mend or restore it.")
        if self.problems and default is None:
            raise DataError(self.problems)
        return cast("Kind", default if self.problems else made)

    def refuse_repeated(self, key: str) -> None:
        """Note every text of a key that stands in the file twice."""
        first: dict[Any, int] = {}
        for name, text, line in self._texts:
            if name == key and first.setdefault(text, line) != line:
                what = f"“{text}” is the {key} of line {first[text]} too."
                self.problems.append(Problem(str(self.path), line, "", what, "Change it."))

    def _fault(self, place: yaml.Node | Exception | None, what: str, remedy: str) -> None:
        mark = getattr(place, "start_mark", None) or getattr(place, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        self.problems.append(Problem(str(self.path), line, "", what, remedy))

    def _value(self, kind: Any, node: yaml.Node) -> Any:
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is tuple and get_origin(arguments[0]) is tuple:
            return tuple(self._mapping(str, node).items())
        if origin is tuple:
            # one alone needs no brackets
            nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
            return tuple(self._value(arguments[0], each) for each in nodes)
        if origin is dict:
            return self._mapping(arguments[1], node)
        if NoneType in arguments:
            return self._value(arguments[0], node)
        if kind not in self._scalars and is_dataclass(kind):
            return self._entry(kind, node, {})
        return self._scalar(one_of(arguments) if origin is Literal else self._scalars[kind], node)

    def _scalar(self, make: Callable[[str], Any], node: yaml.Node) -> Any:
        if not isinstance(node, yaml.ScalarNode) or not (node.value.strip() or node.style):
            self._fault(node, "A single value is expected here.", "Fill it in.")
            return None
        made = None
        try:
            made = make(node.value.strip())
        except KentstatsError as error:
            self._fault(node, error.what, error.remedy)
        self.values.append((node.start_mark.line + 1, made))
        return made

    def _pairs(self, node: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            self._fault(node, "Keys are wanted here.", "Write “key: value”, a line for each.")
            return
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                self._fault(key, f"The key “{key.value}” stands twice.", "Keep one of them.")
            seen.add(key.value)
            yield key, value

    def _mapping(self, kind: Any, node: yaml.Node) -> dict[str, Any]:
        entries = is_dataclass(kind) and any(field.name == "id" for field in fields(kind))
        return {
            key.value: self._entry(kind, value, {"id": key.value})
            if entries
            else self._value(kind, value)
            for key, value in self._pairs(node)
        }

    def _entry(self, kind: Any, node: yaml.Node, given: Mapping[str, Any]) -> Any:
        before = len(self.problems)
        made = dict(given)
        wanted = {
            field.name.replace("_", self._separator): field
            for field in fields(kind)
            if field.name not in given
        }
        for key, value in self._pairs(node):
            if field := wanted.get(key.value):
                made[field.name] = self._value(_types(kind)[field.name], value)
                self._texts.append((key.value, value.value, value.start_mark.line + 1))
            else:
                what = f"The key “{key.value}” is not known here."
                self._fault(key, what, nearest(str(key.value), wanted))
        missing = [
            f"“{name}”"
            for name, field in wanted.items()
            if field.default is field.default_factory is MISSING and field.name not in made
        ]
        if missing and isinstance(node, yaml.MappingNode):
            self._fault(node, f"The entry has no {', '.join(missing)}.", "Add it.")
        if len(self.problems) > before:
            return None
        try:
            return kind(**made)
        except KentstatsError as error:
            self._fault(node, error.what, error.remedy)
            return None

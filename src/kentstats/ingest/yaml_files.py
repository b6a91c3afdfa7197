"""YAML files as dataclasses: every fault with its line and remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import yaml

from kentstats.errors import KentstatsError, Problem, nearest

Kind = TypeVar("Kind")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The reader written in C where PyYAML was built with it."""


def one_of(known: Iterable[str]) -> Callable[[str], str]:
    """Return a function that refuses every text but the known ones, and names the nearest."""
    names = dict.fromkeys(known)

    def check(text: str) -> str:
        if text not in names:
            raise KentstatsError(f"“{text}” is not known here.", nearest(text, names))
        return text

    return check


def _number(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise KentstatsError(f"“{text}” is no number.", "Write digits, as in 100.")
    return float(text)


class YamlFile:
    """One file, read into dataclasses whose fields are its keys.

    A key has spaces where the field has underscores. Types may be a
    dataclass, a tuple of one type, a ``Literal``, ``str``, ``float``,
    ``bool``, an optional one of these, or a key of `scalars`.

    Parameters
    ----------
    path : pathlib.Path
        The file; it need not exist.
    scalars : mapping
        For more types a function that makes one of a text, and raises
        :class:`~kentstats.errors.KentstatsError` where it cannot.

    Attributes
    ----------
    problems : list of Problem
        What was found wrong so far.
    values : list of (int, object)
        The line and value of every text.
    """

    def __init__(self, path: Path, scalars: Mapping[Any, Callable[[str], Any]]) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._scalars: dict[Any, Callable[[str], Any]] = {
            str: str,
            float: _number,
            bool: _flag,
            **scalars,
        }
        self.values: list[tuple[int, Any]] = []
        self._texts: list[tuple[str, str, int]] = []

    def read(self, kind: type[Kind], default: Kind) -> Kind:
        """Read the file as a value of this type.

        Parameters
        ----------
        kind : type
            What the file holds.
        default : object
            What is returned where there is no file, or one of comments
            alone, and where :attr:`problems` were found.

        Returns
        -------
        object
        """
        if not self.path.is_file():
            return default
        try:
            root = yaml.compose(self.path.read_text(encoding="utf-8"), LOADER)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            why = getattr(error, "problem", "") or "it is not UTF-8"
            self._fault(mark.line + 1 if mark else 0, f"The file is no YAML: {why}.", "Mend it.")
            return default
        made: Kind = default if root is None else self._value(kind, root)
        return default if self.problems else made

    def refuse_repeated(self, key: str) -> None:
        """Note every text of a key that stands in the file twice."""
        first: dict[str, int] = {}
        for name, text, line in self._texts:
            if name == key and first.setdefault(text, line) != line:
                self._fault(line, f"“{text}” is the {key} of line {first[text]} too.", "Change it.")

    def _fault(self, line: int, what: str, remedy: str) -> None:
        self.problems.append(Problem(str(self.path), line, "", what, remedy))

    def _value(self, kind: Any, node: yaml.Node) -> Any:
        line = node.start_mark.line + 1
        if get_origin(kind) is tuple:
            # one alone needs no brackets
            nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
            return tuple(self._value(get_args(kind)[0], each) for each in nodes)
        if NoneType in get_args(kind):
            return self._value(get_args(kind)[0], node)
        if kind not in self._scalars and is_dataclass(kind):
            return self._entry(kind, node)
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self._fault(line, "A single value is expected here.", "Fill it in.")
            return None
        literal = get_origin(kind) is Literal
        make = one_of(get_args(kind)) if literal else self._scalars[kind]
        try:
            made = make(node.value.strip())
        except KentstatsError as error:
            self._fault(line, error.what, error.remedy)
            return None
        self.values.append((line, made))
        return made

    def _entry(self, kind: Any, node: yaml.Node) -> Any:
        line = node.start_mark.line + 1
        if not isinstance(node, yaml.MappingNode):
            self._fault(line, "Keys are expected here.", "Write “key: value”, a line for each.")
            return None
        wanted = {field.name.replace("_", " "): field for field in fields(kind)}
        types = get_type_hints(kind)
        made: dict[str, Any] = {}
        before = len(self.problems)
        for key, value in node.value:
            field = wanted.get(str(key.value))
            if field is None:
                self._fault(
                    key.start_mark.line + 1,
                    f"The key “{key.value}” is not known here.",
                    nearest(str(key.value), wanted),
                )
                continue
            if field.name in made:
                what = f"The key “{key.value}” stands twice."
                self._fault(key.start_mark.line + 1, what, "Keep one of them.")
            made[field.name] = self._value(types[field.name], value)
            if isinstance(value, yaml.ScalarNode):
                self._texts.append((key.value, value.value, value.start_mark.line + 1))
        missing = [
            f"“{name}”"
            for name, field in wanted.items()
            if field.default is MISSING and field.name not in made
        ]
        if missing:
            self._fault(line, f"The entry has no {', '.join(missing)}.", "Add it.")
        if len(self.problems) > before:
            return None
        try:
            return kind(**made)
        except KentstatsError as error:
            self._fault(line, error.what, error.remedy)
            return None


def _flag(text: str) -> bool:
    return one_of(("true", "false"))(text) == "true"

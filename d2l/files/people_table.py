"""Match students with the rows of a table that a platform exported, and find the points column.

Students are matched by id first, then by login or address, then by name; ambiguous matches are not
used.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, Protocol, TypeVar

from d2l.files.csv_cells import CsvTable, TableError

_IDS = {
    "id", "identifier", "idnumber", "orgdefinedid", "participantid", "sid", "sisuserid",
    "studentid", "studentnumber", "userid",
}  # fmt: skip
_LOGINS = {
    "email", "emailaddress", "githubusername", "login", "loginid", "sisloginid", "user",
    "username",
}  # fmt: skip
_NAMES = {"fullname", "name", "student", "studentname"}
_LAST, _FIRST = {"familyname", "lastname", "surname"}, {"firstname", "givenname"}
_NO_PERSON = {"pointspossible", "manualposting", "studenttest", "teststudent"}


class Known(Protocol):
    """A student to be matched; unknown fields are empty."""

    @property
    def key(self) -> str: ...
    @property
    def student(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def login(self) -> str: ...


Who = TypeVar("Who", bound=Known)


@dataclass(frozen=True)
class Person:
    """A row about a student; `keys` are the values to match by, the most reliable first."""

    row: int
    name: str
    id: str
    login: str
    keys: tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Match(Generic[Who]):
    """The matched rows, by the student's key, and those left over on either side."""

    people: Mapping[str, Person]
    not_in_table: Sequence[Who]
    absent: Sequence[Person]


def match_people(table: CsvTable, known: Sequence[Who]) -> Match[Who]:
    """Match students with rows; raise `TableError` if no column identifies students."""
    left = {person.row: person for person in people_in(table)}
    if not left:
        raise TableError(
            f"{table.path} has no column that identifies students, such as ID, Username, Email or "
            f"Name; found {_listed(table.header)}"
        )
    found: dict[str, Person] = {}
    levels = max(len(person.keys) for person in left.values())
    for level in range(levels):
        rows: dict[str, set[int]] = {}
        for person in left.values():
            for key in person.keys[level]:
                rows.setdefault(key, set()).add(person.row)
        pending = [one for one in known if one.key not in found]
        matches = {
            one.key: {row for key in _keys_of(one, level, levels) for row in rows.get(key, ())}
            for one in pending
        }
        claims = Counter(row for candidates in matches.values() for row in candidates)
        for name, candidates in matches.items():
            if len(candidates) == 1 and all(claims[row] == 1 for row in candidates):
                found[name] = left.pop(candidates.pop())
    unmatched = [one for one in known if one.key not in found]
    return Match(found, unmatched, list(left.values()))


def people_in(table: CsvTable) -> list[Person]:
    """Return the students in a table, one for each row about a student."""
    names = [_squashed(name) for name in table.header]
    ids = [index for index, name in enumerate(names) if name in _IDS]
    logins = [index for index, name in enumerate(names) if name in _LOGINS]
    people = []
    for row in range(1, len(table.rows)):
        name, spellings = _name(table, names, row)
        of_ids = [_id(table.value(row, column)) for column in ids]
        of_logins = [table.value(row, column).strip().casefold() for column in logins]
        local = [login.partition("@")[0] for login in of_logins]
        keys = [frozenset({value} - {""}) for value in of_ids]
        keys += [frozenset(values) - {""} for values in (of_logins, local, spellings)]
        if any(keys) and not spellings & _NO_PERSON:
            own_id, login = (next(filter(None, values), "") for values in (of_ids, of_logins))
            people.append(Person(row, name or login or own_id, own_id, login, tuple(keys)))
    return people


def points_column(table: CsvTable, column: str | None, titles: Sequence[str]) -> int:
    """Return the column for points: `column`, or one named like one of `titles`, or "Grade"."""
    names = [name.strip() for name in table.header]
    requested = [column] if column else [*titles, "grade", "score"]
    for title in requested:
        after = r"(\([^()]*\)|\[.*|\|.*|points grade.*)"  # an id, or the maximal points
        alike = re.compile(rf"(assignment: )?{re.escape(title)}\s*{after}", re.IGNORECASE)
        exact = [index for index, name in enumerate(names) if name.casefold() == title.casefold()]
        for found in (exact, [i for i, name in enumerate(names) if alike.fullmatch(name)]):
            if len(found) == 1:
                return found[0]
    close = get_close_matches(column or titles[0], names, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise TableError(
        f"{table.path} must have exactly one column {' or '.join(map(repr, requested))}; select it "
        f"with --column; {hint}Available: {_listed(names)}"
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(repr(name[:30]) for name in names[:6]) + more


def _keys_of(one: Known, level: int, levels: int) -> frozenset[str]:
    """Return the keys of a student at a level: ids first; the last three as in `people_in`."""
    name, login = one.student.strip().casefold(), one.login.strip().casefold()
    if level == levels - 1:
        return frozenset({_squashed(name), *_reordered(one.student)}) - {""}
    if level == levels - 2:
        return frozenset({login.partition("@")[0], name}) - {""}
    if level == levels - 3:
        return frozenset({login, one.id.casefold(), name}) - {""}
    return frozenset({_id(one.id) or name}) - {""}


def _name(table: CsvTable, names: Sequence[str], row: int) -> tuple[str, frozenset[str]]:
    """Return a row's name as "First Last", and its spellings without spaces."""

    def of(kind: set[str]) -> str:
        values = (table.value(row, i).strip() for i, name in enumerate(names) if name in kind)
        return next(filter(None, values), "")

    whole, first, last = of(_NAMES), of(_FIRST), of(_LAST)
    shown = " ".join(_parts(whole)) if whole else f"{first} {last}".strip()
    spellings = {_squashed(whole), *_reordered(whole), _squashed(first + last)}
    return shown, frozenset({*spellings, _squashed(last + first)} - {""})


def _parts(name: str) -> list[str]:
    """Split "Last, First" into first and last name."""
    last, comma, first = name.partition(",")
    return [first.strip(), last.strip()] if comma and first.strip() else [name.strip()]


def _reordered(name: str) -> list[str]:
    parts = _parts(name)
    return [_squashed("".join(parts)), _squashed("".join(reversed(parts)))]


def _squashed(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


def _id(value: str) -> str:
    """Return an id without prefixes of platforms: "#123", "Participant 123"."""
    return re.sub(r"^(#|[^\W\d]+\s+(?=\d+$))", "", value.strip().casefold())

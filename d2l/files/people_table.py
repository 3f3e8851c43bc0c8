"""Tables of people, as platforms export them: who is in which row, which column takes points.

People are found by id first, then by login or address, then by name; who is one of two that could
be meant is nobody.
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
    """Somebody who is looked for; texts that are not known are empty."""

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
    """A row about a student; each of `keys` is one way to know it, the best first."""

    row: int
    name: str
    id: str
    login: str
    keys: tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Match(Generic[Who]):
    """Whose row is whose, by key, and who is left on either side."""

    people: Mapping[str, Person]
    not_in_table: Sequence[Who]
    absent: Sequence[Person]


def match_people(table: CsvTable, known: Sequence[Who]) -> Match[Who]:
    """Find everybody's row; raise `TableError` if no column says who a row is about."""
    left = {person.row: person for person in people_in(table)}
    if not left:
        raise TableError(
            f"{table.path} has no column that says who a row is about, such as ID, Username, "
            f"Email or Name; it has {_listed(table.header)}"
        )
    found: dict[str, Person] = {}
    levels = max(len(person.keys) for person in left.values())
    for level in range(levels):
        rows: dict[str, set[int]] = {}
        for person in left.values():
            for key in person.keys[level]:
                rows.setdefault(key, set()).add(person.row)
        waiting = [one for one in known if one.key not in found]
        meant = {
            one.key: {row for key in _keys_of(one, level, levels) for row in rows.get(key, ())}
            for one in waiting
        }
        claims = Counter(row for candidates in meant.values() for row in candidates)
        for name, candidates in meant.items():
            if len(candidates) == 1 and all(claims[row] == 1 for row in candidates):
                found[name] = left.pop(candidates.pop())
    unmatched = [one for one in known if one.key not in found]
    return Match(found, unmatched, list(left.values()))


def people_in(table: CsvTable) -> list[Person]:
    """The students in a table, one for each row that is about one."""
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
    """The column that points go to: `column`, or the one named like one of `titles`, or "Grade"."""
    names = [name.strip() for name in table.header]
    wanted = [column] if column else [*titles, "grade", "score"]
    for title in wanted:
        after = r"(\([^()]*\)|\[.*|\|.*|points grade.*)"  # an id, the points there are
        alike = re.compile(rf"(assignment: )?{re.escape(title)}\s*{after}", re.IGNORECASE)
        exact = [index for index, name in enumerate(names) if name.casefold() == title.casefold()]
        for found in (exact, [i for i, name in enumerate(names) if alike.fullmatch(name)]):
            if len(found) == 1:
                return found[0]
    close = get_close_matches(column or titles[0], names, n=1, cutoff=0.4)
    hint = f"do you mean {close[0]!r}? " if close else ""
    raise TableError(
        f"{table.path} has no one column {' or '.join(map(repr, wanted))}: name it by --column; "
        f"{hint}There are {_listed(names)}"
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(repr(name[:30]) for name in names[:6]) + more


def _keys_of(one: Known, level: int, levels: int) -> frozenset[str]:
    """How somebody is known at a level: by ids first; the last three are as in `people_in`."""
    said, login = one.student.strip().casefold(), one.login.strip().casefold()
    if level == levels - 1:
        return frozenset({_squashed(said), *_reordered(one.student)}) - {""}
    if level == levels - 2:
        return frozenset({login.partition("@")[0], said}) - {""}
    if level == levels - 3:
        return frozenset({login, one.id.casefold(), said}) - {""}
    return frozenset({_id(one.id) or said}) - {""}


def _name(table: CsvTable, names: Sequence[str], row: int) -> tuple[str, frozenset[str]]:
    """A row's name as people say it, and its spellings without spaces."""

    def of(kind: set[str]) -> str:
        values = (table.value(row, i).strip() for i, name in enumerate(names) if name in kind)
        return next(filter(None, values), "")

    whole, first, last = of(_NAMES), of(_FIRST), of(_LAST)
    shown = " ".join(_parts(whole)) if whole else f"{first} {last}".strip()
    spellings = {_squashed(whole), *_reordered(whole), _squashed(first + last)}
    return shown, frozenset({*spellings, _squashed(last + first)} - {""})


def _parts(name: str) -> list[str]:
    """The parts of "Last, First" in the order of speech."""
    last, comma, first = name.partition(",")
    return [first.strip(), last.strip()] if comma and first.strip() else [name.strip()]


def _reordered(name: str) -> list[str]:
    parts = _parts(name)
    return [_squashed("".join(parts)), _squashed("".join(reversed(parts)))]


def _squashed(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


def _id(value: str) -> str:
    """An id without what platforms put before it: "#123", "Participant 123"."""
    return re.sub(r"^(#|[^\W\d]+\s+(?=\d+$))", "", value.strip().casefold())

"""Events of live streams, their cursors, and a picture that follows them."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Protocol, Tuple, Union

#: Removals whose versions are remembered, so that an older row does not come back.
MOST_REMOVED = 10_000


@dataclass(frozen=True)
class LiveEvent:
    """One thing that a stream tells.

    * `snapshot`: a row as it stands. Comes before `ready`, for every row.
    * `ready`: the snapshot is whole. `row` is None.
    * `change`: a row as a change left it; `removed` if it has left the filter.
    * `reset`: the stream begins anew; what was kept is to be dropped when the new snapshot is `ready`. `reason` says why; it is None where a
      snapshot broke off before it was whole.
    """

    kind: str
    row: Optional[Dict[str, Any]] = None
    seq: int = 0
    removed: bool = False
    reason: Optional[str] = None


class Cursor(Protocol):
    """Where a program keeps its place in a stream."""

    def load(self) -> Optional[str]:
        """The cursor that was kept last."""

    def save(self, cursor: Optional[str]) -> None:
        """Keeps a cursor, or forgets it."""


class MemoryCursor:
    """A cursor that ends with the program."""

    def __init__(self, cursor: Optional[str] = None) -> None:
        self.cursor = cursor

    def load(self) -> Optional[str]:
        return self.cursor

    def save(self, cursor: Optional[str]) -> None:
        self.cursor = cursor


class FileCursor:
    """A cursor in a file, which is replaced whole."""

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = Path(path)

    def load(self) -> Optional[str]:
        try:
            return self.path.read_text("utf-8").strip() or None
        except FileNotFoundError:
            return None

    def save(self, cursor: Optional[str]) -> None:
        handle, name = tempfile.mkstemp(dir=str(self.path.parent), prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(cursor or "")
            os.replace(name, self.path)
        except BaseException:
            os.unlink(name)
            raise


class Picture:
    """Rows by id, each in its newest version. `apply` every event of a stream that has no cursor from before."""

    def __init__(self) -> None:
        self.rows: Dict[str, Dict[str, Any]] = {}
        #: Whether the first snapshot was whole.
        self.ready = False
        self._next: Optional[Dict[str, Dict[str, Any]]] = {}
        self._removed: Dict[str, int] = {}

    def apply(self, event: LiveEvent) -> bool:
        """Puts an event in. Whether it changed `rows`."""
        if event.kind == "reset":
            self._next = {}
            self._removed = {}
            if event.reason in ("CURSOR_FOREIGN", "SCOPE_CHANGED"):
                self.rows = {}
            return True
        if event.kind == "ready":
            if self._next is None:
                return False
            self.rows, self._next, self.ready = self._next, None, True
            return True
        assert event.row is not None
        changed = self._put(self.rows if self._next is None else self._next, event.row, event.removed)
        return changed and self._next is None

    def _put(self, rows: Dict[str, Dict[str, Any]], row: Dict[str, Any], removed: bool) -> bool:
        known, gone = rows.get(row["id"]), self._removed.get(row["id"])
        version: int = row["version"]
        if removed:
            if (known is not None and version < known["version"]) or (known is None and gone is not None and version <= gone):
                return False
            rows.pop(row["id"], None)
            self._removed.pop(row["id"], None)
            self._removed[row["id"]] = version
            if len(self._removed) > MOST_REMOVED:
                del self._removed[next(iter(self._removed))]
            return known is not None
        if (known is not None and version <= known["version"]) or (gone is not None and version < gone):
            return False
        self._removed.pop(row["id"], None)
        rows[row["id"]] = row
        return True


class EventStream:
    """Splits the text of an event stream into events (HTML standard, 9.2). Lines end with CR, LF or both, and nothing else."""

    def __init__(self) -> None:
        self._rest = ""
        self._event = ""
        self._data: List[str] = []

    def push(self, piece: str) -> List[Tuple[str, str]]:
        """The events that this piece completes: name and data."""
        text = self._rest + piece
        # A CR at the end may be half of CRLF.
        held = "\r" if text.endswith("\r") else ""
        text = text[: len(text) - len(held)].replace("\r\n", "\n").replace("\r", "\n")
        *lines, rest = text.split("\n")
        self._rest = rest + held
        events = []
        for line in lines:
            if not line:
                if self._event or self._data:
                    events.append((self._event or "message", "\n".join(self._data)))
                self._event, self._data = "", []
                continue
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if name == "event":
                self._event = value
            elif name == "data":
                self._data.append(value)
        return events


def events_of(item: Mapping[str, Any], row: str) -> List[LiveEvent]:
    """What an item of a stream tells."""
    phase = item["phase"]
    if phase == "RESET":
        return [LiveEvent("reset", reason=item.get("reset"))]
    kind = "snapshot" if phase in ("SNAPSHOT", "READY") else "change"
    events = [LiveEvent(kind, change[row], change["seq"], not change["inFilter"]) for change in item.get("changes") or ()]
    return [*events, LiveEvent("ready")] if phase == "READY" else events

"""A figure, what it is held against, and the judgement; as a table and as JSON."""
import dataclasses
import math
import typing

FIELDS = ("name", "value", "unit", "floor", "peer", "ratio", "bar", "ok")


@dataclasses.dataclass(frozen=True)
class Row:
    """One line. `floor`: what the machine allows at best; `peer`: the same work done in the plain way; both in `unit`, from the same run.

    `ratio` is value to floor or peer, `bar` the condition as text, `ok` whether it holds; None where a column does not apply.
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    peer: float | None = None
    bar: str | None = None
    ok: bool | None = None

    def __post_init__(self):
        if (self.bar is None) != (self.ok is None):
            raise ValueError(f"{self.name}: a bar and its judgement come together")
        for number in (self.value, self.floor, self.peer):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{self.name}: {number} is no figure")

    @property
    def ratio(self) -> float | None:
        reference = self.floor if self.floor is not None else self.peer
        return self.value / reference if reference else None

    def as_object(self) -> dict:
        return {field: rounded(getattr(self, field)) for field in FIELDS}


def at_most(name: str, value: float, unit: str, limit: float, bar: str = "", **other) -> Row:
    """A row whose bar is an upper limit of the value; `bar` explains where the limit comes from."""
    text = f"value <= {rounded(limit)}" + (f" ({bar})" if bar else "")
    return Row(name, value, unit, bar=text, ok=bool(value <= limit), **other)


def at_least(name: str, value: float, unit: str, limit: float, **other) -> Row:
    """A row whose bar is a lower limit of the value."""
    return Row(name, value, unit, bar=f"value >= {rounded(limit)}", ok=bool(value >= limit), **other)


def ratio_at_least(name: str, value: float, unit: str, limit: float, **other) -> Row:
    row = Row(name, value, unit, **other)
    if row.ratio is None:
        raise ValueError(f"{name}: a bar on the ratio needs a floor or a peer")
    return dataclasses.replace(row, bar=f"ratio >= {limit}", ok=bool(row.ratio >= limit))


def ratio_at_most(name: str, value: float, unit: str, limit: float, **other) -> Row:
    row = Row(name, value, unit, **other)
    if row.ratio is None:
        raise ValueError(f"{name}: a bar on the ratio needs a floor or a peer")
    return dataclasses.replace(row, bar=f"ratio <= {limit}", ok=bool(row.ratio <= limit))


def rounded(value: typing.Any) -> typing.Any:
    """Numbers to four significant digits; everything else as it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    if isinstance(value, int) or value == 0:
        return value
    digits = 3 - math.floor(math.log10(abs(value)))
    short = round(value, max(digits, 0))
    return int(short) if short == int(short) else short


def cell(value: typing.Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "**missed**"
    return str(value)


def table(rows: list[Row]) -> str:
    """A Markdown table, as it stands in docs/BENCHMARKS.md."""
    lines = ["| " + " | ".join(FIELDS) + " |", "|" + " --- |" * len(FIELDS)]
    lines += ["| " + " | ".join(cell(row.as_object()[field]) for field in FIELDS) + " |" for row in rows]
    return "\n".join(lines)

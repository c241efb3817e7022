"""results - figures by place, name and column, the aims, and the tables."""
import os
import platform
import statistics
import sys


def note(text):
    print(text, file=sys.stderr, flush=True)


def shown(value, unit):
    if value is None:
        return "-"
    if unit == "B/s":
        return f"{value / 1e9:.3f} GB/s"
    if unit == "/s":
        return f"{value:,.0f} /s"
    return f"{value:,.{2 if value < 10 else 1}f} {unit}"


def more_is_better(unit):
    return unit in ("/s", "B/s")


class Aim:
    """Reached where dozo's figure is at least so many times as good as that of other
    columns, the lowest of them counting; without columns a figure by itself."""

    def __init__(self, factor, *columns):
        self.factor = factor
        self.columns = columns

    def bound(self, row):
        if not self.columns:
            return self.factor
        others = [row.median(column) for column in self.columns]
        if None in others:
            return None
        if more_is_better(row.unit):
            return self.factor * min(others)
        return max(others) / self.factor

    def text(self, row):
        """"" where there is nothing to compare with."""
        bound, got = self.bound(row), row.median("dozo")
        if bound is None or got is None:
            return ""
        reached = got >= bound if more_is_better(row.unit) else got <= bound
        what = shown(bound, row.unit)
        if self.columns:
            what = f"{self.factor:g} x {' or '.join(self.columns)}"
        return ("" if reached else "! ") + what


# What the issues aim at.
AIMS = {
    ("tmpfs", "PUT 2 GiB"): [Aim(1.0, "nginx"), Aim(0.45e9)],
    ("tmpfs", "GET 2 GiB"): [Aim(0.8, "nginx"), Aim(0.8e9)],
    ("tmpfs", "PUT 4 KiB x16"): [Aim(0.4, "nginx"), Aim(2, "Apache"), Aim(10000)],
    ("tmpfs", "GET 4 KiB x16"): [Aim(0.35, "nginx"), Aim(17000)],
    ("tmpfs", "PROPFIND 10,000"): [Aim(1.0, "nginx"), Aim(25)],
    ("tmpfs", "MOVE folder of 10,000"): [Aim(50, "Apache")],
    ("tmpfs", "DELETE folder of 10,000"): [Aim(50, "Apache")],
    ("tmpfs", "memory idle"): [Aim(64)],
    ("tmpfs", "memory 64 uploads"): [Aim(256)],
    ("tmpfs", "memory 2,000 idle TLS"): [Aim(128)],
    ("tmpfs", "memory 10,000 idle TLS"): [Aim(400)],
    ("disk", "PUT 2 GiB"): [Aim(0.8, "disk", "null sites"), Aim(0.45e9)],
    ("disk", "GET 2 GiB"): [Aim(0.8e9)],
    ("disk", "PUT 4 KiB x1"): [Aim(0.8, "disk")],
    ("disk", "PUT 4 KiB x16"): [Aim(4, "disk")],
    ("rebuild", "rebuild"): [Aim(90)],
}


class Row:
    def __init__(self, place, name, unit):
        self.place, self.name, self.unit = place, name, unit
        self.columns = {}  # name -> figures of repeated runs
        self.notes = []

    def median(self, column):
        figures = self.columns.get(column)
        return statistics.median(figures) if figures else None

    def ratio(self, other):
        """How many times as good as the other dozo is."""
        mine, its = self.median("dozo"), self.median(other)
        if not mine or not its:
            return "-"
        return f"{mine / its if more_is_better(self.unit) else its / mine:.2f}"

    def aims(self):
        texts = [aim.text(self) for aim in AIMS.get((self.place, self.name), [])]
        return ", ".join(text for text in texts if text)


class Results:
    def __init__(self):
        self.rows = []
        self.load_before = os.getloadavg()[0]

    def machine(self):
        """What else ran tells how far the figures can be trusted."""
        return (f"{os.cpu_count()} processors, Linux "
                f"{'.'.join(platform.release().split('.')[:2])}; load "
                f"{self.load_before:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end.")

    def add(self, place, name, unit, column, figure, detail=""):
        for row in self.rows:
            if (row.place, row.name) == (place, name):
                break
        else:
            row = Row(place, name, unit)
            self.rows.append(row)
        row.columns.setdefault(column, []).append(figure)
        if detail:
            row.notes = [detail]
        note(f"  {place:8} {name:26} {column:10} {shown(figure, unit)}")

    def places(self):
        return list(dict.fromkeys(row.place for row in self.rows))

    def table(self, place):
        """Markdown: a column for each that was measured, then how dozo compares."""
        rows = [row for row in self.rows if row.place == place]
        columns = list(dict.fromkeys(c for row in rows for c in row.columns))
        others = [c for c in columns if c != "dozo"] if "dozo" in columns else []
        head = [place] + columns + [f"dozo : {c}" for c in others]
        lines = [head + (["aim"] if any(row.aims() for row in rows) else []) +
                 (["notes"] if any(row.notes for row in rows) else [])]
        for row in rows:
            cells = [row.name] + [shown(row.median(c), row.unit) for c in columns]
            cells += [row.ratio(c) for c in others]
            if "aim" in lines[0]:
                cells.append(row.aims())
            if "notes" in lines[0]:
                cells.append("; ".join(row.notes))
            lines.append(cells)
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        lines.insert(1, ["-" * width for width in widths])
        return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width
                                           in zip(line, widths)) + " |" for line in lines)

    def text(self):
        tables = "\n\n".join(self.table(place) for place in self.places())
        return (f"{self.machine()} `dozo : other`: how many times as good dozo is; `!`: an "
                f"aim that is missed.\n\n{tables}\n")

    def plain(self):
        return [{"place": row.place, "name": row.name, "unit": row.unit,
                 "figures": row.columns} for row in self.rows]

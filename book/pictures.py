#!/usr/bin/env python3
"""Draws the pictures of the book: `python3 book/pictures.py` writes `src/pictures/*.svg`, or to the folder that is named.

Each picture lies on a card of its own, so that it can be read in light and dark themes alike, and is narrow enough for its
text to be readable on a phone.
"""

import sys
from html import escape
from pathlib import Path

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "src" / "pictures"

CARD, INK, SOFT = "#f4f1ea", "#23282f", "#5b6470"
FILLS = {"blue": "#cfe0f3", "green": "#d3e8cf", "sand": "#f0dfb8", "rose": "#f1cfcb", "grey": "#e0ded8", "white": "#ffffff"}


class Picture:
    def __init__(self, name, title, width, height):
        self.name, self.width, self.height = name, width, height
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="15">',
            f"<title>{escape(title)}</title>",
            f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
            f'<path d="M0 0 L8 4 L0 8 z" fill="{SOFT}"/></marker></defs>',
            f'<rect width="{width}" height="{height}" rx="12" fill="{CARD}"/>',
        ]

    def box(self, x, y, width, height, text="", fill="white", size=15):
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{FILLS[fill]}" stroke="{SOFT}"/>'
        )
        if text:
            lines = text.split("\n")
            top = y + height / 2 - (len(lines) - 1) * (size + 4) / 2
            for number, line in enumerate(lines):
                self.text(x + width / 2, top + number * (size + 4), line, size=size, anchor="middle")

    def text(self, x, y, text, size=15, anchor="start", fill=INK, weight="normal"):
        self.parts.append(
            f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" dominant-baseline="central" '
            f'fill="{fill}" font-weight="{weight}">{escape(text)}</text>'
        )

    def arrow(self, *points, text="", at=None, anchor="middle", dashed=False):
        path = " L".join(f"{x} {y}" for x, y in points)
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(
            f'<path d="M{path}" fill="none" stroke="{SOFT}" stroke-width="1.6"{dash} marker-end="url(#tip)"/>'
        )
        if text:
            self.text(*at, text, size=13, anchor=anchor, fill=SOFT)

    def write(self):
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{self.name}.svg").write_text("\n".join(self.parts + ["</svg>"]) + "\n")


def layers():
    picture = Picture("layers", "The layers of a program", 460, 430)
    picture.box(20, 20, 420, 44, "your program: async functions and macros", "sand")
    for number, left in enumerate((20, 170, 320)):
        picture.box(left, 84, 120, 248, "", "grey")
        name = f"shard {number}" if number < 2 else "shard n"
        picture.text(left + 60, 104, name, anchor="middle", weight="bold")
        picture.box(left + 8, 122, 104, 46, "fibers,\ntimers, locks", "blue", 14)
        for row, (text, fill) in enumerate(
            [("connections", "blue"), ("arena", "green"), ("loop", "green"), ("io_uring", "rose")]
        ):
            picture.box(left + 8, 174 + row * 38, 104, 32, text, fill, 14)
    for left in (140, 290):
        picture.arrow((left, 190), (left + 28, 190))
        picture.arrow((left + 30, 210), (left + 2, 210))
    picture.box(20, 350, 420, 60, "Linux: one thread bound to each core,\nsockets, clocks", "white")
    picture.write()


def loop():
    picture = Picture("loop", "One turn of the event loop", 460, 370)
    right = [
        ("2  completions\nof the kernel", "rose"),
        ("3  timers\nthat are due", "green"),
        ("4  fibers,\nuntil none is ready or\nthe quota is used up", "blue"),
    ]
    left = [
        ("1  messages\nof other shards", "green"),
        ("6  the kernel:\nsubmit, and sleep\nif nothing is ready", "rose"),
        ("5  end of the turn:\nsends, messages", "green"),
    ]
    for row, (text, fill) in enumerate(left):
        picture.box(20, 20 + row * 106, 190, 74, text, fill)
    for row, (text, fill) in enumerate(right):
        picture.box(250, 20 + row * 106, 190, 74, text, fill)
    picture.arrow((210, 57), (248, 57))
    picture.arrow((345, 94), (345, 124))
    picture.arrow((345, 200), (345, 230))
    picture.arrow((250, 269), (212, 269))
    picture.arrow((115, 232), (115, 202))
    picture.arrow((115, 126), (115, 96))
    picture.text(230, 342, "one turn: at most one system call", anchor="middle", fill=SOFT)
    picture.write()


def request():
    picture = Picture("request", "The way of a request", 460, 460)
    columns = [("kernel", 60, "rose"), ("loop", 170, "green"), ("connection", 285, "blue"), ("fiber", 400, "sand")]
    for name, x, fill in columns:
        picture.box(x - 50, 20, 100, 36, name, fill)
        picture.parts.append(f'<path d="M{x} 56 V444" stroke="{SOFT}" stroke-dasharray="2 5"/>')
    steps = [
        (60, 170, "1  completion: a filled buffer"),
        (170, 285, "2  linked, no copy"),
        (285, 400, "wakes"),
        (400, 285, "3  read: a view"),
        (400, 285, "4  write"),
        (400, 170, "5  nothing more: waits"),
        (285, 170, "6  end of turn: one send"),
        (170, 60, "7  io_uring_enter"),
        (60, 285, "8  sent: buffer given back"),
    ]
    for row, (start, end, text) in enumerate(steps):
        y = 96 + row * 40
        tip = 3 if end > start else -3
        picture.arrow((start, y), (end - tip, y))
        width = len(text) * 7.2 + 10
        middle = max((start + end) / 2, width / 2 + 6)
        picture.parts.append(f'<rect x="{middle - width / 2}" y="{y - 22}" width="{width}" height="18" fill="{CARD}"/>')
        picture.text(middle, y - 12, text, 14, "middle")
    picture.write()


def parcels():
    picture = Picture("parcels", "A call to another shard", 460, 350)
    for left, name in ((10, "shard 0: the caller"), (280, "shard 1")):
        picture.box(left, 20, 170, 310, "", "grey")
        picture.text(left + 85, 42, name, anchor="middle", weight="bold")
    picture.box(22, 64, 146, 56, "fiber:\nsubmit_to(1, ..)", "sand")
    picture.box(22, 156, 146, 70, "parcel in\nits arena", "green")
    picture.box(22, 262, 146, 54, "the same block,\nfree again", "green")
    picture.box(292, 64, 146, 56, "the closure\nis called", "blue")
    picture.box(292, 162, 146, 56, "its future runs\nas a fiber", "blue")
    picture.box(292, 260, 146, 56, "the result\nis in its place", "blue")
    for y, label in ((80, "ring 0 to 1"), (276, "ring 1 to 0")):
        for slot in range(4):
            picture.box(198 + slot * 16, y, 16, 24, "", "rose" if slot in (1, 2) else "white")
        picture.text(230, y - 12, label, 13, "middle", SOFT)
    picture.arrow((95, 120), (95, 154), text="moves in", at=(104, 138), anchor="start")
    picture.arrow((168, 176), (188, 176), (188, 92), (196, 92))
    picture.arrow((262, 92), (290, 92))
    picture.arrow((365, 120), (365, 160))
    picture.arrow((365, 218), (365, 258))
    picture.arrow((292, 288), (264, 288))
    picture.arrow((198, 288), (188, 288), (188, 206), (170, 206))
    picture.arrow((95, 226), (95, 260), text="moves out", at=(104, 244), anchor="start")
    picture.text(236, 182, "what travels", 13, "middle")
    picture.text(236, 200, "is an address", 13, "middle")
    picture.write()


def memory():
    picture = Picture("memory", "The memory of a shard", 460, 560)
    picture.text(20, 30, "the budget of one shard", weight="bold")
    picture.text(20, 52, "(--memory, divided by the shards)", 14, fill=SOFT)
    picture.box(20, 72, 420, 328, "", "grey")
    picture.box(34, 86, 190, 144, "from the start:\npools, and\nshard-local statics", "sand")
    picture.box(236, 86, 190, 144, "receive buffers,\nlent to the kernel:\n8 KiB each,\nas many as needed,\na quarter at most", "rose")
    picture.box(34, 242, 190, 144, "", "green")
    picture.text(129, 260, "blocks by size", anchor="middle")
    for row, (count, width) in enumerate([(9, 17), (7, 23), (5, 32), (3, 55)]):
        for column in range(count):
            fill = "blue" if (column + row) % 3 else "white"
            picture.box(46 + column * (width + 2), 276 + row * 26, width, 20, "", fill)
    picture.box(236, 242, 190, 144, "not taken\nfrom the system yet", "white")
    picture.box(24, 418, 16, 16, "", "blue")
    picture.text(50, 426, "in use: fibers, calls to other shards,")
    picture.text(50, 446, "connections, what they send")
    picture.box(24, 466, 16, 16, "", "white")
    picture.text(50, 474, "free: the next one of that size")
    picture.text(24, 510, "Not in it: what your code asks of the global", 14, fill=SOFT)
    picture.text(24, 530, "allocator (Vec, String, Box)", 14, fill=SOFT)
    picture.write()


if __name__ == "__main__":
    for draw in (layers, loop, request, parcels, memory):
        draw()

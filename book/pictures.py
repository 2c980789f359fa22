#!/usr/bin/env python3
"""Draws the pictures of the book: `python3 book/pictures.py` writes `src/pictures/*.svg`, or to the folder that is named.

Each picture lies on a card of its own, so that it can be read in light and dark themes alike.
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
    picture = Picture("layers", "The layers of a program", 720, 400)
    picture.box(20, 20, 680, 44, "your program: async functions and macros", "sand")
    for number, left in enumerate((20, 256, 492)):
        picture.box(left, 84, 208, 236, "", "grey")
        name = f"shard {number}" if number < 2 else "shard n"
        picture.text(left + 104, 104, name, anchor="middle", weight="bold")
        for row, (text, fill) in enumerate(
            [("fibers, timers, locks", "blue"), ("connections", "blue"), ("arena", "green"), ("loop", "green"), ("io_uring", "rose")]
        ):
            picture.box(left + 14, 122 + row * 38, 180, 32, text, fill, 14)
    for left in (228, 464):
        picture.arrow((left, 190), (left + 28, 190))
        picture.arrow((left + 28, 210), (left, 210))
    picture.box(20, 338, 680, 44, "Linux: one thread bound to each core, sockets, clocks", "white")
    picture.write()


def loop():
    picture = Picture("loop", "One turn of the event loop", 720, 330)
    top = [("1  messages\nof other shards", "green"), ("2  completions\nof the kernel", "rose"), ("3  timers\nthat are due", "green")]
    low = [("6  the kernel:\nsubmit, and sleep\nif nothing is ready", "rose"), ("5  end of the turn:\nsends, messages", "green"), ("4  fibers,\nuntil none is ready or\nthe quota is used up", "blue")]
    for column, (text, fill) in enumerate(top):
        picture.box(30 + column * 235, 40, 190, 74, text, fill)
    for column, (text, fill) in enumerate(low):
        picture.box(30 + column * 235, 206, 190, 84, text, fill)
    picture.arrow((220, 77), (263, 77))
    picture.arrow((455, 77), (498, 77))
    picture.arrow((595, 114), (595, 204))
    picture.arrow((500, 248), (457, 248))
    picture.arrow((265, 248), (222, 248))
    picture.arrow((125, 206), (125, 116))
    picture.text(360, 160, "one turn: at most one system call", anchor="middle", fill=SOFT)
    picture.write()


def request():
    picture = Picture("request", "The way of a request", 720, 420)
    columns = [("kernel", 100, "rose"), ("loop", 280, "green"), ("connection", 450, "blue"), ("fiber", 620, "sand")]
    for name, x, fill in columns:
        picture.box(x - 65, 20, 130, 36, name, fill)
        picture.parts.append(f'<path d="M{x} 56 V400" stroke="{SOFT}" stroke-dasharray="2 5"/>')
    steps = [
        (100, 280, "1  completion: a filled buffer"),
        (280, 450, "2  linked, no copy"),
        (450, 620, "wakes"),
        (620, 450, "3  read: a view"),
        (620, 450, "4  write"),
        (620, 280, "5  nothing more: waits"),
        (450, 280, "6  end of turn: one send"),
        (280, 100, "7  io_uring_enter"),
        (100, 450, "8  sent: buffer given back"),
    ]
    for row, (start, end, text) in enumerate(steps):
        y = 90 + row * 35
        tip = 3 if end > start else -3
        picture.arrow((start, y), (end - tip, y))
        width = len(text) * 7.2 + 10
        middle = (start + end) / 2
        picture.parts.append(f'<rect x="{middle - width / 2}" y="{y - 21}" width="{width}" height="17" fill="{CARD}"/>')
        picture.text(middle, y - 12, text, 13, "middle")
    picture.write()


def parcels():
    picture = Picture("parcels", "A call to another shard", 720, 330)
    for left, name in ((20, "shard 0: the caller"), (460, "shard 1")):
        picture.box(left, 20, 240, 290, "", "grey")
        picture.text(left + 120, 42, name, anchor="middle", weight="bold")
    picture.box(40, 64, 200, 50, "fiber: submit_to(1, ..)", "sand")
    picture.box(40, 150, 200, 70, "parcel in its arena", "green")
    picture.box(40, 252, 200, 42, "the same block, free again", "green", 14)
    picture.box(480, 64, 200, 50, "the closure is called", "blue")
    picture.box(480, 150, 200, 50, "its future runs as a fiber", "blue", 14)
    picture.box(480, 236, 200, 50, "the result is in its place", "blue", 14)
    for y, label in ((84, "ring 0 to 1"), (230, "ring 1 to 0")):
        for slot in range(6):
            picture.box(288 + slot * 24, y, 24, 24, "", "rose" if slot in (1, 2) else "white")
        picture.text(360, y + 40, label, 13, "middle", SOFT)
    picture.arrow((140, 114), (140, 148), text="moves in", at=(150, 131), anchor="start")
    picture.arrow((240, 170), (270, 170), (270, 96), (286, 96))
    picture.arrow((432, 96), (478, 90))
    picture.arrow((580, 114), (580, 148))
    picture.arrow((580, 200), (580, 234))
    picture.arrow((478, 258), (450, 258), (450, 242), (434, 242))
    picture.arrow((288, 242), (242, 200), text="", at=None)
    picture.arrow((140, 220), (140, 250), text="moves out", at=(150, 235), anchor="start")
    picture.text(362, 162, "what travels", 14, "middle")
    picture.text(362, 180, "is an address", 14, "middle")
    picture.write()


def memory():
    picture = Picture("memory", "The memory of a shard", 720, 370)
    picture.text(30, 34, "the budget of one shard (--memory, divided by the shards)", weight="bold")
    picture.box(20, 54, 680, 200, "", "grey")
    picture.box(36, 72, 150, 164, "from the start:\n\npools\nshard-local statics", "sand", 14)
    picture.box(200, 72, 150, 164, "receive buffers,\nlent to the kernel:\n8 KiB each,\nas many as needed,\na quarter at most", "rose", 14)
    picture.box(364, 72, 190, 164, "", "green")
    picture.text(459, 90, "blocks by size", 14, "middle")
    for row, (count, width) in enumerate([(9, 17), (7, 23), (5, 32), (3, 55)]):
        for column in range(count):
            fill = "blue" if (column + row) % 3 else "white"
            picture.box(378 + column * (width + 2), 108 + row * 30, width, 22, "", fill)
    picture.box(568, 72, 118, 164, "not taken\nfrom the\nsystem yet", "white", 14)
    picture.box(36, 276, 16, 16, "", "blue")
    picture.text(60, 284, "in use: fibers, calls to other shards, connections, what they send", 14)
    picture.box(36, 304, 16, 16, "", "white")
    picture.text(60, 312, "free: the next one of that size", 14)
    picture.text(36, 344, "Not in it: what your code asks of the global allocator (Vec, String, Box)", 14, fill=SOFT)
    picture.write()


if __name__ == "__main__":
    for draw in (layers, loop, request, parcels, memory):
        draw()

"""A round of everything that pymemcache can ask for. The argument is the port."""

import sys
import threading
import time

from pymemcache.client.base import Client, PooledClient
from pymemcache.client.hash import HashClient
from pymemcache.exceptions import MemcacheClientError, MemcacheIllegalInputError, MemcacheServerError
from pymemcache.serde import pickle_serde

SERVER = ("127.0.0.1", int(sys.argv[1]))


def client(**options):
    return Client(SERVER, connect_timeout=60, timeout=60, **options)


def storing(c):
    assert c.set("a", b"1", noreply=False)
    assert c.get("a") == b"1"
    assert c.get("none") is None and c.get("none", b"default") == b"default"
    assert not c.add("a", b"2", noreply=False)
    assert c.add("b", b"2", noreply=False)
    assert c.replace("b", b"3", noreply=False)
    assert not c.replace("none", b"3", noreply=False)
    assert c.append("b", b"4", noreply=False) and c.prepend("b", b"2", noreply=False)
    assert c.get("b") == b"234"
    assert not c.append("none", b"4", noreply=False)
    assert c.set("flags", b"x", flags=4294967295, noreply=False)
    assert c.raw_command("get flags", "END\r\n") == b"VALUE flags 4294967295 1\r\nx\r\n"
    assert c.set("empty", b"", noreply=False) and c.get("empty") == b""
    binary = bytes(range(256)) * 300
    assert c.set("binary", binary, noreply=False) and c.get("binary") == binary


def comparing(c):
    c.set("a", b"1", noreply=False)
    value, cas = c.gets("a")
    assert value == b"1"
    assert c.cas("a", b"2", cas, noreply=False) is True
    assert c.cas("a", b"3", cas, noreply=False) is False
    assert c.cas("none", b"3", cas, noreply=False) is None
    assert c.gets("none") == (None, None)
    assert c.get("a") == b"2"


def many(c):
    values = {"key%d" % n: b"%d" % n for n in range(2000)}
    assert c.set_many(values, noreply=False) == []
    assert c.get_many(list(values) + ["none"]) == values
    got = c.gets_many(list(values))
    assert {key: value for key, (value, _) in got.items()} == values
    assert c.delete_many(list(values), noreply=False)
    assert c.get_many(list(values)) == {}


def counting(c):
    c.set("n", b"10", noreply=False)
    assert c.incr("n", 5) == 15 and c.decr("n", 20) == 0
    assert c.incr("none", 1) is None
    c.set("n", b"18446744073709551615", noreply=False)
    assert c.incr("n", 1) == 0
    c.set("text", b"text", noreply=False)
    try:
        c.incr("text", 1)
    except MemcacheClientError as error:
        assert "non-numeric" in str(error)
    else:
        raise AssertionError("text was incremented")


def ending(c):
    c.set("a", b"1", noreply=False)
    assert c.delete("a", noreply=False) and not c.delete("a", noreply=False)
    c.set("a", b"1", noreply=False)
    assert c.touch("a", 100, noreply=False) and not c.touch("none", 100, noreply=False)
    assert c.raw_command("gat 200 a none", "END\r\n") == b"VALUE a 0 1\r\n1\r\n"
    c.set("past", b"1", expire=-1, noreply=False)
    assert c.get("past") is None
    c.set("short", b"1", expire=1, noreply=False)
    deadline = time.time() + 60
    while c.get("short") is not None:
        assert time.time() < deadline
        time.sleep(0.05)
    assert c.flush_all(noreply=False)
    assert c.get("a") is None


def without_replies(c):
    for n in range(500):
        c.set("quiet%d" % (n % 10), b"%d" % n, noreply=True)
        c.incr("quiet%d" % (n % 10), 1, noreply=True)
        c.touch("quiet%d" % (n % 10), 0, noreply=True)
    assert c.get("quiet9") == b"500"
    c.delete("quiet9", noreply=True)
    assert c.get("quiet9") is None


def mistakes(c):
    for key in ("x" * 251, "with blank", ""):
        try:
            c.get(key)
        except (MemcacheIllegalInputError, MemcacheClientError):
            pass
    try:
        c.set("large", b"x" * (1 << 21), noreply=False)
    except MemcacheServerError as error:
        assert "too large" in str(error)
    else:
        raise AssertionError("two mebibytes were stored")
    assert client().set("large", b"x" * ((1 << 20) - 200), noreply=False)


def asking_about_it(c):
    stats = c.stats()
    assert stats[b"curr_connections"] >= 1 and stats[b"pid"] > 0
    assert c.stats("settings")[b"item_size_max"] == 1 << 20
    assert c.stats("items") and c.stats("slabs")
    assert c.version().startswith(b"1.6.")
    c.quit()


def objects():
    c = client(serde=pickle_serde)
    value = {"a": [1, 2.5, None], "b": "text" * 1000}
    c.set("object", value, noreply=False)
    assert c.get("object") == value
    hashing = HashClient([SERVER], timeout=60)
    assert hashing.set_many({"h%d" % n: b"%d" % n for n in range(100)}, noreply=False) == []
    assert len(hashing.get_many(["h%d" % n for n in range(100)])) == 100


def together():
    pool = PooledClient(SERVER, max_pool_size=8, timeout=60)
    pool.set("together", b"0", noreply=False)
    failures = []

    def work(number):
        try:
            for n in range(100):
                pool.incr("together", 1)
                pool.set("own%d" % number, b"%d" % n, noreply=False)
                assert pool.get("own%d" % number) == b"%d" % n
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failures, failures
    assert pool.get("together") == b"800"


for part in (storing, comparing, many, counting, ending, without_replies, mistakes, asking_about_it):
    part(client())
objects()
together()
print("all is well")

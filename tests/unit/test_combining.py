"""Small waiting requests are worked on together, and each gets its own answer."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from exporter.combining import Combiner
from exporter.errors import InvalidRequest, Unavailable


def run_together(combiner, items):
    answers = {}

    def submit(item):
        try:
            answers[item] = combiner.submit(item)
        except Exception as error:
            answers[item] = error

    threads = [threading.Thread(target=submit, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    return answers, threads


def test_what_waits_is_taken_along_and_answered_one_by_one():
    batches, entered, release = [], threading.Event(), threading.Event()

    def work(items):
        batches.append(list(items))
        entered.set()
        release.wait(5)
        return [InvalidRequest("bad") if item == "bad" else item.upper() for item in items]

    combiner = Combiner(work, most=8, patience=5)
    first, first_threads = run_together(combiner, ["a"])
    assert entered.wait(5)
    rest, rest_threads = run_together(combiner, ["b", "bad", "c"])
    while len(combiner._waiting) < 3:
        threading.Event().wait(0.001)
    release.set()
    for thread in first_threads + rest_threads:
        thread.join(5)
    assert first == {"a": "A"}
    assert (rest["b"], rest["c"], type(rest["bad"])) == ("B", "C", InvalidRequest)
    assert len(batches) == 2
    assert sorted(batches[1]) == ["b", "bad", "c"]


def test_a_batch_is_bounded_and_everyone_is_still_served():
    combiner = Combiner(lambda items: [len(items)] * len(items), most=2, patience=5)
    answers, threads = run_together(combiner, range(20))
    for thread in threads:
        thread.join(5)
    assert len(answers) == 20
    assert max(answers.values()) <= 2


def test_heavy_items_go_alone_and_light_ones_together():
    batches, entered, release = [], threading.Event(), threading.Event()

    def work(items):
        batches.append(items)
        entered.set()
        release.wait(5)
        return list(items)

    combiner = Combiner(work, most=8, patience=5, weigh=len, heaviest=4)
    _, first_threads = run_together(combiner, ["-"])
    assert entered.wait(5)
    waiting = []
    for item in ("a", "bb", "much too heavy", "c", "ddd", "e"):
        _, threads = run_together(combiner, [item])
        waiting += threads
        while len(combiner._waiting) < len(waiting):
            threading.Event().wait(0.001)
    release.set()
    for thread in first_threads + waiting:
        thread.join(5)
    assert batches == [["-"], ["a", "bb"], ["much too heavy"], ["c", "ddd"], ["e"]]


def test_work_that_fails_as_a_whole_fails_for_everyone_in_it():
    def work(_items):
        raise Unavailable("the database is away")

    with pytest.raises(Unavailable, match="away"):
        Combiner(work, most=2, patience=5).submit("a")


def test_a_turn_that_never_comes_is_unavailable_and_the_item_is_withdrawn():
    started, release = threading.Event(), threading.Event()

    def work(items):
        started.set()
        release.wait(5)
        return list(items)

    combiner = Combiner(work, most=2, patience=0.05)
    _, threads = run_together(combiner, ["slow"])
    assert started.wait(5)
    with pytest.raises(Unavailable, match="busy"):
        combiner.submit("late")
    release.set()
    threads[0].join(5)
    assert not combiner._waiting


class Item:
    """Something that can tell whether it is still kept."""


def test_a_refused_item_is_free_at_once():
    def refuse(items):
        return [InvalidRequest("bad") for _ in items]

    combiner = Combiner(refuse, most=2, patience=5)
    item = Item()
    kept = weakref.ref(item)
    gc.disable()
    try:
        with pytest.raises(InvalidRequest):
            combiner.submit(item)
        del item
        assert kept() is None
    finally:
        gc.enable()

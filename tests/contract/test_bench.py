"""What `make bench` compares: fresh bodies, a floor that decodes them, verdicts in the right direction."""

from __future__ import annotations

import sqlite3
import zlib

import pytest

from bench.bodies import make_bodies
from bench.floor import decode_wanted, measure_floor
from bench.targets import Target, print_targets
from exporter.dialects.registry import LIFT, WANTED, read_span
from exporter.intake.decode import decode_traces

TRACE, SPAN = 0, 1


@pytest.fixture(scope="module")
def bodies():
    return make_bodies(10, 16)


def _rows(body):
    return decode_wanted(zlib.decompress(body.data, 31))


def _calls(body):
    """What the exporter reads of it."""
    spans = decode_traces(zlib.decompress(body.data, 31), json=False, wanted=WANTED, lift=LIFT).spans
    return [usage for span in spans if (usage := read_span(span).usage) is not None]


def test_a_body_holds_the_spans_and_calls_that_it_states(bodies):
    for body in bodies:
        rows = _rows(body)
        assert len(rows) == body.spans == 16
        assert len(_calls(body)) == body.calls


def test_bodies_speak_as_several_emitters_do(bodies):
    dialects = {call.dialect for body in bodies for call in _calls(body)}
    assert dialects == {"genai", "openinference", "vercel", "openllmetry"}


def test_no_id_occurs_twice_over_bodies_of_one_template(bodies):
    rows = [row for body in bodies for row in _rows(body)]
    assert len({row[SPAN] for row in rows}) == len(rows)
    assert len({call.call_key for body in bodies for call in _calls(body)}) == sum(body.calls for body in bodies)
    assert len({row[TRACE] for row in rows}) == 10 * 3


def test_the_floor_stores_what_it_is_given(bodies, tmp_path):
    floor = measure_floor(bodies, tmp_path)
    assert floor.spans_per_second > 0
    with sqlite3.connect(tmp_path / "floor.db") as stored:
        assert stored.execute("SELECT count(*) FROM span").fetchone() == (160,)
    stored.close()


def test_a_target_is_judged_in_its_own_direction():
    assert Target("rate", 0.6, "x", 0.5, 0.7, at_least=True).verdict() == "met"
    assert Target("rate", 0.4, "x", 0.5, 0.7, at_least=True).verdict() == "MISSED"
    assert Target("time", 40, "ms", 100, 50).verdict() == "goal"
    assert Target("time", 101, "ms", 100, 50).verdict() == "MISSED"


def test_one_missed_target_fails_the_run(capsys):
    good, bad = Target("good", 1, "ms", 2, 1), Target("bad", 3, "ms", 2, 1)
    assert print_targets([good])
    assert not print_targets([good, bad])
    assert "MISSED" in capsys.readouterr().out

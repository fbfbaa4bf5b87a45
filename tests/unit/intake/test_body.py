import gzip
import io
import random

import pytest

from exporter.errors import InvalidRequest, TooLarge, Unavailable, UnsupportedMedia
from exporter.intake.body import read_body
from exporter.intake.limits import InflightBudget, IntakeLimits

SMALL = IntakeLimits(max_body_bytes=100_000, max_inflight_bytes=150_000)
TEXT = random.Random(7).randbytes(30_000)


class Dripping(io.BytesIO):
    """A stream that gives a byte or two at a time."""

    def read(self, size=-1):
        return super().read(min(size, 2))


def read(data, *, encoding="", length=-1, limits=SMALL, budget=None, stream=io.BytesIO):
    with (budget or InflightBudget(limits.max_inflight_bytes)).lease() as lease:
        return read_body(
            stream(data),
            content_length=len(data) if length == -1 else length,
            encoding=encoding,
            limits=limits,
            budget=lease,
        )


@pytest.mark.parametrize("encoding", ["", "identity", "Identity"])
def test_a_plain_body_is_read_as_it_is(encoding):
    assert read(TEXT, encoding=encoding) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " x-gzip "])
def test_a_gzip_body_is_inflated(encoding):
    assert read(gzip.compress(TEXT), encoding=encoding) == TEXT


def test_an_empty_plain_body_is_an_empty_message():
    assert read(b"") == b""


def test_a_chunked_body_has_no_length_and_is_read_to_its_end():
    assert read(gzip.compress(TEXT), encoding="gzip", length=None) == TEXT


def test_pieces_of_a_byte_make_the_same_body():
    assert read(gzip.compress(TEXT[:500]) * 2, encoding="gzip", stream=Dripping) == TEXT[:500] * 2


def test_gzip_members_follow_one_another_and_padding_is_no_member():
    body = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two") + bytes(100)
    assert read(body, encoding="gzip") == b"one two"


def test_more_gzip_members_than_anyone_writes_are_refused():
    with pytest.raises(InvalidRequest, match="gzip members"):
        read(gzip.compress(b"") * 2_000, encoding="gzip")


@pytest.mark.parametrize("missing", [1, 4, 8, 20])
def test_a_gzip_body_without_its_end_is_refused(missing):
    with pytest.raises(InvalidRequest, match="trailer"):
        read(gzip.compress(TEXT)[:-missing], encoding="gzip")


@pytest.mark.parametrize("data", [b"", b"\x1f", b"\x1f\x8b\x08"])
def test_a_gzip_body_that_hardly_begins_is_refused(data):
    with pytest.raises(InvalidRequest):
        read(data, encoding="gzip")


def test_a_damaged_gzip_body_is_refused():
    data = bytearray(gzip.compress(TEXT))
    data[-6] ^= 1
    with pytest.raises(InvalidRequest, match="not valid gzip"):
        read(bytes(data), encoding="gzip")


def test_bytes_behind_the_gzip_trailer_are_refused():
    with pytest.raises(InvalidRequest, match="not valid gzip"):
        read(gzip.compress(TEXT) + b"more", encoding="gzip")


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
def test_another_encoding_is_refused_with_the_accepted_ones_named(encoding):
    with pytest.raises(UnsupportedMedia, match="gzip or identity") as refused:
        read(TEXT, encoding=encoding)
    assert refused.value.details["accepted"] == ["gzip", "identity"]


def test_a_body_of_exactly_the_limit_is_accepted_and_one_byte_more_is_not():
    assert len(read(bytes(100_000), length=None)) == 100_000
    for length in (None, -1):
        with pytest.raises(TooLarge, match="100000 bytes"):
            read(bytes(100_001), length=length)


def test_the_limit_counts_decompressed_bytes():
    assert len(read(gzip.compress(bytes(100_000)), encoding="gzip")) == 100_000
    with pytest.raises(TooLarge):
        read(gzip.compress(bytes(100_001)), encoding="gzip")


def test_a_gzip_bomb_is_refused_before_it_is_inflated():
    bomb = gzip.compress(bytes(50_000_000))
    budget = InflightBudget(10_000_000)
    stream = io.BytesIO(bomb)
    with budget.lease() as lease, pytest.raises(TooLarge):
        read_body(stream, content_length=len(bomb), encoding="gzip", limits=SMALL, budget=lease)
    assert budget.held == 0


def test_a_body_that_announces_too_much_is_refused_unread():
    stream = io.BytesIO(b"x")
    with InflightBudget(1).lease() as lease, pytest.raises(TooLarge):
        read_body(stream, content_length=100_001, encoding="", limits=SMALL, budget=lease)
    assert stream.tell() == 0


def test_a_body_shorter_than_its_length_is_refused():
    with pytest.raises(InvalidRequest, match="announces 30001 bytes, 30000 arrived"):
        read(TEXT, length=30_001)


def test_nothing_behind_the_announced_length_is_read():
    assert read(TEXT, length=10) == TEXT[:10]


def test_decompressed_bytes_are_held_while_the_body_is_needed():
    budget = InflightBudget(40_000)
    data = gzip.compress(TEXT)
    with budget.lease() as lease:
        read_body(io.BytesIO(data), content_length=len(data), encoding="gzip", limits=SMALL, budget=lease)
        assert budget.held == 30_000
        with pytest.raises(Unavailable):
            read(data, encoding="gzip", budget=budget)
    assert read(data, encoding="gzip", budget=budget) == TEXT


class Broken(io.BytesIO):
    def read(self, size=-1):
        raise ConnectionResetError


class Stalled(io.BytesIO):
    def read(self, size=-1):
        raise TimeoutError


def test_a_connection_that_breaks_off_is_a_bad_request_and_a_stalled_one_may_come_again():
    with pytest.raises(InvalidRequest, match="broke off"):
        read(TEXT, stream=Broken)
    with pytest.raises(Unavailable, match="stopped arriving"):
        read(TEXT, stream=Stalled)


def test_a_body_that_takes_too_long_to_arrive_is_given_up():
    limits = IntakeLimits(read_seconds=0)
    with pytest.raises(Unavailable, match="within 0 seconds"):
        read(TEXT, limits=limits, stream=Dripping)

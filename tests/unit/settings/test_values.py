"""Readers of single values, at their edges."""

from decimal import Decimal

import pytest

from exporter.settings import values

SECOND = 10**9


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        ("90s", 90 * SECOND),
        ("1h30m", 5_400 * SECOND),
        ("100ms", SECOND // 10),
        ("2w", 14 * 86_400 * SECOND),
        ("400d", 400 * 86_400 * SECOND),
    ],
)
def test_a_duration_is_nanoseconds(written, nanoseconds):
    assert values.duration("1ms")(written) == nanoseconds


@pytest.mark.parametrize("written", ["", "90", "1.5h", "-1s", "1 h", "1h 30m", "s", None, True])
def test_what_is_no_duration_is_refused(written):
    with pytest.raises(ValueError) as refused:
        values.duration("1s")(written)
    assert str(refused.value) == "a duration as 90s, 24h, 1h30m or 400d"


def test_a_duration_beyond_a_signed_64_bit_integer_is_refused():
    with pytest.raises(ValueError) as refused:
        values.duration("1s")("999999999w")
    assert str(refused.value) == "a duration of at least 1s"


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [(0, 0), (60, 60 * SECOND), ("0.001", 10**6), (Decimal("0.0000000019"), 1), ("86400", 86_400 * SECOND)],
)
def test_seconds_may_have_decimals(written, nanoseconds):
    assert values.seconds(written) == nanoseconds


@pytest.mark.parametrize("written", [-1, "86400.1", "NaN", "inf", "", "1s", True, None, [1]])
def test_what_are_no_seconds_is_refused(written):
    with pytest.raises(ValueError) as refused:
        values.seconds(written)
    assert str(refused.value) == "seconds, 0 to 86400, decimals allowed"


@pytest.mark.parametrize(
    ("written", "size"), [(4096, 4096), ("5000", 5000), ("64MiB", 2**26), ("2 KiB", 2048), ("1GiB", 2**30)]
)
def test_a_size_is_bytes(written, size):
    assert values.size(1)(written) == size


@pytest.mark.parametrize("written", [0, -1, "64MB", "", "1.5MiB", True, None, "9999999999999GiB"])
def test_what_is_no_size_is_refused(written):
    with pytest.raises(ValueError, match="a size in bytes, or as 64MiB, at least 1 bytes"):
        values.size(1)(written)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("127.0.0.1:4318", "127.0.0.1:4318"),
        ("[::1]:4318", "[::1]:4318"),
        ("localhost:0", "localhost:0"),
        ("a-b.example:1", "a-b.example:1"),
    ],
)
def test_an_address_is_shown_as_it_is_written(written, shown):
    assert str(values.listen(written)) == shown


@pytest.mark.parametrize(
    "written", ["", ":4318", "127.0.0.1", "127.0.0.1:", "::1:4318", "a b:1", "127.0.0.1:65536", "[::1]", 4318, None]
)
def test_what_is_no_address_is_refused(written):
    with pytest.raises(ValueError) as refused:
        values.listen(written)
    assert str(refused.value) == "host:port as 127.0.0.1:4318 or [::1]:4318"


@pytest.mark.parametrize("written", [True, 1.5, "2.5", "", None, "-1", 0, 11, "٣"])
def test_what_is_no_number_in_its_range_is_refused(written):
    with pytest.raises(ValueError) as refused:
        values.integer(1, 10)(written)
    assert str(refused.value) == "a whole number from 1 to 10"


@pytest.mark.parametrize("written", ["http:/x", "ftp://x", "x:4318", "http://", "http://[", 5, "http"])
def test_what_is_no_url_is_refused(written):
    with pytest.raises(ValueError) as refused:
        values.http_url(written)
    assert str(refused.value) == "a URL as http://collector:4318"


@pytest.mark.parametrize("written", [["b", "a"], "b, a", "a,b,a,", ("a", "b")])
def test_names_are_a_set_in_order(written):
    assert values.names_among({"a", "b", "c"})(written) == ("a", "b")


@pytest.mark.parametrize("written", [["d"], "a, d", 7, None, {"a": 1}])
def test_names_that_nobody_knows_are_refused_and_the_known_ones_named(written):
    with pytest.raises(ValueError, match="a list of names among a, b"):
        values.names_among({"a", "b"})(written)

import pytest

from exporter.pricing.row_json import instant_from_text
from exporter.pricing.shipped import load_library_book, load_shipped_book
from exporter.usage import NO_CONTEXT, PriceContext, Tokens


@pytest.fixture(scope="session")
def book():
    return load_shipped_book()


@pytest.fixture(scope="session")
def library_book():
    return load_library_book()


@pytest.fixture
def charge(book):
    """Price a call by the shipped book, or by the one handed in."""

    def price(provider, model, at, tokens=(), *, units=None, prices=None, **context):
        asked = PriceContext(**context) if context else NO_CONTEXT
        return (prices or book).price(
            provider, model, instant_from_text(at), Tokens(*tokens), units or {}, context=asked
        )

    return price

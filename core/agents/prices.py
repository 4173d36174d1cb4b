"""What models cost, by the public price lists (genai-prices). Imported when somebody asks: the lists are large."""

from decimal import Decimal

from genai_prices import Usage, calc_price

_MILLION = 1_000_000


def cost(
    provider: str | None, name: str, *, tokens_in: int, tokens_out: int, cache_read: int = 0, cache_write: int = 0
) -> Decimal | None:
    """What one answer costs in US dollars; None where the lists do not know the model."""
    if provider is None:
        return None
    tokens = Usage(
        input_tokens=tokens_in or None,
        cache_write_tokens=cache_write or None,
        cache_read_tokens=cache_read or None,
        output_tokens=tokens_out or None,
    )
    try:
        return calc_price(tokens, name, provider_id=provider).total_price
    except LookupError:
        return None


def per_million(provider: str | None, name: str) -> tuple[Decimal | None, Decimal | None]:
    """US dollars for a million tokens in, and out, as small requests pay them."""
    small = _MILLION // 1000
    found = (
        cost(provider, name, tokens_in=small, tokens_out=0),
        cost(provider, name, tokens_in=0, tokens_out=small),
    )
    return tuple(None if each is None else each * 1000 for each in found)  # type: ignore[return-value]

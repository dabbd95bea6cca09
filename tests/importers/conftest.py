"""The tests on real tools run where those are installed: make test-doors."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("lm_eval") and find_spec("inspect_ai") else ["real"]

"""What can go wrong, each kind with a remedy.

BoundaryError
├── ConfigError        a setting, an option or a study file
├── StoreError         a run's directory or one of its files
├── EngineError        a model that does not load or answer
├── SuiteError         problems that are missing or malformed
├── LogError           another tool's log that cannot be imported
├── VerifierError      a verifier that cannot be set up
├── SampleSizeError    a k larger than the n at hand
└── PackageError       an optional package that is not installed
"""


class BoundaryError(Exception):
    """A failure that a user can act on.

    Args:
        problem: What happened and where, without a final full stop.
        remedy: What to do about it.
    """

    def __init__(self, problem: str, *, remedy: str) -> None:
        super().__init__(f"{problem}: {remedy}")
        self.problem = problem
        self.remedy = remedy


class ConfigError(BoundaryError):
    """A setting, an option or a study file is wrong."""


class StoreError(BoundaryError):
    """A run's directory or one of its files cannot be used."""


class EngineError(BoundaryError):
    """A model does not load, or stopped answering."""


class SuiteError(BoundaryError):
    """Problems are missing or malformed."""


class LogError(BoundaryError):
    """Another tool's log is damaged, incomplete or of another format."""


class VerifierError(BoundaryError):
    """A verifier cannot be set up."""


class SampleSizeError(BoundaryError):
    """A k larger than the n at hand."""


class PackageError(BoundaryError):
    """An optional package is not installed."""

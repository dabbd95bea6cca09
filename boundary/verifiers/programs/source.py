"""Python source that anybody may have written: read, never run."""

import ast
import warnings


def parsed(text: str) -> ast.Module:
    """The syntax tree of a text.

    What Python would warn of in it, such as an unknown escape, is no concern of the reader's.

    Raises:
        SyntaxError: It is no Python, or nested too deeply to be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        # A null byte and half of a surrogate pair are ValueErrors, deep nesting one of the others.
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError("not to be read") from error

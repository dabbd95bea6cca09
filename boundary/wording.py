"""Numbers in words, the same in verdicts, figures and pages."""


def p_number(p: float) -> str:
    """A p-value without its leading zero: three places, four below .1, none below .0001."""
    if p < 0.0001:
        return "< .0001"
    shown = f"{p:.{3 if p >= 0.1 else 4}f}".rstrip("0").rstrip(".")
    return shown.removeprefix("0")


def p_text(p: float) -> str:
    """``p = .125``, or ``p < .0001``."""
    number = p_number(p)
    return f"p {number}" if number.startswith("<") else f"p = {number}"

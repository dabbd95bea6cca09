"""A place in a row of tokens: what stands there, and steps behind it."""

from dataclasses import dataclass, field

from boundary.verifiers.forms.tokens import Token, UnreadableError

# Brackets within brackets at most; a call of this depth is far from Python's own limit.
MAX_DEPTH = 40

_END = Token("end", "")
_SPELLED = {
    "lvert": "|",
    "rvert": "|",
    "vert": "|",
    "mid": "|",
    "lbrace": "\\{",
    "rbrace": "\\}",
    "lbrack": "[",
    "rbrack": "]",
    "lparen": "(",
    "rparen": ")",
    "colon": ":",
    "lor": ",",
    "land": ",",
    "vee": ",",
    "wedge": ",",
    "prime": "'",
    "star": "*",
    "And": ",",
    "newline": "\\\\",
}


@dataclass(slots=True)
class Cursor:
    """Steps over tokens, each method of a reader from where the one before it ended."""

    tokens: list[Token]
    at: int = field(init=False, default=0)
    depth: int = field(init=False, default=0)

    def _next(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def _peek(self, ahead: int = 1) -> Token:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else _END

    def _take(self) -> Token:
        token = self._next()
        self.at += 1
        return token

    def _sign(self) -> str:
        """The next token as an operator: commands with a backslash, brackets in one spelling."""
        token = self._next()
        if token.kind != "command":
            return token.kind
        return _SPELLED.get(token.text, "\\" + token.text)

    def _skip(self, *kinds: str) -> bool:
        if self._sign() in kinds:
            self.at += 1
            return True
        return False

    def _expect(self, *kinds: str) -> str:
        found = self._sign()
        if not self._skip(*kinds):
            raise UnreadableError
        return found

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise UnreadableError

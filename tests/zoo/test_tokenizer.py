"""The zoo's tokenizer, through transformers' own loader."""

import pytest
from transformers import AutoTokenizer

from boundary.suites import dial
from boundary.zoo import NAMES, path, tokenizer


@pytest.fixture(scope="module", params=NAMES)
def loaded(request):
    return AutoTokenizer.from_pretrained(path(request.param))


TEXTS = [
    "a6048 b5938 c1976 d6804\n",
    "d-c:6804-1976=5938+6804=1732",
    "c+d:1976+6804=7770 b-a:5938-6048=9990",
    " ",
    "\n",
    "",
]


@pytest.mark.parametrize("text", TEXTS)
def test_auto_tokenizer_gives_our_ids(loaded, text):
    ids = tokenizer.encode(text)
    assert loaded(text).input_ids == [tokenizer.BOS, *ids]
    assert loaded(text, add_special_tokens=False).input_ids == ids
    assert loaded.decode([*ids, tokenizer.EOS], skip_special_tokens=True) == text
    assert tokenizer.decode(ids) == text


def test_every_test_problem_makes_the_round_trip(loaded):
    for problem in dial.load():
        ids = loaded(problem.question, add_special_tokens=False).input_ids
        assert loaded.decode(ids) == problem.question
        assert len(ids) == len(problem.question)


def test_special_tokens(loaded):
    special = (loaded.pad_token_id, loaded.bos_token_id, loaded.eos_token_id)
    assert special == (tokenizer.PAD, tokenizer.BOS, tokenizer.EOS)


def test_spare_ids_decode_to_nothing():
    assert tokenizer.decode([tokenizer.PAD, tokenizer.VOCABULARY - 1, tokenizer.EOS]) == ""

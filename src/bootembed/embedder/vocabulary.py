"""Words of a new language as tokens of their own, where an encoder's vocabulary cuts them into pieces of English."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import regex

from bootembed.core.errors import DataError
from bootembed.embedder.alignment import align_words
from bootembed.embedder.new_words import UNSPACED, Splitter, loses_marks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

_TRANSLATIONS = 5  # of a word, at most
_ALIGNED = 50_000  # pairs, at most: alignment holds every pair of words of a row in memory, some 30 KB a row of news
_CONTINUING = "##"
_WORDPIECE = "WordPiece"
_LONGEST_RUN = 10_000  # characters without a space that WordPiece still looks at


def add_words(model: Any, texts: Sequence[str], *, min_count: int, translations: Sequence[str] | None = None) -> int:
    """Give frequent words of `texts` tokens of their own.

    Pieces of words have other meanings in English already and make texts long. Without translations a new token starts
    at the mean of the pieces that its word was cut into (Gee et al. 2022, "Fast Vocabulary Transfer", EMNLP industry
    track); with them, at the mean of the words that it is aligned with, weighted by probability (after Tran 2020, arXiv
    2002.07306). A word of unknown pieces starts at a random place among the old tokens.

    A WordPiece tokenizer also gets the characters of `texts` that it does not know, and keeps marks from then on if the
    texts have many: it would take words apart by their marks, or not know them at all.

    Args:
        model: A Sentence Transformers model whose first module is the encoder; tokenizer and embeddings are replaced.
        texts: Of the new language.
        min_count: Words that occur less often stay in pieces.
        translations: Of every text, into a language that the encoder knows.

    Returns:
        The number of new words.

    Raises:
        DataError: There are none.
    """
    import torch

    tokenizer, encoder = model.tokenizer, model[0].model
    adapted = _adapted(tokenizer, texts)
    splitter = Splitter(adapted.backend_tokenizer, texts)
    words = splitter.frequent(min_count=min_count, is_known=_knows(tokenizer))
    if not words:
        raise DataError(
            f"train_embedder.new_word_min_count: {min_count}: no word of the {len(texts)} anchors occurs so often in "
            "pieces; lower it, set it to null, or add anchors"
        )
    old = encoder.get_input_embeddings().weight.detach().clone()
    starts = _means_of_pieces(tokenizer, old, words)
    if translations is not None:
        _start_at_translations(starts, tokenizer, old, words, splitter, list(zip(texts, translations, strict=True)))
    enlarged, forms = _with_words(adapted, words, splitter)
    place = {word: number for number, word in enumerate(words)}
    extra = [form for form in forms if form not in place]
    own = [form.removeprefix(_CONTINUING) for form in extra]
    rest = _means_of_pieces(tokenizer, old, own)
    for number, form in enumerate(own):
        if form in place:
            rest[number] = starts[place[form]]
    model[0].processor = enlarged
    table = encoder.resize_token_embeddings(len(enlarged), mean_resizing=False).weight
    with torch.no_grad():
        for forms_of, values in ((words, starts), (extra, rest)):
            table[enlarged.convert_tokens_to_ids(forms_of)] = values
    _weigh_new_tokens(model, len(table))
    return len(words)


def _weigh_new_tokens(model: Any, size: int) -> None:
    """Give weights that Sentence Transformers keeps by token id (`mean_without_bos`) a 1 for each new token."""
    from sentence_transformers.sentence_transformer.modules import WordWeights

    for place, module in enumerate(model):
        if isinstance(module, WordWeights):
            model[place] = WordWeights([str(token) for token in range(size)], module.word_weights)
            model[place].requires_grad_(False).to(module.emb_layer.weight.device)


def _means_of_pieces(tokenizer: Any, table: Any, words: Sequence[str]) -> Any:
    """Of the rows of a table of embeddings, for the known tokens of each word; (words, size)."""
    import torch

    means = table.new_empty(len(words), table.shape[1])
    without = []
    for number, word in enumerate(words):
        pieces = tokenizer(word, add_special_tokens=False)["input_ids"]
        if known := [piece for piece in pieces if piece != tokenizer.unk_token_id]:
            means[number] = table[known].mean(0)
        else:
            without.append(number)
    if without:  # the mean of the table takes as long as a thousand words, so it is taken once
        random = torch.Generator().manual_seed(0)
        noise = torch.stack([torch.randn(table.shape[1], generator=random) for _ in without])
        means[without] = table.mean(0) + table.std(0) * noise.to(table)
    return means


def _start_at_translations(
    starts: Any, tokenizer: Any, table: Any, words: Sequence[str], splitter: Splitter, pairs: Sequence[tuple[str, str]]
) -> None:
    """Start each word that is aligned with words of the translations at their mean embedding."""
    import torch

    english = Splitter(tokenizer.backend_tokenizer, [])
    sides = [(splitter.words(left), english.words(right)) for left, right in pairs[:_ALIGNED]]
    sides = [(left, right) for left, right in sides if left and right]
    seen = {word for left, _ in sides for word in left}
    place = {word: number for number, word in enumerate(words)}
    for word, aligned in align_words(sides, [word for word in words if word in seen], most=_TRANSLATIONS).items():
        known = _means_of_pieces(tokenizer, table, [translation for translation, _ in aligned])
        weights = torch.tensor([[probability] for _, probability in aligned], dtype=table.dtype)
        starts[place[word]] = (weights * known).sum(0)


def _kind(content: dict[str, Any]) -> str:
    return str(content["model"]["type"])


def _knows(tokenizer: Any) -> Callable[[str], bool]:
    """Whether a word has a token, with or without a space before it; WordPiece has it by its own name."""
    if _kind(json.loads(tokenizer.backend_tokenizer.to_str())) == _WORDPIECE:
        vocabulary = tokenizer.get_vocab()
        return lambda word: word in vocabulary

    def is_one_token(text: str) -> bool:
        tokens = tokenizer.tokenize(text)
        return len(tokens) == 1 and tokens[0] != tokenizer.unk_token

    return lambda word: is_one_token(word) or is_one_token(f" {word}")


def _adapted(tokenizer: Any, texts: Sequence[str]) -> Any:
    """A WordPiece tokenizer that keeps marks and joins Chinese characters, where the texts need it; others as is."""
    content = json.loads(tokenizer.backend_tokenizer.to_str())
    normalizer = content["normalizer"] or {}
    if _kind(content) != _WORDPIECE or normalizer.get("type") != "BertNormalizer":
        return tokenizer
    changes: dict[str, Any] = {}
    if loses_marks(tokenizer.backend_tokenizer, texts):
        changes["strip_accents"] = False
    if Splitter(tokenizer.backend_tokenizer, texts).unspaced:
        changes["handle_chinese_chars"] = False
    if not changes:
        return tokenizer
    content["normalizer"] = normalizer | changes
    return _rebuilt(tokenizer, content)


def _with_words(tokenizer: Any, words: Sequence[str], splitter: Splitter) -> tuple[Any, list[str]]:
    """The tokenizer with the words, and all its new tokens.

    WordPiece takes the longest entry of its vocabulary that fits, so words go there, in scripts without spaces also as
    continuing pieces. BPE and unigram models get them as added tokens, which are cut out of a text before the model
    sees it.
    """
    content = json.loads(tokenizer.backend_tokenizer.to_str())
    if _kind(content) != _WORDPIECE:
        return _with_added_tokens(tokenizer, words, whole_words=not splitter.unspaced)
    known = content["model"]["vocab"]
    forms = [*words]
    if splitter.unspaced:
        forms += [_CONTINUING + word for word in words]
        content["model"]["max_input_chars_per_word"] = _LONGEST_RUN
    forms += [prefix + character for character in splitter.characters for prefix in ("", _CONTINUING)]
    forms = list(dict.fromkeys(form for form in forms if form not in known))
    content["model"]["vocab"] = known | {form: place for place, form in enumerate(forms, start=len(tokenizer))}
    if splitter.unspaced:
        content["pre_tokenizer"] = _setting_apart(content["pre_tokenizer"], content["model"]["vocab"])
    return _rebuilt(tokenizer, content), forms


def _setting_apart(pre_tokenizer: dict[str, Any], vocabulary: Collection[str]) -> dict[str, Any]:
    """The pre-tokenizer that also sets apart unknown characters, each of which would make its whole clause unknown.

    Args:
        pre_tokenizer: Its definition.
        vocabulary: What is known.
    """
    letters = sorted(token for token in vocabulary if regex.fullmatch(f"[{UNSPACED}]", token))
    known = "".join(letter for letter in letters if _CONTINUING + letter in vocabulary)
    unknown = {"type": "Split", "pattern": {"Regex": f"[{UNSPACED}&&[^{known}]]"}, "behavior": "Isolated"}
    return {"type": "Sequence", "pretokenizers": [pre_tokenizer, unknown | {"invert": False}]}


def _with_added_tokens(tokenizer: Any, words: Sequence[str], *, whole_words: bool) -> tuple[Any, list[str]]:
    from tokenizers import AddedToken

    enlarged = _rebuilt(tokenizer, json.loads(tokenizer.backend_tokenizer.to_str()))
    enlarged.add_tokens(
        [AddedToken(word, single_word=whole_words, lstrip=whole_words, normalized=True) for word in words]
    )
    return enlarged, list(words)


def _rebuilt(tokenizer: Any, content: dict[str, Any]) -> Any:
    """The tokenizer with another definition.

    Its class goes: those of the architectures make normaliser and model anew from a few settings when they are loaded.
    """
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(content)),
        model_max_length=tokenizer.model_max_length,
        model_input_names=tokenizer.model_input_names,
        padding_side=tokenizer.padding_side,
        clean_up_tokenization_spaces=False,
        **tokenizer.special_tokens_map,
    )

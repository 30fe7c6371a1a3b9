"""Sample corpora whose meaning is known: a small grammar of seven languages, and the oracle that reads it."""

from __future__ import annotations

from bootembed.sample.concepts import LANGUAGES
from bootembed.sample.corpora import SampleRows, write_sample_corpora
from bootembed.sample.frame import Frame
from bootembed.sample.grammar import parse, realise
from bootembed.sample.lexicon import Lexicon
from bootembed.sample.oracle import Judgement, Oracle
from bootembed.sample.rewriting import contradictions, entailments
from bootembed.sample.semantics import Relation, relation
from bootembed.sample.similarity import similarity

__all__ = [
    "LANGUAGES",
    "Frame",
    "Judgement",
    "Lexicon",
    "Oracle",
    "Relation",
    "SampleRows",
    "contradictions",
    "entailments",
    "parse",
    "realise",
    "relation",
    "similarity",
    "write_sample_corpora",
]

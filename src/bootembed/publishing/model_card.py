"""The model card of a published embedder, by the card machinery of Sentence Transformers.

`SentenceTransformerModelCardData` is what Sentence Transformers itself fills: it reads dimensions and similarity
function from the loaded model, and writes the metadata in the Hub's form. Its template is replaced by ours: it lists
versions of the machine's packages, which would differ for the same model, and has no place for licences or baselines.
Scores are `EvalResult`s of `huggingface_hub`, to which Sentence Transformers converts its own; ours are set directly,
since its evaluators know neither splits nor seeds. The same inputs give the same text.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootembed.publishing import card_text
from bootembed.publishing.export import loading
from bootembed.publishing.facts import EXAMPLES
from bootembed.publishing.scores import eval_results

if TYPE_CHECKING:
    from bootembed.publishing.embedder import Embedder
    from bootembed.publishing.export import Export
    from bootembed.publishing.facts import Facts
    from bootembed.publishing.rights import Rights
    from bootembed.publishing.scores import Scores
    from bootembed.settings.schema import Params

_NO_LIMIT = 10**7  # tokens
_TEMPLATE = Path(__file__).with_name("model_card.md.jinja")


def model_card(
    model: Any,
    repo: str,
    embedder: Embedder,
    params: Params,
    *,
    facts: Facts,
    scores: Scores,
    rights: Rights,
    export: Export | None = None,
) -> str:
    """The text of the card.

    Args:
        model: The loaded Sentence Transformers model.
        repo: Id on the Hub, owner/name.
        embedder: What the model is, or the original of an export.
        params: Those it was made with.
        facts: Of training data, fit and examples.
        scores: Its own and those of the baselines.
        rights: Licences.
        export: What the model is, if it is an export.
    """
    from huggingface_hub import ModelCard

    language = params.languages[embedder.language]
    card = ModelCard.from_template(
        card_data=_card_data(model, repo, embedder, params, facts, rights, export),
        template_path=str(_TEMPLATE),
        language_name=language.name,
        language_code=embedder.language,
        script=language.script,
        export=export.text if export else "",
        loading=loading(repo, export),
        recipe=card_text.recipe_text(embedder, params, facts),
        sentences=[json.dumps(text, ensure_ascii=False) for text in facts.examples or ["..."]],
        token_limit=token_limit(model),
        limits=card_text.limits(embedder, params, facts, scores),
        score_table=card_text.score_table(scores, export),
        score_note=card_text.score_note(embedder, scores, export),
        baselines=card_text.baselines(embedder, params, scores),
        evaluation_sets=[card_text.evaluation_set(which) for which in scores.sets],
        training_data=card_text.training_data(embedder, params, facts),
        fit=card_text.fit_section(embedder, params, facts),
        licences=card_text.licences(rights),
    )
    card.data.model_name = repo.partition("/")[2]
    values = scores.recipe.scores
    if export:
        values = {which: [score] for which in scores.sets if (score := export.score(which)) is not None}
    card.data.eval_results = eval_results(values, language=language.name) or None
    return str(card.content).rstrip("\n") + "\n"


def _card_data(
    model: Any, repo: str, embedder: Embedder, params: Params, facts: Facts, rights: Rights, export: Export | None
) -> Any:
    from sentence_transformers.sentence_transformer.model_card import SentenceTransformerModelCardData

    data = SentenceTransformerModelCardData(
        language=embedder.language,
        license=rights.licence,
        model_name=repo.partition("/")[2],
        model_id=repo,
        tags=["sentence-transformers", "sentence-similarity", "feature-extraction", "dense", "bootembed"],
        local_files_only=True,
        generate_widget_examples=False,  # its own come from a training that is over; ours are anchors
    )
    if export:
        data.tags.append(export.record.spec.kind)
    spec = params.base_models[embedder.encoder]
    data.base_model = spec.id if spec.source == "hub" else None
    if len(facts.examples) == EXAMPLES:
        data.widget = [{"source_sentence": facts.examples[0], "sentences": list(facts.examples[1:])}]
    data.register_model(model)
    return data


def token_limit(model: Any) -> int | None:
    """Tokens at which a model cuts a text, the special ones included: counted, since settings may disagree.

    None for a model that cuts nowhere: a static one, or a tokenizer that names no limit, which is a huge number then.
    """
    if model.max_seq_length > _NO_LIMIT:
        return None
    long = "a " * (4 * int(model.max_seq_length))
    return int(model.preprocess([long])["input_ids"].shape[1])

"""`bootembed new`: a profile from a user's files and models, with nothing guessed silently; and that it runs."""

from __future__ import annotations

import json
import lzma
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from encoders import sentences, write_encoder
from gguf_files import write_gguf

from bootembed.commands import main
from bootembed.drafting import profile
from bootembed.settings.load import load_params
from bootembed.workflow.compose import compose
from bootembed.workflow.plan import report
from bootembed.workflow.plan.speed import Speed

ROOT = Path(__file__).parents[2]
OWN, ENGLISH = sentences(60, seed=1), sentences(60, seed=2)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("models") / "Tiny-Encoder", "bert")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the pipeline's own files, beside a user's."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("conf", "stages", "src", "pretraining"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dvc.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, folder / name)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(report, "measured_speed", lambda launch, jobs: Speed(fp32=1e11, bf16=1e11))
    return folder


def _table(path, heads, *columns):
    rows = ["\t".join(cells) for cells in zip(*columns, strict=True)]
    path.write_text("\n".join(["\t".join(heads), *rows]) + "\n")
    return path


def _new(*options, language="yor"):
    return CliRunner().invoke(main, ["new", language, "--name", "Yoruba", *map(str, options)])


def _profile(output="params.yaml"):
    return compose("yor", [], conf=Path("conf"), output=Path(output))


def test_translations_become_a_profile_that_composes(project, encoder, tmp_path):
    train = _table(tmp_path / "train.tsv", ["en", "yor"], ENGLISH[:40], OWN[:40])
    dev = _table(tmp_path / "dev.tsv", ["English", "Yoruba"], ENGLISH[40:], OWN[40:])
    result = _new("--parallel", train, "--validation", dev, "--encoder", encoder)
    assert result.exit_code == 0, result.output
    for told in (
        "not published_triplets: there are no triplets that somebody wrote: --triplets FILE",
        "parallel: ",
        "english <- en, text <- yor",
        f"  {ENGLISH[0]} | {OWN[0]}\n",
        "sentence1 <- Yoruba, sentence2 <- English",
        "recipes: untrained, unsupervised_simcse, translation_pairs, multilingual_distillation",
        "not english_nli: there is no English NLI: --nli FILE",
        "not in_context: there is no generator: --generator",
        "effective TFLOPS",
        "next: bootembed run --profile yor",
    ):
        assert told in result.output
    (cost,) = [line for line in result.output.splitlines() if "effective TFLOPS" in line]
    assert cost.startswith("about ")
    assert cost in CliRunner().invoke(main, ["plan", "yor"]).output
    params = _profile()
    assert (params.grid.strategies, params.grid.encoders) == ([], ["tiny_encoder"])
    assert params.register_models.validation_task == {"yor": "ValidationBitextMining"}
    assert params.languages["yor"].script == "Latn"
    assert Path("data/raw/yor/parallel.tsv").resolve() == train
    text = Path("conf/profile/yor.yaml").read_text()
    assert len(text.splitlines()) <= 25
    assert "# Yoruba. Written by: " in text
    assert _new("--parallel", train, "--encoder", encoder).output.startswith("Error: conf/profile/yor.yaml: is there")


def test_all_that_a_user_may_have(project, encoder, tiny_generator, tmp_path):
    text = tmp_path / "text.txt.xz"
    text.write_bytes(lzma.compress("\n".join(OWN).encode()))
    nli = tmp_path / "nli.jsonl"
    labels = ["e", "c"] * 30
    rows = [{"sentence1": a, "sentence2": b, "gold_label": c} for a, b, c in zip(OWN, ENGLISH, labels, strict=True)]
    nli.write_text("\n".join(map(json.dumps, rows)) + "\n")
    examples = _table(tmp_path / "examples.tsv", ["anchor", "positive", "negative"], OWN[:9], OWN[10:19], OWN[20:29])
    sts = _table(tmp_path / "sts.dev.tsv", ["sentence1", "sentence2", "score"], OWN[:9], OWN[10:19], list("123456789"))
    result = _new("--text", text, "--nli", nli, "--examples", examples, "--evaluation", f"Mine:sts={sts}", "--encoder",
                  encoder, "--generator", tiny_generator)  # fmt: skip
    assert result.exit_code == 0, result.output
    params = _profile()
    assert params.grid.strategies == ["in_context", "adapter_composition"]
    assert params.grid.baselines == ["untrained", "unsupervised_simcse", "english_nli"]
    assert params.base_models["generator"].path == str(tiny_generator)
    assert params.in_context.examples_language == "target"
    [english] = params.corpora["english"].nli
    assert (english.label_values, english.columns["premise"]) == (
        {"c": "contradiction", "e": "entailment"},
        "sentence1",
    )
    [mine] = params.corpora["yor"].evaluation["Mine"]
    assert (mine.split, params.register_models.validation_task) == ("validation", {"yor": "Mine"})
    assert "not xl_lora: it needs NLI with premises in other languages" in result.output


@pytest.mark.parametrize("kind", ["folder", "gguf"])
@pytest.mark.parametrize("is_base", [True, False], ids=["base", "chat"])
def test_a_generator_that_was_never_tuned_on_chats_gets_a_template(
    project, encoder, tiny_generator, tmp_path, kind, is_base
):
    if kind == "gguf":
        generator = write_gguf(tmp_path / "a.gguf", chat_template=None if is_base else "{{ messages }}")
    else:
        generator = shutil.copytree(tiny_generator, tmp_path / "generator")
        if is_base:
            (generator / "chat_template.jinja").unlink()
    text = _table(tmp_path / "text.tsv", ["text"], OWN)
    examples = _table(tmp_path / "examples.tsv", ["anchor", "positive", "negative"], OWN[:9], OWN[10:19], OWN[20:29])
    result = _new("--text", text, "--examples", examples, "--encoder", encoder, "--generator", generator)
    assert result.exit_code == 0, result.output
    assert _profile().base_models["generator"].chat_template == ("plain" if is_base else None)
    assert ("brings no chat template and gets `plain`" in result.output) == is_base


def test_a_text_alone_with_a_generator_from_scratch(project, encoder, tmp_path):
    (tmp_path / "text.txt").write_text("\n".join(OWN) + "\n")
    result = _new("--text", tmp_path / "text.txt", "--encoder", encoder, "--generator", "scratch")
    assert result.exit_code == 0, result.output
    assert "no evaluation set: nothing is scored or registered" in result.output
    assert "no strategy can use the generator: it is left out" in result.output
    params = _profile()
    assert list(params.base_models) == ["tiny_encoder"]
    assert [str(name) for name in params.grid.recipes] == ["untrained", "unsupervised_simcse"]
    examples = _table(tmp_path / "examples.tsv", ["anchor", "positive", "negative"], OWN[:9], OWN[10:19], OWN[20:29])
    more = ["--encoder", encoder, "--generator", "scratch", "--examples", examples, "--force"]
    told = _new("--text", tmp_path / "text.txt", *more).output
    assert "not in_context: a generator from scratch learns from NLI how to answer: --nli FILE" in told
    nli = _table(tmp_path / "nli.tsv", ["premise", "hypothesis", "label"], OWN, ENGLISH, ["entailment"] * 60)
    assert _new("--text", tmp_path / "text.txt", *more, "--nli", nli).exit_code == 0
    params = _profile()
    assert params.grid.strategies == ["in_context", "adapter_composition"]
    scratch = params.base_models["generator"].scratch
    assert scratch is not None
    assert (scratch.pretraining.parallel_share, scratch.pretraining.nli_share) == (0.0, 0.3)


def test_triplets_alone_are_trained_on_and_their_anchors_are_sentences(project, encoder, tmp_path):
    rows = zip(OWN[:30], ENGLISH[:30], ENGLISH[30:], strict=True)
    (tmp_path / "theirs.csv").write_text("\n".join(["sent0,sent1,hard_neg", *map(",".join, rows)]) + "\n")
    result = _new("--triplets", tmp_path / "theirs.csv", "--encoder", encoder)
    assert result.exit_code == 0, result.output
    for told in (
        "triplets: ",
        "anchor <- sent0, positive <- sent1, negative <- hard_neg",
        f"  {OWN[0]} | {ENGLISH[0]} | {ENGLISH[30]}\n",
        "recipes: untrained, unsupervised_simcse, published_triplets",
        "not translation_pairs: there are no translations: --parallel FILE",
    ):
        assert told in result.output
    corpus = _profile().corpora["yor"]
    assert corpus.triplets[0].columns == {"anchor": "sent0", "positive": "sent1", "negative": "hard_neg"}
    assert corpus.anchors[0].columns == {"text": "sent0"}
    assert Path("data/raw/yor/triplets.csv").resolve() == tmp_path / "theirs.csv"


def test_a_moses_pair(project, encoder, tmp_path):
    (tmp_path / "a.yor").write_text("\n".join(OWN) + "\n")
    (tmp_path / "a.en").write_text("\n".join(ENGLISH) + "\n")
    result = _new("--parallel", f"{tmp_path}/a.yor,{tmp_path}/a.en", "--encoder", encoder)
    assert result.exit_code == 0, result.output
    [pair] = _profile().corpora["yor"].parallel
    assert pair.format == "moses"
    assert (Path("data/raw/yor") / str(pair.english_path)).resolve() == tmp_path / "a.en"


@pytest.mark.parametrize(
    ("heads", "options", "told"),
    [
        (
            ["a", "b", "c"],
            (),
            "which columns are english, text? It has 'a', 'b', 'c'. Say --column parallel.eng",
        ),
        (["en", "b", "c"], (), "which columns are text? It has"),
        (["en", "b", "c"], ("--column", "parallel.text=d"), "has no column 'd'"),
        (["en", "b", "c"], ("--column", "paralel.text=b"), "--column paralel.text: write TABLE.OURS=THEIRS"),
        (["en", "yor", "c"], ("--encoder", "nowhere"), "--encoder nowhere: is not there; give a folder"),
        (["en", "yor", "c"], ("--encoder", "."), "holds no config.json"),
        (["en", "yor", "c"], ("--script", "Ethi"), "most letters are not of the script Ethi; say --script"),
        (
            ["en", "yor", "c"],
            ("--evaluation", "Mine=x"),
            "mteb has no task 'Mine'; say the kind of your own",
        ),
        (["en", "yor", "c"], ("--evaluation", "Mine:sst=x"), "'sst' is no kind (did you mean 'sts'?)"),
        (["en", "yor", "c"], ("--nli", "{table}"), "which columns are premise, hypothesis, label?"),
        (["en", "yor", "c"], ("--text", "{table}.gone"), "is not there"),
    ],
)
def test_what_is_not_certain_is_asked_for(heads, options, told, project, encoder, tmp_path):
    table = _table(tmp_path / "train.tsv", heads, ENGLISH, OWN, OWN)
    options = [option.format(table=table) for option in options]
    given = [] if "--encoder" in options else ["--encoder", encoder]
    result = _new("--parallel", table, *given, *options)
    assert result.exit_code == 1
    assert told in result.output
    assert not Path("conf/profile/yor.yaml").exists()


def test_labels_that_could_mean_anything_are_asked_for(project, encoder, tmp_path):
    labels = ["0", "2", "1"] * 20
    nli = _table(tmp_path / "nli.tsv", ["premise", "hypothesis", "label"], OWN, ENGLISH, labels)
    (tmp_path / "text.txt").write_text("\n".join(OWN) + "\n")
    common = ("--text", tmp_path / "text.txt", "--nli", nli, "--encoder", encoder)
    result = _new(*common, "--label", "1=neutral")
    assert (result.exit_code, "what do the labels 0, 2 of column 'label' mean?" in result.output) == (1, True)
    result = _new(*common, "--label", "0=entailment", "--label", "1=neutral", "--label", "2=contradiction")
    assert result.exit_code == 0, result.output
    [file] = _profile().corpora["english"].nli
    assert file.label_values == {"0": "entailment", "1": "neutral", "2": "contradiction"}


def test_tables_that_are_not_what_their_names_say(project, encoder, tmp_path):
    """A table in a text file, one without a header, and scored pairs in one column."""
    table = _table(tmp_path / "train.txt", ["en", "yor"], ENGLISH, OWN)
    pairs = tmp_path / "pairs_dev.csv"
    rows = [f'{n},"{a}\n{b}",{n / 60}' for n, (a, b) in enumerate(zip(OWN, ENGLISH, strict=True))]
    pairs.write_text("\n".join(["PairID,Text,Score", *rows]) + "\n")
    numbered = tmp_path / "text.tsv"
    numbered.write_text("\n".join(f"{n}\t{text}" for n, text in enumerate(OWN, start=1)) + "\n")
    common = ("--parallel", table, "--evaluation", f"Pairs:sts={pairs}", "--text", numbered, "--encoder", encoder)
    result = _new(*common)
    assert result.exit_code == 1
    assert f"It has no header, and in its columns 1 ('1'), 2 ('{OWN[0][:40]}'). Say --column text.text" in result.output
    result = _new(*common, "--column", "text.text=2")
    assert result.exit_code == 0, result.output
    corpus = _profile().corpora["yor"]
    assert (corpus.parallel[0].format, corpus.parallel[0].path) == ("tsv", "parallel.txt")
    assert (corpus.anchors[0].header, corpus.anchors[0].columns) == (False, {"text": "2"})
    [pair] = corpus.evaluation["Pairs"]
    assert (pair.pair_separator, pair.columns) == ("\n", {"text": "Text", "score": "Score"})
    assert f"  {OWN[0]} | {ENGLISH[0]} | 0.0\n" in result.output


def test_a_short_sentence_is_no_name_of_a_column(project, encoder, tmp_path):
    """It was lost as a header, which no file needs of which there is but one column."""
    own = ["Mo ti dé.", *OWN]
    (tmp_path / "text.csv").write_text("\n".join(f'"{text}"' for text in own) + "\n")
    result = _new("--text", tmp_path / "text.csv", "--encoder", encoder)
    assert result.exit_code == 0, result.output
    assert "\n  Mo ti dé.\n" in result.output
    assert _profile().corpora["yor"].anchors[0].header is False
    train = _table(tmp_path / "train.tsv", own[:1] * 2, own[1:], own[1:])
    result = _new("--parallel", train, "--encoder", encoder)
    assert (
        "It has no header, and in its columns 1 ('Mo ti dé.'), 2 ('Mo ti dé.'). Say --column parallel" in result.output
    )


@pytest.mark.parametrize("name", ["No.", "Sr. No.", "correct?"])
def test_a_name_of_a_column_may_end_like_a_sentence(name, project, encoder, tmp_path):
    table = _table(tmp_path / "train.tsv", ["en", "yor", name], ENGLISH, OWN, OWN)
    assert _new("--parallel", table, "--encoder", encoder).exit_code == 0
    assert _profile().corpora["yor"].parallel[0].columns == {"english": "en", "text": "yor"}


@pytest.mark.parametrize("language", ["yo", "YOR", "yor_Latn"])
def test_another_code_of_the_language_is_corrected(language, project, encoder):
    result = _new("--encoder", encoder, language=language)
    assert (result.exit_code, "did you mean 'yor'?" in result.output) == (1, True)


def test_a_script_in_small_letters_is_told_by_its_option(project, encoder, tmp_path):
    text = _table(tmp_path / "a.tsv", ["text"], OWN)
    result = _new("--script", "latn", "--text", text, "--encoder", encoder)
    assert result.output == "Error: --script latn: give an ISO 15924 code, e.g. Latn, or Zyyy for any script\n"


def test_files_of_one_task_are_all_read_and_a_classifier_has_rows_to_train_on(project, encoder, tmp_path):
    text = _table(tmp_path / "text.tsv", ["text"], OWN[:20])
    one = _table(tmp_path / "test_a.tsv", ["en", "yor"], ENGLISH[20:30], OWN[20:30])
    two = _table(tmp_path / "test_b.tsv", ["en", "yor"], ENGLISH[30:35], OWN[30:35])
    labels = ["a", "b"] * 5
    train = _table(tmp_path / "topics_train.tsv", ["text", "label"], OWN[35:45], labels)
    test = _table(tmp_path / "topics.tsv", ["text", "label"], OWN[45:55], labels)
    news = [option for file in (one, two) for option in ("--evaluation", f"News:bitext_mining={file}")]
    topics = [option for file in (train, test) for option in ("--evaluation", f"Topic:classification={file}")]
    result = _new("--text", text, *news, *topics, "--encoder", encoder)
    assert result.exit_code == 0, result.output
    sets = _profile().corpora["yor"].evaluation
    folder = project / "data/raw/yor"
    assert [(folder / spec.path).resolve() for spec in sets["News"]] == [one, two]
    assert [(spec.path, spec.split) for spec in sets["Topic"]] == [
        ("Topic_train.tsv", "train"),
        ("Topic_test.tsv", "test"),
    ]

    alone = _new("--force", "--text", text, *topics[2:], "--encoder", encoder)
    assert alone.exit_code == 1 and "Topic:classification=train.csv" in alone.output
    only = _new("--force", "--text", text, *topics[:2], "--encoder", encoder)
    assert only.exit_code == 1 and "only rows to train on" in only.output
    assert sets == _profile().corpora["yor"].evaluation


def test_force_leaves_no_links_of_earlier_drafts_but_the_users_own_files(project, encoder, tmp_path):
    text = _table(tmp_path / "text.tsv", ["text"], OWN[:20])
    dev = _table(tmp_path / "dev.tsv", ["en", "yor"], ENGLISH[40:], OWN[40:])
    folder = project / "data/raw/yor"
    assert _new("--text", text, "--validation", dev, "--encoder", encoder).exit_code == 0
    (folder / "mine.txt").write_text("kept")
    assert _new("--force", "--text", text, "--encoder", encoder).exit_code == 0
    assert sorted(file.name for file in folder.iterdir()) == ["mine.txt", "text.tsv"]


def test_files_in_the_folder_of_the_links_are_never_lost(project, encoder, tmp_path):
    text = _table(tmp_path / "text.tsv", ["text"], OWN[:20])
    folder = project / "data/raw/yor"
    assert _new("--text", text, "--encoder", encoder).exit_code == 0
    assert _new("--force", "--text", folder / "text.tsv", "--encoder", encoder).exit_code == 0
    assert (folder / "text.tsv").resolve() == text.resolve()
    (folder / "text.tsv").unlink()
    own = _table(folder / "text.tsv", ["text"], OWN[:30])
    assert _new("--force", "--text", own, "--encoder", encoder).exit_code == 0
    refused = _new("--force", "--text", text, "--encoder", encoder)
    assert refused.exit_code == 1 and "is there already, and no link" in refused.output
    assert not own.is_symlink() and len(own.read_text().splitlines()) == 31


def test_a_faulty_draft_leaves_the_profile_that_was_there(project, encoder, tmp_path, monkeypatch):
    text = _table(tmp_path / "text.tsv", ["text"], OWN[:20])
    assert _new("--text", text, "--encoder", encoder).exit_code == 0
    file = project / "conf/profile/yor.yaml"
    file.write_text(file.read_text() + "# by hand\n")
    monkeypatch.setattr(profile, "render", lambda draft: "grid: {grid: 1, grid: 2}\n")
    failed = _new("--force", "--text", text, "--encoder", encoder)
    assert failed.exit_code == 1 and "cannot be read as YAML" in failed.output
    assert file.read_text().endswith("# by hand\n")
    assert sorted(found.name for found in (project / "data/raw/yor").iterdir()) == ["text.tsv"]


@pytest.mark.parametrize("language", ["nan", "yes"])
def test_a_language_whose_code_yaml_takes_for_something_else(language, project, encoder, tmp_path):
    text = _table(tmp_path / "text.tsv", ["text"], OWN[:20])
    result = _new("--script", "Latn", "--text", text, "--encoder", encoder, language=language)
    assert result.exit_code == 0, result.output
    params = compose(language, [], conf=Path("conf"), output=Path("params.yaml"))
    assert (params.profile, params.grid.languages, list(params.languages)[-1]) == (language, [language], language)


@pytest.mark.parametrize("name", ["generator", "123", "on", "---"])
def test_an_encoder_whose_folder_has_a_name_that_is_taken(name, project, encoder, tmp_path):
    text = _table(tmp_path / "text.tsv", ["text"], OWN[:20])
    shutil.copytree(encoder, tmp_path / "models" / name)
    result = _new("--text", text, "--encoder", tmp_path / "models" / name)
    assert result.exit_code == 0, result.output
    (key,) = _profile().grid.encoders
    assert key.startswith("encoder")


def test_what_a_user_mistakes_is_told_before_anything_runs(project, encoder, tmp_path):
    train = _table(tmp_path / "train.tsv", ["en", "yor"], ENGLISH[:20], OWN[:20])
    english = [f"Nobody knows where the {number} children of the village have gone." for number in range(40)]
    wrong = _table(tmp_path / "wrong.tsv", ["text"], english)
    told = {
        ("--parallel", train, "--validation", train): "is the text to train on, too",
        ("--parallel", train, "--column", "parallel.englsh=en"): "there is no such column (did you mean 'english'?)",
        ("--text", wrong): f"warning: text ({wrong}): by the identifier, as a whole, the texts are in `eng`",
    }
    for options, message in told.items():
        assert message in _new(*options, "--encoder", encoder).output
    assert "`eng` cannot be the target" in _new("--text", wrong, "--encoder", encoder, language="eng").output


def test_help_shows_the_three_commands_a_line_each():
    told = CliRunner().invoke(main, ["--help"]).output
    assert "\n    bootembed run --profile yor\n" in told and "\\b" not in told


def test_new_then_run_gives_a_registered_model_without_a_line_of_yaml(project, encoder, tmp_path, monkeypatch):
    """The commands of README with a tiny encoder and small tables; what they run are processes of their own."""
    train = _table(tmp_path / "train.tsv", ["en", "yor"], ENGLISH[:40], OWN[:40])
    dev = _table(tmp_path / "dev.tsv", ["en", "yor"], ENGLISH[40:], OWN[40:])
    monkeypatch.setenv("PYTHONPATH", str(project / "src"))
    monkeypatch.setenv("BOOTEMBED_TRACKING", "on")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")

    def bootembed(*words):
        done = CliRunner().invoke(main, [*map(str, words)])
        assert done.exit_code == 0, f"{words}\n{done.output}"
        return done.stdout

    subprocess.run(["git", "init", "--quiet"], check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], check=True)
    bootembed("new", "yor", "--name", "Yoruba", "--parallel", train, "--validation", dev, "--encoder", encoder)
    few = {"grid.baselines": "[untrained,translation_pairs]", "train_embedder_recipes.translation_pairs": "{}"}
    few |= {"train_embedder.max_seq_length": 32, "evaluate_embedder.max_seq_length": 32}
    few |= {f"prepare_corpora.{name}": "null" for name in ("near_duplicates", "near_evaluation")}
    few |= {"prepare_corpora.check_language": "false", "prepare_corpora.min_distinct_share": 0}
    few |= {"measure_fit.max_unknown_share": 1}
    command = [sys.executable, "-m", "bootembed", "run", "--profile", "yor"]
    command += [word for key, value in few.items() for word in ("-S", f"{key}={value}")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert " 0 failed" in done.stdout
    assert load_params(Path("params.yaml")).profile == "yor"
    assert not Path("models/adapters").exists()
    registry = json.loads(Path("metrics/yor/registry.json").read_text())
    assert registry["yor"]["champion"] == "translation_pairs-tiny_encoder"
    assert "There is no test split" in Path("metrics/yor/report.md").read_text()
    trained = json.loads(Path("metrics/yor/training/translation_pairs-yor-tiny_encoder.json").read_text())
    assert trained["0-0"]["curves"]["loss"][0][0] == 1
    assert '<polyline points="' in Path("metrics/yor/report.html").read_text()

    champion = "models:/bootembed-yor@champion"
    bootembed("embed", champion, dev, "--column", "yor", "-o", tmp_path / "out.parquet")
    assert bootembed("search", champion, tmp_path / "out.parquet", OWN[40], "--top", 1) == f"1.000\t2\t{OWN[40]}\n"
    assert "| ValidationBitextMining | validation " in bootembed("compare", champion, "untrained-yor-tiny_encoder")
    Path("metrics/yor/scores/translation_pairs-yor-tiny_encoder.json").unlink()
    bootembed("report")
    report = Path("metrics/yor/report.md").read_text()
    assert "--with-inputs evaluate_embedder@translation_pairs-yor-tiny_encoder" in report


def test_hausa_is_trained_as_in_the_profile_that_was_tuned(project, encoder, tmp_path):
    """Files laid out as MAFAND and SemRel are, against `real_more`, whose settings were chosen on validation sets."""
    news = tmp_path / "en-hau"
    news.mkdir()
    quoted = [f'"{text} ""so""."' for text in ENGLISH]
    train = _table(news / "train.tsv", ["en", "hau"], quoted[:40], OWN[:40])
    dev = _table(news / "dev.tsv", ["en", "hau"], quoted[40:], OWN[40:])
    semrel = tmp_path / "test.csv"
    pairs = [f'{number},"{OWN[number]}\n{OWN[number + 1]}",0.{number}' for number in range(1, 9)]
    semrel.write_text("\n".join(["PairID,Text,Score", *pairs]) + "\n")
    words = ("--parallel", train, "--validation", dev, "--evaluation", f"SemRel24STS={semrel}", "--encoder", encoder)
    result = CliRunner().invoke(main, ["new", "hau", "--name", "Hausa", *map(str, words)])
    assert result.exit_code == 0, result.output
    written = compose("hau", [], conf=Path("conf"), output=Path("params.yaml"))
    tuned = compose("real_more", [], conf=Path("conf"), output=Path("tuned.yaml"))
    assert written.languages["hau"].model_copy(update={"corpus": ""}) == tuned.languages["hau"].model_copy(
        update={"corpus": ""}
    )
    place = {"path": "", "english_path": None}
    for table in ("monolingual", "parallel", "anchors"):
        found, known = (
            [spec.model_copy(update=place) for spec in getattr(params.corpora[params.languages["hau"].corpus], table)]
            for params in (written, tuned)
        )
        assert found == known
    shared = set(written.grid.recipes) & set(tuned.grid.recipes)
    assert {"translation_pairs", "multilingual_distillation", "unsupervised_simcse"} <= shared
    seeds = {"seeds": 1}  # three in `real_more`
    for recipe in shared:
        found, known = written.embedder_settings(recipe, "tiny_encoder"), tuned.embedder_settings(recipe, "minilm")
        assert found == known.model_copy(update=seeds), recipe

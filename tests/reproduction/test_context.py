from __future__ import annotations

import base64
import html.parser
import json
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from boltzmann_tf import energies_counted
from boltzmann_tf.reproduction import Context, Metric, diagnose, write_index
from boltzmann_tf.sampling import lattice_energies

SAME_NAME = (("a", "x"), ("a.png", "y"))
HOSTILE = '<script>alert("1")</script>&\'"'


@pytest.fixture
def context(tmp_path):
    made = Context("demo", output=tmp_path, seed=3, title="Demo")
    made.begin()
    return made


class Page(html.parser.HTMLParser):
    """Collects the tags, the text and the images of a document, and checks the nesting."""

    VOID = ("meta", "img", "br", "link")

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.images, self.heads, self._open = [], "", [], [], []
        self.feed(text)
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))
        if tag == "th":
            self.heads.append(dict(attrs).get("scope"))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data


def report(context):
    context.finish()
    return Page((context.directory / "report.html").read_text(encoding="utf-8"))


def figure():
    fig = Figure(figsize=(2, 1))
    fig.subplots().plot([0, 1])
    return fig


def test_the_report_shows_verdicts_and_then_what_was_added_in_the_order_of_the_calls(context):
    context.description = "About"
    context.section("Alpha")
    context.text("Beta `code` **bold**\n\n- Gamma\n  goes on\n- Delta")
    context.figure(figure(), "figure", "Epsilon")
    context.add(Metric.close("Zeta", 1.2345, 1.0, 0.5, standard_error=0.01, justification="Eta"))
    context.table("Theta", [{"T": 0.5}, {"T": 1.0, "n": np.int64(20000)}])
    context.section("Numbers")
    context.add(Metric.at_most("Iota", 2.0, 1.0))
    context.add(Metric.at_most("Kappa", 0.5, 1.0))
    page = report(context)
    words = ["1 of 3 numbers not", "Verdicts", "Missed", "Iota", "Alpha: 1 of 1 pass", "Zeta"]
    words += ["1.234 ± 0.010", "Eta", "Numbers: 1 of 2 pass", "Kappa", "About", "Beta", "Gamma"]
    words += ["Epsilon", "Theta", "20\u202f000", "Provenance"]
    places = [page.text.index(word) for word in words]
    assert places == sorted(places)
    assert "|value − 1| ≤ 0.5" in page.text
    assert page.tags.count("li") == 2
    assert [image["alt"] for image in page.images] == ["Epsilon"]
    assert (context.directory / "figure.png").read_bytes().startswith(b"\x89PNG")
    # A section of verdicts alone has no heading of its own further down.
    text = (context.directory / "report.html").read_text(encoding="utf-8")
    headings = re.findall("<h2>(.*?)</h2>", text)
    assert headings == ["Verdicts", "What this is", "Alpha", "Provenance"]


def test_the_report_needs_no_other_file_and_names_the_heads_of_its_tables(context):
    context.figure(figure(), "figure", "Epsilon")
    context.table("Wide", [{f"a long name, {i}": f"{i}.000 ± 0.001" for i in range(14)}])
    context.table("Split", [{"n": j} | {f"name {i}": "1.000 ± 0.001" for i in range(14)}
                            for j in range(20)])  # fmt: skip
    context.add(Metric.at_most("m", 1.0, 2.0))
    page = report(context)
    (image,) = page.images
    before, data = image["src"].split(",")
    assert before == "data:image/png;base64"
    assert base64.b64decode(data) == (context.directory / "figure.png").read_bytes()
    assert set(page.heads) <= {"col", "row", "colgroup"}
    assert page.text.count("continued") > 0
    text = (context.directory / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src=|href=|url\()["']?(?:https?:)?//|<link|@import""", text)


def test_everything_is_escaped(context):
    context.title = context.description = HOSTILE
    context.section(HOSTILE)
    context.text(f"{HOSTILE} `{HOSTILE}`")
    context.figure(figure(), "a&b'\"#.png", HOSTILE)
    context.table(HOSTILE, [{HOSTILE: HOSTILE}])
    context.add(Metric.at_most(HOSTILE, 1.0, 0.5, source=HOSTILE, justification=HOSTILE))
    (context.directory / "a&<b>").mkdir()
    context.artifact("a&<b>", HOSTILE)
    content = context.finish(error=HOSTILE)
    write_index(context.output, [content])
    for path in (context.directory / "report.html", context.output / "index.html"):
        text = path.read_text(encoding="utf-8")
        page = Page(text)
        assert "script" not in page.tags
        assert HOSTILE in page.text
        assert all(HOSTILE in image["alt"] for image in page.images)
    # The sister: the parser does see a script that was not escaped.
    assert "script" in Page(f"<p>{HOSTILE}</p>").tags


def test_metrics_json_says_what_ran_and_how(context):
    context.add(Metric.close("good", 1.0, 1.0, 0.1), headline=True)
    context.count_energy_evaluations(5)
    context.count_energy_evaluations(6)
    context.finish()
    content = json.loads((context.directory / "metrics.json").read_text())
    assert content["passed"] is True
    assert (content["name"], content["preset"], content["seed"]) == ("demo", "quick", 3)
    assert content["energy_evaluations"] == 11
    assert content["headlines"] == ["good"]
    assert content["wall_time_s"] >= 0
    assert set(content["versions"]) >= {
        "python",
        "boltzmann_tf",
        "tensorflow",
        "tensorflow-probability",
        "keras",
        "numpy",
    }


def test_a_run_counts_the_energies_of_the_package_and_others_that_it_is_told(tmp_path):
    spins = np.ones((3, 4, 4), np.int8)
    context = Context("demo", output=tmp_path)
    lattice_energies(spins)
    context.count_energy_evaluations(100)
    assert context.energy_evaluations == 100  # it has not begun
    context.begin()
    context.begin()  # once more is once
    with energies_counted() as part:
        lattice_energies(spins)
        context.count_energy_evaluations(20)
    lattice_energies(spins)
    assert context.finish()["energy_evaluations"] == 126
    lattice_energies(spins)
    assert context.energy_evaluations == 126
    assert part.number == 23


def test_each_of_two_runs_counts_its_own(tmp_path):
    """One ends in the middle of the other, which goes on."""
    outer, inner = (Context(name, output=tmp_path) for name in ("outer", "inner"))
    outer.begin()
    inner.begin()
    lattice_energies(np.ones((3, 4, 4), np.int8))
    inner.finish("an error")
    lattice_energies(np.ones((4, 4, 4), np.int8))
    outer.finish()
    assert (outer.energy_evaluations, inner.energy_evaluations) == (7, 3)


@pytest.mark.parametrize(
    ("metrics", "error"),
    [
        ([], None),
        ([Metric.at_most("m", 1.0, 2.0)], "an error"),
        ([Metric.at_most("m", 1.0, 2.0), Metric.at_most("n", 3.0, 2.0)], None),
    ],
    ids=["no metric", "an error", "a miss"],
)
def test_a_run_without_metrics_with_an_error_or_with_a_miss_has_not_passed(context, metrics, error):
    for metric in metrics:
        context.add(metric)
    assert context.finish(error)["passed"] is False


def test_a_second_run_replaces_the_verdict_and_keeps_what_is_not_its_own(context):
    first = context.finish()
    (context.directory / "kept.txt").write_text("")
    again = Context("demo", output=context.output, seed=4)
    again.begin()
    assert json.loads((context.directory / "metrics.json").read_text()) == first
    second = again.finish()
    assert json.loads((context.directory / "metrics.json").read_text()) == second
    names = sorted(path.name for path in context.directory.iterdir())
    assert names == ["kept.txt", "metrics.json", "report.html"]


def test_a_figure_that_fails_to_save_leaves_nothing(context):
    class Bad(Figure):
        def savefig(self, path, **options):
            super().savefig(path, **options)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        context.figure(Bad(), "figure.png", "a caption")
    assert list(context.directory.iterdir()) == []
    context.figure(figure(), "figure.png", "a caption")  # and its name is free again


def test_the_index_shows_every_miss_the_headlines_and_the_thumbnail(context):
    context.figure(figure(), "first", "One")
    context.figure(figure(), "second", "Two", thumbnail=True)
    context.add(Metric.at_most("ordinary", 1.0, 2.0))
    context.add(Metric.at_most("chosen", 1.0, 2.0), headline=True)
    for number in range(6):
        context.add(Metric.at_most(f"missed {number}", 3.0, 2.0))
    path = write_index(context.output, [context.finish()])
    page = Page(path.read_text(encoding="utf-8"))
    assert all(f"missed {number}" in page.text for number in range(6))
    assert "ordinary" not in page.text
    assert "2 of 8 numbers" in page.text
    assert [image["src"] for image in page.images] == ["demo/second.png"]


def test_the_index_begins_with_what_failed(context):
    context.add(Metric.at_most("good", 1.0, 2.0, diagnostics={"k": diagnose("k-hat", 1.05)}))
    good = context.finish()
    other = Context("other", output=context.output, title="Other")
    other.begin()
    other.add(Metric.at_most("bad", 3.0, 2.0))
    path = write_index(context.output, [json.loads(json.dumps(good)), other.finish("an error")])
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    places = [page.text.index(word) for word in ("1 of 2 rep", "Other", "Demo")]
    assert places == sorted(places)
    assert text.index('href="other/') < text.index('href="demo/')
    assert page.text.count("k 1.05 (limit: at most 0.7)") == 1
    assert "1 diagnostic beyond the limits" in page.text


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda c: Context("x", preset="fast"), ValueError, "preset must be one of"),
        (lambda c: Context("x", seed=-1), ValueError, "seed must be an integer >= 0, got -1"),
        (
            lambda c: Context("x", seed=2**31),
            ValueError,
            r"seed must be an integer in 0 .. 2\*\*31",
        ),
        (lambda c: Context("x", seed=1.5), TypeError, "seed must be an integer"),
        (lambda c: Context("x", output=3), TypeError, "output must be a str or PathLike, got 3"),
        (lambda c: Context("x", output=__file__), ValueError, "output must be a folder"),
        (lambda c: c.figure(figure(), "../out.png", "x"), ValueError, "filename must be a plain"),
        (lambda c: c.figure(figure(), "", "x"), ValueError, "filename must be a non-empty text"),
        (lambda c: c.figure(figure(), "a", " "), ValueError, "caption must be a non-empty text"),
        (
            lambda c: c.figure(None, "a", "x"),
            TypeError,
            "fig must be a matplotlib figure, got",
        ),
        (
            lambda c: [c.figure(figure(), name, caption) for name, caption in SAME_NAME],
            ValueError,
            "filename must be that of one figure alone, got 'a.png' again",
        ),
        (
            lambda c: [c.figure(figure(), name, "x") for name in ("a", "b")],
            ValueError,
            "caption must be that of one figure alone, got 'x' again",
        ),
        (lambda c: c.table("T", []), ValueError, "rows must be at least one .* none for 'T'"),
        (lambda c: c.table("T", [{}]), ValueError, "rows must be at least one .* none for 'T'"),
        (lambda c: c.table("T", [1]), TypeError, "rows must be a Mapping, got 1"),
        (lambda c: c.table("T", {"a": 1}), TypeError, "rows must be a sequence"),
        (lambda c: c.table("", [{"a": 1}]), ValueError, "title must be a non-empty text"),
        (
            lambda c: [c.table("T", [{"a": 1}]) for _ in range(2)],
            ValueError,
            "title must be that of one table alone, got 'T' again",
        ),
        (lambda c: c.section(None), TypeError, "title must be a str, got None"),
        (lambda c: c.text(3), TypeError, "text must be a str, got 3"),
        (lambda c: c.artifact(".", 3), TypeError, "description must be a str, got 3"),
        (lambda c: c.artifact("/"), ValueError, "path must be inside"),
        (lambda c: c.artifact("missing"), ValueError, "path must exist, got 'missing'"),
        (lambda c: c.count_energy_evaluations(-1), ValueError, "number must be an integer >= 0"),
        (lambda c: c.add(1.0), TypeError, "metric must be a Metric, got 1.0"),
        (
            lambda c: [c.add(Metric.at_most("m", 1.0, 2.0)) for _ in range(2)],
            ValueError,
            "metric must have a name of its own, got 'm' again",
        ),
    ],
)
def test_bad_arguments_are_named(context, call, error, message):
    with pytest.raises(error, match=message):
        call(context)

"""The site: its pages, those of the studies, its formulas, and what is checked when it is built."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from boltzmann_tf.reproduction import Metric, registry
from boltzmann_tf.reproduction.metrics import to_json

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from documentation import check, studies  # noqa: E402

DOCS = ROOT / "docs"


def linked(nav):
    """Pages of the navigation, in order."""
    for entry in nav:
        for value in entry.values():
            yield from linked(value) if isinstance(value, list) else [value]


def test_the_navigation_has_every_page_once():
    settings = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    pages = list(linked(settings["project"]["nav"]))
    assert sorted(pages) == sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md"))


# The pages of the studies.


@pytest.mark.parametrize("name", registry.names())
def test_a_study_has_a_page_with_formulas_figures_and_numbers(name):
    text = (DOCS / "studies" / f"{name}.md").read_text(encoding="utf-8")
    by_hand, _, run = text.partition("<!-- run -->")
    assert "$$" in by_hand
    assert f"boltzmann-tf reproduce {name} --preset" in run
    pictures = re.findall(r"^\[!\[.*?\]\((pictures/\S+?\.webp)\)", run, re.MULTILINE)
    assert pictures
    assert len(re.findall(r"<figcaption>.+</figcaption>", run)) == len(pictures)
    for picture in [*pictures, f"pictures/{name}/small.webp"]:
        with Image.open(DOCS / "studies" / picture) as opened:
            assert opened.width <= studies.WIDTH
    assert len(re.findall(r"^\| .+ \| (?:yes|\*\*no\*\*) \|$", run, re.MULTILINE)) >= 3
    assert f"](studies/{name}.md)" in (DOCS / "index.md").read_text(encoding="utf-8")


def test_there_are_no_other_pages_and_the_pictures_are_small():
    assert {page.stem for page in (DOCS / "studies").glob("*.md")} == set(registry.names())
    sizes = [file.stat().st_size for file in (DOCS / "studies").rglob("*.webp")]
    assert max(sizes) < 100_000
    assert sum(sizes) < 5_000_000


@pytest.fixture
def results(tmp_path):
    """A folder of results with one study of two figures and two numbers, and pages for it."""
    folder = tmp_path / "results" / "spring"
    folder.mkdir(parents=True)
    for name in ("energies", "map"):
        Image.new("RGB", (1500, 300), "white").save(folder / f"{name}.png")
    (folder / "report.html").write_text(
        "<h2>Verdicts</h2><h2>Maps &amp; more</h2>"
        '<figure><a href="map.png"><img src="data:x"></a><figcaption>x*y &lt; 1</figcaption>'
        '</figure><figure><a href="energies.png"><img></a><figcaption>u</figcaption></figure>',
        encoding="utf-8",
    )
    metrics = [
        Metric.close("log Z", 1.96, 1.9587, 0.01, source="boltzmann_tf.exact", justification="a|b"),
        Metric.at_most("|error| of <x>", 3.0, 1.0),
    ]
    content = {
        "name": "spring",
        "title": "A spring",
        "preset": "quick",
        "command": "boltzmann-tf reproduce spring --preset quick --seed 0",
        "wall_time_s": 61.0,
        "energy_evaluations": 12_000,
        "versions": dict.fromkeys(studies.LIBRARIES, "1.0"),
        "machine": {"cpus": 2},
        "metrics": [metric.to_dict() for metric in metrics],
        "thumbnail": "map.png",
    }
    (folder / "metrics.json").write_text(to_json(content), encoding="utf-8")
    docs = tmp_path / "docs"
    (docs / "studies").mkdir(parents=True)
    (docs / "index.md").write_text("A\n\n<!-- gallery -->\n<!-- /gallery -->\n", encoding="utf-8")
    (docs / "reproductions.md").write_text("[`spring`](studies/spring.md)\n", encoding="utf-8")
    return tmp_path / "results", docs


def test_a_page_is_written_from_results_and_again(results):
    found, docs = results
    page = docs / "studies" / "spring.md"
    studies.write(studies.read_results(found), docs)
    page.write_text(page.read_text("utf-8").replace("\n\n<!-- run", "\n\nMine.\n\n<!-- run", 1))
    studies.write(studies.read_results(found), docs)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# A spring\n\nMine.\n\n<!-- run -->\n\n## One run\n")
    assert "1 of 2 numbers within their tolerances, 1 min 1 s on 2 cores" in text
    assert text.index("### Maps &amp; more") < text.index("map.webp") < text.index("energies.webp")
    assert r"<figcaption>x\*y &lt; 1</figcaption>" in text
    assert "1.96 | 1.9587 (exact)<br>*boltzmann\\_tf.<wbr>exact*" in text
    assert "| &#124;error&#124; of &lt;x&gt; | 3 |" in text
    assert "| **no** |" in text
    assert "](studies/pictures/spring/small.webp) A spring](studies/spring.md)" in (
        docs / "index.md"
    ).read_text(encoding="utf-8")
    with Image.open(docs / "studies" / "pictures" / "spring" / "map.webp") as picture:
        assert picture.size == (1200, 240)
    assert studies.compared(studies.read_results(found), docs) == []


def changed(found, **new):
    file = found / "spring" / "metrics.json"
    content = json.loads(file.read_text(encoding="utf-8")) | new
    file.write_text(json.dumps(content), encoding="utf-8")


def test_other_values_leave_a_page_as_it_is_and_other_names_do_not(results):
    found, docs = results
    studies.write(studies.read_results(found), docs)
    metrics = json.loads((found / "spring" / "metrics.json").read_text("utf-8"))["metrics"]
    metrics[0]["value"] = 2.5
    changed(found, metrics=metrics)
    assert studies.compared(studies.read_results(found), docs) == []
    metrics[1]["name"] = "another"
    changed(found, metrics=metrics)
    assert studies.compared(studies.read_results(found), docs) == [
        "spring: number 'another' is not on the page",
        "spring: number '&#124;error&#124; of &lt;x&gt;' is only on the page",
    ]


def test_another_order_preset_figure_or_study_is_found(results):
    found, docs = results
    studies.write(studies.read_results(found), docs)
    metrics = json.loads((found / "spring" / "metrics.json").read_text("utf-8"))["metrics"]
    changed(found, metrics=metrics[::-1], command="boltzmann-tf reproduce spring --preset paper")
    report = found / "spring" / "report.html"
    report.write_text(report.read_text("utf-8").replace("energies.png", "energy.png"), "utf-8")
    (docs / "studies" / "other.md").write_text("# Other\n", encoding="utf-8")
    assert studies.compared(studies.read_results(found), docs) == [
        "other: a page, and no results",
        "spring: the page is not of `boltzmann-tf reproduce spring --preset paper`",
        "spring: figure 'energy' is not on the page",
        "spring: figure 'energies' is only on the page",
        "spring: numbers are in another order on the page",
        "spring: no file of the picture energy",
    ]


# What was built.


@pytest.fixture
def site(tmp_path):
    page = tmp_path / "studies" / "spring"
    page.mkdir(parents=True)
    (page / "x.webp").touch()
    text = '<math></math><figure><img src="x.webp"><figcaption></figcaption></figure><tr></tr>'
    (page / "index.html").write_text(
        text + '<a href="https://example.org">elsewhere</a><img src="data:image/png;base64,AA">'
    )
    (tmp_path / "index.html").write_text('<script src="app.js"></script>')
    (tmp_path / "app.js").touch()
    (tmp_path / "site.css").write_text("@font-face { src: url('font.woff2') }")
    return tmp_path


def test_a_site_that_asks_no_other_server_passes(site):
    assert check.check(site, ["spring"]) == []


@pytest.mark.parametrize(
    "planted",
    [
        '<script src="https://cdn.org/a.js"></script>',
        '<link rel="stylesheet" href="//fonts.org/a.css">',
        '<link rel="preconnect" href="https://fonts.org">',
        '<img src="http://elsewhere.org/a.png">',
        '<img src="x.webp" srcset="x.webp 1x, https://elsewhere.org/a.png 2x">',
        "<style>@import 'https://fonts.org/a.css';</style>",
        '<p style="background: url(https://elsewhere.org/a.png)">',
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(site, planted):
    page = site / "studies" / "spring" / "index.html"
    page.write_text(page.read_text() + planted)
    assert len(check.check(site, ["spring"])) == 1


def test_a_style_from_elsewhere_a_lost_picture_and_an_empty_page_are_found(site):
    (site / "site.css").write_text("@font-face { src: url('https://fonts.org/a.woff2') }")
    (site / "studies" / "spring" / "x.webp").unlink()
    shutil.copytree(site / "studies" / "spring", site / "studies" / "empty")
    (site / "studies" / "empty" / "index.html").write_text("<figure><math></math></figure>")
    assert check.check(site, ["empty", "none", "spring"]) == [
        "site.css loads https://fonts.org/a.woff2",
        "studies/spring/index.html lacks x.webp",
        "the page of the study empty has no <figcaption>",
        "the page of the study empty has no <tr>",
        "the study none has no page",
    ]
    assert check.check(site / "nowhere", [])[0].endswith("python -m zensical build --strict")


# Formulas; the libraries are those of the extra `docs`.


@pytest.fixture
def markdown():
    pytest.importorskip("math_core")
    markdown = pytest.importorskip("markdown")
    return lambda text: markdown.markdown(text, extensions=["documentation.formulas", "tables"])


def test_formulas_of_a_line_and_of_their_own(markdown):
    page = markdown(
        "With $u_1 * v_2$, `$x$` and 5 $ or $6:\n\n$$\na = \\frac{1}{2} , \\qquad b\n$$\n"
    )
    assert page.count("<math") == 3
    assert '<div class="formula"><math display="block">' in page
    assert "<code>$x$</code>" in page
    assert "5 $ or $6" in page
    assert "<em>" not in page


def test_a_formula_that_cannot_be_read_is_an_error(markdown):
    with pytest.raises(ValueError, match="no formula"):
        markdown("$\\frac{1}$")

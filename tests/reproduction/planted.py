"""Reproductions written into a folder for a test, instead of the package's own."""

from __future__ import annotations

from pathlib import Path

SOURCE = '''"""What {name} shows.

More about it.
"""

from boltzmann_tf.reproduction import Metric, main_for, reproduction

IMPORTED = print("imported {name}") if {loud} else None


@reproduction("{declared}", "The title of {name}")
def run(context):
{body}


if __name__ == "__main__":
    main_for("{name}")
'''

PASSES = """
context.section("Numbers")
context.count_energy_evaluations(7)
context.add(Metric.close("good", 1.0, 1.0, 0.1, justification="planted"))
"""
MISSES = PASSES + 'context.add(Metric.at_most("bad", 2.0, 1.0))\n'
RAISES = PASSES + 'raise RuntimeError("planted <b>error</b>")\n'
INTERRUPTED = PASSES + "raise KeyboardInterrupt\n"
NOTHING = "pass\n"


def plant(folder: Path, *, declared: str | None = None, loud: bool = False, **bodies: str) -> Path:
    """Writes a package `reproductions` of one file a keyword; returns its folder."""
    package = folder / "reproductions"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("")
    for name, body in bodies.items():
        lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
        text = SOURCE.format(name=name, declared=declared or name, body=lines, loud=loud)
        (package / f"{name}.py").write_text(text)
    return package

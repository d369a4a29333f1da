"""Every parallel kernel is called with as many threads as have enough to do."""

from __future__ import annotations

import ast
from pathlib import Path

from boltzmann_tf import sampling

FILES = sorted(Path(sampling.__file__).parent.rglob("*.py"))


def parallel_kernels(tree):
    """Names of functions under `@kernel()`, without parallel=False."""
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if ast.unparse(decorator) == "kernel()"
    }


def outside_of_threads(tree, kernels):
    """Lines that call a kernel and are in no `with threads(...)`."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    own = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    own |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    kernels = kernels - own | parallel_kernels(tree)  # others may be called the same
    within = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.With)
        and any(ast.unparse(item.context_expr).startswith("threads(") for item in node.items)
        for inner in ast.walk(node)
    }
    return [n.lineno for n in calls if ast.unparse(n.func) in kernels and id(n) not in within]


def test_no_kernel_spins_idle_threads():
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
    kernels = set().union(*map(parallel_kernels, trees.values()))
    assert len(kernels) >= 8
    found = {path.name: outside_of_threads(tree, kernels) for path, tree in trees.items()}
    assert not {name: lines for name, lines in found.items() if lines}


def test_a_kernel_without_is_found():
    text = "@kernel()\ndef go(x): ...\n\nwith threads(1, 2):\n    go(1)\n\ngo(2)\n"
    tree = ast.parse(text)
    assert outside_of_threads(tree, parallel_kernels(tree)) == [7]

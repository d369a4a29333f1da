"""Files with right checksums and other content: what a tool that knows the format may write."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from boltzmann_tf import storage
from boltzmann_tf._support import arrays as _arrays
from boltzmann_tf._support import documented as _documented
from boltzmann_tf._support import documents as _documents


def document_of(folder):
    return json.loads((folder / storage.DOCUMENT).read_text())


def weights(folder):
    return folder / document_of(folder)["arrays"]["file"]


def generator(folder, change=lambda document: None, arrays=None):
    """Changes the document of a saved generator, and its arrays where they are given."""
    document = document_of(folder)
    if arrays is not None:
        content = _arrays.pack(arrays)
        weights(folder).write_bytes(content)
        document["arrays"]["sha256"] = hashlib.sha256(content).hexdigest()
        document["arrays"]["variables"] = _arrays.describe(arrays)
    change(document)
    (folder / storage.DOCUMENT).write_text(json.dumps(_documents.seal(document)))
    return folder


def documented(path, change=lambda document: None, arrays=None):
    """Changes the document of a checkpoint or of a sampler's state, and some of its arrays.

    None removes one.
    """
    with np.load(path) as archive:
        found = dict(archive)
    document = json.loads(found.pop(_documented.DOCUMENT).tobytes())
    found = {n: a for n, a in (found | (arrays or {})).items() if a is not None}
    document["arrays"] = _arrays.describe(found)
    change(document)
    text = json.dumps(_documents.seal(document)).encode()
    path.write_bytes(_arrays.pack({_documented.DOCUMENT: np.frombuffer(text, np.uint8), **found}))
    return path

from __future__ import annotations

import errno

import pytest

from boltzmann_tf._support import files as _files


def interrupted_in_place(path):
    path.write_text("ha")
    raise KeyboardInterrupt


def interrupted(path):
    with _files.atomic_path(path) as temporary:
        interrupted_in_place(temporary)


def state_after(write, folder):
    path = folder / "file.txt"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt):
        write(path)
    return {entry.name: entry.read_text() for entry in folder.iterdir()}


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    assert state_after(interrupted, tmp_path) == {"file.txt": "before"}


def test_that_test_sees_a_write_in_place(tmp_path):
    assert state_after(interrupted_in_place, tmp_path) == {"file.txt": "ha"}


def test_a_write_makes_folders_keeps_the_suffix_and_replaces(tmp_path):
    path = tmp_path / "a" / "b" / "file.npz"
    for content in ("one", "two"):
        with _files.atomic_path(path) as temporary:
            assert temporary.suffix == ".npz"
            assert temporary.parent == path.parent
            temporary.write_text(content)
        assert path.read_text() == content
    assert list(path.parent.iterdir()) == [path]


def test_text_is_utf8_and_readable_by_others_as_the_umask_says(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    _files.write_text(tmp_path / "t", "Müller–Brown")
    assert (tmp_path / "t").read_bytes().decode("utf-8") == "Müller–Brown"
    assert (tmp_path / "t").stat().st_mode == plain.stat().st_mode


def test_errors_name_the_file_that_was_to_be_written(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    path.write_text("before")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_files.os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*file\.txt'") as error:
        _files.write_text(path, "after")
    assert error.value.errno == errno.ENOSPC
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_errors_about_other_files_keep_their_names(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"), _files.atomic_path(tmp_path / "file"):
        (tmp_path / "absent").read_text()

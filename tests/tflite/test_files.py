import zipfile

import pytest

from tflite import convert
from tflite import errors
from tflite import files
from tflite import finetune
from tflite import static


def test_replaced_keeps_the_old_file_until_the_new_is_complete(tmp_path):
    path = tmp_path / "result.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(KeyError), files.replaced(path) as unfinished:
        unfinished.write_text("half")
        raise KeyError
    assert path.read_text() == '{\n  "a": 1\n}\n'
    assert list(tmp_path.iterdir()) == [path]


def test_results_hold_no_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(tmp_path / "result.json", {"a": float("nan")})
    assert not list(tmp_path.iterdir())


def test_directories_are_no_files(tmp_path):
    with pytest.raises(errors.InputError, match="--output to be writable"):
        files.writable(tmp_path, "--output")
    with pytest.raises(errors.InputError, match="--model to be a file"):
        files.existing(tmp_path, "--model")


def test_lines_may_begin_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes("\ufeffBär\r\n\n cat \n".encode())
    assert files.lines(path, "--labels") == ["Bär", "cat"]


def test_lines_are_utf_8(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes("Bär\n".encode("latin-1"))
    with pytest.raises(errors.InputError, match="--labels to be a text file in UTF-8"):
        files.lines(path, "--labels")


def test_outputs_are_not_what_they_are_made_of(tmp_path):
    source, link = tmp_path / "m.keras", tmp_path / "link.keras"
    source.touch()
    link.symlink_to(source)
    files.other_than(tmp_path / "m.tflite", source)
    for output in (source, link):
        with pytest.raises(errors.InputError, match="--output to be another file"):
            files.other_than(output, source)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: convert.convert(path, path),
        lambda path: static.static(path, path, closed=[]),
        lambda path: finetune.finetune(path, path, dataset="digits", qat=True),
    ],
    ids=["convert", "static", "finetune"],
)
def test_no_command_replaces_its_network(write, tmp_path):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    content = path.read_bytes()
    with pytest.raises(errors.InputError, match="--output to be another file"):
        write(path)
    assert path.read_bytes() == content

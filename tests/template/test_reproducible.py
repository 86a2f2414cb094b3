"""`make reproducible`: what it says of two bundles."""

import subprocess
from pathlib import Path

import pytest
import reproducible
from cloud import bundle


def made(**files: bytes) -> bytes:
    """A bundle with these files, and with a function."""
    function = bundle.zipped({"bootstrap": files.pop("relay", b"program")})
    return bundle.zipped({"one/relay.zip": function} | {f"one/{name}": it for name, it in files.items()})


@pytest.mark.parametrize(
    ("second", "different"),
    [
        (made(README=b"text"), []),
        (made(README=b"other"), ["one/README"]),
        (made(README=b"text", relay=b"other"), ["one/relay.zip/bootstrap"]),
        (made(), ["one/README (only in the first one)"]),
        (made(README=b"text", LICENSE=b"more"), ["one/LICENSE (only in the second one)"]),
        (
            made(README=b"text").replace(b"\0\0\x21\0", b"\0\0\x22\0"),
            ["the bundles (dates, permissions or order of the files)"],
        ),
        (b"no zip", ["the bundles"]),
    ],
)
def test_files_that_differ_are_named(second: bytes, different: list[str]):
    """Also those in the zip of a function."""
    assert list(reproducible.differences(made(README=b"text"), second)) == different


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout instead of this one: a real build takes minutes."""
    root = tmp_path / "root"
    (root / "scripts/cloud").mkdir(parents=True)
    (root / "scripts/cloud/__init__.py").touch()
    monkeypatch.setattr(reproducible, "ROOT", root)
    return root


def commit(root: Path, build: str) -> None:
    """Commit this as `cloud.bundle`. Then leave another one behind: what is not committed is not built."""
    program = root / "scripts/cloud/bundle.py"
    program.write_text(build)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "One"]):
        subprocess.run([*git, *command], cwd=root, check=True)
    program.write_text("raise SystemExit(4)")


@pytest.mark.parametrize("path_in_it", [False, True])
def test_it_builds_in_two_places_and_compares(
    root: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], path_in_it: bool
):
    """It fails if the place is in the bytes, and names the file."""
    commit(
        root,
        "import os, sys, zipfile\nfrom pathlib import Path\n"
        "_, output, path, architecture, name = sys.argv\n"
        "assert (output, architecture) == ('--output', '--architecture')\n"
        "Path(path).mkdir()\n"
        "with zipfile.ZipFile(Path(path) / f'{name}.zip', 'w') as it:\n"
        "    it.writestr(zipfile.ZipInfo('README'), 'always the same')\n"
        f"    if {path_in_it}:\n"
        "        it.writestr(zipfile.ZipInfo('place'), str(Path.cwd()))\n"
        "        it.writestr(zipfile.ZipInfo('target'), os.environ['CARGO_TARGET_DIR'])\n",
    )
    assert reproducible.main(["--architecture", "arm64"]) == int(path_in_it)
    told = capfd.readouterr()
    sums = {line.split()[0] for line in told.out.splitlines() if line.endswith("  arm64.zip")}
    assert len(sums) == 1 + path_in_it
    assert told.err.splitlines() == [f"These bytes differ: {it}" for it in ("place", "target") if path_in_it]

    published = tmp_path / "published.zip"
    published.write_bytes(b"another")
    assert reproducible.main(["--architecture", "arm64", "--same-as", str(published)]) == 1
    assert "These bytes differ: the bundles" in capfd.readouterr().err


def test_a_build_that_fails_is_no_success(root: Path):
    """Nothing was compared."""
    commit(root, "raise SystemExit(3)")
    assert reproducible.main([]) == 3

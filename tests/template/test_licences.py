"""LICENSES.txt of a bundle: the licences of everything that is compiled into the functions."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from cloud import ROOT, Failed, build, licences

MANIFEST = tomllib.loads((ROOT / "Cargo.toml").read_text())


@pytest.fixture(scope="module", params=build.TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    """Rust's name of an architecture."""
    return build.TARGETS[request.param]


@pytest.fixture(scope="module")
def text(target: str) -> str:
    """What a bundle gets."""
    return licences.text(target)


def crate(folder: Path, **described: str) -> dict:
    """Cargo's description of a crate in this folder."""
    manifest = str(folder / "Cargo.toml")
    unknown = {"license": None, "license_file": None, "repository": None}
    return unknown | {"name": "mine", "version": "1.2.3", "manifest_path": manifest} | described


def test_every_crate_in_the_functions_is_named_with_its_version_and_licence(target: str, text: str):
    """By the lock file: no crate of the tests or of the build."""
    edges = ("--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}|{l}")
    command = ["cargo", "tree", "--locked", "--package", "zstack-flashduty", "--target", target, *edges]
    tree = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    crates = {
        f"{name} {version}": it
        for name, version, it in re.findall(r"(?m)^(\S+) v([^ |]+).*\|(.+?)(?: \(\*\))?$", tree)
    }
    del crates[f"zstack-flashduty {MANIFEST['package']['version']}"]
    parts = text.partition("\n" + "=" * 78)[0]
    listed = dict(re.findall(r"(?m)^(\S+ \d+\.\d+\.\d+): (.*?)(?: \(no file; https://\S+\))?$", parts))
    assert listed == crates
    names = {it.split()[0] for it in listed}
    macros = {"thiserror-impl", "serde_derive", "tokio-macros"}
    assert MANIFEST["dependencies"].keys() <= names
    assert not names & (MANIFEST["dev-dependencies"].keys() - MANIFEST["dependencies"].keys() | macros)


def test_it_is_the_same_each_time_and_knows_nothing_of_this_machine(target: str, text: str):
    """So that a build of the same commit gives the same bytes."""
    assert licences.text(target) == text
    for place in (str(ROOT), str(Path.home()), "registry/src", "manifest_path"):
        assert place not in text


def test_each_text_is_there_once(text: str):
    """Also if its lines are broken in another way; and of parts that have a licence of their own."""
    texts = [" ".join(it.split()) for it in re.findall(r"(?s)\n-{78}\n(.*?)(?=\n={78}\n|$)", text)]
    assert len(set(texts)) == len(texts) > 50
    owners = set(re.findall(r"(?m)^(\S+) \d+\.\d+\.\d+: ([\w./-]+)$", text))
    assert {
        ("ring", "third_party/fiat/LICENSE"),
        ("rand", "COPYRIGHT"),
        ("webpki-roots", "LICENSE"),
    } <= owners
    assert text.count("Permission is hereby granted, free of charge, to any person") > 10


def test_files_are_found_by_their_names(tmp_path: Path):
    """And by what the crate itself says."""
    (tmp_path / "LICENSES").mkdir()
    named = {
        *("COPYING", "COPYRIGHT.txt", "LICENCE", "LICENSE-MIT", "LICENSES/MIT.txt", "Notice.md", "UNLICENSE"),
        "TERMS",
    }
    for name in (*named, "README.md", "license.rs"):
        (tmp_path / name).write_text(f"\ufeffterms of {name}\n")
    found = licences.texts(crate(tmp_path, license_file="TERMS"))
    assert found == {name: f"terms of {name}" for name in named}


def test_a_crate_without_a_file_is_listed_with_its_source(tmp_path: Path):
    """Somebody may need the names of its authors."""
    written = licences.written([crate(tmp_path, license="MIT", repository="https://example.com/mine")])
    assert written.endswith("\n\nmine 1.2.3: MIT (no file; https://example.com/mine)\n")


def test_a_crate_that_says_nothing_about_its_licence_is_refused(tmp_path: Path):
    """Nobody may pass it on."""
    with pytest.raises(Failed, match=r"mine 1\.2\.3 says nothing about its licence. Ask its authors, or use"):
        licences.written([crate(tmp_path)])
    (tmp_path / "LICENSE").write_text("terms")
    assert "mine 1.2.3: LICENSE\n" in licences.written([crate(tmp_path)])

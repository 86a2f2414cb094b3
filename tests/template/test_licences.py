"""LICENSES.txt of a bundle: the licences of everything that is compiled into the functions."""

import os
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


def test_every_crate_in_rusts_standard_library_is_named(text: str):
    """Paths in a built function show which there are. Each is listed with its licence."""
    listed = dict(re.findall(r"(?m)^  ([\w-]+)(?: \d+\.\d+\.\d+)?: (.+)$", text))
    # Those that a panic needs, which every function has.
    found = {"addr2line", "gimli", "hashbrown", "miniz_oxide", "rustc-demangle"}
    built = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).glob("lambda/re*/bootstrap")
    for program in built:
        paths = re.findall(rb"/rust/deps/([\w-]+?)-\d+\.", program.read_bytes())
        found |= {name.decode() for name in paths}
    assert found <= listed.keys()
    assert all(re.search(r"MIT|Apache-2\.0", listed[name]) for name in found)


def test_a_compiler_without_rusts_own_list(tmp_path: Path):
    """The crates that are known are named, and where the list is."""
    paragraph, texts = licences.standard_library(tmp_path)
    assert "The compiler came without Rust's list of the parts" in paragraph
    assert "https://github.com/rust-lang/rust/blob/HEAD/COPYRIGHT" in paragraph
    assert "\n  gimli: MIT OR Apache-2.0\n" in paragraph
    assert texts == []


PAGE = """<h2 id="in-tree-files">In-tree files</h2>
<b>File/Directory:</b> <code>.</code> <p><b>License:</b> MIT</p> <p><b>Copyright:</b> All</p>
<b>File/Directory:</b> <code>library/data.rs</code> <p><b>License:</b> Unicode-3.0</p>
<p><b>Copyright:</b> 1991 Some &amp; Sons</p>
<h2 id="out-of-tree-dependencies">Out-of-tree dependencies</h2>
<h3>\U0001f4e6 gimli-0.32.3</h3> <p><b>License:</b> MIT</p>
<summary><code>LICENSE</code></summary> <pre>
  Terms &lt;of gimli&gt;
</pre>
<h3>\U0001f4e6 windows-sys-1.0.0</h3> <p><b>License:</b> MIT</p>
"""


def test_rusts_own_list_is_read(tmp_path: Path):
    """Files, crates and their texts, without those of other systems."""
    (tmp_path / "COPYRIGHT-library.html").write_text(PAGE)
    (tmp_path / "licenses").mkdir()
    for name in ("Unicode-3.0", "GPL-3.0-or-later"):
        (tmp_path / f"licenses/{name}.txt").write_text(f"terms of {name}\n")
    paragraph, texts = licences.standard_library(tmp_path)
    lines = [line for line in paragraph.splitlines() if line.startswith("  ")]
    assert lines[:3] == [
        "  library/data.rs: Unicode-3.0 (1991 Some & Sons)",
        "  gimli 0.32.3: MIT",
        "  addr2line: Apache-2.0 OR MIT (https://crates.io/crates/addr2line)",
    ]
    assert texts == [
        ("gimli 0.32.3", "LICENSE", "  Terms <of gimli>"),
        ("Rust's standard library", "Unicode-3.0.txt", "terms of Unicode-3.0"),
    ]
    written = licences.written([], (paragraph, texts))
    assert paragraph in written
    assert "\ngimli 0.32.3: LICENSE\n" in written


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

"""What `make bundle` makes of the template, and its README.txt."""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from cloud import ROOT, Failed, build, bundle, licences
from samcli.yamlhelper import yaml_parse

TEXT = (ROOT / "template.yaml").read_text()


@pytest.mark.parametrize("architecture", build.TARGETS)
def test_a_bundle_has_the_template_with_built_functions_for_one_architecture(architecture: str):
    """And everything else as it is. An upgrade must not keep another architecture."""
    expected = yaml_parse(TEXT)
    parameters = expected["Parameters"]
    assert parameters.pop("Architecture")["Default"] == build.DEFAULT
    interface = expected["Metadata"]["AWS::CloudFormation::Interface"]
    [group] = [it for it in interface["ParameterGroups"] if "Architecture" in it["Parameters"]]
    group["Parameters"].remove("Architecture")
    del interface["ParameterLabels"]["Architecture"]
    expected["Metadata"]["AWS::ServerlessRepo::Application"]["ReadmeUrl"] = "README.txt"
    expected["Globals"]["Function"]["Architectures"] = [architecture]
    del expected["Globals"]["Function"]["CodeUri"]
    for name in build.FUNCTIONS:
        function = expected["Resources"][name.capitalize()]
        assert function.pop("Metadata")["BuildProperties"]["Binary"] == name
        function["Properties"]["CodeUri"] = f"{name}.zip"
    made = bundle.template(TEXT, architecture)
    # Without the order of the keys.
    assert json.loads(json.dumps(yaml_parse(made))) == json.loads(json.dumps(expected))
    assert made.count("#") == TEXT.count("#")


def test_a_template_that_cannot_be_bundled_is_refused():
    """So a change of template.yaml does not pass unseen."""
    with pytest.raises(Failed, match="has 0 places like this, and not 1"):
        bundle.template(TEXT.replace("CodeUri: .", "CodeUri: ./"), "x86_64")


@pytest.mark.parametrize("architecture", build.TARGETS)
def test_it_has_the_licences_of_what_is_compiled_in(architecture: str):
    """Two architectures need different crates."""
    files = bundle.files(architecture, "1.2.3", {})
    assert files["LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert files["LICENSES.txt"].decode() == licences.text(build.TARGETS[architecture])


def test_the_readme_fits_on_a_screen_in_both_languages():
    """Chinese characters are two columns wide."""
    readme = bundle.files("arm64", "1.2.3", {})["README.txt"].decode()
    lines = readme.splitlines()
    assert max(sum(1 + (it > "\u2e7f") for it in line) for line in lines) <= 120
    assert lines[0].startswith("zstack-flashduty 1.2.3 for arm64")
    english, chinese = ([it[:2] for it in part.splitlines()] for part in readme.split("\n---"))
    assert [it for it in english if it[:1].isdigit()] == [it for it in chinese if it[:1].isdigit()]
    assert len(lines) <= 50
    for name in ("/zstack-flashduty/push-url", "/zstack-flashduty/webhook-token"):
        assert readme.count(name) == 2
        assert name in TEXT
    # SAM's default is English.
    assert "Language 填 zh-CN" in readme


@pytest.mark.parametrize("program", bundle.PROGRAMS)
def test_its_programs_have_what_they_need(program: str, tmp_path: Path):
    """Each starts with its own files and with Python's standard library. Every file is in the bundle."""
    needed = bundle.programs(program)
    assert needed.items() <= bundle.files("arm64", "1.2.3", {}).items()
    for name, content in needed.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    # -S: without what is installed.
    command = [sys.executable, "-S", tmp_path / program, "--help"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


PICTURES = ("docs/cold-start.svg", "docs/first-alarm.svg", "docs/console.png")
NOT_IN_IT = (*PICTURES, "events", "src", ".github", "dev", "tests", ".cargo")
"""What only the repository has."""


def test_no_link_of_a_page_leads_nowhere():
    """Neither in a bundle nor, for what only the repository has, there."""
    names = bundle.files("arm64", "1.2.3", {}).keys()
    lost = []
    for name in (it for it in names if it.endswith(".md")):
        page = ROOT / name
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if urlsplit(link).scheme:
                continue
            target = (page.parent / unquote(link)).resolve().relative_to(ROOT).as_posix()
            inside = target in names or any(it.startswith(f"{target}/") for it in names)
            if not inside and not target.startswith(NOT_IN_IT):
                lost.append((name, link))
    assert lost == []
    assert "docs/runbook.md" in names

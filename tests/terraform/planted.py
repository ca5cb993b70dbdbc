#!/usr/bin/env python3
"""Are the Terraform tests worth anything? Plants one mistake at a time in a copy of terraform/ and sees that the gate
finds it: the mistakes of mistakes-CLOUD.json beside this file, and for every validation of a variable one that takes its
rule away. Exit code 1 when a mistake stays unseen, or could not be planted.

    tests/terraform/planted.py [aws|azure] [WORD]      WORD: only mistakes whose text holds it

The gate is the program that TERRAFORM_CHECK names, or ../shared/tools/terraform-check/check; without either this says that
it was skipped. An entry has `file` (below terraform/), `find` (a regular expression that fits once; `count` where it fits
more often), `replace`, `what`, and if the mistake shows in some test files alone, `tests` (their names), which is quicker.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLOUDS = ("aws", "azure")


def gate():
    for path in (os.environ.get("TERRAFORM_CHECK"), ROOT.parent / "shared/tools/terraform-check/check"):
        if path and os.access(path, os.X_OK):
            return path
    return None


def listed(cloud):
    file = Path(__file__).with_name(f"mistakes-{cloud}.json")
    return json.loads(file.read_text()) if file.exists() else []


def without_validations(cloud):
    """For every validation a mistake that lets everything pass."""
    for file in sorted((ROOT / "terraform" / cloud).glob("variables*.tf")):
        text = file.read_text()
        for block in re.finditer(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.M | re.S):
            name = block[1]
            for number, rule in enumerate(re.finditer(r"condition\s*=.*?(?=\n\s*error_message)", block[2], re.S)):
                yield {
                    "file": f"{cloud}/{file.name}",
                    "find": re.escape(rule[0]),
                    "at": block.start(2) + rule.start(),
                    "replace": f"condition = var.{name} == var.{name}",
                    "what": f"rule {number + 1} of {name} lets everything pass",
                    "tests": ["validation"],
                }


def plant(folder, mistake):
    file = folder / mistake["file"]
    text, at = file.read_text(), mistake.get("at", 0)
    found = [fit for fit in re.finditer(mistake["find"], text, re.M) if not at or fit.start() == at]
    if len(found) != mistake.get("count", 1):
        return f"its `find` fits {len(found)} times"
    for fit in reversed(found):
        text = text[: fit.start()] + fit.expand(mistake["replace"].replace("\\", r"\\") if at else mistake["replace"]) + text[fit.end():]
    file.write_text(text)
    subprocess.run(["terraform", "fmt", file], capture_output=True, check=False)
    return None


def run(cloud, mistake=None):
    """The gate's verdict on a copy: the steps that failed, and what was said."""
    with tempfile.TemporaryDirectory(prefix="planted.") as scratch:
        copy = Path(scratch) / "terraform"
        shutil.copytree(ROOT / "terraform", copy)
        for beside in ("docs", "migrations", "deploy", "api/src/domain/attendance"):  # which the tests read
            shutil.copytree(ROOT / beside, Path(scratch) / beside)
        if mistake:
            if trouble := plant(copy, mistake):
                return ["planting"], trouble
            for test in (copy / cloud / "tests").glob("*.tftest.hcl"):
                if mistake.get("tests") and test.name.split(".")[0] not in mistake["tests"]:
                    test.unlink()
        done = subprocess.run([gate(), copy / cloud], capture_output=True, text=True, check=False)
        failed = re.search(r"FAILED at (.+)", done.stdout)
        return (failed[1].split() if failed else []), done.stdout


def said(output):
    """The messages of what failed, in one line."""
    texts = re.findall(r"(?:│ )?\n([a-z][^\n│]{15,})\n", output)
    missing = re.findall(r"The checkable object, ([\w.]+), was expected", output)
    return "; ".join(dict.fromkeys([text for text in texts if not re.search(r" = |\.\.\.|^terraform-check", text)] + missing))[:140]


def main():
    arguments = sys.argv[1:]
    clouds = [arguments.pop(0)] if arguments and arguments[0] in CLOUDS else CLOUDS
    word = arguments[0] if arguments else ""
    if not gate() or not shutil.which("terraform"):
        print("skipped: terraform or its checker is not here")
        return 0
    unseen = 0
    for cloud in clouds:
        if not (ROOT / "terraform" / cloud / "main.tf").exists():
            continue
        failed, output = run(cloud)
        if failed:
            print(f"{cloud}: fails at {' '.join(failed)} without any mistake\n{output}")
            return 1
        mistakes = [mistake for mistake in [*listed(cloud), *without_validations(cloud)] if word in mistake["what"]]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for mistake, (failed, output) in zip(mistakes, pool.map(lambda m: run(cloud, m), mistakes)):
                seen = "test" in failed
                unseen += not seen
                how = said(output) if seen else f"{' '.join(failed) or 'nothing noticed'}: {output[-600:]}"
                print(f"{'found ' if seen else 'UNSEEN'} {cloud}: {mistake['what']}: {how}", flush=True)
        print(f"{cloud}: {len(mistakes)} mistakes")
    return 1 if unseen else 0


sys.exit(main())

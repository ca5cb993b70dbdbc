#!/usr/bin/env python3
"""Writes and checks the bill of materials of a release, CycloneDX 1.5.

    sbom.py write VERSION EPOCH PACK RUNTIME >FILE    what `make release` packs
    sbom.py check FILE

It is made from what the build itself is made from: `cargo metadata` and Cargo.lock for the programs and the page, the lock
file of models/ for the weights, pack.toml for the networks that come of them. `cargo cyclonedx` would know the crates
alone, and would have to be compiled first wherever a release is made."""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
import uuid
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What is shipped, with the machine that it is built for.
PROGRAMS = {"x86_64-unknown-linux-gnu": ["api", "recognizer", "camera", "lambda"], "wasm32-unknown-unknown": ["frontend"]}
SPEC = "1.5"


def metadata(platform):
    command = ["cargo", "metadata", "--format-version=1", "--locked", f"--filter-platform={platform}"]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout)


def checksums():
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {(package["name"], package["version"]): package.get("checksum") for package in lock["package"]}


def licences(text):
    return [{"expression": text.replace("/", " OR ")}] if text else []


def crates():
    """Components of everything that is linked into what is shipped, and what each depends on."""
    sums, components, edges = checksums(), {}, {}
    for platform, programs in PROGRAMS.items():
        told = metadata(platform)
        packages = {package["id"]: package for package in told["packages"]}
        nodes = {node["id"]: node for node in told["resolve"]["nodes"]}
        todo = [id for id in told["workspace_members"] if packages[id]["name"] in programs]
        seen = set(todo)
        while todo:
            id = todo.pop()
            package = packages[id]
            linked = [dependency["pkg"] for dependency in nodes[id]["deps"]
                      if any(kind["kind"] is None for kind in dependency["dep_kinds"])]
            ref = f"pkg:cargo/{package['name']}@{package['version']}"
            components[ref] = {"type": "library", "bom-ref": ref, "name": package["name"], "version": package["version"],
                               "licenses": licences(package["license"])}
            # Our own crates are in no registry; another's of the same name may be.
            if package["source"] is not None:
                components[ref]["purl"] = ref
            if checksum := sums.get((package["name"], package["version"])):
                components[ref]["hashes"] = [{"alg": "SHA-256", "content": checksum}]
            refs = {f"pkg:cargo/{packages[other]['name']}@{packages[other]['version']}" for other in linked}
            edges[ref] = edges.get(ref, set()) | refs
            todo += [other for other in linked if other not in seen]
            seen.update(linked)
    return components, edges


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def models(pack):
    """The networks of the pack, and the packages that their weights come from."""
    components, edges = {}, {}
    lock = json.loads((ROOT / "models/package-lock.json").read_text())
    weights = []
    for path, package in lock["packages"].items():
        if not path:
            continue
        name = path.removeprefix("node_modules/")
        ref = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
        algorithm, content = package["integrity"].split("-", 1)

        components[ref] = {"type": "library", "bom-ref": ref, "name": name, "version": package["version"], "purl": ref,
                           "licenses": licences(package.get("license")),
                           "hashes": [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(content).hex()}]}
        weights.append(ref)
    for file in sorted(pack.glob("*.onnx")):
        ref = f"model:{pack.name}/{file.name}"
        components[ref] = {"type": "machine-learning-model", "bom-ref": ref, "name": f"{pack.name}/{file.name}",
                           "hashes": [{"alg": "SHA-256", "content": sha256(file)}]}
        edges[ref] = set(weights)
    return components, edges


def runtime(library):
    version = re.search(r"\.so\.(\d[\d.]*)$", library.name).group(1)
    ref = f"pkg:pypi/onnxruntime@{version}"
    return {ref: {"type": "library", "bom-ref": ref, "name": "onnxruntime", "version": version, "purl": ref,
                  "licenses": licences("MIT"), "hashes": [{"alg": "SHA-256", "content": sha256(library)}]}}


def write(version, epoch, pack, library):
    components, edges = crates()
    networks, network_edges = models(pack)
    components |= networks | runtime(library)
    edges |= network_edges
    root = f"attendance@{version}"
    members = [ref for ref in components if ref.split("/")[-1].rsplit("@")[0] in sum(PROGRAMS.values(), [])]
    edges[root] = {*members, *networks, *runtime(library)}
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, timezone.utc).isoformat().replace("+00:00", "Z"),
            "component": {"type": "application", "bom-ref": root, "name": "attendance", "version": version,
                          "licenses": licences("MIT OR Apache-2.0")},
        },
        "components": [components[ref] for ref in sorted(components)],
        "dependencies": [{"ref": ref, "dependsOn": sorted(edges.get(ref, ()))} for ref in [root, *sorted(components)]],
    }
    # The same contents have the same number.
    text = json.dumps(document, sort_keys=True)
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(text.encode()).hexdigest())}"
    json.dump(document, sys.stdout, indent=1, sort_keys=True)
    print()


def problems(document):
    """What CycloneDX demands, and what makes the list of use: a version or a hash for each part, no loose ends."""
    for name, pattern in (("bomFormat", "CycloneDX"), ("specVersion", re.escape(SPEC)), ("serialNumber", r"urn:uuid:[0-9a-f-]{36}")):
        if not re.fullmatch(pattern, str(document.get(name))):
            yield f"{name} is {document.get(name)!r}"
    if not isinstance(document.get("version"), int):
        yield "version is no number"
    root = document.get("metadata", {}).get("component", {})
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document.get("metadata", {}).get("timestamp", "")):
        yield "metadata.timestamp is no time"
    refs = {root.get("bom-ref")}
    for part in document.get("components", []):
        name = part.get("name")
        if part.get("type") not in ("library", "application", "machine-learning-model") or not name:
            yield f"a component without type or name: {part}"
        if part.get("bom-ref") in refs:
            yield f"{part['bom-ref']} stands twice"
        refs.add(part.get("bom-ref"))
        if not part.get("version") and not part.get("hashes"):
            yield f"{name} has neither version nor hash"
        if part.get("type") == "library" and not part.get("licenses"):
            yield f"{name} has no licence"
        for one in part.get("hashes", []):
            lengths = {"SHA-256": 64, "SHA-512": 128}
            if not re.fullmatch(f"[0-9a-f]{{{lengths.get(one.get('alg'), 0)}}}", one.get("content", "")):
                yield f"{name} has the hash {one}"
    names = {part.get("name") for part in document.get("components", [])}
    for name in ("api", "recognizer", "frontend", "diesel", "actix-web", "leptos", "ort", "onnxruntime", "default/embedder.onnx"):
        if name not in names:
            yield f"{name} is missing"
    for edge in document.get("dependencies", []):
        for ref in [edge["ref"], *edge["dependsOn"]]:
            if ref not in refs:
                yield f"{ref} is depended on and not listed"


def main():
    match sys.argv[1:]:
        case ["write", version, epoch, pack, library]:
            write(version, int(epoch), Path(pack), Path(library))
        case ["check", path]:
            document = json.loads(Path(path).read_text())
            found = list(problems(document))
            print("\n".join(found) or f"{len(document['components'])} components")
            sys.exit(1 if found else 0)
        case _:
            sys.exit(__doc__)


main()

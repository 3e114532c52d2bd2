#!/usr/bin/env python3
"""Prints the licences of all crates in the binary, each text once: whoever passes the binary on needs them.

Usage: licences.py TARGET
"""
import hashlib
import json
import pathlib
import subprocess
import sys

command = ["cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", sys.argv[1]]
metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
packages = {package["id"]: package for package in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}

# What is compiled in, which tests and build scripts are not.
found, left = set(), [metadata["resolve"]["root"]]
while left:
    for dep in nodes[left.pop()]["deps"]:
        if dep["pkg"] not in found and any(kind["kind"] is None for kind in dep["dep_kinds"]):
            found.add(dep["pkg"])
            left.append(dep["pkg"])

texts = {}
for package in sorted((packages[one] for one in found), key=lambda one: (one["name"], one["version"])):
    name = f"{package['name']} {package['version']}"
    print(f"{name}: {package['license'] or 'see its text below'}")
    folder = pathlib.Path(package["manifest_path"]).parent
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE")):
            text = file.read_text(encoding="utf-8", errors="replace").strip()
            key = hashlib.sha256(text.encode()).hexdigest()
            texts.setdefault(key, (text, []))[1].append(f"{name} ({file.name})")
for text, owners in sorted(texts.values(), key=lambda one: one[1]):
    print("\n" + "=" * 100 + "\n" + "\n".join(owners) + "\n" + "-" * 100 + "\n\n" + text)

#!/usr/bin/env python3
"""Packs the function for each cloud: function-archives.py PROGRAM FOLDER VERSION makes
FOLDER/attendance-function-VERSION-aws.zip and -azure.zip.

The same program gives the same bytes: times and modes are fixed, names are in order.
"""

import hashlib
import pathlib
import sys
import zipfile

program, folder = map(pathlib.Path, sys.argv[1:3])
version = sys.argv[3]
azure = pathlib.Path(__file__).resolve().parent.parent / "lambda" / "azure"

ARCHIVES = {
    # Lambda's runtime for programs that bring all they need starts a file of this name.
    "aws": {"bootstrap": program},
    "azure": {
        "lambda": program,
        **{path.relative_to(azure).as_posix(): path for path in azure.rglob("*.json")},
    },
}

for cloud, files in ARCHIVES.items():
    path = folder / f"attendance-function-{version}-{cloud}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for inside, source in sorted(files.items()):
            entry = zipfile.ZipInfo(inside, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o100755 if source == program else 0o100644) << 16
            archive.writestr(entry, source.read_bytes())
    data = path.read_bytes()
    print(f"{hashlib.sha256(data).hexdigest()}  {path}  ({len(data) / 1e6:.1f} MB)")

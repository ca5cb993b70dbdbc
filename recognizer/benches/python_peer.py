"""The Python package face_recognition (dlib HOG + ResNet, one thread) on the pictures of frame_to_decision.

    python3 -m venv peer
    peer/bin/pip install "setuptools<81" numpy pillow click dlib-bin face_recognition_models
    peer/bin/pip install --no-deps face_recognition==1.3.0   # its dlib is the prebuilt one
    cargo bench -p recognizer                                # writes the pictures and our medians
    OMP_NUM_THREADS=1 peer/bin/python recognizer/benches/python_peer.py /tmp/frame_1280x720.jpg …

Prints rows of a table. Times are processor time, as in frame_to_decision.
"""

import pathlib
import statistics
import sys
import time

import face_recognition

ROUNDS = 15
# How many times faster than the peer we want to be.
WANTED = {"1280x720": 20, "640x480": 9}

for path in map(pathlib.Path, sys.argv[1:]):
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        picture = face_recognition.load_image_file(path)
        boxes = face_recognition.face_locations(picture)
        found = face_recognition.face_encodings(picture, boxes)
        times.append((time.process_time() - start) * 1000)
    assert len(found) == 1, f"{path}: {len(found)} faces"
    peer = statistics.median(times)
    ours = float(path.with_suffix(".ms").read_text())
    size = path.stem.removeprefix("frame_")
    print(
        f"| {size.replace('x', '×')}, one face: against `face_recognition` | {ours:.1f} ms | {peer:.0f} ms "
        f"| {peer / ours:.0f} × faster | {WANTED[size]} × |"
    )

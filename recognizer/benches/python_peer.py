"""The Python package face_recognition (dlib HOG + ResNet, one thread) on the pictures of frame_to_decision.

    python3 -m venv peer
    peer/bin/pip install "setuptools<81" numpy pillow click dlib-bin face_recognition_models
    peer/bin/pip install --no-deps face_recognition==1.3.0   # its dlib is the prebuilt one
    cargo bench -p recognizer                                           # writes the pictures
    OMP_NUM_THREADS=1 taskset -c 0 peer/bin/python recognizer/benches/python_peer.py /tmp/frame_1280x720.jpg …
"""

import statistics
import sys
import time

import face_recognition

ROUNDS = 15

for path in sys.argv[1:]:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        picture = face_recognition.load_image_file(path)
        boxes = face_recognition.face_locations(picture)
        face_recognition.face_encodings(picture, boxes)
        times.append((time.perf_counter() - start) * 1000)
    print(f"{path}: {len(boxes)} face(s), median {statistics.median(times):.0f} ms of {ROUNDS} rounds")

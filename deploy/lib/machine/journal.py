"""The journal to CloudWatch Logs."""

import itertools
import json
import subprocess

from machine.web import Stopped, persist


def ship(cloud, group, stream, kept, write):
    """All that came since the last time, of whatever boot; `write` keeps the place."""
    after = [f"--after-cursor={kept.read_text()}"] if kept.exists() else []
    # --all, or what is longer than 4 KB would come without its text.
    reader = subprocess.Popen(["journalctl", "--quiet", "--all", "--output=json", *after], stdout=subprocess.PIPE)
    while entries := [json.loads(line) for line in itertools.islice(reader.stdout, 200)]:
        events = sorted((log_event(entry) for entry in entries), key=lambda event: event["timestamp"])
        for batch in batches(events):
            persist("The journal's shipping", lambda batch=batch: cloud.send_logs(group, stream, batch))
        write(kept, entries[-1]["__CURSOR"])
    if reader.wait():
        raise Stopped(f"journalctl ended with {reader.returncode}")


def batches(events):
    """One request takes 1 MB, each event counted with 26 bytes more, and no more than a day."""
    batch, size = [], 0
    for event in events:
        more = len(event["message"]) + 26
        if batch and (size + more > 1_000_000 or event["timestamp"] - batch[0]["timestamp"] > 80_000_000):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += more
    if batch:
        yield batch


def log_event(entry):
    """An entry whose message is JSON keeps its fields, so that filters of metrics can read them."""
    text = entry.get("MESSAGE") or ""
    if isinstance(text, list):  # bytes that are no text, or several texts
        text = bytes(text).decode("utf-8", "replace") if all(isinstance(part, int) for part in text) else " ".join(map(str, text))
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    fields = told if isinstance(told, dict) else {"message": text[:4000]}
    # What the journal itself knows stands over what a program says.
    fields |= {"unit": entry.get("_SYSTEMD_UNIT", "kernel"), "priority": int(entry.get("PRIORITY", 6))}
    return {"timestamp": int(entry["__REALTIME_TIMESTAMP"]) // 1000, "message": json.dumps(fields)[:16000]}

"""How a proof tells what it found: a line each, the failures counted, the exit code at its end."""

import sys

failures = 0


def tell(well, text):
    global failures
    failures += not well
    print(f"{'ok' if well else 'not ok'} {text}", flush=True)
    return well


def skip(reason):
    """This machine cannot run the proof."""
    print(f"skipped: {reason}")
    sys.exit(77)


def end(more=""):
    print((f"not ok: {failures} failures" if failures else "all ok") + more)
    sys.exit(1 if failures else 0)

"""What the proofs of this folder share: what they need, how they begin and end."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import services as programs
import topology

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from telling import end, skip, tell  # noqa: E402

TOOLS = ["ip", "nft", "caddy", "curl", "openssl", "psql", "node", "sysctl", "setpriv", "ss"]


def check_means():
    if os.geteuid() != 0:
        skip("namespaces need root")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if not programs.postgres_folder():
        missing.append("PostgreSQL's server")
    if missing:
        skip(f"not here: {', '.join(missing)}")
    if missing := programs.needed():
        skip(f"not built: {', '.join(missing)}")
    if subprocess.run(["unshare", "--net", "nft", "list", "ruleset"], capture_output=True, check=False).returncode:
        skip("this kernel gives no network namespaces with nftables")


def run(hosts, prove):
    """Runs `prove(network, services)` on a network whose machines have these /etc/hosts, and leaves nothing behind."""
    check_means()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="attendance-network-"))
    folder.chmod(0o711)
    network = topology.Network(hosts)
    running = programs.Services(network, folder)
    try:
        network.build()
        prove(network, running)
    except (RuntimeError, OSError) as error:
        tell(False, f"the proof broke off: {error}")
    finally:
        running.end()
        network.remove()
        shutil.rmtree(folder, ignore_errors=True)
    left = [name for name in topology.run("ip", "netns", "list").split() if name.startswith(network.prefix)]
    tell(not left, "nothing is left behind")
    end(f", {time.monotonic() - began:.0f} s")

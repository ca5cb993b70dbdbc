"""Disks: how full they are, and the one on which the edge's certificates outlive it."""

import json
import os
import subprocess
import time
from pathlib import Path

from machine.web import say

CERTIFICATES = Path("/var/lib/caddy")
DISKS = ["/", str(CERTIFICATES)]
UNITS = Path("/etc/systemd/system")
# The edge's own disk is attached a moment after the machine was made.
ATTACH_SECONDS = 600

MOUNT = """\
# The certificates lie on a disk that outlives the machine: an authority gives out five of one name a week. Without the
# disk Caddy starts all the same and asks for a new one.
[Unit]
Description=Attendance: the disk of the certificates
Before=caddy.service

[Mount]
What={disk}
Where={folder}
Type=ext4
Options=nodev,nosuid,noexec

[Install]
WantedBy=multi-user.target
"""


def systemctl(*arguments):
    subprocess.run(["systemctl", *arguments], check=True)


def mount_certificates(disk):
    if not disk:
        return
    deadline = time.monotonic() + ATTACH_SECONDS
    while not os.path.exists(disk):
        if time.monotonic() > deadline:
            say(f"The disk of the certificates, {disk}, was not attached; Caddy gets new certificates")
            return
        time.sleep(2)
    try:
        # Exit code 2: nothing that is known is on it. Whatever else is on it stays.
        if subprocess.run(["blkid", "--probe", disk], stdout=subprocess.DEVNULL, check=False).returncode == 2:
            subprocess.run(["mkfs.ext4", "-q", "-m", "0", disk], check=True)
        unit = "-".join(CERTIFICATES.parts[1:]) + ".mount"
        (UNITS / unit).write_text(MOUNT.format(disk=disk, folder=CERTIFICATES))
        systemctl("daemon-reload")
        systemctl("enable", "--quiet", "--now", unit)
    except subprocess.CalledProcessError as error:
        say(f"The disk of the certificates, {disk}, cannot be used: {error}; Caddy gets new certificates")


def tell():
    """A line for each disk, of which a filter of the log group makes the metric that MachineDiskFull looks at."""
    disks = {os.stat(path).st_dev: path for path in reversed(DISKS) if os.path.exists(path)}
    for path in disks.values():
        say(json.dumps({"metric": "disk_used_percent", "disk": path, "value": used_percent(path)}))


def used_percent(path):
    """As `df` has it, of space or of files, whichever there is less of."""
    told = os.statvfs(path)
    shares = [(total - free, total - free + left) for total, free, left in
              ((told.f_blocks, told.f_bfree, told.f_bavail), (told.f_files, told.f_ffree, told.f_favail)) if total]
    return round(max(100 * used / of for used, of in shares), 1)

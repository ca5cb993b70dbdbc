#!/usr/bin/env python3
"""A line between two network namespaces: packets go through with delay, loss and a rate, or not at all.

It makes a network interface at either end (/dev/net/tun) and carries every packet between them by hand, so the kernels'
own TCP and UDP meet what they would meet on a bad line: lost packets, a full queue, silence. It needs root, `ip` and
/dev/net/tun, and no module for traffic control.

    line.py NAMESPACE=NAME=ADDRESS NAMESPACE=NAME=ADDRESS      (an empty namespace: the one it runs in)

Each line on its input is JSON that changes the line: {"delay_ms", "jitter_ms", "loss", "rate_kbit", "cut"}, both ways
alike; it answers each with a line of JSON, what it has carried and lost so far. It prints "ready" first and ends with its
input.
"""
import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
# Longer than what a home router holds, shorter than what hides every loss.
QUEUE_BYTES = 96 * 1024
libc = ctypes.CDLL(None, use_errno=True)


def enter(handle):
    if libc.setns(handle, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def end_of(namespace, name, address, peer):
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    if namespace:
        enter(os.open("/run/netns/" + namespace, os.O_RDONLY))
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    for command in (["address", "add", address, "peer", peer, "dev", name], ["link", "set", name, "up"]):
        subprocess.run(["ip", *command], check=True)
    enter(home)
    return handle


class Way:
    """One direction. Packets keep their order, as they do on a line."""

    def __init__(self, out):
        self.out = out
        self.queue = []
        self.free_at = 0.0
        self.last = 0.0
        self.number = 0

    def take(self, packet, now):
        if line["cut"] or random.random() < line["loss"]:
            counts["lost"] += 1
            return
        begin = max(now, self.free_at)
        rate = line["rate_kbit"] * 125
        if rate:
            if (begin - now) * rate > QUEUE_BYTES:
                counts["lost"] += 1
                return
            self.free_at = begin + len(packet) / rate
        jitter = random.uniform(-line["jitter_ms"], line["jitter_ms"])
        at = max(self.last, max(begin, self.free_at) + max(line["delay_ms"] + jitter, 0) / 1000)
        self.last = at
        self.number += 1
        heapq.heappush(self.queue, (at, self.number, packet))

    def deliver(self, now):
        while self.queue and self.queue[0][0] <= now:
            _, _, packet = heapq.heappop(self.queue)
            # A cut loses what is on its way, too.
            if line["cut"]:
                counts["lost"] += 1
                continue
            try:
                os.write(self.out, packet)
                counts["carried"] += 1
                counts["bytes"] += len(packet)
            except OSError:
                counts["lost"] += 1  # an interface that is down
        return self.queue[0][0] if self.queue else None


line = {"delay_ms": 0, "jitter_ms": 0, "loss": 0.0, "rate_kbit": 0, "cut": False}
counts = {"carried": 0, "bytes": 0, "lost": 0}
random.seed(5)
near, far = (argument.split("=") for argument in sys.argv[1:3])
ends = [end_of(*near, far[2]), end_of(*far, near[2])]
ways = {ends[0]: Way(ends[1]), ends[1]: Way(ends[0])}
print("ready", flush=True)
commands = b""
while True:
    due = [at for at in (way.deliver(time.monotonic()) for way in ways.values()) if at is not None]
    wait = max(0.0, min(due) - time.monotonic()) if due else None
    readable, _, _ = select.select([*ends, sys.stdin.fileno()], [], [], wait)
    for handle in readable:
        if handle == sys.stdin.fileno():
            more = os.read(handle, 65536)
            if not more:
                sys.exit(0)
            *told, commands = (commands + more).split(b"\n")
            for text in told:
                line.update(json.loads(text))
                print(json.dumps(counts), flush=True)
            continue
        try:
            while True:
                ways[handle].take(os.read(handle, 65536), time.monotonic())
        except BlockingIOError:
            pass
        except OSError:
            time.sleep(0.01)  # down for a while

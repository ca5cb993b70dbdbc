"""Run in a namespace: tries ports of addresses, given as JSON on standard input, and prints which can be reached.

A port counts as reached when something answers, be it a refusal: that, too, came back through the firewall. What is
dropped stays silent. The time is enough for a second attempt of the kernel, which comes after one second."""

import errno
import json
import selectors
import socket
import sys
import time

SECONDS = 1.6
AT_ONCE = 4000


def probes(todo):
    for address, protocol, ports in todo:
        for port in ports:
            yield address, protocol, port


def begin(address, protocol, port):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    probe = socket.socket(socket.AF_INET, kind)
    probe.setblocking(False)
    result = probe.connect_ex((address, port))
    if protocol == "udp":
        probe.send(b"?")
    elif result not in (0, errno.EINPROGRESS):
        raise OSError(result, f"{address}:{port}")
    return probe


def answered(probe):
    return probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) in (0, errno.ECONNREFUSED)


def scan(batch):
    reached = []
    with selectors.DefaultSelector() as selector:
        for address, protocol, port in batch:
            events = selectors.EVENT_WRITE if protocol == "tcp" else selectors.EVENT_READ
            selector.register(begin(address, protocol, port), events, (address, protocol, port))
        until = time.monotonic() + SECONDS
        while selector.get_map() and time.monotonic() < until:
            for key, _ in selector.select(until - time.monotonic()):
                if answered(key.fileobj):
                    reached.append(key.data)
                selector.unregister(key.fileobj)
                key.fileobj.close()
        for key in list(selector.get_map().values()):
            key.fileobj.close()
    return reached


def main():
    todo = list(probes(json.load(sys.stdin)))
    reached = []
    for first in range(0, len(todo), AT_ONCE):
        reached += scan(todo[first:first + AT_ONCE])
    json.dump(reached, sys.stdout)


main()

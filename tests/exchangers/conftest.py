"""A name server on this machine that answers what a test says, and counts what it was asked."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest


class NameServer:
    """Answers MX questions over UDP; `zone` has the lines of a domain, or an error, or None to stay silent."""

    def __init__(self) -> None:
        self.zone: dict[str, list[str] | str | None] = {}
        self.asked: Counter[str] = Counter()
        self.ttl = 60
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                wire, sender = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            if answer := self._answer(wire):
                self._socket.sendto(answer, sender)

    def _answer(self, wire: bytes) -> bytes | None:
        query = dns.message.from_wire(wire)
        name = query.question[0].name
        domain = str(name).rstrip(".")
        self.asked[domain] += 1
        told = self.zone.get(domain, "NXDOMAIN")
        if told is None:
            return b"\x00" if domain.startswith("garbage") else None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if isinstance(told, str):
            answer.set_rcode(dns.rcode.from_text(told))
        elif told:
            answer.answer.append(dns.rrset.from_text(name, self.ttl, "IN", "MX", *told))
        if not answer.answer:
            answer.authority.append(
                dns.rrset.from_text(name.parent(), 900, "IN", "SOA", "ns.example. root.example. 1 2 3 4 7200")
            )
        return answer.to_wire()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()

"""Recorded TCP connections, made by hand: what Suricata is shown in place of a network."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable

SYN, SYN_ACK, ACK, PUSH_ACK = 2, 18, 16, 24
CLIENT = "10.0.0.5"
SERVER = "93.184.216.34"
MTU = 1400


def client_hello(name: str, padding: int = 1600) -> bytes:
    """A TLS ClientHello with a server name (`` for none), as large as one with a post-quantum key share."""
    octets = name.encode()
    extensions = struct.pack(">HHHBH", 0, len(octets) + 5, len(octets) + 3, 0, len(octets)) + octets if name else b""
    extensions += struct.pack(">HH", 21, padding) + b"\0" * padding
    body = b"\x03\x03" + b"\x11" * 32 + b"\0" + b"\0\x02\x13\x01" + b"\x01\0"
    body += struct.pack(">H", len(extensions)) + extensions
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack(">H", len(handshake)) + handshake


def pieces(data: bytes, size: int = MTU) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def connection(source_port: int, server: str, port: int, chunks: Iterable[bytes]) -> list[bytes]:
    """Packets of one connection: handshake, then each chunk with the server's acknowledgement."""
    there, back = (CLIENT, server, source_port, port), (server, CLIENT, port, source_port)
    packets = [_packet(*there, 100, 0, SYN), _packet(*back, 500, 101, SYN_ACK), _packet(*there, 101, 501, ACK)]
    sequence = 101
    for chunk in chunks:
        packets.append(_packet(*there, sequence, 501, PUSH_ACK, chunk))
        sequence += len(chunk)
        packets.append(_packet(*back, 501, sequence, ACK))
    return packets


def recording(packets: Iterable[bytes]) -> bytes:
    """A pcap file, one millisecond from packet to packet."""
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for number, packet in enumerate(packets):
        head = struct.pack("<IIII", 1_700_000_000 + number // 1000, number % 1000 * 1000, len(packet), len(packet))
        data += head + packet
    return data


def _packet(
    source: str,
    target: str,
    source_port: int,
    port: int,
    sequence: int,
    acknowledged: int,
    flags: int,
    data: bytes = b"",
) -> bytes:
    addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
    tcp = struct.pack(">HHIIBBHHH", source_port, port, sequence, acknowledged, 5 << 4, flags, 65535, 0, 0)
    total = _checksum(addresses + struct.pack(">BBH", 0, 6, len(tcp) + len(data)) + tcp + data)
    tcp = tcp[:16] + struct.pack(">H", total) + tcp[18:]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(data), 1, 0, 64, 6, 0) + addresses
    head = head[:10] + struct.pack(">H", _checksum(head)) + head[12:]
    return b"\2" * 6 + b"\4" * 6 + b"\x08\0" + head + tcp + data


def _checksum(data: bytes) -> int:
    even = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(even) // 2}H", even))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF

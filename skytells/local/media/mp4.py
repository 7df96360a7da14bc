"""MP4, as much of it as one H.264 track with frames of equal length needs (ISO/IEC 14496-12, -15)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_UNITY: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000)
_TIMESCALE: Final = 1000


@dataclass(frozen=True)
class Track:
    """A film, encoded.

    Arguments:
        width: in pixels.
        height: in pixels.
        fps: frames per second.
        sps: the sequence parameter set.
        pps: the picture parameter set.
        frames: one unit of H.264 each, the first of them a key frame.
    """

    width: int
    height: int
    fps: int
    sps: bytes
    pps: bytes
    frames: Sequence[bytes]

    @property
    def milliseconds(self) -> int:
        """How long it plays."""
        return len(self.frames) * _TIMESCALE // self.fps


def overhead(frames: int) -> int:
    """More bytes than everything but the frames themselves takes."""
    return 1024 + 8 * frames


def mp4(track: Track, *, size: int) -> bytes:
    """The file, filled up to a size; its index comes first, so that it plays while it loads.

    Arguments:
        track: the film.
        size: the bytes of the file, at least what `overhead` says beyond the frames.
    """
    head = _box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
    offset = len(head) + len(_index(track, 0)) + 8
    samples = [struct.pack(">I", len(frame)) + frame for frame in track.frames]
    film = b"".join((head, _index(track, offset), _box(b"mdat", *samples)))
    return film + _box(b"free", bytes(size - len(film) - 8))


def _index(track: Track, offset: int) -> bytes:
    movie = _full_box(
        b"mvhd",
        struct.pack(">4I", 0, 0, _TIMESCALE, track.milliseconds),
        struct.pack(">IH10x", 0x10000, 0x100),
        _UNITY,
        bytes(24),
        struct.pack(">I", 2),
    )
    header = _full_box(
        b"tkhd",
        struct.pack(">5I8x4H", 0, 0, 1, 0, track.milliseconds, 0, 0, 0, 0),
        _UNITY,
        struct.pack(">2I", track.width << 16, track.height << 16),
        flags=3,
    )
    return _box(b"moov", movie, _box(b"trak", header, _media(track, offset)))


def _media(track: Track, offset: int) -> bytes:
    length = len(track.frames)
    times = _full_box(b"mdhd", struct.pack(">4I2H", 0, 0, track.fps, length, 0x55C4, 0))
    kind = _full_box(b"hdlr", struct.pack(">I4s12x", 0, b"vide"), b"film\0")
    where = _box(b"dinf", _full_box(b"dref", struct.pack(">I", 1), _full_box(b"url ", flags=1)))
    info = _box(b"minf", _full_box(b"vmhd", bytes(8), flags=1), where, _table(track, offset))
    return _box(b"mdia", times, kind, info)


def _table(track: Track, offset: int) -> bytes:
    length = len(track.frames)
    sizes = [4 + len(frame) for frame in track.frames]
    return _box(
        b"stbl",
        _full_box(b"stsd", struct.pack(">I", 1), _description(track)),
        _full_box(b"stts", struct.pack(">3I", 1, length, 1)),
        _full_box(b"stss", struct.pack(">2I", 1, 1)),
        _full_box(b"stsc", struct.pack(">4I", 1, 1, length, 1)),
        _full_box(b"stsz", struct.pack(f">2I{length}I", 0, length, *sizes)),
        _full_box(b"stco", struct.pack(">2I", 1, offset)),
    )


def _description(track: Track) -> bytes:
    sps, pps = track.sps, track.pps
    config = struct.pack(">B3sBBH", 1, sps[1:4], 0xFF, 0xE1, len(sps))
    return _box(
        b"avc1",
        struct.pack(">6xH16x2H", 1, track.width, track.height),
        struct.pack(">2I4xH32xHh", 0x480000, 0x480000, 1, 24, -1),
        _box(b"avcC", config, sps, struct.pack(">BH", 1, len(pps)), pps),
    )


def _full_box(name: bytes, *content: bytes, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags), *content)


def _box(name: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + name + body

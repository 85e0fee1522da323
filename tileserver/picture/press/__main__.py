"""The process that draws: orders on standard input, their pictures on standard output.

Each message is its length in four bytes, the most significant first, and a MessagePack; see `studio`.
"""

from __future__ import annotations

import os
import sys

import msgspec

from tileserver.picture.press.order import PictureOrder, fulfil
from tileserver.picture.press.studio import HEAD, Done

_NICE = 5  # readers' tiles come first


def main() -> None:
    """Draw until there are no more orders."""
    os.nice(_NICE)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    decoder = msgspec.msgpack.Decoder(PictureOrder)
    while len(head := source.read(HEAD)) == HEAD:
        order = decoder.decode(source.read(int.from_bytes(head, "big")))
        try:
            done = Done(fulfil(order))
        except Exception as error:  # whatever is wrong with one picture, the next one has its turn
            done = Done(b"", f"{type(error).__name__}: {error}"[:500])
        reply = msgspec.msgpack.encode(done)
        sink.write(len(reply).to_bytes(HEAD, "big") + reply)
        sink.flush()


if __name__ == "__main__":
    main()

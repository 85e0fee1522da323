"""Sources in an editor's words, addresses with a publisher before, for the field of a layer."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tileserver.errors import BadParameter
from tileserver.store.catalogue import StoredLayer


def source_field(stored: StoredLayer) -> str:
    """Return the field in which events and notes of *stored* have their sources; '' for none."""
    declared = stored.layer.evidence.sources if stored.layer.evidence else ""
    return declared or ("url" if "url" in stored.layer.fields else "")


def said_sources(said: Sequence[str], stored: StoredLayer) -> dict[str, str]:
    """Return *said*, each an address or ``publisher=address``, in the field of *stored*.

    `BadParameter` where the layer has no field for sources, or one for a single address.
    """
    name = source_field(stored)
    if not name:
        raise BadParameter(
            f"layer {stored.layer.name} has no field for sources; declare sources, or url, in the definition"
        )
    pairs = [_pair(each) for each in said if each.strip()]
    if stored.layer.evidence and name == stored.layer.evidence.sources:
        return {name: msgspec.json.encode(pairs).decode() if pairs else ""}
    if len(pairs) > 1 or any("publisher" in each for each in pairs):
        raise BadParameter(
            f"the field {name} of layer {stored.layer.name} has one address, without publisher"
        )
    return {name: pairs[0]["url"] if pairs else ""}


def _pair(text: str) -> dict[str, str]:
    """Return publisher and address; an equals sign within the address is the address's own."""
    publisher, is_there, url = text.strip().partition("=")
    if is_there and url.strip().startswith(("http://", "https://")) and "://" not in publisher:
        return {"publisher": publisher.strip(), "url": url.strip()}
    return {"url": text.strip()}

"""Bodies of requests to the desk's API, and their reading."""

from __future__ import annotations

import hmac
from typing import Annotated, TypeAlias, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tileserver.errors import BadParameter
from tileserver.newsroom.room import visitor_of

FORM_TOKEN = "X-Form-Token"  # noqa: S105 - the name of a header

Body = TypeVar("Body", bound=msgspec.Struct)


Remark: TypeAlias = dict[Annotated[str, msgspec.Meta(pattern=r"^([a-z]{2,3})?$")], str]  # by language, "" any


class PublishBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To publish a held import: the reason for the desk, and a remark for readers by language.

    Without ``remark`` readers are told what was said with the file; ``{}`` is nothing.
    """

    reason: str
    remark: Remark | None = None
    at: str = ""


class RejectBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To reject a held import, or to take back time and approvals."""

    reason: str = ""


class RollbackBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To roll a layer or a theatre back to a revision."""

    layer: str
    revision: int
    reason: str
    remark: Remark = {}


class WithdrawBody(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}
):
    """To withdraw features by ids or keys, or a half-open period in words; ``to`` as ``..`` has no end.

    Without ``agreed`` nothing is done, and the answer says what is hit; ``agreed`` is the hash in it.
    """

    layer: str
    reason: str
    ids: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    agreed: str = ""


class NoBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing needs to be said."""


async def body_of(request: Request, kind: type[Body]) -> Body:
    """Return the JSON of *request* as *kind*; `BadParameter` for any other body."""
    check_program(request)
    raw = await request.body()
    try:
        return msgspec.json.decode(raw or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadParameter(f"the body is not as /desk/api describes it: {error}") from error


def check_program(request: Request) -> None:
    """Refuse a request without a bearer token or the token of forms, which a browser sends by itself: 403."""
    visitor = visitor_of(request)
    if visitor.way == "token":
        return
    shown = request.headers.get(FORM_TOKEN, "")
    if not hmac.compare_digest(shown.encode("utf-8", "replace"), visitor.form_token.encode()):
        raise HTTPException(403, f"send a bearer token, or {FORM_TOKEN} from /desk/api/me beside a session")

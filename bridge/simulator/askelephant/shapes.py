"""The shapes in which APIs name the field they refuse.

AskElephant's reference has ``errors: [{field, code, message}]``. The others are those of
widespread frameworks: a client that reads one shape only takes the rest for refusals of unknown
cause.
"""

import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, TypedDict

Json = dict[str, Any]
Part = str | int


class FieldError(TypedDict):
    """One thing wrong with a body. ``field`` is a dotted path, such as ``participants.0``."""

    field: str
    code: str
    message: str


Shape = Callable[[str, Sequence[FieldError]], Json]
"""Given the problem's detail and its field errors, returns what replaces both in the body."""


def parts(field: str) -> list[Part]:
    """Return the parts of ``participants.1.email`` or ``participants[1].email``."""
    found = filter(None, re.split(r"[.\[\]]+", field))
    return [int(part) if part.isdecimal() else part for part in found]


def pointer(field: str) -> str:
    """Return the field as a JSON Pointer (RFC 6901)."""
    return "".join(f"/{part}" for part in parts(field))


def brackets(field: str) -> str:
    """Return the field as JavaScript writes it: ``participants[1].email``."""
    return re.sub(r"\.(\d+)", r"[\1]", field)


def _field(detail: str, errors: Sequence[FieldError]) -> Json:
    return {"detail": detail, "errors": list(errors)}


def _brackets(detail: str, errors: Sequence[FieldError]) -> Json:
    renamed = [{**error, "field": brackets(error["field"])} for error in errors]
    return {"detail": detail, "errors": renamed}


def _path(detail: str, errors: Sequence[FieldError]) -> Json:
    """Zod: https://zod.dev/error-formatting."""
    rows = [{**_rest(error), "path": parts(error["field"])} for error in errors]
    return {"detail": detail, "errors": rows}


def _loc(_detail: str, errors: Sequence[FieldError]) -> Json:
    """FastAPI: https://fastapi.tiangolo.com/tutorial/handling-errors/."""
    rows = [
        {"type": error["code"], "loc": ["body", *parts(error["field"])], "msg": error["message"]}
        for error in errors
    ]
    return {"detail": rows}


def _param(_detail: str, errors: Sequence[FieldError]) -> Json:
    """Stripe, which names the first one only: https://docs.stripe.com/api/errors."""
    first, *rest = parts(errors[0]["field"])
    param = f"{first}" + "".join(f"[{part}]" for part in rest)
    return {"error": {"type": "invalid_request_error", "param": param, **_rest(errors[0])}}


def _pointer(detail: str, errors: Sequence[FieldError]) -> Json:
    """RFC 9457, section 3: https://www.rfc-editor.org/rfc/rfc9457#section-3."""
    rows = [
        {"detail": error["message"], "pointer": f"#{pointer(error['field'])}"} for error in errors
    ]
    return {"detail": detail, "errors": rows}


def _source(_detail: str, errors: Sequence[FieldError]) -> Json:
    """JSON:API: https://jsonapi.org/examples/#error-objects-source-usage."""
    rows = [
        {
            "code": error["code"],
            "detail": error["message"],
            "source": {"pointer": pointer(error["field"])},
        }
        for error in errors
    ]
    return {"errors": rows}


def _map(detail: str, errors: Sequence[FieldError]) -> Json:
    """Rails and ASP.NET Core: each field with the list of its messages."""
    fields: dict[str, list[str]] = {}
    for error in errors:
        fields.setdefault(error["field"], []).append(error["message"])
    return {"detail": detail, "errors": fields}


def _sentences(key: str) -> Shape:
    """Return a shape without fields: the messages of all errors, under ``key``."""

    def shape(detail: str, errors: Sequence[FieldError]) -> Json:
        return {key: f"{detail}: " + "; ".join(error["message"] for error in errors)}

    return shape


def _rest(error: FieldError) -> Json:
    return {"code": error["code"], "message": error["message"]}


FIELD: Shape = _field
SHAPES: Mapping[str, Shape] = {
    "shape-path": _path,
    "shape-loc": _loc,
    "shape-param": _param,
    "shape-pointer": _pointer,
    "shape-source": _source,
    "shape-brackets": _brackets,
    "shape-map": _map,
    "shape-detail": _sentences("detail"),
    "shape-message": _sentences("message"),
    "shape-error": _sentences("error"),
}
"""Each shape by the behaviour that chooses it."""


def shape_of(behaviours: Container[str]) -> Shape:
    """Return the shape that a call's behaviours choose, or AskElephant's own."""
    chosen = (shape for name, shape in SHAPES.items() if name in behaviours)
    return next(chosen, FIELD)

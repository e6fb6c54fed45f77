"""The shapes of field errors: how the body of an error response names the rejected fields.

AskElephant documents ``errors: [{field, code, message}]``. The other shapes are those of common
frameworks, to test that the bridge finds the rejected field in each of them.
"""

import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, TypedDict

Json = dict[str, Any]
Part = str | int


class FieldError(TypedDict):
    """One error in a request's body. ``field`` is a dotted path, such as ``participants.0``."""

    field: str
    code: str
    message: str


Shape = Callable[[str, Sequence[FieldError]], Json]
"""Formats a problem's detail and field errors as members of the response's JSON body."""


def parts(field: str) -> list[Part]:
    """Split the path ``participants.1.email`` or ``participants[1].email`` into its parts."""
    found = filter(None, re.split(r"[.\[\]]+", field))
    return [int(part) if part.isdecimal() else part for part in found]


def pointer(field: str) -> str:
    """Convert a field's path to a JSON Pointer (RFC 6901)."""
    return "".join(f"/{part}" for part in parts(field))


def brackets(field: str) -> str:
    """Convert a field's path to JavaScript's form: ``participants[1].email``."""
    return re.sub(r"\.(\d+)", r"[\1]", field)


def _rows(
    row: Callable[[FieldError], Json], under: str = "errors", *, has_detail: bool = True
) -> Shape:
    """Create a shape with the detail and a list of errors, each formatted by ``row``."""

    def shape(detail: str, errors: Sequence[FieldError]) -> Json:
        body: Json = {"detail": detail} if has_detail else {}
        return body | {under: [row(error) for error in errors]}

    return shape


def _param(_detail: str, errors: Sequence[FieldError]) -> Json:
    """Format only the first error, as Stripe does: https://docs.stripe.com/api/errors."""
    first, *rest = parts(errors[0]["field"])
    param = f"{first}" + "".join(f"[{part}]" for part in rest)
    return {"error": {"type": "invalid_request_error", "param": param, **_rest(errors[0])}}


def _map(detail: str, errors: Sequence[FieldError]) -> Json:
    """Format errors as Rails and ASP.NET Core do: a map from each field to its messages."""
    fields: dict[str, list[str]] = {}
    for error in errors:
        fields.setdefault(error["field"], []).append(error["message"])
    return {"detail": detail, "errors": fields}


def _sentences(key: str) -> Shape:
    """Create a shape without fields: the messages of all errors, joined under ``key``."""

    def shape(detail: str, errors: Sequence[FieldError]) -> Json:
        return {key: f"{detail}: " + "; ".join(error["message"] for error in errors)}

    return shape


def _rest(error: FieldError) -> Json:
    return {"code": error["code"], "message": error["message"]}


FIELD: Shape = _rows(lambda error: {"field": error["field"], **_rest(error)})
SHAPES: Mapping[str, Shape] = {
    # Zod: https://zod.dev/error-formatting
    "shape-path": _rows(lambda error: {**_rest(error), "path": parts(error["field"])}),
    # FastAPI: https://fastapi.tiangolo.com/tutorial/handling-errors/
    "shape-loc": _rows(
        lambda error: {
            "type": error["code"],
            "loc": ["body", *parts(error["field"])],
            "msg": error["message"],
        },
        under="detail",
        has_detail=False,
    ),
    "shape-param": _param,
    # RFC 9457, section 3: https://www.rfc-editor.org/rfc/rfc9457#section-3
    "shape-pointer": _rows(
        lambda error: {"detail": error["message"], "pointer": f"#{pointer(error['field'])}"}
    ),
    # JSON:API: https://jsonapi.org/examples/#error-objects-source-usage
    "shape-source": _rows(
        lambda error: {
            "code": error["code"],
            "detail": error["message"],
            "source": {"pointer": pointer(error["field"])},
        },
        has_detail=False,
    ),
    "shape-brackets": _rows(lambda error: {"field": brackets(error["field"]), **_rest(error)}),
    "shape-map": _map,
    "shape-detail": _sentences("detail"),
    "shape-message": _sentences("message"),
    "shape-error": _sentences("error"),
}
"""The shape of field errors that each behaviour chooses."""


def shape_of(behaviours: Container[str]) -> Shape:
    """Return the shape of field errors that a call's behaviours choose, else AskElephant's."""
    chosen = (shape for name, shape in SHAPES.items() if name in behaviours)
    return next(chosen, FIELD)

"""Who a participant is: the user that owns an engagement, by e-mail first, then by phone."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.simulator.askelephant.options import User

UNKNOWN_DOMAIN = "@unknown.example"

Person = Mapping[str, Any]


def owner_at(participants: Sequence[Person]) -> int | None:
    """Return where the participant marked as owner stands, or ``None``."""
    marked = (index for index, person in enumerate(participants) if person.get("is_owner"))
    return next(marked, None)


def resolve(person: Person, users: Sequence[User] | None) -> User | None:
    """Return the active workspace user that ``person`` is, or ``None``.

    ``users=None`` stands for a workspace in which everyone but ``@unknown.example`` has an account.
    """
    email = (person.get("email") or "").strip().lower()
    phone = _digits(person.get("phone"))
    if users is None:
        return _anyone(person, email, phone)
    active = [user for user in users if user.active]
    by_email = (user for user in active if email and (user.email or "").lower() == email)
    by_phone = (user for user in active if phone and _digits(user.phone) == phone)
    return next(by_email, None) or next(by_phone, None)


def _anyone(person: Person, email: str, phone: str) -> User | None:
    known_by = email or phone
    if not known_by or email.endswith(UNKNOWN_DOMAIN):
        return None
    digest = hashlib.sha256(known_by.encode()).hexdigest()[:20].upper()
    return User(
        id=f"usr_01{digest}", name=person.get("name"), email=email or None, phone=phone or None
    )


def _digits(phone: str | None) -> str:
    return re.sub(r"\D", "", phone or "")

"""The operator's settings on which the decisions about a call depend, as one value."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """The durations, delays and rules that decisions about a call depend on."""

    settle: timedelta = timedelta(seconds=2)
    recording_deadline: timedelta = timedelta(hours=24)
    recording_first_delay: timedelta = timedelta(minutes=1)
    recording_max_delay: timedelta = timedelta(hours=1)
    refetches_links: bool = False
    submits_extras: bool = False
    poll_after: timedelta = timedelta(minutes=15)
    transcript_deadline: timedelta = timedelta(hours=24)
    insights_first_delay: timedelta = timedelta(seconds=45)
    insights_max_delay: timedelta = timedelta(minutes=5)
    insights_deadline: timedelta = timedelta(minutes=30)
    insights_required: tuple[str, ...] = ("action_items", "signals")
    retry_first_delay: timedelta = timedelta(seconds=5)
    retry_max_delay: timedelta = timedelta(minutes=15)
    retry_deadline: timedelta = timedelta(hours=48)
    probe_interval: timedelta = timedelta(minutes=1)
    countdown_limit: timedelta = timedelta(minutes=5)
    skip_shorter_than: timedelta = timedelta(0)
    skip_outcomes: frozenset[str] = frozenset()

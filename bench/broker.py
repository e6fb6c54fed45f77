"""Reads the messages in the broker, and counts the messages for each step of each call."""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from redis import Redis

from bench.settings import NAMESPACE
from bridge.domain.steps import INSIGHTS, SUBMIT
from config.broker import QUEUE, QUICK_QUEUE

STEPS = frozenset({SUBMIT.task, INSIGHTS.task})


@dataclass(frozen=True, slots=True)
class BrokerLook:
    """The content of the broker at one time: all messages, and messages for each step of a call.

    ``named`` counts the messages by task and call id.
    """

    messages: int
    named: Mapping[tuple[str, str], int]

    @property
    def most(self) -> int:
        """The largest number of messages for the same step of the same call."""
        return max(self.named.values(), default=0)


def look(redis: Redis) -> BrokerLook:
    """Count the messages in the queues and those that a worker has not acknowledged yet.

    Both are read in one transaction, so that a message that a worker fetches counts only once.
    """
    pipe = redis.pipeline(transaction=True)
    for queue in (QUEUE, QUICK_QUEUE):
        pipe.lrange(f"{NAMESPACE}:{queue}", 0, -1)
    pipe.hvals(f"{NAMESPACE}:unacked")
    *queues, unacked = pipe.execute()
    messages = [json.loads(raw) for queue in queues for raw in queue]
    messages += [json.loads(raw)[0] for raw in unacked]  # after the message: exchange, routing key
    named = Counter(step for message in messages for step in _steps(message))
    return BrokerLook(len(messages), named)


def _steps(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the task's name and the call id for each call of a message."""
    task = message["headers"]["task"]
    if task in STEPS:
        call_ids, _, _ = json.loads(base64.b64decode(message["body"]))
        yield from ((task, call_id) for call_id in call_ids)

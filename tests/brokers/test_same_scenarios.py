"""What the bridge promises with Redis as its broker, it keeps with RabbitMQ."""

from tests.scenarios.test_cases import (
    test_a_call_ends_where_it_should,
    test_every_move_is_counted_once,
    test_every_recorded_call_is_one_engagement_and_no_other_call_is_any,
    test_no_call_is_submitted_more_often_than_needed,
)
from tests.scenarios.test_flower import (
    flower,
    test_flower_shows_a_living_worker,
    test_flower_shows_tasks_by_their_call_id,
)
from tests.scenarios.test_restarts import (
    test_a_worker_may_be_restarted_in_mid_flight,
    test_calls_survive_an_outage_of_askelephant,
    test_the_web_process_may_be_restarted_in_mid_flight,
    test_without_beat_calls_still_complete,
)

__all__ = [
    "flower",
    "test_a_call_ends_where_it_should",
    "test_a_worker_may_be_restarted_in_mid_flight",
    "test_calls_survive_an_outage_of_askelephant",
    "test_every_move_is_counted_once",
    "test_every_recorded_call_is_one_engagement_and_no_other_call_is_any",
    "test_flower_shows_a_living_worker",
    "test_flower_shows_tasks_by_their_call_id",
    "test_no_call_is_submitted_more_often_than_needed",
    "test_the_web_process_may_be_restarted_in_mid_flight",
    "test_without_beat_calls_still_complete",
]

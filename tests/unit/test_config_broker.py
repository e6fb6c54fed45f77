"""How Celery reaches its broker, and that no time-out undercuts another."""

import pytest

from bridge.services import elephant_options, policy
from bridge.wavv.client import WavvOptions
from config import load_settings
from config.broker import (
    COUNTDOWN_LIMIT,
    RESPONSE_SECONDS,
    broker_options,
    lease_time,
    verifying,
    visibility_timeout,
)
from tests.support.settings_home import Home


@pytest.mark.parametrize("wavv_key", ["", "key"])
@pytest.mark.parametrize("timeout", ["", "0.001", "1", "120", "PT20M", "P1D", "315360000"])
def test_a_request_ends_before_its_lease_before_its_message_comes_back(
    home: Home, timeout: str, wavv_key: str
) -> None:
    """Else two workers would work on one call, or a task run twice while it runs."""
    home.set(askelephant_timeout=timeout, wavv_api_key=wavv_key)
    settings = load_settings()
    lease, visible = lease_time(settings), visibility_timeout(settings)
    link = WavvOptions(api_key=wavv_key).longest_request if wavv_key else 0
    assert link + elephant_options(settings).longest_request < lease.total_seconds()
    assert lease < visible
    assert policy(settings).countdown_limit == COUNTDOWN_LIMIT < visible
    options = broker_options(settings)["broker_transport_options"]
    assert options["visibility_timeout"] == visible.total_seconds()


@pytest.mark.parametrize(("timeout", "longest"), [("1", 30), ("3", 40), ("120", 210)])
def test_a_lease_is_no_longer_than_it_must_be(home: Home, timeout: str, longest: float) -> None:
    """It is how long a call waits for a worker that was killed in mid-request."""
    home.set(askelephant_timeout=timeout)
    assert lease_time(load_settings()).total_seconds() <= longest


def test_no_connection_to_redis_waits_for_ever(home: Home) -> None:
    """One that froze without closing would idle a worker until somebody looks."""
    home.set(redis_url="redis://localhost", namespace="acme")
    options = broker_options(load_settings())["broker_transport_options"]
    assert {"socket_timeout", "socket_connect_timeout", "health_check_interval"} <= set(options)
    assert options["socket_keepalive"] is options["retry_on_timeout"] is True
    assert options["global_keyprefix"] == "acme:"


@pytest.mark.parametrize(
    ("variables", "url", "of_redis"),
    [
        ({"redis_url": "redis://a"}, "redis://a", True),
        ({"redis_url": "redis://a", "broker_url": "redis://b"}, "redis://b", True),
        ({"redis_url": "redis://a", "broker_url": "amqp://b"}, "amqp://b", False),
        ({"redis_url": "redis://a", "broker_url": "amqps://b"}, "amqps://b", False),
    ],
)
def test_the_broker_is_the_same_redis_unless_another_is_named(
    home: Home, variables: dict[str, str], url: str, *, of_redis: bool
) -> None:
    """Redis's options are not RabbitMQ's."""
    home.set(**variables)
    options = broker_options(load_settings())
    assert options["broker_url"] == url
    assert ("global_keyprefix" in options["broker_transport_options"]) is of_redis


@pytest.mark.parametrize(
    ("said", "used"),
    [
        ("rediss://:p@a/0", "rediss://:p@a/0?ssl_cert_reqs=required"),
        ("rediss://a/0?ssl_ca_certs=c", "rediss://a/0?ssl_ca_certs=c&ssl_cert_reqs=required"),
        ("rediss://a/0?ssl_cert_reqs=none", "rediss://a/0?ssl_cert_reqs=none"),
        ("redis://a;rediss://b", "redis://a;rediss://b?ssl_cert_reqs=required"),
        ("amqps://a", "amqps://a"),
        (None, None),
    ],
)
def test_a_brokers_certificate_is_verified_unless_the_operator_says_no(
    said: str | None, used: str | None
) -> None:
    """Kombu takes any certificate when nothing is said: TLS with whoever answers."""
    assert verifying(said) == used


def test_rabbitmqs_queues_survive_a_node_and_can_be_delayed(home: Home) -> None:
    """Quorum queues, each behind a topic exchange of its own: behind one, each got the other's."""
    home.set(redis_url="redis://a", broker_url="amqp://b", namespace="acme.eu")
    queues = broker_options(load_settings())["task_queues"]
    assert set(queues) == {"acme/eu:quick", "acme/eu:celery"}
    for name, queue in queues.items():
        assert (queue["exchange"], queue["routing_key"]) == (name, name)
        assert queue["exchange_type"] == "topic"
        assert queue["queue_arguments"] == {"x-queue-type": "quorum"}


def test_rabbitmq_does_not_keep_a_publisher_waiting(home: Home) -> None:
    """No answer is awaited for ever, and no confirmation at all: events would hang a worker."""
    home.set(redis_url="redis://a", broker_url="amqp://b")
    options = broker_options(load_settings())
    transport = options["broker_transport_options"]
    assert "confirm_publish" not in transport
    assert transport["read_timeout"] == transport["write_timeout"] == RESPONSE_SECONDS
    assert options["broker_heartbeat"] > 0


def test_rabbitmq_locks_no_worker_out(home: Home) -> None:
    """An exclusive queue belongs to a connection, dead or alive, until RabbitMQ has noticed."""
    home.set(redis_url="redis://a", broker_url="amqp://b")
    options = broker_options(load_settings())
    assert options["control_queue_exclusive"] is False
    assert options["control_queue_durable"] is True


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("rediss://:p@a/0", {"ssl_cert_reqs": "required"}),
        ("rediss://a/0?ssl_ca_certs=c", {"ssl_ca_certs": "c", "ssl_cert_reqs": "required"}),
        ("rediss://a;rediss://b", {"ssl_cert_reqs": "required"}),
        ("redis://a", False),
        ("sentinel://a/0?service=b", False),
    ],
)
def test_what_a_url_says_of_tls_is_said_apart(home: Home, url: str, said: object) -> None:
    """Flower's page of the broker does not read it from there, and would show no queue."""
    home.set(redis_url=url)
    assert broker_options(load_settings())["broker_use_ssl"] == said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("amqps://:p@b.example:1/", {"server_hostname": "b.example"}),
        ("amqps://b;amqps://c", False),
        ("amqp://b", False),
    ],
)
def test_rabbitmqs_certificate_must_bear_its_name(home: Home, url: str, said: object) -> None:
    """Else whoever has a certificate of a known authority, for any name, could stand in."""
    home.set(redis_url="redis://a", broker_url=url)
    assert broker_options(load_settings())["broker_use_ssl"] == said


@pytest.mark.parametrize("broker", ["redis://b", "amqp://b"])
def test_every_task_goes_to_a_queue_that_workers_take_from(home: Home, broker: str) -> None:
    """Those who publish and those who work have the same queues."""
    home.set(redis_url="redis://a", broker_url=broker)
    options = broker_options(load_settings())
    taken = set(options["task_queues"])
    assert {options["task_default_queue"]} < taken
    assert {route["queue"] for route in options["task_routes"].values()} < taken


def test_messages_are_json_and_leave_no_results(home: Home) -> None:
    """Nothing that can carry code, and nothing but the call record is the truth."""
    home.set(redis_url="redis://localhost")
    options = broker_options(load_settings())
    assert (options["task_serializer"], options["accept_content"]) == ("json", ["json"])
    assert (options["task_ignore_result"], options["result_backend"]) == (True, None)

"""Tests for Celery's connection to its broker, and for the order of its timeouts."""

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
def test_a_request_ends_before_its_lease_and_the_visibility_timeout(
    home: Home, timeout: str, wavv_key: str
) -> None:
    """The longest request is shorter than the lease, and the lease than the visibility timeout."""
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
    """The lease, for which the call of a killed worker waits, is bounded by the timeout."""
    home.set(askelephant_timeout=timeout)
    assert lease_time(load_settings()).total_seconds() <= longest


def test_no_connection_to_redis_waits_for_ever(home: Home) -> None:
    """Connections to Redis have timeouts, keepalive and health checks."""
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
    """``broker_url`` defaults to ``redis_url``, and only Redis gets Redis's options."""
    home.set(**variables)
    options = broker_options(load_settings())
    assert options["broker_url"] == url
    assert ("global_keyprefix" in options["broker_transport_options"]) is of_redis


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("rediss://:p@a/0", "rediss://:p@a/0?ssl_cert_reqs=required"),
        ("rediss://a/0?ssl_ca_certs=c", "rediss://a/0?ssl_ca_certs=c&ssl_cert_reqs=required"),
        ("rediss://a/0?ssl_cert_reqs=none", "rediss://a/0?ssl_cert_reqs=none"),
        ("redis://a;rediss://b", "redis://a;rediss://b?ssl_cert_reqs=required"),
        ("amqps://a", "amqps://a"),
        (None, None),
    ],
)
def test_a_brokers_certificate_is_verified_by_default(url: str | None, used: str | None) -> None:
    """A ``rediss`` URL without ``ssl_cert_reqs`` gets ``required``, as kombu sets nothing."""
    assert verifying(url) == used


def test_rabbitmqs_queues_survive_a_node_and_can_be_delayed(home: Home) -> None:
    """Each quorum queue has its own topic exchange, so that no queue gets another's messages."""
    home.set(redis_url="redis://a", broker_url="amqp://b", namespace="acme.eu")
    queues = broker_options(load_settings())["task_queues"]
    assert set(queues) == {"acme/eu:quick", "acme/eu:celery"}
    for name, queue in queues.items():
        assert (queue["exchange"], queue["routing_key"]) == (name, name)
        assert queue["exchange_type"] == "topic"
        assert queue["queue_arguments"] == {"x-queue-type": "quorum"}


def test_rabbitmq_does_not_keep_a_publisher_waiting(home: Home) -> None:
    """A publisher waits for no confirmation, and reads and writes have a timeout."""
    home.set(redis_url="redis://a", broker_url="amqp://b")
    options = broker_options(load_settings())
    transport = options["broker_transport_options"]
    assert "confirm_publish" not in transport
    assert transport["read_timeout"] == transport["write_timeout"] == RESPONSE_SECONDS
    assert options["broker_heartbeat"] > 0


def test_rabbitmq_locks_no_worker_out(home: Home) -> None:
    """Control queues are not exclusive: a dead connection would keep one until RabbitMQ notices."""
    home.set(redis_url="redis://a", broker_url="amqp://b")
    options = broker_options(load_settings())
    assert options["control_queue_exclusive"] is False
    assert options["control_queue_durable"] is True


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("rediss://:p@a/0", {"ssl_cert_reqs": "required"}),
        ("rediss://a/0?ssl_ca_certs=c", {"ssl_ca_certs": "c", "ssl_cert_reqs": "required"}),
        ("rediss://a;rediss://b", {"ssl_cert_reqs": "required"}),
        ("redis://a", False),
        ("sentinel://a/0?service=b", False),
    ],
)
def test_the_tls_options_of_a_url_are_in_broker_use_ssl(
    home: Home, url: str, expected: object
) -> None:
    """The URL's TLS options are repeated in ``broker_use_ssl``, from which Flower reads them."""
    home.set(redis_url=url)
    assert broker_options(load_settings())["broker_use_ssl"] == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("amqps://:p@b.example:1/", {"server_hostname": "b.example"}),
        ("amqps://b;amqps://c", False),
        ("amqp://b", False),
    ],
)
def test_rabbitmqs_certificate_must_bear_its_name(home: Home, url: str, expected: object) -> None:
    """The certificate must be for the host of the URL, not only of a known authority."""
    home.set(redis_url="redis://a", broker_url=url)
    assert broker_options(load_settings())["broker_use_ssl"] == expected


@pytest.mark.parametrize("broker", ["redis://b", "amqp://b"])
def test_every_task_goes_to_a_queue_of_the_workers(home: Home, broker: str) -> None:
    """Default queue and routes name queues that the workers consume."""
    home.set(redis_url="redis://a", broker_url=broker)
    options = broker_options(load_settings())
    consumed = set(options["task_queues"])
    assert {options["task_default_queue"]} < consumed
    assert {route["queue"] for route in options["task_routes"].values()} < consumed


def test_messages_are_json_and_leave_no_results(home: Home) -> None:
    """Messages are JSON, which carries no code, and no results are stored."""
    home.set(redis_url="redis://localhost")
    options = broker_options(load_settings())
    assert (options["task_serializer"], options["accept_content"]) == ("json", ["json"])
    assert (options["task_ignore_result"], options["result_backend"]) == (True, None)

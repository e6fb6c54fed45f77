"""Whether Celery can connect to a broker with the bridge's options."""

from kombu.exceptions import OperationalError

from bridge.broker.celery_app import BridgeCelery
from config import Settings
from config.broker import broker_options


def refusal(**urls: str) -> str:
    """Return the error with which Celery fails to connect, or an empty string if it connects.

    No message is published: kombu would share its connection pools between different authorities.
    """
    settings = Settings.model_construct(**urls, namespace="tls")  # type: ignore[arg-type]  # URLs only
    with BridgeCelery("tls", set_as_current=False) as app:
        app.conf.update(broker_options(settings))
        with app.connection_for_write() as connection:
            try:
                connection.ensure_connection(max_retries=1).channel()
            except OperationalError as error:
                return str(error)
    return ""

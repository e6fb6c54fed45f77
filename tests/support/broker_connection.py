"""Whether Celery gets through to a broker, with the bridge's options."""

from kombu.exceptions import OperationalError

from bridge.broker.celery_app import BridgeCelery
from config import Settings
from config.broker import broker_options


def refusal(**urls: str) -> str:
    """Return why Celery does not get through; nothing if it does.

    Nothing is published: kombu shares its pools, whatever the authority.
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

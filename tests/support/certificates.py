"""Certificates for servers on the loopback, signed by an authority that only the test trusts."""

from pathlib import Path

import trustme

AUTHORITY, STRANGER, SERVER = "ca.pem", "stranger.pem", "server.pem"


def write_certificates(directory: Path, host: str) -> None:
    """Write an authority, a certificate and key for ``host``, and an unrelated authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / AUTHORITY)
    trustme.CA().cert_pem.write_to_path(directory / STRANGER)
    certificate = authority.issue_cert(host)
    certificate.private_key_and_cert_chain_pem.write_to_path(directory / SERVER)

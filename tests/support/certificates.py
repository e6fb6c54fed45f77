"""Certificates for servers on the loopback, of an authority that nobody knows by itself."""

from pathlib import Path

import trustme

AUTHORITY, STRANGER, SERVER = "ca.pem", "stranger.pem", "server.pem"


def write_certificates(directory: Path, host: str) -> None:
    """Write an authority, its certificate for ``host`` with the key, and another authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / AUTHORITY)
    trustme.CA().cert_pem.write_to_path(directory / STRANGER)
    certificate = authority.issue_cert(host)
    certificate.private_key_and_cert_chain_pem.write_to_path(directory / SERVER)

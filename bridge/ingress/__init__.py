"""The thin ingress: verify, check, store, answer."""

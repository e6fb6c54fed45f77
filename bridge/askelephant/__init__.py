"""AskElephant's public API: the requests we make of it, and the webhooks it sends."""

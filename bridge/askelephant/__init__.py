"""AskElephant's public API: the requests that the bridge sends, the webhooks that it receives."""

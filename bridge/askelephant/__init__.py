"""AskElephant's public API: the requests that the bridge sends, and the webhooks it receives."""

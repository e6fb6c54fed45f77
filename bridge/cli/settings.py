"""``bridge settings``: every setting, as the table in docs/settings.md has them."""


def settings() -> None:
    """Print every setting with its default and meaning, as a Markdown table."""
    import typer

    from config.table import settings_table

    typer.echo(settings_table())

"""``bridge settings``: prints the table of docs/settings.md."""


def settings() -> None:
    """Print every setting with its default and meaning, as a Markdown table."""
    import typer

    from config.table import settings_table

    typer.echo(settings_table())

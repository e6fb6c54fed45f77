"""The rows of the table, by family: each measures a few promises side by side."""

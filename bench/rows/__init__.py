"""The rows of the table by family. Each family measures a few promises in the same rounds."""

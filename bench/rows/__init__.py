"""The rows of the results, by family. A family measures related targets in the same rounds."""

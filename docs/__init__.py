"""The documents, and the module that writes the tables which are made from the code."""

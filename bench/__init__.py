"""The benchmark, ``make bench``: the bridge next to its peers. The bridge does not import it."""

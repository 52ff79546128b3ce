"""Own exports and databases into the lake: any writing, mappings, presets, incremental reads.

A source (a folder, a file, an object store, a database) gives raw tables. A mapping says which
sheet of a system each is and how its columns become ours. The lake then checks the rows as it
checks any others.
"""

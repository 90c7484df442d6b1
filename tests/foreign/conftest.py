"""The library is a project of its own: its tests run there."""

collect_ignore = ["project"]

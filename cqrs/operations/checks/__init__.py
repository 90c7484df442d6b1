"""System checks: `settings.CQRS` and what its tables hold, the databases, what a deploy left to do.

cqrs.E001  an unknown entry                     cqrs.E006  a query of an unknown projection
cqrs.E002  a path that cannot be imported       cqrs.E007  a projection of an unknown event
cqrs.E003  a table or an entry of another kind  cqrs.E008  a reaction to an unknown event
cqrs.E004  two of one name                      cqrs.E009  a database alias that is missing
cqrs.E005  a schema version without upcaster    cqrs.E010  a model on the wrong database
cqrs.E011  commands without rollback

cqrs.W001  tables of another version            cqrs.W002  another number of partitions
"""

from cqrs.operations.checks import databases, projections, tables, wiring

__all__ = ["databases", "projections", "tables", "wiring"]

"""System checks: `settings.CQRS` and what its tables hold, the databases, what a deploy left to do.

cqrs.E001  an unknown entry                     cqrs.E006  a query of an unknown projection
cqrs.E002  a path that cannot be imported       cqrs.E007  a projection of an unknown event
cqrs.E003  a table or an entry of another kind  cqrs.E008  a reaction to an unknown event
cqrs.E004  two of one name                      cqrs.E009  a database alias that is missing
cqrs.E005  a schema version without upcaster    cqrs.E010  a model on the wrong database
cqrs.E011  commands without rollback            cqrs.E012  a stream without a home, or with two
cqrs.E013  a version with other handled types   cqrs.E014  a migration that alters a read table
cqrs.E015  an aggregate without an adapter      cqrs.E016  fields that no digest covers

cqrs.W001  tables of another version            cqrs.W002  another number of partitions
cqrs.W003  a version that is not recorded       cqrs.W004  ahead of the log
"""

from cqrs.operations.checks import (
    adoption,
    databases,
    migrations,
    projections,
    recorded_types,
    tables,
    wiring,
)

__all__ = [
    "adoption",
    "databases",
    "migrations",
    "projections",
    "recorded_types",
    "tables",
    "wiring",
]

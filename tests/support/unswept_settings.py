"""The settings of served desks, for a `cdc run` that projects when it is woken and never else."""

from functools import partialmethod

from cqrs.cdc.waking import ProjectingThread
from tests.support.served_settings import *  # noqa: F403

NEVER_S = 3_600.0

ProjectingThread.__init__ = partialmethod(ProjectingThread.__init__, sweep_s=NEVER_S)

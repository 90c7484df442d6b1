"""What is projected, and the runner that does it."""

from cqrs.consumers import Consumer, Runner
from readmodels.models import ProjectionCheckpoint
from readmodels.projections.customers import Customers
from readmodels.projections.orders import Orders
from readmodels.projections.stock import Stock
from readmodels.router import PROJECTION_ALIAS

PROJECTIONS: tuple[Consumer, ...] = (Orders(), Customers(), Stock())

runner = Runner(ProjectionCheckpoint, PROJECTION_ALIAS)

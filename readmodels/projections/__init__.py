"""What is projected, and the runner that does it."""

from cqrs.consumers import Runner
from readmodels.engine import Projection
from readmodels.models import ParkedEvent, ProjectionCheckpoint
from readmodels.projections.customers import Customers
from readmodels.projections.orders import Orders
from readmodels.projections.stock import Stock
from readmodels.router import PROJECTION_ALIAS

PROJECTIONS: tuple[Projection, ...] = (Orders(), Customers(), Stock())

runner = Runner(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS)

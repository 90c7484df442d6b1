"""What is projected, and the runner that does it."""

from cqrs.aliases import PROJECTION_ALIAS
from cqrs.consumers import Runner
from readmodels.engine import Projection
from readmodels.models import ParkedEvent, ProjectionCheckpoint
from readmodels.projections.customers import Customers
from readmodels.projections.order_history import OrderHistory
from readmodels.projections.orders import Orders
from readmodels.projections.product_sales import ProductSales
from readmodels.projections.sales import Sales
from readmodels.projections.stock import Stock

PROJECTIONS: tuple[Projection, ...] = (
    Orders(),
    Customers(),
    Stock(),
    Sales(),
    ProductSales(),
    OrderHistory(),
)

runner = Runner(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS)

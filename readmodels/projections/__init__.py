"""What is projected: the table that the settings name."""

from cqrs.projections.projection import Projection
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

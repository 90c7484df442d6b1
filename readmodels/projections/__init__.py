"""The projections of the order desk, in the tables that the settings name."""

from cqrs.projections.projection import Projection
from readmodels.projections.customers import Customers
from readmodels.projections.first_versions import CustomersV1, first_version
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
EARLIER_VERSIONS: tuple[Projection, ...] = (
    CustomersV1(),
    *(first_version(each) for each in PROJECTIONS if each.name != Customers.name),
)

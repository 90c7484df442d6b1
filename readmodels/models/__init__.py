"""The read models, on `replica`. Rows contain finished answers; the columns serve to find them.

`document` is the JSON that a query answers with. The projection writes it, so that a read copies
bytes. There are no relations and no business rules: every table can be dropped and rebuilt from the
event log. Each module has the tables of the projection with the same name.
"""

from readmodels.models.customers import (
    CustomerOrderDate,
    CustomerOrders,
    CustomerReadModel,
    CustomerSearch,
)
from readmodels.models.order_history import OrderEventReadModel
from readmodels.models.orders import OrderCustomer, OrderReadModel, OrderSearch
from readmodels.models.product_sales import ProductName, ProductSalesReadModel
from readmodels.models.sales import SalesDayReadModel
from readmodels.models.stock import StockReadModel, StockSearch

__all__ = [
    "CustomerOrderDate",
    "CustomerOrders",
    "CustomerReadModel",
    "CustomerSearch",
    "OrderCustomer",
    "OrderEventReadModel",
    "OrderReadModel",
    "OrderSearch",
    "ProductName",
    "ProductSalesReadModel",
    "SalesDayReadModel",
    "StockReadModel",
    "StockSearch",
]

"""The read models, on `replica`. Rows hold finished answers; columns are for finding them.

`document` is the JSON that a query answers with, written by the projection, so that a read copies
bytes. No relations and no rules: every table here can be dropped and rebuilt from the event log.
There is a file for each projection, named as its own is: whatever that projection writes.
"""

from readmodels.models.customers import CustomerReadModel, CustomerSearch
from readmodels.models.order_history import OrderEventReadModel
from readmodels.models.orders import OrderCustomer, OrderReadModel, OrderSearch
from readmodels.models.product_sales import ProductName, ProductSalesReadModel
from readmodels.models.sales import SalesDayReadModel
from readmodels.models.stock import StockReadModel, StockSearch

__all__ = [
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

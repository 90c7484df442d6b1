"""The queries: one module per use case, and the table of handlers that the bus reads."""

from readmodels.queries.export_orders import ExportOrders, export_orders
from readmodels.queries.get_customer_by_id import GetCustomerById, get_customer_by_id
from readmodels.queries.get_order_by_id import GetOrderById, get_order_by_id
from readmodels.queries.get_order_history import GetOrderHistory, get_order_history
from readmodels.queries.get_orders_by_customer import GetOrdersByCustomer, get_orders_by_customer
from readmodels.queries.get_product_sales import GetProductSales, get_product_sales
from readmodels.queries.get_sales_report import GetSalesReport, get_sales_report
from readmodels.queries.get_stock import GetStock, get_stock
from readmodels.queries.list_customers import ListCustomers, list_customers
from readmodels.queries.list_orders import ListOrders, list_orders
from readmodels.queries.list_stock import ListStock, list_stock

HANDLERS = {
    GetOrderById: get_order_by_id,
    ListOrders: list_orders,
    ExportOrders: export_orders,
    GetOrdersByCustomer: get_orders_by_customer,
    GetCustomerById: get_customer_by_id,
    ListCustomers: list_customers,
    GetStock: get_stock,
    ListStock: list_stock,
    GetSalesReport: get_sales_report,
    GetProductSales: get_product_sales,
    GetOrderHistory: get_order_history,
}

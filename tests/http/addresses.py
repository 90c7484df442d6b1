"""The addresses of commands and queries, to things that are not there."""

MISSING = "018f0000-0000-7000-8000-000000000000"
COMMANDS = {
    "register": ("post", "/api/customers"),
    "update": ("patch", f"/api/customers/{MISSING}"),
    "deactivate": ("post", f"/api/customers/{MISSING}/deactivate"),
    "create": ("post", "/api/orders"),
    "confirm": ("post", f"/api/orders/{MISSING}/confirm"),
    "ship": ("post", f"/api/orders/{MISSING}/ship"),
    "deliver": ("post", f"/api/orders/{MISSING}/deliver"),
    "cancel": ("post", f"/api/orders/{MISSING}/cancel"),
    "stock": ("put", f"/api/products/{MISSING}/stock"),
}
QUERIES = ["/api/orders", f"/api/orders/{MISSING}", "/api/customers", f"/api/customers/{MISSING}",
           f"/api/customers/{MISSING}/orders"]  # fmt: skip

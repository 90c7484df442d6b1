"""The addresses of commands and queries, to things that are not there."""

NOBODY = "018f0000-0000-7000-8000-000000000000"
COMMANDS = {
    "register": ("post", "/api/customers"),
    "update": ("patch", f"/api/customers/{NOBODY}"),
    "deactivate": ("post", f"/api/customers/{NOBODY}/deactivate"),
    "create": ("post", "/api/orders"),
    "confirm": ("post", f"/api/orders/{NOBODY}/confirm"),
    "ship": ("post", f"/api/orders/{NOBODY}/ship"),
    "deliver": ("post", f"/api/orders/{NOBODY}/deliver"),
    "cancel": ("post", f"/api/orders/{NOBODY}/cancel"),
    "stock": ("put", f"/api/products/{NOBODY}/stock"),
}
QUERIES = ["/api/orders", f"/api/orders/{NOBODY}", "/api/customers", f"/api/customers/{NOBODY}",
           f"/api/customers/{NOBODY}/orders"]  # fmt: skip

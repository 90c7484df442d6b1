"""The plain way to read: normalized tables, DRF's ModelSerializers, django-filter and its pager.

`select_related` and `prefetch_related` are used as they should be, every filter has its index, and there
is no login.
"""

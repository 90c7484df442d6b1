"""The plain way to read: normalized tables, DRF's ModelSerializers, django-filter and its pager.

`select_related` and `prefetch_related` are used as they should be, and every filter has an index.
There is no login.
"""

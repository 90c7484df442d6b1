"""The document of a page, for the OpenAPI schema."""

from pydantic import BaseModel


class PageDocument(BaseModel):
    """The fields of every list. `count` is exact up to 100,000; beyond, `count_capped` is true.

    By cursor there is neither `count` nor `page`.
    """

    count: int | None
    count_capped: bool = False
    page: int | None
    page_size: int
    next: str | None
    previous: str | None

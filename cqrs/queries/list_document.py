"""The shape that all lists share, for the OpenAPI schema."""

from pydantic import BaseModel


class PageDocument(BaseModel):
    """What all lists share. `count` is exact up to 100,000; beyond, `count_capped` is true.

    By cursor there is neither `count` nor `page`.
    """

    count: int | None
    count_capped: bool = False
    page: int | None
    page_size: int
    next: str | None
    previous: str | None

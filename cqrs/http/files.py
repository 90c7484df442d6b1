"""Answer with files."""

from typing import IO, Any

from django.http import FileResponse
from rest_framework.renderers import BaseRenderer


class CsvFile(FileResponse):
    """A CSV download with a length, read in pieces as the client takes them."""

    block_size = 2**16

    def __init__(self, file: IO[bytes], name: str) -> None:
        kind = "text/csv; charset=utf-8; header=present"
        super().__init__(file, as_attachment=True, filename=name, content_type=kind)
        self["Cache-Control"] = "private, no-store"
        self["Vary"] = "Authorization"


class CsvRenderer(BaseRenderer):
    """Lets a client accept CSV alone. Renders nothing, because the view returns a file."""

    media_type = "text/csv"
    format = "csv"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        raise NotImplementedError

"""Exit 1 unless every file that pip installed is there, whole, as its RECORD says."""

import csv
import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path


def main() -> int:
    site = Path(sysconfig.get_path("purelib"))
    records = list(site.glob("*.dist-info/RECORD"))
    return 0 if records and not any(map(damaged, files(site, records))) else 1


def files(site: Path, records: list[Path]) -> Iterator[tuple[str, str]]:
    for record in records:
        with record.open(newline="") as lines:
            for name, _hash, size in csv.reader(lines):
                if size and not name.endswith(".pyc"):
                    yield os.path.join(site, name), size


def damaged(file: tuple[str, str]) -> bool:
    try:
        return os.stat(file[0]).st_size != int(file[1])
    except OSError:
        return True


if __name__ == "__main__":
    sys.exit(main())

"""The folder of the private server: its data, log and locks."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from config.environment import local_dir

# Root's server runs as another account, which cannot enter a checkout in a private home.
ROOT_HOMES = Path("/var/lib/order-desk")


def home() -> Path:
    """Return the server's folder: LOCAL_DIR, or for root one that other accounts can enter."""
    local = local_dir().absolute()
    return _reachable_home(local) if os.geteuid() == 0 else local


def _reachable_home(local: Path) -> Path:
    # Named by a random id in LOCAL_DIR, so that a new clone at the same path gets a new folder.
    folder = ROOT_HOMES / _create_once(local / "id", secrets.token_hex(8))
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    owner = Path(_create_once(folder / "local_dir", str(local)))
    if owner == local:
        return folder
    if _text(owner / "id") == folder.name:
        # LOCAL_DIR was copied with its id: the copy must not share the original's data.
        (local / "id").unlink(missing_ok=True)
        return _reachable_home(local)
    (folder / "local_dir").write_text(str(local))  # it was moved
    return folder


def _create_once(path: Path, value: str) -> str:
    """Return the file's text. The first of several processes writes it, complete or not at all."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        draft.write_text(value)
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None

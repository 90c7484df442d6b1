"""Write docs/settings.md of the declarations, and find variables that look like a misspelt one."""

import os
from collections.abc import Iterator
from difflib import get_close_matches

from config.setting import SETTINGS, Setting

LIKE = 0.8  # of 1; REDIS_PORT, which Kubernetes sets, is 0.74 like REDIS_URL
HEAD = """\
# Settings

Environment variables; every one has a working default. This page is made by
`python manage.py settings_report --docs` from the declarations in
[the settings](../config/settings.py). `manage.py settings_report` shows the present values, and
where each comes from.

A value can also stand in a file, as container platforms give secrets:
`SECRET_KEY_FILE=/run/secrets/key` in place of `SECRET_KEY`, and so for every variable that does not
stand under "Starting". Line breaks at the end of the file are dropped. A process reads the file
when it starts.
"""


def page() -> str:
    """Return docs/settings.md."""
    return "\n".join((HEAD, *_sections()))


def _sections() -> Iterator[str]:
    for title in dict.fromkeys(setting.section for setting in SETTINGS.values()):
        yield f"## {title}\n"
        yield "| variable | default | meaning |\n| --- | --- | --- |"
        yield from (_row(each) for each in SETTINGS.values() if each.section == title)
        yield ""


def _row(setting: Setting) -> str:
    default = f"`{setting.default}`" if setting.default else setting.unset
    return f"| `{setting.name}` | {default} | {setting.meaning} |"


def misspelt() -> dict[str, str]:
    """Return the variables of the environment that look like one of ours, with that one."""
    ours = {
        name: setting.name
        for setting in SETTINGS.values()
        for name in (setting.name, setting.file_variable)
    }
    close = {
        name: get_close_matches(name, ours, n=1, cutoff=LIKE)
        for name in sorted(os.environ.keys() - ours.keys())
        if not name.startswith("OTEL_")  # OpenTelemetry has many more
    }
    return {name: ours[found[0]] for name, found in close.items() if found}

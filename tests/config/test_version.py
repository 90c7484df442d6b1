"""The version is stated in one place; what repeats it says the same."""

import json
import re
from pathlib import Path

from django.conf import settings
from django.test import Client

from config.version import VERSION

ROOT = Path(settings.BASE_DIR)
OF_IMAGE = re.compile(r"\bARG VERSION=(\S+)|\border-desk(?:-[a-z]+)?:([0-9]+\.[0-9][0-9.]*)")


class TestVersion:
    def test_is_the_newest_of_the_changelog(self):
        heading = next(
            line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line[:3] == "## "
        )
        assert re.fullmatch(rf"## {re.escape(VERSION)} \(\d{{4}}-\d\d-\d\d\)", heading)

    def test_stands_in_the_schema(self, client: Client):
        answer = client.get("/api/schema", headers={"Accept": "application/json"})
        assert json.loads(answer.content)["info"]["version"] == VERSION

    def test_is_the_images(self):
        files = [*ROOT.glob("Dockerfile"), *ROOT.glob("docker-compose.yml")]
        found = OF_IMAGE.findall("\n".join(path.read_text() for path in files))
        assert {one or other for one, other in found} <= {VERSION}

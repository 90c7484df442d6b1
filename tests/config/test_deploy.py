"""Behind HTTPS, Django's own deployment check has nothing to say."""

import os
import subprocess
import sys


class TestCheckDeploy:
    def test_is_clean(self):
        checked = subprocess.run(
            [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
            env={**os.environ, "HTTPS": "1", "SECRET_KEY": os.urandom(40).hex()},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (checked.returncode, checked.stderr) == (0, "")
        assert "no issues" in checked.stdout

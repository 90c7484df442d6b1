"""What `make up` brings up, as processes of this machine.

Commands, environment, secrets and health checks come out of docker-compose.yml and the Dockerfile.
Names of services become ports of 127.0.0.1, and folders of a container become folders of the test.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.database.embedded.ports import free_port
from tests.deploy.compose_file import REPOSITORY, Service, image_environment, services
from tests.deploy.container import PATH, Container
from tests.deploy.image import Postgres, copy_of_code, redis_program

PORTS = {"postgres-write": 5432, "postgres-read": 5432, "redis": 6379, "web": 8000}
PORTS |= dict.fromkeys(("worker", "reactions", "beat"), 9464)
SERVICES = (*PORTS, "setup")
SECRETS, LOCAL_DIR = "/run/secrets", "/var/lib/order-desk"


class Stack:
    """All services without a profile. None is started yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = copy_of_code(folder / "code")
        self.ports = {name: free_port() for name in PORTS}
        self._make_secrets()
        self.containers = {name: self._container(services()[name]) for name in SERVICES}

    def __getitem__(self, name: str) -> Container:
        return self.containers[name]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['web']}"

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text()

    def _make_secrets(self) -> None:
        made, here = self.folder / "made", self.folder / "secrets"
        subprocess.run([REPOSITORY / "deploy/secrets.sh", made], check=True)
        here.mkdir()
        for file in made.iterdir():
            (here / file.name).write_text(self._with_addresses(file.read_text()))

    def _with_addresses(self, text: str) -> str:
        for name, port in PORTS.items():
            text = text.replace(f"{name}:{port}", f"127.0.0.1:{self.ports[name]}")
        return text

    def _container(self, service: Service) -> Container:
        own = self.folder / service.name
        own.mkdir()
        image = image_environment() if service.is_ours else {}
        given = {**image, "HOME": LOCAL_DIR, **service.environment}
        environment = {name: self._here(value, service) for name, value in given.items()}
        container = Container(
            service,
            self.code,
            {**environment, "PATH": PATH},
            [self._here(word, service) for word in service.command],
            [self._here(word, service) for word in service.health_command],
            own / "log",
        )
        if not service.is_ours:
            self._use_programs_of_this_machine(container)
        return container

    def _here(self, word: str, service: Service) -> str:
        """Return a word of the files with the folders and ports of this machine."""
        if word == str(PORTS.get(service.name)):
            return str(self.ports[service.name])
        own = str(self.folder / service.name)
        found = word.replace(SECRETS, str(self.folder / "secrets")).replace(LOCAL_DIR, own)
        return re.sub(r"^0\.0\.0\.0$", "127.0.0.1", found)

    def _use_programs_of_this_machine(self, container: Container) -> None:
        name, (program, *words) = container.service.name, container.health_command
        if name == "redis":
            redis = redis_program(container.command[0]), *container.command[1:]
            here = ("--bind", "127.0.0.1", "--port", str(self.ports[name]), "--dir", "/tmp")
            container.command = [*redis, *here]
            container.health_command = [redis_program(program), *words]
            return
        password_file = container.environment["POSTGRES_PASSWORD_FILE"]
        server = Postgres(self.folder / name / "server", password_file)
        container.account, container.code = server.account, Path("/")
        container.command = server.command(list(container.command), self.ports[name])
        container.health_command = [server.program(program), *words]


@contextmanager
def composed_stack() -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="order-desk-composed-"))
    folder.chmod(0o755)  # PostgreSQL runs as another account when the tests run as root
    stack = Stack(folder)
    try:
        yield stack
    finally:
        for container in reversed(stack.containers.values()):
            container.end()
        shutil.rmtree(folder, ignore_errors=True)

# `make run` needs Python 3.11+ and make, nothing else. What each target promises: README.md

PYTHON_ENV := .venv/bin/python
INSTALL := .ci/install
UV ?= uv
SPREAD := -n auto --dist loadfile --ignore tests/cdc
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header

.DEFAULT_GOAL := help
.PHONY: help run workers cdc up down test test-long test-cdc bench lint lock clean

help:
	@echo "make run        serve API, admin and workers on http://127.0.0.1:8000 (PORT=...)"
	@echo "make workers    run Celery's workers and beat, for servers of your own (BEAT=0 without beat)"
	@echo "make cdc        listen to Debezium beside make run (SOURCE=kafka for Kafka)"
	@echo "make up         run everything in containers (COMPOSE_PROFILES=cdc,observability)"
	@echo "make down       stop and remove the containers; the data stay in their volumes"
	@echo "make test       run all tests, some on two versions of PostgreSQL (PYTEST_ARGS=...)"
	@echo "make test-long  the same, fault tests with their full counts"
	@echo "make test-cdc   test change data capture with a real Debezium"
	@echo "make bench      measure against rivals and limits (ROWS=R1,P1)"
	@echo "make lint       formatter, linter, types, import contracts"
	@echo "make lock       pin requirements/*.in anew (needs uv)"
	@echo "make clean      remove .venv and caches; the data in .local stay"

# exec: make passes SIGTERM on to its child, which has to be Python itself.
run:
	@$(INSTALL) base && END_WITH_PARENT=1 exec $(PYTHON_ENV) manage.py serve

# deploy/supervisord.conf takes `python` from the PATH and whether to run beat from BEAT.
workers: export BEAT ?= 1
workers: export PATH := $(abspath $(dir $(PYTHON_ENV))):$(PATH)
workers: export LOCAL_DIR ?= $(CURDIR)/.local
workers:
	@test -n "$$REDIS_URL$$CELERY_BROKER_URL$$REDIS_URL_FILE$$CELERY_BROKER_URL_FILE" || \
		{ echo "Set REDIS_URL. Without it the workers are in the process of make run." >&2; exit 1; }
	@$(INSTALL) base && mkdir -p "$$LOCAL_DIR" && exec python -m config.serve.parent_death \
		python -m supervisor.supervisord -c deploy/supervisord.conf -j "$$LOCAL_DIR/workers.pid"

cdc: SOURCE ?= embedded
cdc:
	@$(INSTALL) base && $(INSTALL) cdc && END_WITH_PARENT=1 exec $(PYTHON_ENV) manage.py cdc run --source $(SOURCE)

up:
	@deploy/secrets.sh .local/secrets
	@docker compose up --detach --build --remove-orphans
	@echo "http://127.0.0.1:$${PORT:-8000} (docker compose ps says what is healthy)"
	@echo "The first user: docker compose exec web python manage.py createsuperuser"

down:
	@docker compose --profile cdc --profile observability down

# Twice: on the machine's PostgreSQL, then what differs by version on the wheel's newer one.
test:
	@$(INSTALL) dev && exec $(PYTHON_ENV) -m pytest $(SPREAD) $(PYTEST_ARGS)
	@exec $(PYTHON_ENV) -m tests.support.on_wheel $(SPREAD) $(PYTEST_ARGS)

test-long: export FAULT_COUNTS = full
test-long: test test-cdc

test-cdc:
	@$(INSTALL) dev && $(INSTALL) cdc-dev
	@exec $(PYTHON_ENV) -m pytest tests/cdc -n auto --dist loadfile $(PYTEST_ARGS)

bench:
	@$(INSTALL) bench && exec $(PYTHON_ENV) -m benchmarks $(ROWS)

# Addresses of nothing: reading the settings must not start a server.
lint: export DATABASE_URL = postgresql://lint@127.0.0.1:1/none
lint: export REPLICA_DATABASE_URL = postgresql://lint@127.0.0.1:1/none
lint:
	@$(INSTALL) dev
	@$(PYTHON_ENV) -m ruff format --check --quiet
	@$(PYTHON_ENV) -m ruff check --quiet
	@$(PYTHON_ENV) -m mypy
	@.venv/bin/lint-imports

lock:
	@$(LOCK) requirements/base.in -o requirements/base.txt
	@$(LOCK) requirements/tracing.in -c requirements/base.txt -o requirements/tracing.txt
	@$(LOCK) requirements/dev.in -c requirements/base.txt -c requirements/tracing.txt -o requirements/dev.txt
	@$(LOCK) requirements/cdc.in -c requirements/dev.txt -o requirements/cdc.txt
	@$(LOCK) requirements/cdc-dev.in -c requirements/dev.txt -c requirements/cdc.txt -o requirements/cdc-dev.txt
	@$(LOCK) requirements/bench.in -c requirements/dev.txt -o requirements/bench.txt

clean:
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

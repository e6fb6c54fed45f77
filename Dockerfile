# One image for web, worker, beat and Flower. It holds no settings and no secrets.
ARG PYTHON_IMAGE=python:3.13-slim

# Builds the project as a wheel. hatchling is installed from the development lock, with hashes.
FROM ${PYTHON_IMAGE} AS wheel
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements-dev.lock ./
RUN python -m pip install --require-hashes --no-deps --only-binary :all: -r requirements-dev.lock
COPY pyproject.toml README.md LICENSE ./
COPY bridge ./bridge
COPY config ./config
COPY tasks ./tasks
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

# Installs the locked dependencies and the project into a virtual environment.
FROM ${PYTHON_IMAGE} AS venv
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/bridge
COPY requirements.lock ./
RUN /opt/bridge/bin/python -m pip install --require-hashes --no-deps --only-binary :all: -r requirements.lock
COPY --from=wheel /wheels /wheels
RUN /opt/bridge/bin/python -m pip install --no-index --no-deps /wheels/*.whl

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 bridge \
    && useradd --uid 10001 --gid bridge --home-dir /app --no-create-home --shell /usr/sbin/nologin bridge
COPY --from=venv /opt/bridge /opt/bridge
ENV PATH=/opt/bridge/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
USER 10001:10001
EXPOSE 8000
CMD ["uvicorn", "bridge.web:create_app", "--factory", "--host", "0.0.0.0", "--port", "8000", "--http", "bridge.asgi.connection:Connection", "--ws", "none", "--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "25"]

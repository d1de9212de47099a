# syntax=docker/dockerfile:1
# The worker's image. The first stage installs the locked wheels and builds the one that has none (jieba); the last
# has Python, the virtual environment and nothing to build with.
ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /build
COPY requirements-build.lock requirements-runtime.lock ./
# The same path as in the last stage: a virtual environment cannot be moved.
RUN python -m venv /opt/streamproc \
    && /opt/streamproc/bin/pip install --require-hashes -r requirements-build.lock \
    && /opt/streamproc/bin/pip install --require-hashes --no-deps --no-build-isolation -r requirements-runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY streamproc ./streamproc
RUN /opt/streamproc/bin/pip install --no-deps --no-build-isolation . \
    && /opt/streamproc/bin/pip uninstall --yes setuptools pip \
    && /opt/streamproc/bin/streamproc version

FROM python:${PYTHON_VERSION}-slim-bookworm
LABEL org.opencontainers.image.title="streamproc" \
      org.opencontainers.image.description="Real-time barrage analytics for live commerce" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/streamproc /opt/streamproc
# A number, not a name: Kubernetes can then see that it is not root.
RUN install --directory --owner=10001 --group=10001 /var/lib/streamproc
USER 10001:10001
WORKDIR /var/lib/streamproc
ENV PATH=/opt/streamproc/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    STREAMPROC_ENV=production \
    STREAMPROC_HTTP_HOST=0.0.0.0 \
    STREAMPROC_HTTP_PORT=6067
EXPOSE 6067
# Ready means that every assigned partition has been restored, which takes as long as the last snapshots are old.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"STREAMPROC_HTTP_PORT\"]}/readyz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["streamproc"]
CMD ["worker"]

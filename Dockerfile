# syntax=docker/dockerfile:1
# The same wheel as everywhere, with exactly the packages of requirements.lock that it needs.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
# every file is checked against its hash here, and only from here is installed below
COPY requirements.lock ./
RUN pip download --quiet --require-hashes --only-binary :all: --dest /packages -r requirements.lock
RUN pip install --quiet --no-index --find-links /packages hatchling
COPY pyproject.toml README.md LICENSE ./
COPY challenge challenge
COPY storage storage
COPY templates templates
RUN pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheel .

FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN apt-get update \
 && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
 && rm -rf /var/lib/apt/lists/*
RUN --mount=type=bind,from=build,source=/packages,target=/packages \
    --mount=type=bind,from=build,source=/wheel,target=/wheel \
    pip install --quiet --no-index --find-links /packages /wheel/*.whl
RUN useradd --system --uid 10001 --home-dir /house --create-home challenge \
 && install -d -o challenge -g challenge /house/var
USER challenge
WORKDIR /house
VOLUME /house/var
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["challenge"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]

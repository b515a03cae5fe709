# procluster with Microsoft's ODBC driver: loads the sample, deploys, installs the Agent job.
FROM python:3.11.13-slim-bookworm

# pyodbc and the driver load these; their versions are those of the release above, for Debian
# drops a version from its archive when a newer one comes.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libgssapi-krb5-2 \
        libkrb5-3 \
        libltdl7 \
        libodbc2 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /procluster
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY tsql tsql
COPY docker/deploy.txt docker/deploy.txt
RUN python -m pip install --no-cache-dir --constraint docker/deploy.txt ".[local,server]"

COPY docker/procluster.toml procluster.toml
COPY --chmod=755 docker/deploy.sh /usr/local/bin/deploy.sh
RUN useradd --no-create-home --uid 10002 procluster
USER 10002
ENTRYPOINT ["/usr/local/bin/deploy.sh"]

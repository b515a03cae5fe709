#!/usr/bin/env bash
# The sample's tables, the stored procedures, the nightly job. May be run again.
set -euo pipefail

SECRET=${MSSQL_SA_PASSWORD_FILE:-/run/secrets/sa_password}

if [[ -z ${PROCLUSTER_PASSWORD:-} && -r $SECRET ]]; then
    PROCLUSTER_PASSWORD=$(<"$SECRET")
fi
if [[ -z ${PROCLUSTER_PASSWORD:-} ]]; then
    echo "PROCLUSTER_PASSWORD: is missing. Set it in the environment, or mount a secret as $SECRET." >&2
    exit 1
fi
export PROCLUSTER_PASSWORD

procluster sample --target docker
procluster deploy --target docker --yes
procluster job install --target docker

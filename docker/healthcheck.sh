#!/usr/bin/env bash
# Healthy: Python has answered from inside the server once, the database is there, launchpadd runs.
set -euo pipefail

# Images of 2022 have it here since CU14: github.com/microsoft/mssql-docker/issues/892
SQLCMD=${SQLCMD:-/opt/mssql-tools18/bin/sqlcmd}
READY=${READY:-/run/procluster.ready}
SECRET=${MSSQL_SA_PASSWORD_FILE:-/run/secrets/sa_password}

# A health check does not inherit what the entry point exported.
if [[ -z ${MSSQL_SA_PASSWORD:-} ]]; then MSSQL_SA_PASSWORD=$(<"$SECRET"); fi
export SQLCMDPASSWORD=$MSSQL_SA_PASSWORD

query() { "$SQLCMD" -S localhost -U sa -C -b -l 5 -d "${DATABASE_NAME:-shop}" -Q "$1" >/dev/null; }

# The scripts' own process takes a second to start: once is enough.
if [[ ! -e $READY ]]; then
    query "EXEC sp_execute_external_script @language = N'Python', @script = N'import revoscalepy, sklearn';"
    touch "$READY"
fi
query 'SELECT 1'
pgrep -x launchpadd >/dev/null

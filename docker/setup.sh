#!/usr/bin/env bash
# Waits for the server, enables external scripts and makes the database.
set -euo pipefail

SQLCMD=${SQLCMD:-/opt/mssql-tools18/bin/sqlcmd}
# sqlcmd reads the password from here, so that no command line shows it.
export SQLCMDPASSWORD=$MSSQL_SA_PASSWORD

# -C: the certificate is the server's own, made at its first start.
query() { "$SQLCMD" -S localhost -U sa -C -b -l 5 "$@"; }

for ((attempt = 1; ; attempt++)); do
    if query -Q 'SELECT 1' >/dev/null 2>&1; then break; fi
    if ((attempt == 60)); then
        echo 'setup: SQL Server does not answer after 60 attempts. Its log is above.' >&2
        exit 1
    fi
    sleep "${SETUP_PAUSE:-2}"
done

query -v DATABASE_NAME="$DATABASE_NAME" -i /usr/local/share/procluster/setup.sql
# "Restart the Launchpad service": it looks at the configuration when it starts.
supervisorctl -c /usr/local/etc/supervisord.conf restart launchpadd

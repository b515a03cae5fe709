#!/usr/bin/env bash
# Refuses to start with what is missing, all of it at once; otherwise configures and starts.
set -euo pipefail

SECRET=${MSSQL_SA_PASSWORD_FILE:-/run/secrets/sa_password}
CONF=${MSSQL_CONF:-/opt/mssql/bin/mssql-conf}
faults=()

fault() { faults+=("$1"); }

# Long enough and three of the four kinds of characters, as the server wants it
# (learn.microsoft.com/sql/relational-databases/security/password-policy): it would stop with no
# more than a line in its log.
strong() {
    local kinds=0 kind
    for kind in '[A-Z]' '[a-z]' '[0-9]' '[^A-Za-z0-9]'; do
        if [[ $1 =~ $kind ]]; then kinds=$((kinds + 1)); fi
    done
    ((${#1} >= 8 && ${#1} <= 128 && kinds >= 3))
}

if [[ -z ${MSSQL_SA_PASSWORD:-} && -r $SECRET ]]; then
    MSSQL_SA_PASSWORD=$(<"$SECRET")
fi
if [[ -z ${MSSQL_SA_PASSWORD:-} ]]; then
    fault "MSSQL_SA_PASSWORD: is missing. Set it in the environment, or mount a secret as $SECRET."
elif ! LC_ALL=C strong "$MSSQL_SA_PASSWORD"; then
    fault "MSSQL_SA_PASSWORD: is too weak. Allowed: 8 to 128 characters of three kinds: A-Z, a-z, 0-9, others."
fi
if [[ ${ACCEPT_EULA:-} != [Yy] ]]; then
    fault "ACCEPT_EULA: '${ACCEPT_EULA:-}'. Set it to Y when you accept the license of SQL Server."
fi
if [[ ${ACCEPT_EULA_ML:-} != [Yy] ]]; then
    fault "ACCEPT_EULA_ML: '${ACCEPT_EULA_ML:-}'. Set it to Y when you accept the license of Machine Learning Services."
fi
if [[ ! ${DATABASE_NAME:-shop} =~ ^[A-Za-z_][A-Za-z0-9_]{0,99}$ ]]; then
    fault "DATABASE_NAME: '$DATABASE_NAME'. Allowed: up to 100 of A-Z, a-z, 0-9 and _, not a digit first."
fi
if ((${#faults[@]})); then
    printf '%s\n' "${faults[@]}" >&2
    exit 1
fi

export MSSQL_SA_PASSWORD
export DATABASE_NAME=${DATABASE_NAME:-shop}

# Here and not in the image: a volume on /var/opt/mssql hides what the image had there.
# learn.microsoft.com/sql/linux/sql-server-linux-setup-machine-learning-sql-2022
"$CONF" set EULA accepteulaml Y >/dev/null
"$CONF" set extensibility pythonbinpath /usr/bin/python3.10 >/dev/null
"$CONF" set extensibility datadirectories /usr/lib:/usr/lib/python3.10/dist-packages >/dev/null
# The server, which runs as mssql, reads what root just wrote.
chown -R mssql /var/opt/mssql

exec "$@"

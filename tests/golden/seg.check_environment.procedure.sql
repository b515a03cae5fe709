/*
seg.check_environment: is everything here that the procedures need?

    EXEC seg.check_environment;

Result: one row for each thing checked: the value found, ok or not, and what to do about it.
*/
CREATE OR ALTER PROCEDURE seg.check_environment
AS
BEGIN
    SET NOCOUNT ON;
    -- Sessions of SQL Server Agent are said to cut long values at 1,024 bytes: docs/agent_job.md.
    SET TEXTSIZE 2147483647;
    -- A script that fails is a finding here, and must not doom a transaction of the caller's.
    SET XACT_ABORT OFF;

    DECLARE
        @enabled int,
        @document nvarchar(max),
        @fault nvarchar(max);

    CREATE TABLE #environment_finding (
        position int IDENTITY(1, 1) NOT NULL PRIMARY KEY,
        subject nvarchar(300) NOT NULL,
        found nvarchar(2000) NOT NULL,
        is_ok bit NOT NULL,
        advice nvarchar(1000) NOT NULL
    );

    INSERT INTO #environment_finding (subject, found, is_ok, advice)
    SELECT
        t.subject,
        IIF(t.is_there = 1, N'there', N'missing, or not visible to this login'),
        t.is_there,
        IIF(t.is_there = 1, N'', N'Create it, or map another table in procluster.toml and deploy again.')
    FROM (
        VALUES
            (1, N'dbo.store_sales', IIF(OBJECT_ID(N'dbo.store_sales') IS NULL, 0, 1)),
            (2, N'dbo.store_returns', IIF(OBJECT_ID(N'dbo.store_returns') IS NULL, 0, 1)),
            (3, N'dbo.customer', IIF(OBJECT_ID(N'dbo.customer') IS NULL, 0, 1))
    ) AS t (position, subject, is_there)
    ORDER BY t.position;

    SET @enabled = (
        SELECT CAST(c.value_in_use AS int)
        FROM sys.configurations AS c
        WHERE c.name = N'external scripts enabled'
    );

    INSERT INTO #environment_finding (subject, found, is_ok, advice)
    VALUES (
        N'external scripts enabled',
        IIF(@enabled = 1, N'yes', N'no'),
        IIF(@enabled = 1, 1, 0),
        IIF(@enabled = 1, N'', N'EXEC sp_configure ''external scripts enabled'', 1; RECONFIGURE WITH OVERRIDE; then restart the instance.')
    );

    BEGIN TRY
        EXEC sp_execute_external_script
            @language = N'Python',
            @script = N'
# ---- locate
SOURCES = (
    ("runtime.py", 20),
    ("glue", 80),
)

def locate(error):
    """What went wrong, and where in the sources below; a ValueError speaks for itself."""
    import traceback

    if isinstance(error, ValueError) and str(error):
        return str(error)
    lines = [frame[1] for frame in traceback.extract_tb(error.__traceback__)
             if frame[0] == "<string>"]
    name, start = max((s for s in SOURCES if s[1] <= lines[-1]), key=lambda s: s[1])
    return "{}, line {}: {}: {}".format(
        name, lines[-1] - start + 1, type(error).__name__, error)
# ---- procluster/indb/runtime.py
"""The versions of what the runtime has."""

import importlib
import json
import platform
from typing import Dict

COMPONENTS = (
    ("numpy", "numpy"),
    ("pandas", "pandas"),
    ("scikit-learn", "sklearn"),
    ("scipy", "scipy"),
    ("matplotlib", "matplotlib"),
    ("revoscalepy", "revoscalepy"),
)


def report() -> str:
    """Return the versions of Python and of the packages as a JSON list.

    Examples
    --------
    >>> json.loads(report())[0]["component"]
    ''Python''
    """
    rows = [{"component": "Python", "version": platform.python_version()}]
    for component, module in COMPONENTS:
        rows.append({"component": component, "version": package_version(module)})
    return json.dumps(rows)


def package_version(module: str) -> str:
    """Return the version of a package, ''not installed'', or why it does not load.

    A package that is there but does not load (a missing shared library, another package of the
    wrong version) is the harder fault to find, so the two cases are told apart.

    Examples
    --------
    >>> package_version("no_such_package")
    ''not installed''
    """
    try:
        return str(getattr(importlib.import_module(module), "__version__", "unknown"))
    except ImportError as error:
        if error.name == module:
            return "not installed"
        return f"does not load: {error}"
    except Exception as error:
        return f"does not load: {type(error).__name__}: {error}"


def model_versions() -> Dict[str, str]:
    """Return the versions of what a model depends on, for its document."""
    return {
        "python": platform.python_version(),
        "numpy": package_version("numpy"),
        "pandas": package_version("pandas"),
    }
# ---- glue
try:
    document, fault = str(report()), None
except Exception as error:
    document, fault = None, str(locate(error))
',
            @params = N'
                @document nvarchar(max) OUTPUT,
                @fault nvarchar(max) OUTPUT',
            @document = @document OUTPUT,
            @fault = @fault OUTPUT;
    END TRY
    BEGIN CATCH
        SET @fault = ERROR_MESSAGE();
    END CATCH;

    INSERT INTO #environment_finding (subject, found, is_ok, advice)
    VALUES (
        N'external script',
        COALESCE(LEFT(@fault, 2000), N'runs'),
        IIF(@fault IS NULL, 1, 0),
        IIF(@fault IS NULL, N'', N'Only choose_k and train need it. Look at the SQL Server Launchpad service and its log.')
    );

    INSERT INTO #environment_finding (subject, found, is_ok, advice)
    SELECT
        p.component,
        p.version,
        IIF(p.is_missing = 1 AND p.is_needed = 1, 0, 1),
        CASE
            WHEN p.is_missing = 0 THEN N''
            WHEN p.is_needed = 1 THEN N'Install it in the instance: sqlmlutils, or pip on the server.'
            ELSE N'Not needed: matplotlib draws, scipy keeps cluster numbers, the others are not used.'
        END
    FROM (
        SELECT
            c.component,
            c.version,
            IIF(c.component IN (N'Python', N'numpy', N'pandas'), 1, 0) AS is_needed,
            IIF(c.version = N'not installed' OR c.version LIKE N'does not load%', 1, 0) AS is_missing
        FROM OPENJSON(@document) WITH (
            component nvarchar(100) '$.component',
            version nvarchar(2000) '$.version'
        ) AS c
    ) AS p
    ORDER BY p.component;

    SELECT
        f.subject,
        f.found,
        f.is_ok,
        f.advice
    FROM #environment_finding AS f
    ORDER BY f.position;
END;

"""The roles hold what docs/permissions.md lists, no more and no less, after every deployment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from shop import rows

from procluster.catalog import release
from procluster.deploy.apply import Permission, install
from procluster.deploy.embedded import EmbeddedConnection
from procluster.local.database import Session
from procluster.settings import Settings

DOCUMENT = (Path(__file__).parents[2] / "docs/permissions.md").read_text(encoding="utf-8")
ROLES = ("seg_operator", "seg_reader")
DEFAULTS = Settings()
HELD = """
SELECT
    p.permission_name,
    CASE p.class
        WHEN 0 THEN N'the database'
        WHEN 1 THEN CONCAT(N'`', s.name, N'.', o.name, N'`')
        ELSE N'schema `seg`'
    END
FROM sys.database_permissions AS p
INNER JOIN sys.database_principals AS r
    ON r.principal_id = p.grantee_principal_id
LEFT JOIN sys.objects AS o
    ON p.class = 1 AND o.object_id = p.major_id
LEFT JOIN sys.schemas AS s
    ON s.schema_id = o.schema_id
WHERE p.state = 'G' AND r.name = N'{role}';
"""

Grant = tuple[str, str]


def deploy(session: Session, settings: Settings = DEFAULTS) -> None:
    """Deploy, over whatever was given or taken by hand."""
    install(EmbeddedConnection(session), release(settings), Permission(overwrite_drift=True))


def listed(role: str) -> list[Grant]:
    """Permission and securable of every row of the role's table in the document."""
    (table,) = re.findall(rf"<!-- grants: {role} -->\n(.*?)\n\n", DOCUMENT, re.DOTALL)
    cells = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()[2:]]
    return [(permission, securable) for _, permission, securable, *_ in cells]


def held(session: Session, role: str) -> list[Grant]:
    """What the database has on record."""
    return [(permission, on) for permission, on in rows(session, HELD.format(role=role))]


@pytest.mark.parametrize("role", ROLES)
def test_role_holds_what_is_documented(empty_shop: Session, role: str) -> None:
    assert sorted(held(empty_shop, role)) == sorted(listed(role))


@pytest.mark.parametrize(
    ("role", "left_over"),
    [
        ("seg_reader", "EXECUTE ANY EXTERNAL SCRIPT"),
        ("seg_reader", "EXECUTE ON OBJECT::seg.train"),
        ("seg_reader", "SELECT ON SCHEMA::seg"),
        ("seg_reader", "EXECUTE ON OBJECT::dbo.py_generate_customer_return_clusters"),
        ("seg_operator", "DELETE ON OBJECT::seg.model"),
        ("seg_operator", "EXECUTE ON OBJECT::seg.start_run"),
        ("seg_operator", "CONTROL ON SCHEMA::seg"),
    ],
)
def test_deployment_takes_back_what_is_left_over(
    empty_shop: Session, role: str, left_over: str
) -> None:
    empty_shop.query(f"GRANT {left_over} TO {role};")

    deploy(empty_shop)

    assert sorted(held(empty_shop, role)) == sorted(listed(role))


def test_deployment_leaves_permissions_on_your_own_tables(empty_shop: Session) -> None:
    empty_shop.query("GRANT SELECT ON OBJECT::dbo.customer TO seg_operator;")

    deploy(empty_shop)

    assert ("SELECT", "`dbo.customer`") in held(empty_shop, "seg_operator")


def test_deployment_leaves_what_is_denied(empty_shop: Session) -> None:
    empty_shop.query("DENY VIEW DEFINITION ON SCHEMA::seg TO seg_reader;")

    deploy(empty_shop)

    query = "SELECT COUNT(*) FROM sys.database_permissions WHERE state = 'D';"
    assert rows(empty_shop, query) == [(1,)]


def test_deployment_keeps_the_members(empty_shop: Session) -> None:
    empty_shop.query("CREATE ROLE marketing;")
    empty_shop.query("ALTER ROLE seg_reader ADD MEMBER marketing;")

    deploy(empty_shop)

    assert rows(empty_shop, "SELECT COUNT(*) FROM sys.database_role_members;") == [(1,)]


def test_grants_of_a_schema_that_needs_quoting(empty_shop: Session) -> None:
    settings = Settings(schema="se]g'[ment")
    deploy(empty_shop, settings)
    empty_shop.query("GRANT DELETE ON OBJECT::[se]]g'[ment].model TO seg_reader;")

    deploy(empty_shop, settings)

    assert "DELETE" not in {permission for permission, _ in held(empty_shop, "seg_reader")}

"""What every client is asked, and what it must answer; how it is asked is the client's own way."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

TEXT = "žluťoučký 漢字 🙂"

THREE_SETS = """
SELECT 1 AS a, N'žluťoučký' AS b;
SELECT v.a FROM (VALUES (2), (3)) AS v (a);
SELECT CAST(NULL AS nvarchar(10)) AS n;
"""
MESSAGES = "PRINT N'printed'; RAISERROR(N'raised %d', 5, 3, 7); SELECT 1 AS a;"
FAILS_LATER = "SELECT 1 AS a; RAISERROR(N'after the first result set', 16, 2);"

TRAIN = """
SET NOCOUNT ON;
DECLARE @model_id int;
EXEC seg.train @n_clusters = 3, @model_id = @model_id OUTPUT;
SELECT @model_id AS model_id;
"""

TABLE = """
CREATE TABLE dbo.target (
    id int NOT NULL PRIMARY KEY,
    name nvarchar(40) NULL,
    amount decimal(9, 2) NULL,
    at datetime2(3) NULL
);
"""
AT = datetime.datetime(2026, 3, 4, 5, 6, 7, 89000)
MANY = [
    (number, None if number % 7 == 0 else f"č{number}", Decimal(number) / 4, AT)
    for number in range(10_000)
]
COUNT = "SELECT COUNT(*), COUNT(name), SUM(amount), MAX(at) FROM dbo.target"
COUNTED = (10_000, 8571, Decimal("12498750.00"), AT)

GUID = uuid.UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")
VALUES: dict[str, object] = {
    "CAST(1 AS bit)": True,
    "CAST(255 AS tinyint)": 255,
    "CAST(-32768 AS smallint)": -32768,
    "CAST(-2147483648 AS int)": -2147483648,
    "CAST(9223372036854775807 AS bigint)": 9223372036854775807,
    "CAST(-1.5 AS decimal(5, 2))": Decimal("-1.50"),
    "CAST(99999999999999999999999999999999999999 AS decimal(38, 0))": Decimal("9" * 38),
    "CAST(-12.3456 AS money)": Decimal("-12.3456"),
    "CAST(1.5 AS real)": 1.5,
    "CAST(2.5E-300 AS float)": 2.5e-300,
    "N'žluťoučký 🙂'": "žluťoučký 🙂",
    "CAST(N'' AS nvarchar(10))": "",
    "CAST('caf' + CHAR(233) AS varchar(10))": "café",
    "CAST(N'č' AS nchar(3))": "č  ",
    "REPLICATE(CAST(N'č' AS nvarchar(max)), 100000)": "č" * 100_000,
    "CAST(0x00FF10 AS varbinary(10))": b"\x00\xff\x10",
    "CAST(0x00000000000007D1 AS rowversion)": b"\0\0\0\0\0\0\x07\xd1",
    "CAST('2026-03-04' AS date)": datetime.date(2026, 3, 4),
    "CAST('2026-03-04T05:06:07.089' AS datetime2(3))": AT,
    "CAST('1753-01-01T23:59:59.997' AS datetime)": datetime.datetime(
        1753, 1, 1, 23, 59, 59, 997000
    ),
    "CAST('2026-03-04T05:06:00' AS smalldatetime)": datetime.datetime(2026, 3, 4, 5, 6),
}
"""One value of each type, as clients give it back; uniqueidentifier comes in each one's form."""

"""What the release needs of a server and database."""

from __future__ import annotations

from dataclasses import fields
from functools import partial

from procluster.catalog.environment import bundled, templates
from procluster.deploy.needs import NUMBERS, TEXTS, WHOLE_NUMBERS, MappedTable, Needs
from procluster.generator.quoting import identifier
from procluster.generator.render import render as render_template
from procluster.settings import Contacts, Returns, Sales, Settings

RUNTIME_FLOOR = {"Python": (3, 7), "numpy": (1, 15), "pandas": (0, 23)}
"""What choose_k and train need inside the server, and their oldest releases."""


def needs(settings: Settings) -> Needs:
    """The mapped tables and the runtime, to be looked for before anything is deployed."""
    # A number is no key of text: it has no collation (error 447), and would have to be converted.
    keys = WHOLE_NUMBERS if settings.customer_type in WHOLE_NUMBERS else TEXTS

    def mapped(table: Sales | Returns | Contacts, *, may_be_empty: bool) -> MappedTable:
        types: dict[str, tuple[str, ...]] = {"customer": keys, "amount": NUMBERS, "email": TEXTS}
        columns = {
            getattr(table, one.name): types.get(one.name, ())
            for one in fields(table)
            if one.name not in ("schema", "table")
        }
        name = f"{identifier(table.schema)}.{identifier(table.table)}"
        return MappedTable(name, columns, may_be_empty, {table.customer: "customer_type"})

    probing = {"bundle": partial(bundled, ("runtime",))}
    probe = render_template(templates(), "probe.sql.j2", probing)
    return Needs(
        (
            mapped(settings.sales, may_be_empty=False),
            mapped(settings.returns, may_be_empty=True),
            mapped(settings.contacts, may_be_empty=True),
        ),
        probe,
        RUNTIME_FLOOR,
    )

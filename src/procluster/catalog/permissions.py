"""What the roles are granted: operators run everything, readers look at the results."""

from __future__ import annotations

from markupsafe import Markup

from procluster.catalog.objects import OBJECTS, Object
from procluster.generator.quoting import identifier, trusted


def permissions(seg: Markup) -> dict[str, object]:
    """The names of what each role is granted, as seg.grants lists them."""

    def qualified(one: Object) -> Markup:
        schema, _, name = one.name.partition(".")
        return trusted(f"{seg if schema == 'seg' else schema}.{identifier(name)}")

    procedures = [one for one in OBJECTS if one.kind == "procedure"]
    results = [one for one in OBJECTS if one.readers and one.kind != "procedure"]
    return {
        "operator_procedures": [
            # What only other procedures call needs no grant: ownership chaining covers it.
            qualified(one)
            for one in procedures
            if one.purpose or not one.name.startswith("seg.")
        ],
        "foreign_procedures": [
            qualified(one) for one in procedures if not one.name.startswith("seg.")
        ],
        "reader_procedures": [qualified(one) for one in procedures if one.readers],
        "reader_tables": [qualified(one) for one in results],
    }

"""Everything the templates are told, quoted."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from markupsafe import Markup

from procluster.catalog.objects import OBJECTS
from procluster.catalog.permissions import permissions
from procluster.generator.quoting import identifier, literal, trusted
from procluster.indb.features import FEATURES
from procluster.settings import SCALINGS, TRAIN_POLICIES, Defaults, Settings


def context(settings: Settings) -> dict[str, object]:
    """What every template is given, by its name there."""
    seg = identifier(settings.schema)
    features = [
        {
            "name": identifier(feature.name),
            "tutorial_name": identifier(_camel_case(feature.name)),
            "title": literal(feature.name.replace("_", " ")),
            "expression": trusted(feature.expression),
            "meaning": trusted(feature.meaning),
        }
        for feature in FEATURES
    ]
    return {
        "schema": settings.schema,
        "seg": seg,
        "customer_type": _customer_type(settings),
        "customer_base_type": settings.customer_type,
        "customer_bytes": _customer_bytes(settings),
        "crossing_type": _crossing_type(settings),
        "customer_collation": _customer_collation(settings),
        "integer_keys": trusted(str(settings.customer_type == "bigint")),
        "sales": _mapped(settings.sales),
        "returns": _mapped(settings.returns),
        "contacts": _mapped(settings.contacts),
        "defaults": _defaults(settings.defaults),
        "scalings": SCALINGS,
        "train_policies": TRAIN_POLICIES,
        "features": features,
        "feature_vectors": _feature_vectors(seg),
        "sampled_vectors": _sampled_vectors(),
        "polished_clusters": _polished_clusters(),
        **permissions(seg),
        "help": [
            {
                "name": literal(f"{seg}.{one.name.partition('.')[2]}"),
                "purpose": literal(one.purpose),
                "example": literal(one.example.format(seg=seg)),
            }
            for one in OBJECTS
            if one.purpose
        ],
    }


def _camel_case(name: str) -> str:
    """The tutorial's spelling of a feature: ``order_ratio`` is orderRatio."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _feature_vectors(seg: Markup) -> str:
    """The input of every fit: each distinct vector once, with its number of customers."""
    names = [str(identifier(feature.name)) for feature in FEATURES]
    columns = "".join(f"    f.{name},\n" for name in names)
    groups = ", ".join(f"f.{name}" for name in names)
    return (
        f"\nSELECT\n{columns}    COUNT(*) AS customers\n"
        f"FROM {seg}.customer_feature AS f\nGROUP BY {groups}"
    )


def _sampled_vectors() -> str:
    """The input of a fit when there are too many: those drawn, each for many customers."""
    columns = "".join(f"    p.{identifier(feature.name)},\n" for feature in FEATURES)
    return f"\nSELECT\n{columns}    p.customers\nFROM #point AS p"


def _polished_clusters() -> str:
    """The input that all numbers of clusters are measured by, after their centroids were moved."""
    columns = "".join(f"    c.{identifier(feature.name)},\n" for feature in FEATURES)
    return (
        f"\nSELECT\n    c.k,\n{columns}    CAST(u.customers AS float) AS customers,\n"
        "    u.distance,\n    u.squared_distance\nFROM #centroid AS c\n"
        "INNER JOIN #cluster AS u\n    ON u.k = c.k AND u.cluster_id = c.cluster_id"
    )


def _mapped(table: Any) -> dict[str, Markup]:
    """A mapped table's names, quoted; ``table`` becomes ``schema.table``."""
    names = {one.name: identifier(getattr(table, one.name)) for one in fields(table)}
    return {**names, "table": trusted(f"{names['schema']}.{names['table']}")}


def _defaults(defaults: Defaults) -> dict[str, object]:
    values = {one.name: getattr(defaults, one.name) for one in fields(defaults)}
    return {
        name: literal(value) if isinstance(value, str) else value for name, value in values.items()
    }


def _customer_type(settings: Settings) -> Markup:
    if settings.customer_type in ("int", "bigint"):
        return trusted(settings.customer_type)
    return trusted(f"{settings.customer_type}({settings.customer_length})")


def _customer_bytes(settings: Settings) -> int:
    """The max_length that sys.columns has for a customer's key."""
    sizes = {"int": 4, "bigint": 8, "varchar": 1, "nvarchar": 2}
    is_text = settings.customer_type not in ("int", "bigint")
    return sizes[settings.customer_type] * (settings.customer_length if is_text else 1)


def _customer_collation(settings: Settings) -> Markup:
    """What a mapped key needs so that it compares with ours, which has the database's collation."""
    is_text = settings.customer_type not in ("int", "bigint")
    return trusted(" COLLATE database_default" if is_text else "")


def _crossing_type(settings: Settings) -> Markup:
    """How a customer's key crosses into Python: bigint as text, for one host makes it a float."""
    if settings.customer_type == "int":
        return trusted("int")
    return trusted(f"nvarchar({max(settings.customer_length, 20)})")

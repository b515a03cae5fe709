"""What this application is: the explicit, ordered tuple of objects that it deploys.

The generator knows templates and modules; this module knows which ones, in which order, what they
are called in the settings' schema, and what the templates are told.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from procluster import __version__
from procluster.deploy.needs import NUMBERS, TEXTS, WHOLE_NUMBERS, MappedTable, Needs
from procluster.deploy.release import Release
from procluster.errors import RenderError
from procluster.generator.bundle import bundle, collect
from procluster.generator.quoting import identifier, literal, trusted
from procluster.generator.render import Kind, Script, environment
from procluster.generator.render import render as render_template
from procluster.indb.features import FEATURES
from procluster.settings import (
    SCALINGS,
    TRAIN_POLICIES,
    Contacts,
    Defaults,
    Returns,
    Sales,
    Settings,
)

__all__ = ["OBJECTS", "Object", "needs", "release", "render", "templates"]


@dataclass(frozen=True)
class Object:
    """One object of the application.

    Attributes
    ----------
    name : str
        As the template's file has it; ``seg`` stands for the schema of the settings.
    modules : tuple of str
        The ``indb`` modules its script calls; what they import is embedded too.
    purpose, example : str
        Its row of ``seg.help``; empty when users do not call it.
    readers : bool
        Readers may EXECUTE it, or SELECT from it; operators may everything.
    """

    name: str
    kind: Kind
    modules: tuple[str, ...] = ()
    purpose: str = ""
    example: str = ""
    readers: bool = False

    @property
    def template(self) -> str:
        """The file of its template."""
        return f"{self.name}.{self.kind}.sql.j2"


ROLES = ("seg_operator", "seg_reader")
"""What seg.roles makes and seg.grants grants to."""

RUNTIME_FLOOR = {"Python": (3, 7), "numpy": (1, 15), "pandas": (0, 23)}
"""What choose_k and train need inside the server, and their oldest releases."""

OBJECTS: tuple[Object, ...] = (
    Object("seg.schema", "schema"),
    Object("seg.roles", "role"),
    Object("seg.run", "table"),
    Object("seg.customer_feature", "table", readers=True),
    Object("seg.model", "table", readers=True),
    Object("seg.model_customer", "table"),
    Object("seg.customer_cluster", "table", readers=True),
    Object("seg.cluster_profile", "table", readers=True),
    Object("seg.k_evaluation", "table", readers=True),
    Object("seg.deployment", "table"),
    Object("seg.deployment_object", "table"),
    Object("seg.customer_feature_source", "view"),
    Object("seg.model_centroid", "function"),
    Object("seg.centroid", "view", readers=True),
    Object("seg.classify", "function", readers=True),
    Object("seg.start_run", "procedure"),
    Object("seg.finish_run", "procedure"),
    Object("seg.sample_vectors", "procedure"),
    Object("seg.polish_centroids", "procedure"),
    Object(
        "seg.build_features",
        "procedure",
        purpose="Compute the features of every customer",
        example="EXEC {seg}.build_features;",
    ),
    Object(
        "seg.choose_k",
        "procedure",
        modules=("evaluation", "polished_evaluation", "charts"),
        purpose="Try every number of clusters and suggest one",
        example="EXEC {seg}.choose_k @max_k = 10;",
    ),
    Object(
        "seg.train",
        "procedure",
        modules=("kmeans", "polished_model", "charts"),
        purpose="Fit K-Means and store the model",
        example="EXEC {seg}.train @n_clusters = 4;",
    ),
    Object(
        "seg.assign",
        "procedure",
        purpose="Put every customer into a cluster",
        example="EXEC {seg}.assign;",
    ),
    Object(
        "seg.profile",
        "procedure",
        purpose="Describe the clusters in numbers and words",
        example="EXEC {seg}.profile;",
    ),
    Object(
        "seg.refresh",
        "procedure",
        purpose="All of the above, as the SQL Agent job does it",
        example="EXEC {seg}.refresh;",
    ),
    Object(
        "seg.activate",
        "procedure",
        purpose="Go back to an earlier model",
        example="EXEC {seg}.activate @model_id = 1;",
    ),
    Object(
        "seg.models",
        "procedure",
        purpose="List the models",
        example="EXEC {seg}.models;",
        readers=True,
    ),
    Object(
        "seg.contacts",
        "procedure",
        purpose="The e-mail addresses of a cluster",
        example="EXEC {seg}.contacts @cluster = 0;",
    ),
    Object(
        "seg.check_environment",
        "procedure",
        modules=("runtime",),
        purpose="Is everything here that is needed?",
        example="EXEC {seg}.check_environment;",
    ),
    Object(
        "seg.help",
        "procedure",
        purpose="This list",
        example="EXEC {seg}.help;",
        readers=True,
    ),
    Object("dbo.py_generate_customer_return_clusters", "procedure", modules=("kmeans",)),
    Object("seg.grants", "grant"),
)


def render(settings: Settings, names: Sequence[str] = ()) -> tuple[Script, ...]:
    """The scripts of all objects, or of the named ones, in the order of deployment.

    Parameters
    ----------
    settings : Settings
    names : sequence of str
        ``train`` or ``seg.train`` (with the schema of the settings), any letter case.

    Raises
    ------
    RenderError
        Names that are no objects (all of them at once), or a name that cannot be quoted.

    Examples
    --------
    >>> [script.file_name for script in render(Settings(), ["models", "seg.run"])]
    ['seg.run.table.sql', 'seg.models.procedure.sql']
    """
    chosen = _choose(settings, names)
    found = templates()
    context = _context(settings)
    return tuple(
        Script(
            name=_deployed_name(settings, one),
            kind=one.kind,
            text=render_template(
                found,
                one.template,
                {**context, "bundle": partial(_bundle_modules, one.modules)},
            ),
        )
        for one in chosen
    )


def release(settings: Settings) -> Release:
    """Everything, as it is deployed."""
    seg = identifier(settings.schema)
    smoke = [f"EXEC {seg}.{name};" for name in ("help", "models")]
    smoke += [f"SELECT TOP (1) * FROM {seg}.{name};" for name in ("centroid", "customer_feature")]
    smoke.append(f"SELECT * FROM {seg}.classify(0, 0, 0, 0);")
    return Release(settings.schema, render(settings), ROLES, __version__, tuple(smoke))


def templates() -> Environment:
    """The package's templates, with the filters that quote."""
    made = environment(FileSystemLoader(str(_template_folder())))
    made.filters["variable"] = _variable
    return made


def needs(settings: Settings) -> Needs:
    """What the release needs of a server and database."""
    keys = WHOLE_NUMBERS if settings.customer_type in WHOLE_NUMBERS else (*WHOLE_NUMBERS, *TEXTS)

    def mapped(table: Sales | Returns | Contacts, *, may_be_empty: bool) -> MappedTable:
        types: dict[str, tuple[str, ...]] = {"customer": keys, "amount": NUMBERS, "email": TEXTS}
        columns = {
            getattr(table, one.name): types.get(one.name, ())
            for one in fields(table)
            if one.name not in ("schema", "table")
        }
        name = f"{identifier(table.schema)}.{identifier(table.table)}"
        return MappedTable(name, columns, may_be_empty)

    bundled = {"bundle": partial(_bundle_modules, ("runtime",))}
    probe = render_template(templates(), "probe.sql.j2", bundled)
    return Needs(
        (
            mapped(settings.sales, may_be_empty=False),
            mapped(settings.returns, may_be_empty=True),
            mapped(settings.contacts, may_be_empty=True),
        ),
        probe,
        RUNTIME_FLOOR,
    )


def _choose(settings: Settings, names: Sequence[str]) -> tuple[Object, ...]:
    if not names:
        return OBJECTS
    known: dict[str, Object] = {}
    for one in OBJECTS:
        known[_deployed_name(settings, one).lower()] = one
        known[one.name.partition(".")[2].lower()] = one
    unknown = [name for name in names if name.lower() not in known]
    if unknown:
        raise RenderError("\n".join(_unknown_object(name, known) for name in unknown))
    wanted = {known[name.lower()].name for name in names}
    return tuple(one for one in OBJECTS if one.name in wanted)


def _unknown_object(name: str, known: dict[str, Object]) -> str:
    close = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    return f"{name}: no such object. Allowed: {', '.join(close or sorted(known))}."


def _deployed_name(settings: Settings, one: Object) -> str:
    schema, _, rest = one.name.partition(".")
    return f"{settings.schema}.{rest}" if schema == "seg" else one.name


def _context(settings: Settings) -> dict[str, object]:
    """Everything the templates are told, quoted."""
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
        "crossing_type": _crossing_type(settings),
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
        **_permissions(seg),
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


def _permissions(seg: Markup) -> dict[str, object]:
    """What the roles are granted: operators run everything, readers look at the results."""

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


def _crossing_type(settings: Settings) -> Markup:
    """How a customer's key crosses into Python: bigint as text, for one host makes it a float."""
    if settings.customer_type == "int":
        return trusted("int")
    return trusted(f"nvarchar({max(settings.customer_length, 20)})")


def _bundle_modules(names: tuple[str, ...], glue: str) -> str:
    """A script of ``indb`` modules and the glue of the template."""
    return bundle(collect(Path(__file__).parent / "indb", "procluster.indb", names), str(glue))


def _variable(name: str) -> Markup:
    """A T-SQL variable's name in a macro."""
    if not (name.startswith("@") and name[1:].isidentifier() and name.isascii()):
        raise RenderError(f"variable: {name!r}. Allowed: @ and a name.")
    return trusted(name)


def _template_folder() -> Path:
    """``tsql`` beside ``src`` in a checkout, inside the package when installed."""
    package = Path(__file__).parent
    installed = package / "tsql"
    return installed if installed.is_dir() else package.parents[1] / "tsql"

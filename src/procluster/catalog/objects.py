"""The explicit, ordered tuple of objects that this application deploys."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from procluster.errors import RenderError
from procluster.generator.render import Kind
from procluster.settings import Settings


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
        "seg.activate",
        "procedure",
        purpose="Go back to an earlier model",
        example="EXEC {seg}.activate @model_id = 1;",
    ),
    Object(
        "seg.refresh",
        "procedure",
        purpose="Bring it all up to date, as the Agent job does",
        example="EXEC {seg}.refresh;",
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


def choose(settings: Settings, names: Sequence[str]) -> tuple[Object, ...]:
    """The named objects in the order of deployment; all of them without names."""
    if not names:
        return OBJECTS
    known: dict[str, Object] = {}
    for one in OBJECTS:
        known[deployed_name(settings, one).lower()] = one
        known[one.name.partition(".")[2].lower()] = one
    unknown = [name for name in names if name.lower() not in known]
    if unknown:
        raise RenderError("\n".join(_unknown_object(name, known) for name in unknown))
    wanted = {known[name.lower()].name for name in names}
    return tuple(one for one in OBJECTS if one.name in wanted)


def _unknown_object(name: str, known: dict[str, Object]) -> str:
    close = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    meant = f"Near to it: {', '.join(close)}." if close else f"Allowed: {', '.join(sorted(known))}."
    return f"{name}: no such object. {meant}"


def deployed_name(settings: Settings, one: Object) -> str:
    """``schema.object``, with the schema of the settings in the place of ``seg``."""
    schema, _, rest = one.name.partition(".")
    return f"{settings.schema}.{rest}" if schema == "seg" else one.name

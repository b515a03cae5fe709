"""What this application is.

The generator knows templates and modules; this package knows which ones, in which order, what
they are called in the settings' schema, and what the templates are told.
"""

from procluster.catalog.environment import templates
from procluster.catalog.objects import OBJECTS, Object
from procluster.catalog.rendering import release, render
from procluster.catalog.requirements import needs

__all__ = ["OBJECTS", "Object", "needs", "release", "render", "templates"]

"""External scripts: the Python of ``sp_execute_external_script``, in a process of its own.

Knows nothing of T-SQL but the names of its data types. The process (``child``) stays warm from
one call to the next, with numpy and pandas loaded; each call gets fresh globals. Two hosts run
Python for SQL Server, and a script is held to both: what either of them rejects, damages or
silently turns into NULL is an error here.
"""

from procluster.satellite.call import ScriptCall, ScriptParameter, ScriptResult
from procluster.satellite.satellite import Satellite

__all__ = ["Satellite", "ScriptCall", "ScriptParameter", "ScriptResult"]

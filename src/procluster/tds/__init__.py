"""The embedded engine as a server: SQL Server's clients connect to it over loopback.

The wire is TDS 7.4 as the open specification [MS-TDS] describes it; section numbers are those of
[MS-TDS]. ``server``, ``connection`` and ``exchange`` have the sockets and the sessions; the other
modules are bytes and what they mean, nothing else.
"""

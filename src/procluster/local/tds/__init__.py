"""The wire of SQL Server's clients: TDS 7.4 as the open specification [MS-TDS] describes it.

Bytes and what they mean, nothing else: no socket, no session. Section numbers in these modules
are those of [MS-TDS].
"""

"""The Agent job in the real msdb: made, brought up to date, shown, removed."""

from __future__ import annotations

from shop_on_server import SETTINGS, Server

from procluster import agent
from procluster.agent import Job, Schedule, install_script, remove_script, show_script


def test_job_lives_in_msdb(server: Server) -> None:
    connection = server.connection
    said = []

    for schedule in (Schedule(), Schedule(), Schedule.parse("23:15", ["friday"])):
        agent.run(connection, install_script(SETTINGS, Job(schedule)))
        said += connection.messages
    lines = list(agent.standing(agent.run(connection, show_script(SETTINGS))))
    agent.run(connection, remove_script(SETTINGS))
    agent.run(connection, remove_script(SETTINGS))
    said += connection.messages

    assert [one.count("made") for one in said[:3]] == [1, 0, 0]
    assert any(line.startswith("schedule  every Friday at 23:15") for line in lines)
    assert "nothing to remove" in said[-1]

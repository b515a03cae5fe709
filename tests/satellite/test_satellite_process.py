"""The process of a satellite: whatever it does, a call ends and the next one works."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from procluster.errors import SqlError
from procluster.satellite import Satellite, ScriptCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Make = Callable[..., ScriptCall]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and named pipes")

KILL = "import os, signal\nos.kill(os.getpid(), signal.{})"
FOREVER = "while True: pass"


@pytest.fixture
def quick(make_call: Make) -> Iterator[Satellite]:
    """A warm satellite with a time-out that a busy machine does not reach by itself."""
    with Satellite(time_out=3.0) as satellite:
        satellite.run(make_call(""))
        yield satellite


@pytest.fixture
def patient(satellite: Satellite, make_call: Make) -> Satellite:
    """A warm satellite that would wait for a minute."""
    satellite.run(make_call(""))
    return satellite


class Pipe:
    """A named pipe: scripts say they are here, and are seen to be gone."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def hold(self) -> str:
        """Python that opens the pipe, says so, and keeps it open."""
        return f"import os\nheld = os.open({str(self.path)!r}, os.O_WRONLY)\nos.write(held, b'+')\n"

    def wait_for_arrival(self) -> None:
        assert self._next_read() == b"+"

    def read_line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            line += self._next_read() or b"nothing was written\n"
        return line

    def is_held(self) -> bool:
        try:
            return os.read(self._reader, 1) != b""
        except BlockingIOError:
            return True

    def is_let_go(self) -> bool:
        return self._next_read() == b""

    def close(self) -> None:
        os.close(self._reader)

    def _next_read(self) -> bytes | None:
        ready, _, _ = select.select([self._reader], [], [], 60)
        return os.read(self._reader, 1) if ready else None


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipe]:
    held = Pipe(tmp_path / "pipe")
    yield held
    held.close()


def failure(satellite: Satellite, call: ScriptCall) -> SqlError:
    """The error of a call."""
    with pytest.raises(SqlError) as caught:
        satellite.run(call)
    return caught.value


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV"])
def test_killed_process_is_39012(patient: Satellite, make_call: Make, name: str) -> None:
    error = failure(patient, make_call(KILL.format(name)))

    assert (error.number, error.state) == (39012, 14)
    assert f"({name})" in error.message


def test_exited_process_is_39012_with_its_status(patient: Satellite, make_call: Make) -> None:
    error = failure(patient, make_call("import os\nos._exit(3)"))

    assert error.number == 39012
    assert "status 3" in error.message


@pytest.mark.parametrize(
    "script", [FOREVER, KILL.format("SIGSTOP"), "import signal\nsignal.pause()"]
)
def test_hanging_script_is_39019_after_the_time_out(make_call: Make, script: str) -> None:
    with Satellite(time_out=0.2) as satellite:
        error = failure(satellite, make_call(script))

    assert (error.number, error.state) == (39019, 2)
    assert "time-out of 0.2 s" in error.message


@pytest.mark.parametrize(
    "script",
    [KILL.format("SIGKILL"), "import os\nos._exit(0)", "import os\nos.closerange(3, 100)", FOREVER],
)
def test_next_call_works_after_a_lost_process(
    quick: Satellite, make_call: Make, script: str
) -> None:
    failure(quick, make_call(script))

    assert quick.run(make_call("print('back')")).printed == "back\n"


def test_process_killed_between_calls_is_replaced(patient: Satellite, make_call: Make) -> None:
    pid = int(patient.run(make_call("import os\nprint(os.getpid())")).printed)
    os.kill(pid, signal.SIGKILL)

    assert patient.run(make_call("print('back')")).printed == "back\n"


@pytest.mark.parametrize(
    "words",
    [
        "nonsense",
        "[]",
        '{"sizes": []}',
        '{"sizes": [-1]}',
        '{"begun": true, "sizes": []}',
        '{"types": [], "printed": "forged", "notes": [], "sizes": []}',
    ],
)
def test_script_that_speaks_out_of_turn_is_39012(
    patient: Satellite, make_call: Make, words: str
) -> None:
    script = (
        f"import os\nfor n in range(3, 20):\n    try: os.write(n, {words.encode()!r} + b'\\n')\n"
        "    except OSError: pass"
    )

    error = failure(patient, make_call(script))

    assert error.number == 39012
    assert "file descriptors" in error.message
    assert patient.run(make_call("print('back')")).printed == "back\n"


@pytest.mark.parametrize("end", [FOREVER, KILL.format("SIGKILL")])
def test_process_started_by_the_script_ends_with_it(
    quick: Satellite, make_call: Make, pipe: Pipe, end: str
) -> None:
    script = pipe.hold() + (
        "import subprocess\nsubprocess.Popen(['sleep', '1000'], pass_fds=[held])\n" + end
    )

    failure(quick, make_call(script))

    pipe.wait_for_arrival()
    assert pipe.is_let_go()


def escape(pipe: Pipe) -> str:
    """A script that is killed once a child of its own, of another session, holds the pipe."""
    return (
        "import os, select, signal, warnings\nwarnings.simplefilter('ignore')\n"
        f"held = os.open({str(pipe.path)!r}, os.O_RDWR)\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    os.write(held, b'%d\\n' % os.getpid())\n"
        "    signal.alarm(20)\n"
        "    signal.pause()\n"
        "os.read(os.open('/dev/null', os.O_RDONLY), 1)\n"
        f"select.select([held], [], [], 60)\n{KILL.format('SIGKILL')}"
    )


def test_escaped_child_does_not_make_the_call_hang(
    patient: Satellite, make_call: Make, pipe: Pipe
) -> None:
    error = failure(patient, make_call(escape(pipe)))

    child = int(pipe.read_line())
    assert pipe.is_held()
    os.kill(child, signal.SIGKILL)
    assert error.number == 39012


def test_pipes_are_closed_when_an_escaped_child_has_ended(
    patient: Satellite, make_call: Make, pipe: Pipe
) -> None:
    patient.run(make_call(""))
    process, closed = patient._process, threading.Event()
    assert process is not None
    failure(patient, make_call(escape(pipe)))

    os.kill(int(pipe.read_line()), signal.SIGKILL)

    assert process._talk is not None
    process._talk.add_done_callback(lambda _: closed.set())
    assert closed.wait(60)
    assert process._process.stdout is not None
    assert process._process.stdout.closed


def test_cancel_stops_the_running_script(patient: Satellite, make_call: Make, pipe: Pipe) -> None:
    errors: list[SqlError] = []
    running = threading.Thread(
        target=lambda: errors.append(failure(patient, make_call(pipe.hold() + FOREVER)))
    )
    running.start()
    pipe.wait_for_arrival()

    patient.cancel()
    running.join(timeout=60)

    assert [error.number for error in errors] == [39004]
    assert "The script was cancelled" in errors[0].message
    assert patient.run(make_call("print('back')")).printed == "back\n"


def test_cancel_with_nothing_running_does_nothing(patient: Satellite, make_call: Make) -> None:
    look = make_call("import os\nprint(os.getpid())")
    before = patient.run(look).printed

    patient.cancel()

    assert patient.run(look).printed == before


def test_close_stops_the_running_script(make_call: Make, pipe: Pipe) -> None:
    closing = Satellite()
    errors: list[SqlError] = []
    running = threading.Thread(
        target=lambda: errors.append(failure(closing, make_call(pipe.hold() + FOREVER)))
    )
    running.start()
    pipe.wait_for_arrival()

    closing.close()
    running.join(timeout=60)

    assert "The script was cancelled" in errors[0].message


@pytest.mark.usefixtures("interruptible")
def test_interrupt_of_the_caller_stops_the_script(
    patient: Satellite, make_call: Make, pipe: Pipe
) -> None:
    def press_control_c() -> None:
        pipe.wait_for_arrival()
        os.kill(os.getpid(), signal.SIGINT)

    interrupt = threading.Thread(target=press_control_c)
    interrupt.start()

    with pytest.raises(KeyboardInterrupt):
        patient.run(make_call(pipe.hold() + FOREVER))

    interrupt.join()
    assert pipe.is_let_go()


def test_calls_of_two_threads_take_turns(patient: Satellite, make_call: Make) -> None:
    printed: list[str] = []
    threads = [
        threading.Thread(
            target=lambda n=n: printed.append(patient.run(make_call(f"print({n})")).printed)
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(printed) == [f"{n}\n" for n in range(8)]


def test_process_outlives_the_thread_that_started_it(make_call: Make) -> None:
    look = make_call("import os\nprint(os.getpid())")
    printed: list[str] = []
    with Satellite() as satellite:
        first = threading.Thread(target=lambda: printed.append(satellite.run(look).printed))
        first.start()
        first.join()

        assert satellite.run(look).printed == printed[0]


ENGINE = """\
import sys
from procluster.satellite import Satellite, ScriptCall
Satellite().run(ScriptCall(sys.argv[1], "i", "o", (), None, ()))
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_script_ends_when_the_engine_is_killed(pipe: Pipe, name: str) -> None:
    arguments = [sys.executable, "-c", ENGINE, pipe.hold() + FOREVER]
    with subprocess.Popen(arguments) as engine:
        pipe.wait_for_arrival()
        engine.send_signal(getattr(signal, name))

    assert pipe.is_let_go()


def test_directory_goes_when_the_engine_is_killed(pipe: Pipe, tmp_path: Path) -> None:
    note = tmp_path / "note"
    script = (
        f"import os, tempfile\nopen({str(note)!r}, 'w').write(tempfile.mkdtemp())\n"
        f"{pipe.hold()}{FOREVER}"
    )
    with subprocess.Popen([sys.executable, "-c", ENGINE, script]) as engine:
        pipe.wait_for_arrival()
        engine.kill()

    assert pipe.is_let_go()
    assert not Path(note.read_text()).parent.exists()


def test_forgotten_satellite_ends_its_process(make_call: Make, pipe: Pipe) -> None:
    forgotten = Satellite()
    forgotten.run(make_call(pipe.hold() + "os.set_inheritable(held, True)"))
    pipe.wait_for_arrival()

    del forgotten

    assert pipe.is_let_go()


def test_missing_interpreter_is_39021(make_call: Make, tmp_path: Path) -> None:
    error = failure(Satellite(python=str(tmp_path / "none")), make_call(""))

    assert error.number == 39021
    assert "none: No such file or directory." in error.message


def test_unfit_interpreter_is_39021_with_its_reason(make_call: Make, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'No module named pyarrow' >&2\nexit 1\n")
    python.chmod(0o755)

    error = failure(Satellite(python=str(python)), make_call(""))

    assert error.number == 39021
    assert "No module named pyarrow. It must be a Python >= 3.10" in error.message

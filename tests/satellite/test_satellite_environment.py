"""What surrounds a script: directory, home, network, memory, environment variables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from procluster.errors import SqlError
from procluster.satellite import Satellite, ScriptCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from procluster.satellite import ScriptResult

    Make = Callable[..., ScriptCall]
    Run = Callable[..., ScriptResult]


def test_script_may_write_to_its_directory(run: Run) -> None:
    assert run("open('x', 'w').write('1')\nprint(open('x').read())").printed == "1\n"


def test_directory_is_gone_after_the_call(run: Run) -> None:
    directory = run("import os\nopen('x', 'w')\nprint(os.getcwd())").printed.strip()

    assert not Path(directory).exists()


@pytest.mark.parametrize("end", ["", "\nos.kill(os.getpid(), 9)"])
def test_temporary_files_are_gone_with_the_process(
    make_call: Make, tmp_path: Path, end: str
) -> None:
    script = (
        "import os, tempfile\nhandle, name = tempfile.mkstemp()\n"
        f"open({str(tmp_path / 'name')!r}, 'w').write(name)" + end
    )
    with Satellite() as satellite:
        try:
            satellite.run(make_call(script))
        except SqlError:
            assert end

    assert not Path((tmp_path / "name").read_text()).exists()


def test_home_cannot_be_written_to(run: Run) -> None:
    with pytest.raises(SqlError, match="NotADirectoryError"):
        run("from pathlib import Path\nPath.home().joinpath('.cache').mkdir(parents=True)")


def test_environment_is_not_passed_on(monkeypatch: pytest.MonkeyPatch, make_call: Make) -> None:
    monkeypatch.setenv("X_PASSWORD", "secret")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with Satellite() as satellite:
        script = (
            "import os, sys\nprint('X_PASSWORD' in os.environ, '/elsewhere' in sys.path, "
            "os.environ['OMP_NUM_THREADS'])"
        )

        assert satellite.run(make_call(script)).printed == "False False 1\n"


def test_many_cores_do_not_take_the_memory_of_a_script(
    monkeypatch: pytest.MonkeyPatch, make_call: Make
) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    with Satellite() as satellite:
        script = "import os\nprint(os.environ['OPENBLAS_NUM_THREADS'])"

        assert satellite.run(make_call(script)).printed == "4\n"


@pytest.mark.parametrize(
    "code",
    [
        "socket.create_connection(('127.0.0.1', 80))",
        "socket.getaddrinfo('example.com', 80)",
        "socket.socket().bind(('127.0.0.1', 0))",
        "urllib.request.urlopen('http://example.com')",
    ],
)
def test_network_is_blocked(run: Run, code: str) -> None:
    with pytest.raises(SqlError, match="has no outbound network"):
        run(f"import socket, urllib.request\n{code}")


@pytest.mark.skipif(sys.platform == "win32", reason="no socket pairs")
def test_sockets_inside_the_machine_go_on(run: Run) -> None:
    script = "import asyncio\nasync def f(): return 1\nprint(asyncio.run(f()))"

    assert run(script).printed == "1\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces it")
class TestMemoryLimit:
    def test_memory_beyond_the_limit_is_an_error_that_says_so(self, make_call: Make) -> None:
        with Satellite(memory_limit=1 << 30) as satellite:
            with pytest.raises(SqlError, match="MemoryError") as caught:
                satellite.run(make_call("import numpy\nnumpy.ones(1 << 28)"))

            assert caught.value.number == 39004
            assert "The script may use 1024 MiB" in caught.value.message
            assert satellite.run(make_call("print('back')")).printed == "back\n"

    def test_memory_too_small_to_start_is_39021(self, make_call: Make) -> None:
        small = Satellite(memory_limit=64 << 20)

        with pytest.raises(SqlError, match="memory limit: 64 MiB, of which") as caught:
            small.run(make_call(""))

        assert caught.value.number == 39021


def test_pictures_are_drawn_without_a_display(run: Run) -> None:
    pytest.importorskip("matplotlib")
    script = (
        "import io\nimport matplotlib.pyplot as plt\nout = io.BytesIO()\n"
        "plt.figure().savefig(out)\nprint(out.getvalue()[1:4])"
    )

    assert run(script).printed == "b'PNG'\n"

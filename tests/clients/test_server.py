"""The server: what it lets in, what it survives, and how its sessions wait for each other."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import pytds
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw import ATTENTION, BATCH, HEADERS, RawClient
from serving import Endpoint, serve
from test_pytds import connect

from procluster.errors import DataError
from procluster.local.database import Database
from procluster.tds import connection
from procluster.tds.server import Account, Server

LIVE = settings(max_examples=25)
Opener = Callable[[], pytds.Connection]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An empty database in memory, whose sessions wait without end."""
    with Database(longest_wait=None) as database, serve(database) as served:
        yield served


@pytest.fixture
def open_session(endpoint: Endpoint) -> Iterator[Opener]:
    """Opens connections that are in no transaction."""
    with contextlib.ExitStack() as stack:

        def opener() -> pytds.Connection:
            opened = connect(endpoint)
            opened.autocommit = True
            stack.callback(opened.close)
            return opened

        yield opener


def ask(session: pytds.Connection, batch: str) -> object:
    """First value of a batch's last result set."""
    cursor = session.cursor()
    cursor.execute(batch)
    value: object = None
    while True:
        if cursor.description:
            value = cursor.fetchone()[0]
        if not cursor.nextset():
            return value


def later(session: pytds.Connection, batch: str) -> tuple[threading.Thread, list[object]]:
    """Run a batch in a thread; what it gave, or its error, is in the list after it."""
    given_back: list[object] = []

    def run() -> None:
        try:
            given_back.append(ask(session, batch))
        except pytds.Error as error:
            given_back.append(error.number)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, given_back


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.com", ""])  # noqa: S104
def test_address_that_others_reach_is_refused(host: str) -> None:
    with (
        Database() as database,
        pytest.raises(DataError, match="is not an address of loopback"),
        Server(database, Account("a", "b"), host=host),
    ):
        pass


def test_port_that_is_taken_is_an_error(endpoint: Endpoint) -> None:
    with (
        Database() as database,
        pytest.raises(DataError, match=f"port {endpoint.port}: cannot be listened on"),
        Server(database, Account("a", "b"), port=endpoint.port),
    ):
        pass


def test_client_too_many_is_turned_away() -> None:
    with Database() as database, Server(database, Account("a", "b"), most_connections=1) as server:
        served = Endpoint(server.host, server.port, database.name, "a", "b")
        with RawClient(served).log_in(), RawClient(served) as second:
            assert second.receive() == b""


def test_password_is_in_no_representation() -> None:
    assert "secret" not in repr(Account("a", "secret"))


@LIVE
@given(data=st.binary(min_size=1, max_size=200))
def test_random_bytes_before_the_login_end_their_connection_only(
    endpoint: Endpoint, data: bytes
) -> None:
    with RawClient(endpoint) as client:
        client.send_bytes(data)
    with RawClient(endpoint).log_in() as other:
        other.send_batch("SELECT 1")
        assert other.receive()


@LIVE
@given(kind=st.sampled_from([1, 3, 7, 14, 16, 18]), data=st.binary(max_size=200))
def test_random_requests_end_their_connection_only(
    endpoint: Endpoint, kind: int, data: bytes
) -> None:
    with RawClient(endpoint).log_in() as client:
        client.send(kind, data)
        client.receive()
    with RawClient(endpoint).log_in() as other:
        other.send_batch("SELECT 1")
        assert other.receive()


def test_stream_that_is_not_tds_is_logged(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    with RawClient(endpoint) as client:
        client.send_bytes(b"GET / HTTP/1.1\r\n\r\n")
        assert client.receive() == b""
    assert "its stream is not TDS" in caplog.text


def test_message_longer_than_the_limit_ends_its_connection(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LARGEST_MESSAGE", 10_000)
    with RawClient(endpoint).log_in() as client:
        for _ in range(3):
            client.send(BATCH, bytes(5000), status=0)
        assert client.receive() == b""


def test_request_that_the_client_takes_back_is_ignored(endpoint: Endpoint) -> None:
    with RawClient(endpoint).log_in() as client:
        client.send_batch("CREATE TABLE dbo.t (i int)", status=0x03)
        assert client.receive() == bytes((0xFD, 0x02)) + bytes(11)
        client.send_batch("SELECT OBJECT_ID(N'dbo.t')")
        assert b"\xd1\x00" in client.receive()  # a row of NULL


def test_nowait_arrives_before_the_batch_ends(endpoint: Endpoint) -> None:
    with RawClient(endpoint).log_in() as client:
        client.send_batch("RAISERROR(N'now', 0, 1) WITH NOWAIT; WHILE 1 = 1 SET NOCOUNT ON;")
        ended, data = client.packet()
        assert not ended
        assert "now".encode("utf-16-le") in data


def test_attention_is_acknowledged_and_the_connection_lives_on(endpoint: Endpoint) -> None:
    with RawClient(endpoint).log_in() as client:
        client.send_batch("RAISERROR(N'now', 0, 1) WITH NOWAIT; WHILE 1 = 1 SET NOCOUNT ON;")
        client.packet()
        client.send(ATTENTION, b"")
        assert client.receive().endswith(bytes((0xFD, 0x20)) + bytes(11))
        client.send_batch("SELECT 1")
        assert client.receive()


def test_attention_without_a_request_is_acknowledged(endpoint: Endpoint) -> None:
    with RawClient(endpoint).log_in() as client:
        client.send(ATTENTION, b"")
        assert client.receive() == bytes((0xFD, 0x20)) + bytes(11)


def test_attention_stops_an_external_script(shop: Endpoint) -> None:
    script = (
        "RAISERROR(N'now', 0, 1) WITH NOWAIT; EXEC sp_execute_external_script "
        "@language = N'Python', @script = N'import time; time.sleep(250)'"
    )
    with RawClient(shop).log_in() as client:
        client.send_batch(script)
        client.packet()
        client.send(ATTENTION, b"")
        assert client.receive().endswith(bytes((0xFD, 0x20)) + bytes(11))


def test_reset_makes_the_session_as_new(endpoint: Endpoint) -> None:
    with RawClient(endpoint).log_in() as client:
        client.send_batch("CREATE TABLE #t (i int); BEGIN TRANSACTION;")
        client.receive()
        client.send(BATCH, HEADERS + "SELECT @@TRANCOUNT + 5".encode("utf-16-le"), status=0x09)
        reply = client.receive()
    assert reply.startswith(bytes((0xE3, 3, 0, 18)))
    assert b"\xd1\x04\x05\x00\x00\x00" in reply


def test_writer_waits_for_another(open_session: Opener) -> None:
    first, second = open_session(), open_session()
    ask(first, "CREATE TABLE dbo.t (i int); BEGIN TRANSACTION; INSERT dbo.t VALUES (1);")
    thread, found = later(second, "INSERT dbo.t VALUES (2); SELECT COUNT(*) FROM dbo.t;")
    assert ask(first, "SELECT COUNT(*) FROM dbo.t; COMMIT;") == 1
    thread.join(60)
    assert found == [2]


def test_writer_with_a_lock_timeout_is_told_1222(open_session: Opener) -> None:
    first, second = open_session(), open_session()
    ask(first, "CREATE TABLE dbo.t (i int); BEGIN TRANSACTION; INSERT dbo.t VALUES (1);")
    with pytest.raises(pytds.Error) as raised:
        ask(second, "SET LOCK_TIMEOUT 0; INSERT dbo.t VALUES (2);")
    assert raised.value.number == 1222


def test_circle_of_waiting_sessions_has_one_victim(open_session: Opener) -> None:
    lock = (
        "DECLARE @r int; EXEC @r = sp_getapplock @Resource = N'x', @LockMode = N'Exclusive', "
        "@LockOwner = N'Session', @LockTimeout = -1; SELECT @r;"
    )
    first, second = open_session(), open_session()
    ask(first, "CREATE TABLE dbo.t (i int);")
    ask(second, lock)
    ask(first, "BEGIN TRANSACTION; INSERT dbo.t VALUES (1);")
    waiting, first_found = later(first, f"{lock} COMMIT;")
    closing, second_found = later(second, "INSERT dbo.t VALUES (2); SELECT 0;")
    closing.join(60)
    ask(second, "EXEC sp_releaseapplock @Resource = N'x', @LockOwner = N'Session'")
    waiting.join(60)
    # Whoever asks last closes the circle.
    assert (first_found, second_found) in (([1], [1205]), ([-3], [0]))


def test_reader_sees_what_others_have_committed_meanwhile(open_session: Opener) -> None:
    reader, writer = open_session(), open_session()
    ask(writer, "CREATE TABLE dbo.t (i int);")
    assert ask(reader, "BEGIN TRANSACTION; SELECT COUNT(*) FROM dbo.t") == 0
    ask(writer, "INSERT dbo.t VALUES (1);")
    assert ask(reader, "SELECT COUNT(*) FROM dbo.t") == 1


def test_key_committed_meanwhile_is_found(open_session: Opener) -> None:
    first, second = open_session(), open_session()
    ask(first, "CREATE TABLE dbo.t (i int NOT NULL PRIMARY KEY);")
    ask(first, "BEGIN TRANSACTION; SELECT COUNT(*) FROM dbo.t")
    ask(second, "INSERT dbo.t VALUES (1);")
    with pytest.raises(pytds.Error) as raised:
        ask(first, "INSERT dbo.t VALUES (1);")
    assert raised.value.number == 2627


def test_table_of_an_open_transaction_is_not_seen_by_others(open_session: Opener) -> None:
    first, second = open_session(), open_session()
    ask(first, "BEGIN TRANSACTION; CREATE TABLE dbo.t (i int);")
    assert ask(second, "SELECT OBJECT_ID(N'dbo.t')") is None
    ask(first, "COMMIT;")
    assert ask(second, "SELECT COUNT(*) FROM dbo.t") == 0


def test_client_that_vanishes_leaves_no_lock(endpoint: Endpoint, open_session: Opener) -> None:
    session = open_session()
    ask(session, "CREATE TABLE dbo.t (i int);")
    with RawClient(endpoint).log_in() as client:
        client.send_batch("BEGIN TRANSACTION; INSERT dbo.t VALUES (1);")
        client.receive()
    assert ask(session, "INSERT dbo.t VALUES (2); SELECT COUNT(*) FROM dbo.t;") == 1


ADD_ROW = """
CREATE PROCEDURE dbo.add_row @client int, @n int
AS
INSERT dbo.t VALUES (@client, @n);
"""


@pytest.mark.slow
def test_thirty_two_clients_lose_no_row_and_see_none_of_anothers(endpoint: Endpoint) -> None:
    with connect(endpoint) as first:
        ask(first, "CREATE TABLE dbo.t (client int NOT NULL, n int NOT NULL PRIMARY KEY);")
        ask(first, ADD_ROW)
        first.commit()
    wrong: list[object] = []

    def work(client: int, session: pytds.Connection) -> None:
        session.autocommit = True
        for call in range(32):
            number = 100 * client + call
            insert = f"INSERT dbo.t VALUES ({client}, {number});"
            match call % 4:
                case 0:
                    ask(session, f"EXEC dbo.add_row @client = {client}, @n = {number};")
                case 1:
                    ask(session, f"BEGIN TRANSACTION; {insert} COMMIT;")
                case 2:
                    ask(session, f"BEGIN TRANSACTION; {insert} ROLLBACK;")
                case _:
                    mine = ask(session, f"SELECT COUNT(*) FROM dbo.t WHERE client = {client}")
                    if mine != (call + 1) // 2:
                        wrong.append((client, call, mine))
        session.close()

    # One after the other: a client waits 15 seconds for its login.
    threads = [
        threading.Thread(target=work, args=(client, connect(endpoint))) for client in range(32)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connect(endpoint) as last:
        counted = ask(last, "SELECT COUNT(*) FROM dbo.t")
    assert (wrong, counted) == ([], 32 * 16)

"""The file of tokens: what it may hold, who may read it, and that it is looked at again while it is used."""

import hashlib
import logging
import os
from pathlib import Path

import pytest

from airflow_run_groups.adapters.metrics import TOKEN_FILE_UNUSABLE
from airflow_run_groups.entrypoints.http.security import token_file, tokens
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from airflow_run_groups.entrypoints.http.security.token_file import (
    GRACE,
    LOOK_AGAIN,
    MAX_BYTES,
    TokenFile,
    why_not_secret,
)
from airflow_run_groups.entrypoints.http.security.tokens import TokenFileError, find, single_token
from airflow_run_groups.entrypoints.metrics import FOLDER, MetricsResource, PrometheusMeter
from tests.unit.http.service import Service, error, reason

CI = "ci-0123456789abcdef"
OPS = "ops-0123456789abcdef"
BOARD = "board-0123456789abcdef"
NAMES = ("ci", "ops", "board")


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "tokens", f"# who\n\nci: {CI}\n  ops :\t{OPS}  \nboard: {BOARD} read-only\n")


def write(path, text):
    """Put a file there in one step, as those who rotate tokens should."""
    other = path.with_name("new")
    other.touch(mode=0o600)
    other.write_bytes(text if isinstance(text, bytes) else text.encode())
    other.replace(path)
    return path


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_a_file_names_its_tokens_and_says_which_only_read(path):
    file = TokenFile(str(path))
    assert [(token.name, token.read_only) for token in file.tokens()] == [
        ("ci", False),
        ("ops", False),
        ("board", True),
    ]
    for name, token in zip(NAMES, (CI, OPS, BOARD), strict=True):
        assert find(file.tokens(), token.encode()).name == name


def test_a_token_may_be_given_by_its_sha256(tmp_path):
    digest = hashlib.sha256(CI.encode()).hexdigest()
    file = TokenFile(str(write(tmp_path / "tokens", f"ci: sha256:{digest} read-only\n")))
    assert find(file.tokens(), CI.encode()).read_only
    assert find(file.tokens(), f"sha256:{digest}".encode()) is None
    assert find(file.tokens(), digest.encode()) is None


def test_nothing_shows_a_token(path):
    file = TokenFile(str(path))
    service = TokenAuthentication("s3cret-s3cret-s3cret", file)
    shown = f"{file!r} {file.tokens()!r} {service!r} {single_token(CI)!r} {vars(service)}"
    for token in (CI, OPS, BOARD, "s3cret"):
        assert token not in shown
        assert hashlib.sha256(token.encode()).hexdigest() not in shown
        assert repr(hashlib.sha256(token.encode()).digest()) not in shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no token in it"),
        ("# nobody\n\n", "has no token in it"),
        (CI, "in line 1 neither 'name: token' nor"),
        (f"ci {CI}", "in line 1 neither 'name: token' nor"),
        (f"\n: {CI}", "in line 2 neither 'name: token' nor"),
        (f"c i: {CI}", "in line 1 neither 'name: token' nor"),
        (f"{'c' * 65}: {CI}", "in line 1 neither 'name: token' nor"),
        (f"-ci: {CI}", "in line 1 neither 'name: token' nor"),
        (f"ci: {CI} readonly", "in line 1 neither 'name: token' nor"),
        (f"ci: {CI} read-only {OPS}", "in line 1 neither 'name: token' nor"),
        ("ci:", "in line 1 neither 'name: token' nor"),
        ("ci: read-only", "in line 1 neither a token, 16 to 512"),
        ("ci: 0123456789abcde", "in line 1 neither a token, 16 to 512"),
        (f"ci: {'a' * 513}", "in line 1 neither a token, 16 to 512"),
        ("ci: 0123456789abcdé€", "in line 1 neither a token, 16 to 512"),
        ("ci: sha256:0123456789abcdef", "in line 1 neither a token, 16 to 512"),
        (f"ci: sha256:{'g' * 64}", "in line 1 neither a token, 16 to 512"),
        (f"ci: {CI}\nci: {OPS}", "in line 2 the name of another token, 'ci'"),
        (f"ci: {CI}\n#\nops: {CI} read-only", "in line 3 the token of another token, 'ci'"),
        (f"ci: {CI}\nops: sha256:{hashlib.sha256(CI.encode()).hexdigest()}", "in line 2 the token of another token"),
        (f"token: {CI}", "the name 'token', which is that of airflow_api_auth"),
        (f"ci: {'s3cret' * 4}", "in line 1 the token of another token, 'token'"),
        (b"ci: \xff", "is not UTF-8"),
        (f"ci: {CI}\n" + "#" * MAX_BYTES, f"has more than {MAX_BYTES} bytes"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_without_a_word_of_it(tmp_path, text, says):
    path = write(tmp_path / "tokens", text if isinstance(text, bytes) else f"{text}\n")
    with pytest.raises(TokenFileError) as refused:
        TokenFile(str(path), beside=(single_token("s3cret" * 4),))
    assert says in str(refused.value)
    assert str(path) in str(refused.value)
    assert refused.value.__cause__ is None
    for token in (CI, OPS, "s3cret", "0123456789abc"):
        assert token not in str(refused.value)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(0o700)
    for name, says in {"pipe": "no regular file", "folder": "Is a directory", "nothing": "No such file"}.items():
        with pytest.raises(TokenFileError, match=says):
            TokenFile(str(tmp_path / name))


ME, ROOT, SOMEBODY = 50000, 0, 1000


@pytest.mark.parametrize(
    ("owner", "user", "mode", "secret"),
    [
        (ME, ME, 0o600, True),
        (ME, ME, 0o400, True),
        (ME, ME, 0o640, False),
        (ME, ME, 0o604, False),
        (ME, ME, 0o620, False),
        (ME, ME, 0o602, False),
        (ROOT, ME, 0o640, True),
        (ROOT, ME, 0o440, True),
        (ROOT, ME, 0o660, False),
        (ROOT, ME, 0o644, False),
        (ROOT, ROOT, 0o600, True),
        (ROOT, ROOT, 0o440, True),
        (ROOT, ROOT, 0o444, False),
        (SOMEBODY, ME, 0o600, False),
        (SOMEBODY, ROOT, 0o600, False),
    ],
)
def test_a_file_that_others_may_read_or_change_is_no_secret(owner, user, mode, secret):
    assert (why_not_secret(0o100000 | mode, owner, user) is None) == secret


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused(path, mode):
    path.chmod(mode)
    with pytest.raises(TokenFileError, match=r"is no secret: .*(chmod 6[04]0 it)"):
        TokenFile(str(path))


def test_tokens_are_changed_without_a_restart(path, caplog):
    clock = Clock()
    service = Service(authenticator=TokenAuthentication(file=TokenFile(str(path), clock=clock)))

    def status(token):
        return service.get("/api/v1/dags", headers=bearer(token)).status_code

    write(path, f"ci: new-{CI}\n")
    assert (status(CI), status(f"new-{CI}")) == (200, 401)
    clock.now = 0.9
    assert (status(CI), status(f"new-{CI}")) == (200, 401)
    clock.now = 1.0
    assert (status(CI), status(f"new-{CI}"), status(OPS)) == (401, 200, 401)
    assert "have changed: there are ci" in caplog.text
    assert CI not in caplog.text


def test_another_token_of_the_same_length_in_the_same_moment_is_noticed(path):
    clock = Clock()
    file = TokenFile(str(path), clock=clock)
    before = path.stat()
    path.write_text(path.read_text().replace(CI, "CI" + CI[2:]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    clock.now = 1.0
    assert find(file.tokens(), CI.encode()) is None


def test_a_link_that_leads_elsewhere_is_followed(tmp_path, path):
    link = tmp_path / "link"
    link.symlink_to(path)
    clock = Clock()
    file = TokenFile(str(link), clock=clock)
    other = tmp_path / "other"
    other.touch(mode=0o600)
    other.write_text(f"new: {OPS}\n")
    link.unlink()
    link.symlink_to(other)
    clock.now = 1.0
    assert [token.name for token in file.tokens()] == ["new"]


class Watched:
    """A service whose callers have the tokens of a file, and its clock."""

    def __init__(self, path):
        self.clock = Clock()
        self.reports = []
        self.file = TokenFile(str(path), clock=self.clock, report=self.reports.append)
        self.service = Service(authenticator=TokenAuthentication(file=self.file), token_file=self.file)

    def status(self, token=CI):
        return self.service.get("/api/v1/dags", headers=bearer(token)).status_code

    def ready(self):
        answer = self.service.get("/health/ready")
        return answer.status_code if answer.status_code == 200 else reason(answer)


@pytest.fixture
def watched(path):
    return Watched(path)


def _put_a_folder_there(path):
    path.unlink()
    path.mkdir(0o700)


UNUSABLE = {
    "deleted": (Path.unlink, "No such file"),
    "unreadable": (_put_a_folder_there, "Is a directory"),
    "open to others": (lambda path: path.chmod(0o644), "is no secret"),
    "malformed": (lambda path: path.write_text("nonsense-nonsense\n"), "in line 1 neither"),
    "torn": (lambda path: path.write_text(f"ci: {CI}\nboard: {BOARD}"), "no line break at the end of line 2"),
}


@pytest.mark.parametrize("text", ["", "\n", "# nobody\n"])
def test_an_emptied_file_has_no_tokens(watched, path, text, caplog):
    assert watched.status() == 200
    path.write_text(text)
    watched.clock.now = LOOK_AGAIN
    assert [watched.status(token) for token in (CI, OPS, BOARD)] == [401] * 3
    assert watched.ready() == 200
    assert "have changed: there are none" in caplog.text


@pytest.mark.parametrize(("spoil", "says"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_that_cannot_be_used_makes_not_ready_at_once_and_lets_nobody_in_after_a_grace(
    watched, path, spoil, says, caplog
):
    spoil(path)
    watched.clock.now = LOOK_AGAIN
    assert (watched.status(), watched.ready()) == (200, "token_file_unusable")
    watched.clock.now = GRACE - 0.01
    assert (watched.status(), watched.ready()) == (200, "token_file_unusable")
    watched.clock.now = GRACE
    assert ([watched.status(token) for token in (CI, OPS, BOARD)], watched.ready()) == (
        [401] * 3,
        "token_file_unusable",
    )
    watched.clock.now = 100 * GRACE
    assert (watched.status(), watched.ready()) == (401, "token_file_unusable")
    assert set(watched.reports) == {False}
    first, last = caplog.records
    assert {first.levelno, last.levelno} == {logging.ERROR}
    assert says in first.getMessage()
    assert "is accepted any more" in last.getMessage()
    assert "nonsense" not in caplog.text


@pytest.mark.parametrize("spoil", [spoil for spoil, _ in UNUSABLE.values()], ids=UNUSABLE)
def test_a_file_that_can_be_used_again_is_used_without_a_restart(watched, path, spoil, caplog):
    text = path.read_text()
    spoil(path)
    watched.clock.now = GRACE
    assert watched.status() == 401
    if path.is_dir():
        path.rmdir()
    write(path, text)
    watched.clock.now += LOOK_AGAIN
    assert (watched.status(), watched.ready(), watched.reports[-1]) == (200, 200, True)
    assert "can be used again: there are ci, ops, board" in caplog.text
    watched.clock.now += LOOK_AGAIN
    write(path, f"ci: new-{CI}\n")
    spoil(path)
    watched.clock.now += GRACE
    assert watched.status() == 401


def test_readiness_looks_where_nobody_sends_a_request(watched, path):
    assert watched.ready() == 200
    path.unlink()
    watched.clock.now = LOOK_AGAIN
    assert (watched.ready(), watched.reports) == ("token_file_unusable", [False])


def test_metrics_look_where_nobody_sends_a_request(path, monkeypatch):
    monkeypatch.delenv(FOLDER, raising=False)
    clock, meter = Clock(), PrometheusMeter()
    file = TokenFile(str(path), clock=clock, report=lambda good: meter.set(TOKEN_FILE_UNUSABLE, 0 if good else 1))
    service = Service(meter=meter, metrics=MetricsResource(meter, file))
    name = "airflow_run_groups_token_file_unusable"
    assert f"\n{name} 0.0\n" in service.get("/metrics").text
    path.unlink()
    clock.now = LOOK_AGAIN
    assert f"\n{name} 1.0\n" in service.get("/metrics").text


def test_a_process_that_has_not_looked_for_long_does_not_begin_with_a_grace(watched, path):
    path.unlink()
    watched.clock.now = 3600.0
    assert watched.status() == 401


def test_a_reader_never_becomes_a_writer_while_the_file_is_written(watched, path):
    """Whatever part of the file is there: the token that only reads does not write."""
    text = path.read_text()
    for length in range(len(text)):
        path.write_text(text[:length])
        watched.clock.now += LOOK_AGAIN
        answer = watched.service.request("POST", "/api/v1/dag_runs", headers=bearer(BOARD), body="{}")
        assert answer.status_code in (401, 403), text[:length]
        write(path, text)
        watched.clock.now += LOOK_AGAIN
        assert watched.status(BOARD) == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text(f"ci: {CI}\nops: {OPS}\n"),
        lambda path: path.write_text(f"{path.read_text()}ci: {CI}\n"),
        lambda path: path.chmod(0o644),
    ],
    ids=["written", "appended to", "opened to others"],
)
def test_a_file_that_changes_while_it_is_read_is_not_used(watched, path, monkeypatch, change, caplog):
    looks = []

    def fstat(descriptor, fstat=os.fstat):
        looks.append(descriptor)
        if len(looks) == 2:
            change(path)
        return fstat(descriptor)

    monkeypatch.setattr(token_file.os, "fstat", fstat)
    write(path, f"new: new-{CI}\n")
    watched.clock.now = LOOK_AGAIN
    assert (watched.status(), watched.status(f"new-{CI}")) == (200, 401)
    assert "changed while it was read" in caplog.text


def test_a_disk_that_does_not_respond_lets_nobody_in_after_the_grace(watched, monkeypatch):
    monkeypatch.setattr(token_file, "MAX_WAIT", 0.01)
    with watched.file._lock:  # noqa: SLF001 - held by a thread that looks
        watched.clock.now = GRACE - 0.01
        assert watched.status() == 200
        watched.clock.now = GRACE
        assert (watched.status(), watched.ready()) == (401, "token_file_unusable")


def test_the_token_of_the_configuration_stays_valid_whatever_becomes_of_the_file(path):
    clock = Clock()
    service = Service(authenticator=TokenAuthentication("s3cret", TokenFile(str(path), clock=clock)))
    path.unlink()
    clock.now = GRACE
    assert service.get("/api/v1/dags", headers=bearer("s3cret")).status_code == 200
    assert service.get("/api/v1/dags", headers=bearer(CI)).status_code == 401


def test_one_thread_looks_while_the_others_go_on(path):
    clock = Clock()
    file = TokenFile(str(path), clock=clock)
    write(path, f"ci: new-{CI}\n")
    clock.now = 1.0
    with file._lock:  # noqa: SLF001 - held by a thread that looks, on a disk that does not answer
        assert len(file.tokens()) == 3
    assert len(file.tokens()) == 1


@pytest.mark.parametrize(
    "sent", ["", "x", CI, CI[:-1], OPS, BOARD + "x", "a" * 8000, "é" * 30, "\U0001f600", "s3cret" * 4]
)
def test_every_token_is_compared_to_its_end_whatever_was_sent(path, monkeypatch, sent):
    compared = []
    compare = tokens.hmac.compare_digest

    def recording(left, right):
        compared.append((left, right))
        return compare(left, right)

    monkeypatch.setattr(tokens.hmac, "compare_digest", recording)
    authentication = TokenAuthentication("s3cret" * 4, TokenFile(str(path)))
    service = Service(authenticator=authentication)
    service.get("/api/v1/dags", headers={"Authorization": sent.encode().decode("latin-1")})
    assert len(compared) == 2 * 4
    assert {len(side) for pair in compared for side in pair} == {32}
    assert {right for _, right in compared} == {
        token.digest for token in (single_token("s3cret" * 4), *TokenFile(str(path)).tokens())
    }


@pytest.mark.parametrize(
    "sent",
    [
        *("", " ", "Bearer", "Bearer ", "Bearer  ", "wrong", f"Bearer {CI[:-1]}", f"Bearer {CI}x", f"{CI} {OPS}"),
        *(f"Basic {CI}", f"Token {CI}", f"Bearer Bearer {CI}", f"Bearer{CI}", CI.upper(), f"{CI},{CI}", f"ci:{CI}"),
        *(f"ci: {CI}", hashlib.sha256(CI.encode()).hexdigest(), "sha256:" + hashlib.sha256(CI.encode()).hexdigest()),
        *("\xff" * 40, "é", f"{CI}\u00e9", "a" * 8000, "None", "null", "true", "ci", "token", "# who"),
    ],
)
def test_a_wrong_token_is_a_401_that_shows_none(path, sent):
    service = Service(authenticator=TokenAuthentication("s3cret" * 4, TokenFile(str(path))))
    answer = service.get("/api/v1/dags", headers={"Authorization": sent})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "token" in error(answer)
    for token in (CI, OPS, BOARD, "s3cret"):
        assert token not in answer.text


def test_the_token_of_the_configuration_and_those_of_the_file_are_taken_side_by_side(path):
    service = Service(authenticator=TokenAuthentication("s3cret", TokenFile(str(path))))
    for token in ("s3cret", CI, OPS, BOARD):
        assert service.get("/api/v1/dags", headers=bearer(token)).status_code == 200
        assert service.get("/api/v1/dags", headers={"Authorization": token}).status_code == 200

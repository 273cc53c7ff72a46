"""The file of tokens: what it may hold, who may read it, and that it is looked at again while it is used."""

import hashlib
import logging
import os
from pathlib import Path

import pytest

from airflow_run_groups.entrypoints.http.security import tokens
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from airflow_run_groups.entrypoints.http.security.tokens import (
    MAX_BYTES,
    TokenFile,
    TokenFileError,
    find,
    single_token,
    why_not_secret,
)
from tests.unit.http.service import Service, error

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
    file = TokenFile(str(write(tmp_path / "tokens", f"ci: sha256:{digest} read-only")))
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
    path = write(tmp_path / "tokens", text)
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
    other.write_text(f"new: {OPS}")
    link.unlink()
    link.symlink_to(other)
    clock.now = 1.0
    assert [token.name for token in file.tokens()] == ["new"]


def _spoil(path):
    path.write_text("nonsense-nonsense")


def _open(path):
    path.chmod(0o644)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_spoil, "in line 1 neither"),
        (_open, "is no secret"),
        (Path.unlink, "No such file"),
        (lambda path: path.write_text(""), "no token"),
    ],
)
def test_a_file_that_can_no_longer_be_used_is_said_once_and_its_tokens_go_on_being_taken(path, caplog, spoil, says):
    clock = Clock()
    file = TokenFile(str(path), clock=clock)
    text = path.read_text()
    spoil(path)
    for clock.now in (1.0, 2.0, 3.0):
        assert [token.name for token in file.tokens()] == list(NAMES)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert says in record.getMessage()
    assert "nonsense" not in caplog.text

    write(path, text.replace("ci:", "ci2:"))
    clock.now = 4.0
    assert file.tokens()[0].name == "ci2"
    spoil(path)
    clock.now = 5.0
    file.tokens()
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 2


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

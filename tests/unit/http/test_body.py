"""How a body is read from a server, which may not have all of it."""

import io

import falcon
import pytest
from falcon import testing

from airflow_run_groups.domain import Refused
from airflow_run_groups.entrypoints.http.body import MAX_BYTES, BodyTooLarge, read_object


class _Stream(io.BytesIO):
    """What a server hands over; ``asked`` is how many bytes were asked for."""

    def __init__(self, data=b"", error=None):
        super().__init__(data)
        self.asked = 0
        self._error = error

    def read(self, size=-1):
        assert size is not None
        assert size >= 0
        self.asked += size
        if self._error is not None:
            raise self._error
        return super().read(size)


def _request(stream, *, length=None, **environ):
    env = testing.create_environ(method="POST")
    env.update({"wsgi.input": stream, **environ})
    if length is not None:
        env["CONTENT_LENGTH"] = str(length)
    return falcon.Request(env)


def _chunked(stream):
    return _request(stream, **{"wsgi.input_terminated": True})


def test_a_chunked_body_is_read_to_its_end():
    assert read_object(_chunked(_Stream(b'{"a": 1}'))) == {"a": 1}


def test_no_more_is_read_than_the_length_says():
    stream = _Stream(b'{"a": 1}GET / HTTP/1.1')
    assert read_object(_request(stream, length=8)) == {"a": 1}
    assert stream.asked == 8


def test_a_body_that_says_it_is_too_large_is_not_read_at_all():
    stream = _Stream(b"{}")
    with pytest.raises(BodyTooLarge):
        read_object(_request(stream, length=MAX_BYTES + 1))
    assert stream.asked == 0


def test_a_chunked_body_is_read_no_further_than_the_largest_body():
    stream = _Stream(b" " * MAX_BYTES * 3)
    with pytest.raises(BodyTooLarge):
        read_object(_chunked(stream))
    assert stream.asked == MAX_BYTES + 1


def test_the_largest_body_is_read():
    body = b"{}" + b" " * (MAX_BYTES - 2)
    assert read_object(_request(_Stream(body), length=MAX_BYTES)) == {}
    assert read_object(_chunked(_Stream(body))) == {}


def test_a_body_that_ends_too_early_is_refused_even_when_it_is_json():
    with pytest.raises(Refused, match="ends after 2 bytes, its Content-Length says 10"):
        read_object(_request(_Stream(b"{}"), length=10))


@pytest.mark.parametrize("error", [OSError("reset"), ValueError("Invalid chunk size: b'secret'")])
def test_a_body_that_the_server_cannot_read_is_refused_without_its_words(error):
    with pytest.raises(Refused, match="could not be read") as refused:
        read_object(_chunked(_Stream(error=error)))
    assert "secret" not in str(refused.value)


def test_without_a_length_there_is_no_body_unless_the_server_ends_it():
    stream = _Stream(b'{"a": 1}')
    with pytest.raises(Refused, match="raw JSON object"):
        read_object(_request(stream))
    assert stream.asked == 0


@pytest.mark.parametrize(
    "sent", [b'{"a": 1', b"{'a': 1}", b'{"a": 1}}', b'{"a": "x=1"', b"[1, 2", b"<a>1</a>", b'{"a": NaN}']
)
def test_body_that_is_broken_json_is_told_where_and_nothing_of_forms(sent):
    with pytest.raises(Refused, match="the body must be one raw JSON object") as refused:
        read_object(_request(_Stream(sent), length=len(sent)))
    assert "form" not in str(refused.value)


@pytest.mark.parametrize(
    "sent", [b"a=1", b" a=1&b=2", b"conf[a]=1", b"%64ag_id=1", b"a=", b"--boundary\r\nContent-Disposition"]
)
def test_body_of_a_form_is_told_that(sent):
    with pytest.raises(Refused, match=r"not form or multipart data$"):
        read_object(_request(_Stream(sent), length=len(sent)))

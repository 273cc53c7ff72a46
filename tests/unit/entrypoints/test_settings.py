"""What an operator can set, and what is refused. With the memory backend the environment alone is read."""

import re
import subprocess
import sys
from dataclasses import asdict

import pytest

from airflow_run_groups.domain import MAX_LIMIT
from airflow_run_groups.domain.planning.bounds import LARGEST_LIMIT
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.http.security.rate_limit import WriteRate
from airflow_run_groups.entrypoints.settings import Auth, Settings, SettingsError, read_settings

MEMORY = {"AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND": "memory"}
TOKEN = "AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH"
OTHER_TOKEN = "AIRFLOW__AIRFLOW__API__PLUGIN_AIRFLOW_API_AUTH"
AUTH = "AIRFLOW__AIRFLOW_API_PLUGIN__AUTH"
FORMAT = "AIRFLOW__AIRFLOW_API_PLUGIN__VALUE_FORMAT"
FILE = "AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH_FILE"
HOSTS = "AIRFLOW__AIRFLOW_API_PLUGIN__ALLOWED_HOSTS"
LIMIT = "AIRFLOW__AIRFLOW_API_PLUGIN__MAX_UNFINISHED_RUNS_PER"
RATE = "AIRFLOW__AIRFLOW_API_PLUGIN__WRITE_RATE_LIMIT"


def test_unless_set_there_is_no_token_and_values_are_text():
    assert read_settings({**MEMORY, "PATH": "/bin", "AIRFLOW__CORE__FERNET_KEY": ""}) == Settings(
        backend="memory", auth=Auth.NONE
    )


@pytest.mark.parametrize("value_format", ValueFormat)
def test_every_value_format_can_be_set(value_format):
    assert read_settings({**MEMORY, FORMAT: value_format.value}).value_format == value_format


@pytest.mark.parametrize("names", [[TOKEN], [OTHER_TOKEN], [TOKEN, OTHER_TOKEN]])
def test_the_token_has_two_names_that_may_agree(names):
    assert read_settings({**MEMORY, **dict.fromkeys(names, "s3cret-token")}).airflow_api_auth == "s3cret-token"


@pytest.mark.parametrize("token", ["s3cret-t", "secret token", "**secret token**", "\N{SNOWMAN}" * 512])
def test_a_token_of_8_to_512_characters_can_be_set(token):
    """The second and third are the seed's example, as it may be read."""
    assert read_settings({**MEMORY, TOKEN: token}).airflow_api_auth == token


def test_the_token_is_never_shown():
    assert "s3cret-token" not in repr(read_settings({**MEMORY, TOKEN: "s3cret-token"}))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({TOKEN: "s3cret-one", OTHER_TOKEN: "s3cret-two"}, "disagree"),
        ({TOKEN: ""}, "airflow_api_auth is set, but empty"),
        ({TOKEN: " "}, "airflow_api_auth is set, but empty"),
        ({OTHER_TOKEN: ""}, f"{OTHER_TOKEN} is set, but empty"),
        ({TOKEN: "s3cret-token", OTHER_TOKEN: ""}, f"{OTHER_TOKEN} is set, but empty"),
        ({TOKEN: "s3cret-token\n"}, "white space"),
        ({OTHER_TOKEN: " s3cret-token"}, "white space"),
        ({TOKEN: "s3\x00cret-token"}, "control characters"),
        ({TOKEN: "s"}, "airflow_api_auth must have 8 to 512 characters, not 1"),
        ({TOKEN: "s3cret-"}, "airflow_api_auth must have 8 to 512 characters, not 7"),
        (
            {OTHER_TOKEN: "s3" * 4500},
            "airflow_api_auth must have 8 to 512 characters, not 9000: `openssl rand -hex 32`",
        ),
        ({FORMAT: ""}, "value_format is set, but empty"),
        ({FORMAT: "xml"}, "value_format must be one of text, json, not 'xml'"),
        ({FORMAT: "JSON"}, "value_format must be one of text, json"),
        ({"AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND": ""}, "backend is set, but empty"),
        ({"AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND": "mysql"}, "backend must be one of airflow, memory, not 'mysql'"),
        ({"AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUHT": "s3cret-token"}, "no option 'airflow_api_auht': known are"),
        ({f"{TOKEN}_CMD": "echo s3cret"}, "airflow_api_auth_cmd is for Airflow to resolve"),
        ({f"{TOKEN}_SECRET": "s3cret-token"}, "airflow_api_auth_secret is for Airflow to resolve"),
        ({f"{FORMAT}_CMD": "echo json"}, "no option 'value_format_cmd': known are"),
        ({FILE: ""}, "airflow_api_auth_file is set, but empty"),
        ({FILE: "tokens"}, "must be a path that begins with a slash, not 'tokens'"),
        ({FILE: "/nowhere"}, "airflow_api_auth_file: the file of tokens /nowhere cannot be read: No such file"),
        ({FILE: "/dev/null"}, "is no regular file"),
        ({HOSTS: ""}, "allowed_hosts is set, but empty"),
        ({HOSTS: "https://a.example"}, "allowed_hosts must be host names without scheme and port"),
        ({HOSTS: "a.example:8000"}, "without scheme and port, with commas between them, or *, not 'a.example:8000'"),
        ({HOSTS: "a.example,"}, "allowed_hosts must be host names"),
        ({HOSTS: "*.a.example"}, "allowed_hosts must be host names"),
        *(
            ({RATE: rate}, "write_rate_limit must be a number from 1 to 99999 and /second, /minute, /hour or /day")
            for rate in ("0/minute", "-1/minute", "60", "60/m", "60/minutes", "60 per minute", "1.5/day", "100000/day")
        ),
        *(
            ({f"{LIMIT}_{of}": number}, f"max_unfinished_runs_per_{of.lower()} must be a whole number from 1 to 999999")
            for of in ("DAG", "CALLER")
            for number in ("0", "-1", "1.5", "many", "1000000")
        ),
        ({AUTH: "basic"}, "auth must be one of auto, token, airflow, none, not 'basic'"),
        ({AUTH: "token"}, "auth = token needs a token"),
        ({AUTH: "none", TOKEN: "s3cret-token"}, "auth = none asks for no token of ours, but airflow_api_auth is set"),
        (
            {AUTH: "none", OTHER_TOKEN: "s3cret-token"},
            "auth = none asks for no token of ours, but airflow_api_auth is set",
        ),
        (
            {AUTH: "airflow", TOKEN: "s3cret-token"},
            "auth = airflow asks for no token of ours, but airflow_api_auth is set",
        ),
        ({AUTH: "airflow"}, "auth = airflow needs the backend 'airflow'"),
    ],
)
def test_what_is_wrong_is_refused_in_a_sentence_that_does_not_show_the_token(wrong, sentence):
    with pytest.raises(SettingsError) as refused:
        read_settings({**MEMORY, **wrong})
    assert sentence in str(refused.value)
    assert "s3" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "auth"),
    [
        ({}, Auth.NONE),
        ({AUTH: "auto"}, Auth.NONE),
        ({AUTH: "none"}, Auth.NONE),
        ({TOKEN: "s3cret-token"}, Auth.TOKEN),
        ({AUTH: "auto", OTHER_TOKEN: "s3cret-token"}, Auth.TOKEN),
        ({AUTH: "token", TOKEN: "s3cret-token"}, Auth.TOKEN),
    ],
)
def test_callers_are_told_apart_by_a_token_if_there_is_one(options, auth):
    assert read_settings({**MEMORY, **options}).auth is auth


def test_the_memory_backend_is_refused_inside_airflow():
    with pytest.raises(SettingsError, match="not inside Airflow's API server"):
        read_settings(MEMORY, mounted=True)


def test_where_airflow_is_not_installed_the_other_backend_is_offered():
    code = (
        "import sys; sys.modules['airflow'] = None\n"
        "from airflow_run_groups.entrypoints.settings import *\n"
        "try: read_settings({})\n"
        "except SettingsError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "needs Apache Airflow, which is not installed" in said
    assert "AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND=memory" in said


@pytest.fixture
def tokens(tmp_path):
    path = tmp_path / "tokens"
    path.touch(mode=0o600)
    path.write_text("ci: s3cret-of-the-ci-server\n")
    return path


def test_a_file_of_tokens_is_asked_for_beside_the_token_or_alone(tokens):
    for more in ({}, {TOKEN: "s3cret-token"}, {AUTH: "token"}):
        settings = read_settings({**MEMORY, FILE: str(tokens), **more})
        assert (settings.auth, settings.airflow_api_auth_file) == (Auth.TOKEN, str(tokens))


@pytest.mark.parametrize(
    ("more", "mode", "sentence"),
    [
        ({}, 0o644, "is no secret"),
        ({TOKEN: "s3cret-of-the-ci-server"}, 0o600, "in line 1 the token of another token, 'token'"),
        ({AUTH: "none"}, 0o600, "auth = none asks for no token of ours, but airflow_api_auth_file is set"),
        ({AUTH: "airflow"}, 0o600, "auth = airflow asks for no token of ours, but airflow_api_auth_file is set"),
    ],
)
def test_a_file_of_tokens_that_cannot_be_used_is_refused_without_a_word_of_it(tokens, more, mode, sentence):
    tokens.chmod(mode)
    with pytest.raises(SettingsError) as refused:
        read_settings({**MEMORY, FILE: str(tokens), **more})
    assert sentence in str(refused.value)
    assert "s3cret-token" not in str(refused.value)


def test_host_names_are_listed_with_commas():
    assert read_settings({**MEMORY, HOSTS: "a.example, B.example,c_d"}).allowed_hosts == {
        "a.example",
        "b.example",
        "c_d",
    }
    assert read_settings({**MEMORY, HOSTS: "*"}).allowed_hosts == {"*"}


@pytest.mark.parametrize("rate", ["1/second", "60/minute", "5/hour", "99999/day"])
def test_a_rate_is_a_number_and_a_stretch_of_time(rate):
    assert WriteRate(read_settings({**MEMORY, RATE: rate}).write_rate_limit)


def test_the_bounds_of_max_limit_are_those_of_the_rules():
    name = "AIRFLOW__AIRFLOW_API_PLUGIN__MAX_LIMIT"
    assert Settings().max_limit == MAX_LIMIT
    for limit in (MAX_LIMIT, LARGEST_LIMIT):
        assert read_settings({**MEMORY, name: str(limit)}).max_limit == limit


def test_by_default_the_limits_of_the_database_are_these():
    assert asdict(Settings().database) == {
        "pool_size": 8,
        "pool_timeout": 3.0,
        "connect_timeout": 3.0,
        "read_timeout": 8.0,
        "write_timeout": 25.0,
        "queue_timeout": 12.0,
        "lock_timeout": 5.0,
        "idle_in_transaction_timeout": 15.0,
        "sqlite_write_timeout": 4.0,
        "brief_write_timeout": 3.0,
        "max_task_instances": 100_000,
    }


@pytest.mark.parametrize("write_timeout", [0.1, 1, 25, 3600])
@pytest.mark.parametrize("read_timeout", [0.1, 1, 8, 3600])
def test_the_waits_of_a_request_are_within_its_timeout(read_timeout, write_timeout):
    limits = Settings(read_timeout=read_timeout, write_timeout=write_timeout).database
    assert limits.pool_timeout < read_timeout
    assert limits.connect_timeout <= read_timeout
    assert limits.queue_timeout + 2 * limits.lock_timeout < write_timeout
    assert limits.brief().write_timeout <= min(3, write_timeout)
    assert limits.brief().lock_timeout <= 1


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("pool_size", "0", "pool_size must be a whole number from 1 to 3600, not '0'"),
        ("max_limit", "499", "max_limit must be a whole number from 500 to 10000, not '499'"),
        ("max_limit", "10001", "max_limit must be a whole number from 500 to 10000, not '10001'"),
        ("pool_size", "1.5", "pool_size must be a whole number from 1 to 3600, not '1.5'"),
        ("read_timeout", "0", "read_timeout must be a number of seconds from 0.1 to 3600, not '0'"),
        ("write_timeout", "3601", "write_timeout must be a number of seconds from 0.1 to 3600, not '3601'"),
        ("receive_timeout", "nan", "receive_timeout must be a number of seconds from 0.1 to 3600, not 'nan'"),
        ("drain_delay", "-1", "drain_delay must be a number of seconds from 0 to 3600, not '-1'"),
        ("lock_timeout", "5", "no option 'lock_timeout': known are"),
    ],
)
def test_a_number_out_of_its_bounds_is_refused(name, text, sentence):
    with pytest.raises(SettingsError, match=re.escape(sentence)):
        read_settings({**MEMORY, f"AIRFLOW__AIRFLOW_API_PLUGIN__{name.upper()}": text})


def test_the_option_of_the_other_project_in_our_section_is_theirs_where_it_is_installed(tmp_path, monkeypatch):
    theirs = {**MEMORY, "AIRFLOW__AIRFLOW_API_PLUGIN__DISABLED": "true"}
    with pytest.raises(SettingsError, match="no option 'disabled': known are"):
        read_settings(theirs)
    (tmp_path / "airflow_api_plugin").mkdir()
    (tmp_path / "airflow_api_plugin" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert read_settings(theirs) == read_settings(MEMORY)

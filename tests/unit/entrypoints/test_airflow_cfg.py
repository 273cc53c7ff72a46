"""What is wrong with airflow.cfg is told without what stands in it."""

import configparser

import pytest

from airflow_run_groups.entrypoints.airflow_cfg import problem_of


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a]\nb = s3cret%s3cret\n", "[a] b in airflow.cfg: a % that stands for itself is written %%"),
        ("[a]\nb = %(s3cret)s\n", "[a] b in airflow.cfg: a % that stands for itself is written %%"),
        (
            "[a]\nb = 1\ns3cret token\n= s3cret\n",
            "airflow.cfg is no configuration file: it cannot be read at line 3, 4",
        ),
        ("b = s3cret\n", "airflow.cfg is no configuration file: no section begins before line 1"),
        ("[a]\ns3cret = 1\ns3cret = 2\n", "airflow.cfg is no configuration file: DuplicateOptionError"),
    ],
)
def test_problem_of_a_broken_file_names_the_place_and_quotes_nothing(text, sentence):
    with pytest.raises(configparser.Error) as caught:
        _read(text)
    assert problem_of(caught.value) == sentence


def _read(text):
    parser = configparser.ConfigParser()
    parser.read_string(text)
    parser.get("a", "b")

"""The notifier classes that an installation names, as its configuration has them."""

import json

import pytest

from airflow_run_groups.adapters.notifier_classes import NotifierClass, notifier_classes

SLACK = {"class": "a.notifications.Slack", "arguments": {"text": "{{ group.prefix }}", "channel": "#data"}}


def test_each_name_has_a_class_and_arguments():
    classes = notifier_classes(json.dumps({"slack": SLACK, "mail-1.a_b": {"class": "a.Mail"}}))
    assert classes == {
        "slack": NotifierClass(path=SLACK["class"], arguments=SLACK["arguments"]),
        "mail-1.a_b": NotifierClass(path="a.Mail", arguments={}),
    }
    assert "#data" not in repr(classes)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("slack", "and is no JSON"),
        ("[]", "must be a JSON object such as"),
        ('{"slack": "a.Slack"}', "which 'slack' is not"),
        ('{"slack": {}}', "which 'slack' is not"),
        ('{"slack": {"class": "Slack"}}', "which 'slack' is not"),
        ('{"slack": {"class": "a.b; import os"}}', "which 'slack' is not"),
        ('{"slack": {"class": "a.Slack", "arguments": []}}', "which 'slack' is not"),
        ('{"slack": {"class": "a.Slack", "kwargs": {}}}', "which 'slack' is not"),
        ('{"a/b": {"class": "a.Slack"}}', "which 'a/b' has not"),
    ],
)
def test_other_texts_are_refused_with_the_form(text, says):
    with pytest.raises(ValueError, match=r"^must be a JSON object such as") as refused:
        notifier_classes(text)
    assert says in str(refused.value)

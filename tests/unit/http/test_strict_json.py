"""How much a JSON text may hold."""

import json

import pytest

from airflow_run_groups.entrypoints.http.strict_json import MAX_ITEMS, parse

HALF = MAX_ITEMS // 2


@pytest.mark.parametrize(
    ("most", "more"),
    [
        ("[" + "1," * (MAX_ITEMS - 1) + "1]", "[" + "1," * MAX_ITEMS + "1]"),
        ("[" + "{}," * (HALF - 1) + "{}]", "[" + "[]," * HALF + "{}]"),
        ('{"a":[' + '{"":0},' * (HALF - 2) + "1]}", '{"a":[' + '{"":0},' * HALF + "1]}"),
    ],
    ids=["numbers", "empty objects", "objects"],
)
def test_items_lists_and_objects_are_bounded(most, more):
    assert parse(most)
    with pytest.raises(ValueError, match="more than 100000 items, lists and objects"):
        parse(more)


@pytest.mark.parametrize("text", [",", "[{", '\\",', '\\\\",[', "\\\\,{", '"[', "\\"])
def test_what_is_in_texts_is_no_item(text):
    value = [text * MAX_ITEMS, {text * MAX_ITEMS: [text]}]
    assert parse(json.dumps(value)) == value

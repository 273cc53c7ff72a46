"""Notifiers as an installation may name them; ``TOLD`` has what they were told."""

import time
from pathlib import Path

from airflow.sdk.bases.notifier import BaseNotifier

from airflow_run_groups.entrypoints.airflow.operators.sdk import BaseHook

TOLD = []


class Teller(BaseNotifier):
    """Renders its text, and looks a connection up, as notifiers of providers do."""

    template_fields = ("text",)

    def __init__(self, text, conn_id=None):
        super().__init__()
        self.text = text
        self.conn_id = conn_id

    def notify(self, context):
        connection = self.conn_id and BaseHook.get_connection(self.conn_id)
        TOLD.append((self.text, connection and connection.host, context["group"]["runs"]))


class Raising(BaseNotifier):
    def __init__(self):
        super().__init__()

    def notify(self, context):
        raise ValueError(context["event"])


class Hanging(BaseNotifier):
    def __init__(self):
        super().__init__()

    def notify(self, context):
        while True:
            time.sleep(0.01)


class Writing(BaseNotifier):
    """Adds the key of each notification to a file, from whichever process it is called in."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def notify(self, context):
        with Path(self.path).open("a", encoding="utf-8") as file:
            file.write(f"{context['key']}\n")

"""Somebody who takes notifications: an HTTP server on loopback, which may be away at first, and may refuse."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """Served within ``with``, or from ``start`` on; ``taken`` has path, headers and body of each POST in its order."""

    def __init__(self, *statuses):
        self.taken = []
        self._statuses = list(statuses)
        """What the first POSTs get; the others get 204."""
        self._server = None
        probe = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        self.port = probe.server_port
        probe.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    def start(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append((self.path, self.headers, json.loads(body)))
                self.send_response(receiver._statuses.pop(0) if receiver._statuses else 204)
                self.end_headers()

            def log_message(self, *args):
                """Write no log: the test has what was taken."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def start_in(self, seconds):
        """Start after a while; return the timer, to be joined."""
        timer = threading.Timer(seconds, self.start)
        timer.start()
        return timer

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()

    def stop(self):
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def keys(self):
        return [body["key"] for _, _, body in self.taken]

"""A span for each request, in the traces of the process that serves it. Loaded only where there are any."""

from falcon import Request, Response
from opentelemetry.context import attach, detach
from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context

from airflow_run_groups.entrypoints.http.access_log import NO_ROUTE, contained

_FAILED = 500


class Tracing:
    """Goes on with the caller's trace, or starts one; what this thread does meanwhile is within the request's span."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def process_request(self, req: Request, resp: Response) -> None:
        sent = {name: req.get_header(name, default="") for name in ("traceparent", "tracestate")}
        req.context.span = self._tracer.start_span(req.method, extract(sent), SpanKind.SERVER)
        req.context.trace = attach(set_span_in_context(req.context.span))

    @contained
    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        detach(req.context.trace)
        span = req.context.span
        route = req.uri_template or NO_ROUTE
        span.update_name(f"{req.method} {route}")
        span.set_attributes(
            {"http.request.method": req.method, "http.route": route, "http.response.status_code": resp.status_code}
        )
        if resp.status_code >= _FAILED:
            span.set_status(Status(StatusCode.ERROR))
        span.end()

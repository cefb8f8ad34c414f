"""Our own API when something is wrong on our side: said in its one shape of errors."""

import logging

from django.http import HttpRequest, HttpResponse

from calls.api.native_door import answer_problem, api
from calls.api.native_problem import Problem

logger = logging.getLogger(__name__)
OUR_FAULT = "Something is wrong on our side; what was not finished was not kept."


@api.exception_handler(Exception)
def answer_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer what nobody foresaw, such as a database that cannot be written.

    Programs read no page of ours, and rely on the shape; the log has the rest.
    """
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return answer_problem(request, Problem(500, "server_error", OUR_FAULT))

"""Our own API when something is wrong on our side: said in its one shape of errors."""

import logging

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from calls.api.native_door import Problem, answer_problem, api

logger = logging.getLogger(__name__)
OUR_FAULT = "Something is wrong on our side; what was not finished was not kept."


@api.exception_handler(DatabaseError)
def answer_no_database(request: HttpRequest, error: DatabaseError) -> HttpResponse:
    """Answer while the database cannot be read or written."""
    logger.error(
        "%s %s: the database failed", request.method, request.path, exc_info=error
    )
    return answer_problem(request, Problem(500, "server_error", OUR_FAULT))

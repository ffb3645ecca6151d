"""Whether the server is alive, and whether it is ready: two addresses for a supervisor, which name nothing of the data.

`/iaca/health` answers 200 as long as the server answers at all. `/iaca/ready` answers 200 once models can be loaded
and files written, and 503 otherwise; the reason stands in the log.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

HEALTH = "/iaca/health"
READY = "/iaca/ready"
NOT_KEPT = {"Cache-Control": "no-store"}


async def serve_health(request: Request) -> JSONResponse:
    """Answer `HEALTH`."""
    return JSONResponse({"status": "alive"}, headers=NOT_KEPT)


async def serve_ready(request: Request) -> JSONResponse:
    """Answer `READY`: each check by its name, and whether it holds."""
    from dashboard.services import readiness  # torch comes with it, and the server must not wait for that

    checks = await run_in_threadpool(readiness.checks)
    ready = all(checks.values())
    content = {"status": "ready" if ready else "not ready", "checks": checks}
    return JSONResponse(content, 200 if ready else 503, headers=NOT_KEPT)

"""Starlette and uvicorn with their own settings, answering one JSON to everything.

    python benchmarks/bare.py PORT < answer.json

What `local_platform.py` measures the local platform by.
"""

from __future__ import annotations

import json
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def main() -> None:
    answer = json.load(sys.stdin)

    async def respond(request: Request) -> JSONResponse:
        if request.method == "POST":
            await request.json()
        return JSONResponse(answer)

    app = Starlette(routes=[Route("/{rest:path}", respond, methods=["GET", "POST"])])
    uvicorn.run(app, port=int(sys.argv[1]), log_level="critical", access_log=False)


if __name__ == "__main__":
    main()

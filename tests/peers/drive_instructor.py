"""instructor drives the platform's chat and responses in all of its modes for OpenAI.

It has an environment of its own, since it requires older packages than the others do. The platform's
address and key are in SKYTELLS_BASE_URL and SKYTELLS_API_KEY.
"""

from __future__ import annotations

import asyncio
import os

import instructor
import openai
from instructor import Mode
from pydantic import BaseModel, Field

URL = os.environ["SKYTELLS_BASE_URL"]
KEY = os.environ["SKYTELLS_API_KEY"]
PARIS = [{"role": "user", "content": "What is the weather in Paris in 3 days?"}]
MODES = (
    Mode.TOOLS,
    Mode.TOOLS_STRICT,
    Mode.JSON,
    Mode.MD_JSON,
    Mode.JSON_SCHEMA,
    Mode.RESPONSES_TOOLS,
)


class Report(BaseModel):
    city: str
    days: int = Field(ge=1, le=7)
    words: list[str]


def client_of(mode):
    return instructor.from_openai(
        openai.OpenAI(base_url=URL, api_key=KEY, max_retries=0), mode=mode, model="gpt-5"
    )


def check_create(mode):
    report = client_of(mode).create(response_model=Report, messages=PARIS, max_retries=0)
    assert (report.city, report.days) == ("Paris", 3), report


def check_partial(mode):
    *_, last = client_of(mode).create_partial(response_model=Report, messages=PARIS)
    assert (last.city, last.days) == ("Paris", 3), last


def check_async(mode):
    async def drive():
        async with openai.AsyncOpenAI(base_url=URL, api_key=KEY, max_retries=0) as ours:
            client = instructor.from_openai(ours, mode=mode, model="gpt-5")
            return await client.create(response_model=Report, messages=PARIS, max_retries=0)

    report = asyncio.run(drive())
    assert (report.city, report.days) == ("Paris", 3), report


def check_iterable():
    reports = list(client_of(Mode.TOOLS).create_iterable(response_model=Report, messages=PARIS))
    assert reports, reports
    assert reports[0].city == "Paris", reports


def main():
    for mode in MODES:
        for check in (check_create, check_async):
            check(mode)
            print(f"ok     {mode.name} {check.__name__}")
    for mode in (Mode.TOOLS, Mode.JSON, Mode.MD_JSON, Mode.JSON_SCHEMA):
        check_partial(mode)
        print(f"ok     {mode.name} check_partial")
    check_iterable()
    print("ok     check_iterable")


if __name__ == "__main__":
    main()

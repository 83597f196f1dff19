"""The `mcp` package's client: `client.py PLAN TARGET…` makes the calls of PLAN and prints an answer a line.

PLAN is a file with a JSON list of calls with `tool` and `arguments`; `timeout` gives up on the answer after so many seconds, and
calls in a list of their own are made at once. TARGET is a server's command, or the address of one that talks over HTTP.
With STAY set it leaves only when its standard input ends.
"""

import asyncio
import json
import os
import sys

from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError
from mcp_types import CreateMessageResult, ElicitResult, TextContent


async def sample(context, params):
    text = TextContent(type="text", text="a sampled text")
    return CreateMessageResult(role="assistant", content=text, model="test-model", stop_reason="endTurn")


async def elicit(context, params):
    return ElicitResult(action="accept", content={"name": "Ann", "check": True})


async def progress(*_):
    pass


async def answer(client, call):
    try:
        result = await client.call_tool(
            call["tool"],
            call["arguments"],
            read_timeout_seconds=call.get("timeout"),
            progress_callback=progress if call.get("progress") else None,
        )
        return result.model_dump_json(by_alias=True, exclude_none=True)
    except MCPError as error:
        return json.dumps({"code": error.error.code, "message": error.error.message})


async def main():
    with open(sys.argv[1]) as file:
        plan, target = json.load(file), sys.argv[2:]
    if not target[0].startswith("http"):
        target = [StdioServerParameters(command=target[0], args=target[1:], env=dict(os.environ))]
    options = {"elicitation_callback": elicit, "sampling_callback": sample}
    async with Client(target[0], mode=os.environ.get("MODE", "auto"), **options) as client:
        await client.list_tools()
        for call in plan:
            at_once = call if isinstance(call, list) else [call]
            for line in await asyncio.gather(*(answer(client, call) for call in at_once)):
                print(line, flush=True)
        if "STAY" in os.environ:
            await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())

"""A server on the `mcp` package, which speaks protocol version 2026-07-28.

It does so over standard input and output, or with `server.py PORT` over HTTP.
"""

import sys
from typing import Annotated

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import Elicit, Resolve
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel

server = MCPServer("orders")


class Confirmation(BaseModel):
    check: bool


def confirmation() -> Elicit[Confirmation]:
    return Elicit("Really?", Confirmation)


@server.tool()
def get_order(order_id: str) -> str:
    return f"{order_id} is shipped"


@server.tool()
def cancel_order(order_id: str) -> str:
    raise ToolError(f"{order_id} is shipped and cannot be cancelled")


@server.tool()
def refund(order_id: str, confirmed: Annotated[Confirmation, Resolve(confirmation)]) -> str:
    return f"{order_id} is refunded: {confirmed.check}"


@server.tool()
def break_protocol() -> str:
    raise MCPError(-32003, "not now")


if len(sys.argv) > 1:
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
else:
    server.run("stdio")

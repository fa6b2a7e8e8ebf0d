"""An application that ends its process as soon as it is started."""

import os
from typing import Any


async def app(scope: Any, receive: Any, send: Any) -> None:
    os._exit(9)

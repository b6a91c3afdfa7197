"""A kernel that is served to another process, which has nbclient: this one need not."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import threading
from typing import Any

from kentstats.engine.kernel import EndedError, Message, handle, running
from kentstats.engine.limits import Limits
from kentstats.engine.streams import STARTED_BY_US

INTERRUPT: Message = {}
"""Stands for Ctrl-C where no signal can (Windows)."""


def serve(channel: Any, limits: Limits) -> None:
    """Serve a kernel to the other end of a channel; the body of a child process."""
    asyncio.run(_serve(channel, limits))
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()  # as Python does at its end


async def _serve(channel: Any, limits: Limits) -> None:
    lock = threading.Lock()

    def sink(name: str, message: Message) -> None:
        with lock:
            channel.send((name, message))

    requests: asyncio.Queue[Message | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        request: Message | None = None
        with contextlib.suppress(EOFError, OSError):
            while (request := channel.recv()) is not None:
                if request == INTERRUPT:
                    _thread.interrupt_main()
                else:
                    loop.call_soon_threadsafe(requests.put_nowait, request)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(requests.put_nowait, None)

    with running(sink, limits) as kernel:
        # a thread, so that what a cell left to the event loop goes on between cells
        threading.Thread(target=read, name=STARTED_BY_US + "requests", daemon=True).start()
        with contextlib.suppress(EndedError):
            while (request := await requests.get()) is not None:
                await handle(kernel, request)

"""The mail server of `make run`, as slow as those out there: `slow_mail_program.py PORT FOLDER`."""

import asyncio
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from aiosmtpd.smtp import SMTP, Envelope, Session

from evently.dev import mail_program

LONGEST_SECONDS = 0.3


class SlowKeeper(mail_program.Keeper):
    """Thinks before it takes a recipient, and again before it takes a mail."""

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(random.uniform(0, LONGEST_SECONDS))
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        await asyncio.sleep(random.uniform(0, LONGEST_SECONDS))
        return await super().handle_DATA(server, session, envelope)


if __name__ == "__main__":
    mail_program.Keeper = SlowKeeper  # type: ignore[misc]
    asyncio.run(mail_program.serve(int(sys.argv[1]), Path(sys.argv[2])))

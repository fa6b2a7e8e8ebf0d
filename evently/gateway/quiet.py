"""What the server's log need not say."""

import logging

FALSE_ALARM = "ASGI callable returned without completing handshake."


class NoFalseAlarm(logging.Filter):
    """Uvicorn takes a websocket that was refused with a whole HTTP answer for one without any."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.msg != FALSE_ALARM

"""Brings notices to people by mail: never twice, never lost (docs/decisions/0013-mail-once.md).

planning    which notices are to be brought
posting     one batch: claimed, offered to providers, noted
claims      who may bring a delivery, and the instant at which it leaves our hands
message     the mail as providers take it
routes      which provider is asked: SendGrid, then SMTP
answers     what they may answer
outcomes    what is written down then
events      what SendGrid tells later
"""

from notifications.delivery.claims import has_more_than_a_batch as has_more_than_a_batch
from notifications.delivery.outcomes import send_again as send_again
from notifications.delivery.outcomes import settle_unanswered as settle_unanswered
from notifications.delivery.planning import plan_deliveries as plan_deliveries
from notifications.delivery.posting import deliver_batch as deliver_batch

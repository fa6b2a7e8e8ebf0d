"""Tokens that are good but for one thing."""

import json
import time
from base64 import urlsafe_b64encode
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid4, uuid5

from django.conf import settings
from jwt.algorithms import HMACAlgorithm

from evently.accounts.models import User
from evently.accounts.token_format import ACCESS, audience, derive_key, issuer
from evently.accounts.tokens import issue_tokens

Claims = dict[str, Any]


def id_of(name: str) -> UUID:
    """An id that is always the same for the name."""
    return uuid5(NAMESPACE_DNS, name)


def good_claims(owner: str, family: str = "", kind: str = ACCESS) -> Claims:
    return {
        "iss": issuer(),
        "aud": audience(),
        "sub": owner,
        "sid": family or str(uuid4()),
        "jti": str(uuid4()),
        "iat": int(time.time()),
        "exp": int(time.time()) + 600,
        "token_type": kind,
    }


def claims_of_family(user: User, kind: str = ACCESS) -> Claims:
    """Those of a log-in that is there in the database."""
    issue_tokens(user)
    family = user.token_families.latest("rotated_at")
    return good_claims(str(user.pk), str(family.pk), kind)


def make_token(
    claims: Claims | str, *, header: Claims | str | None = None, key: bytes | None = None
) -> str:
    """Signed as ours are, whatever stands in it; texts are taken as they are."""
    parts = [header or {"alg": "HS256", "typ": "JWT"}, claims]
    texts = [
        part if isinstance(part, str) else json.dumps(part, separators=(",", ":")) for part in parts
    ]
    signed = b".".join(_encode(text.encode()) for text in texts)
    hmac = HMACAlgorithm(HMACAlgorithm.SHA256)
    signature = hmac.sign(signed, key or derive_key(settings.TOKEN_KEY))
    return (signed + b"." + _encode(signature)).decode()


def unsigned(claims: Claims) -> str:
    """With `alg` none and no signature (RFC 7519 §6)."""
    return make_token(claims, header={"alg": "none", "typ": "JWT"}).rpartition(".")[0] + "."


def _encode(part: bytes) -> bytes:
    return urlsafe_b64encode(part).rstrip(b"=")

"""Signatures of webhooks (Standard Webhooks, v1 and v1a)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

#: Why a message was refused: MISSING_HEADER, BAD_TIMESTAMP, TOO_OLD, TOO_NEW, NO_MATCH, BAD_SECRET, BAD_BODY.
Fault = str


class SignatureError(Exception):
    """A message that is not ours, or not of now. Answer it with 400."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


def verify(
    body: Union[bytes, str],
    headers: Mapping[str, str],
    secret: Union[str, Sequence[str]],
    tolerance: float = 300,
    now: Optional[float] = None,
) -> Dict[str, Any]:
    """Checks a message's signature and returns its event, with the message's `id`.

    `body` is what came, byte for byte. `secret` is `whsec_…`, or `whpk_…` with the extra `ed25519`; several while one is being replaced.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (_header(lower, name) for name in ("webhook-id", "webhook-timestamp", "webhook-signature"))
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise SignatureError("BAD_TIMESTAMP", "The header webhook-timestamp is not a number of seconds.")
    age = (time.time() if now is None else now) - int(timestamp)
    if age > tolerance:
        raise SignatureError("TOO_OLD", f"The message was sent {age:.0f} seconds ago; {tolerance:.0f} are accepted.")
    if age < -tolerance:
        raise SignatureError("TOO_NEW", f"The message was sent {-age:.0f} seconds in the future; check the clock.")
    content = body.encode() if isinstance(body, str) else bytes(body)
    signed = f"{message_id}.{timestamp}.".encode() + content
    secrets = [secret] if isinstance(secret, str) else list(secret)
    # All are compared, whichever fits.
    if not any([_fits(known, signed, signatures.split(" ")) for known in secrets]):
        raise SignatureError("NO_MATCH", "No signature fits. Check the secret, and that the body is passed as it came.")
    try:
        event: Dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise SignatureError("BAD_BODY", "The signed body is not JSON.") from error
    return {**event, "id": message_id}


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise SignatureError("MISSING_HEADER", f"The header {name} is missing.")
    return value


def _fits(secret: str, signed: bytes, signatures: List[str]) -> bool:
    if secret.startswith("whsec_"):
        expected = "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()
        return any([hmac.compare_digest(expected.encode(), signature.encode()) for signature in signatures])
    if secret.startswith("whpk_"):
        return any([_fits_public(_key(secret), signed, signature) for signature in signatures if signature.startswith("v1a,")])
    raise SignatureError("BAD_SECRET", "A secret begins with whsec_, a public key with whpk_.")


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.split("_", 1)[1], validate=True)
    except (ValueError, binascii.Error) as error:
        raise SignatureError("BAD_SECRET", "The secret is not base64 after its prefix.") from error
    if not key:
        # Anybody can sign with an empty key.
        raise SignatureError("BAD_SECRET", "The secret has nothing after its prefix.")
    return key


def _fits_public(key: bytes, signed: bytes, signature: str) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise ImportError("A public key needs the package cryptography: pip install 'entrepot[ed25519]'") from error
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature[4:], validate=True), signed)
    except InvalidSignature:
        return False
    except (ValueError, binascii.Error) as error:
        if len(key) != 32:
            raise SignatureError("BAD_SECRET", "A public key has 32 bytes.") from error
        return False
    return True

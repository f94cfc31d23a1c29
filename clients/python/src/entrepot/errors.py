"""What may go wrong, as types."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence


class EntrepotError(Exception):
    """A call that was not answered, or was answered with top-level errors."""

    #: The server's code, or NETWORK, BAD_RESPONSE, SIGNED_OUT, TRUNCATED.
    code: str
    message: str
    #: How long to wait, in milliseconds, if the server said so.
    retry_after_ms: Optional[float]
    #: The status of the HTTP answer.
    status: Optional[int]
    #: Names the request to the operator.
    request_id: Optional[str]
    #: All errors as they came.
    errors: Sequence[Mapping[str, Any]]
    #: What was answered beside the errors.
    data: Any

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry_after_ms: Optional[float] = None,
        status: Optional[int] = None,
        request_id: Optional[str] = None,
        errors: Sequence[Mapping[str, Any]] = (),
        data: Any = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.errors = errors
        self.status = status
        self.data = data
        said = self.extensions.get("retryAfterMs")
        self.retry_after_ms = said if isinstance(said, (int, float)) else retry_after_ms
        self.request_id = request_id or self.extensions.get("requestId")

    @property
    def extensions(self) -> Mapping[str, Any]:
        """`extensions` of the first error."""
        return (self.errors[0].get("extensions") or {}) if self.errors else {}

    @property
    def permission(self) -> Optional[str]:
        """The permission that is missing, of FORBIDDEN."""
        permission: Optional[str] = self.extensions.get("permission")
        return permission

    @property
    def docs(self) -> Optional[str]:
        """The page of the reference that explains the code."""
        docs: Optional[str] = self.extensions.get("docs")
        return docs

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed in a moment."""
        return isinstance(self, TemporaryError)


class TemporaryError(EntrepotError):
    """RATE_LIMITED, TIMEOUT, OVERLOADED, UNAVAILABLE: the same call may succeed in a moment."""


class RateLimited(TemporaryError):
    """The budget is spent: wait `retry_after_ms`."""


class NetworkError(TemporaryError):
    """No answer came: nobody knows whether a mutation was made."""


class AuthenticationError(EntrepotError):
    """UNAUTHENTICATED, SIGNED_OUT: the key or the session has ended, or never was."""


class PermissionDenied(EntrepotError):
    """FORBIDDEN, STEP_UP_REQUIRED, MFA_ENROLMENT_REQUIRED, TENANT_SUSPENDED: see `permission`."""


class InvalidRequest(EntrepotError):
    """The document, its variables or its cost are refused: sending it again does not help."""


_CLASSES = {
    "RATE_LIMITED": RateLimited,
    "TIMEOUT": TemporaryError,
    "OVERLOADED": TemporaryError,
    "UNAVAILABLE": TemporaryError,
    "NETWORK": NetworkError,
    "UNAUTHENTICATED": AuthenticationError,
    "SIGNED_OUT": AuthenticationError,
    "FORBIDDEN": PermissionDenied,
    "STEP_UP_REQUIRED": PermissionDenied,
    "MFA_ENROLMENT_REQUIRED": PermissionDenied,
    "TENANT_SUSPENDED": PermissionDenied,
    "COST_EXCEEDED": InvalidRequest,
    "QUERY_TOO_COMPLEX": InvalidRequest,
    "GRAPHQL_PARSE_FAILED": InvalidRequest,
    "GRAPHQL_VALIDATION_FAILED": InvalidRequest,
    "BAD_USER_INPUT": InvalidRequest,
    "BAD_REQUEST": InvalidRequest,
    "LIMIT_EXCEEDED": InvalidRequest,
}


def error_of(code: str, message: str, **details: Any) -> EntrepotError:
    """The error of a code, in its class."""
    return _CLASSES.get(code, EntrepotError)(code, message, **details)


def error_of_answer(errors: Sequence[Mapping[str, Any]], **details: Any) -> EntrepotError:
    """The error of an answer's `errors`."""
    if not errors:
        return error_of("BAD_RESPONSE", "The answer has neither data nor errors.", **details)
    code = str((errors[0].get("extensions") or {}).get("code", "BAD_RESPONSE"))
    return error_of(code, str(errors[0].get("message", "")), errors=errors, **details)


class UserError:
    """One refusal of a payload."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.code: str = entry["code"]
        self.message: str = entry["message"]
        self.field: Optional[List[str]] = entry.get("field")
        self.retryable: bool = bool(entry.get("retryable"))
        #: What its kind adds, if it was selected: requested, available, actualVersion, …
        self.details: Dict[str, Any] = {key: value for key, value in entry.items() if key not in ("code", "message", "field", "retryable")}

    def __repr__(self) -> str:
        return f"UserError({self.code} at {'.'.join(self.field or [])}: {self.message})"


class UserErrors(Exception):
    """A mutation that the rules refused: nothing was changed."""

    def __init__(self, entries: Sequence[Mapping[str, Any]], data: Any) -> None:
        self.user_errors = [UserError(entry) for entry in entries]
        self.data = data
        super().__init__("; ".join(f"{error.code}: {error.message}" for error in self.user_errors))

    @property
    def code(self) -> str:
        """The code of the first refusal."""
        return self.user_errors[0].code

    def has(self, code: str) -> bool:
        """Whether a refusal has this code."""
        return any(error.code == code for error in self.user_errors)

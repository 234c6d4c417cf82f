"""hub.yaml's `login.platform`: a learning platform (Moodle, Canvas) whose courses lead to the hub."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from skrt_hub.login.provider import is_safe
from skrt_hub.settings.section import Section

CANVAS = "https://canvas.instructure.com"
"""What every Canvas that its maker runs calls itself."""
_AT_CANVAS = ("https://sso.canvaslms.com/api/lti/authorize_redirect", "https://sso.canvaslms.com/api/lti/security/jwks")


class Platform(Section):
    """A learning platform, and which of its links lead to the hub."""

    kind: Literal["", "moodle", "canvas", "other"] = Field(
        "",
        description="`moodle` or `canvas`: their addresses are known. `other`: write `log_in` and `keys`, too.",
    )
    deployments: tuple[str, ...] = Field(
        (),
        description="The deployment ids that the platform shows once the hub is entered there. Nobody gets in through "
        "any other.",
    )
    courses: tuple[str, ...] = Field(
        (),
        description="Only from these courses (`context` ids, which the hub's log names). Empty: from every course "
        "there whose teacher adds the hub.",
    )
    log_in: str = Field("", description="With `other`: where the platform says who somebody is (authentication URL).")
    keys: str = Field("", description="With `other`: where the platform publishes its keys (keyset URL).")

    @field_validator("deployments", "courses", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return [str(item) if isinstance(item, int) else item for item in value] if isinstance(value, list) else value

    @field_validator("deployments")
    @classmethod
    def _one_word_each(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if bad := next((item for item in value if not item or any(map(str.isspace, item))), None):
            raise ValueError(f"{bad!r} is no deployment id: the platform shows one word or number")
        return value

    @field_validator("log_in", "keys")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value and not is_safe(value):
            raise ValueError("write the platform's whole address, with https://")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Platform:
        if not self.kind and self != Platform.model_construct():
            raise ValueError("write `kind`, too: moodle, canvas or other")
        if self.kind == "other" and not (self.log_in and self.keys):
            raise ValueError("with `kind: other` write also `log_in` and `keys`")
        if self.kind in ("moodle", "canvas") and (self.log_in or self.keys):
            raise ValueError(f"`log_in` and `keys` need `kind: other`; those of {self.kind} are known")
        return self

    def where(self, issuer: str) -> tuple[str, str]:
        """Where this platform says who somebody is, and where it publishes its keys."""
        site = issuer.rstrip("/")
        if self.kind == "moodle":
            return f"{site}/mod/lti/auth.php", f"{site}/mod/lti/certs.php"
        if self.kind == "canvas":
            own = (f"{site}/api/lti/authorize_redirect", f"{site}/api/lti/security/jwks")
            return _AT_CANVAS if site == CANVAS else own
        return self.log_in, self.keys

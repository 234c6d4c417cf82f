"""hub.yaml's `tls`: encryption, on both targets."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from skrt_hub.settings.section import Section


class Tls(Section):
    """Encryption: the hub's own authority, an own certificate, an automatic one, or that of a program in front."""

    authority: Literal["", "class"] = Field(
        "",
        description="`class`: the hub makes a certificate authority of its own, which participants can install. "
        "`tls: class` is short for it.",
    )
    certificate: Path | None = Field(None, description="An own certificate chain (PEM); with `key`.")
    key: Path | None = Field(None, description="The private key of that certificate (PEM).")
    acme: str = Field(
        "",
        description="An e-mail address: get a certificate automatically (ACME), which renews itself. Authorities send "
        "no reminders any more; on Kubernetes `status` and `check` warn of one that was not renewed. Old key: `email`.",
    )
    server: str = Field("", description="With `acme`: another directory than Let's Encrypt's, on one machine.")
    proxy: tuple[str, ...] = Field(
        (),
        description="The addresses of a program in front of the hub that encrypts, such as nginx on another machine.",
    )
    secret: str = Field(
        "", description="On Kubernetes with `access: ingress`: the TLS secret in the namespace that it uses."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_and_old_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"authority": value}
        if isinstance(value, dict) and "email" in value:
            value = dict(value)
            value.setdefault("acme", value.pop("email"))
        return value

    @field_validator("proxy")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(str(ipaddress.ip_network(item, strict=False)) for item in value)
        except ValueError:
            raise ValueError("write IP addresses, such as 192.0.2.7 or 192.0.2.0/24") from None

    @model_validator(mode="after")
    def _whole(self) -> Tls:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        ways = [self.authority, self.certificate, self.acme, self.proxy]
        if sum(bool(way) for way in ways) > 1:
            raise ValueError("give one of `class`, an own certificate, `acme` or `proxy`, not several")
        return self

    @property
    def at_the_proxy(self) -> bool:
        """Whether the hub's own proxy ends the encryption (and not a program before it)."""
        return self.certificate is not None or bool(self.acme) or bool(self.authority)

    @property
    def encrypted(self) -> bool:
        """Whether what browsers send is encrypted, wherever that ends."""
        return self.at_the_proxy or bool(self.proxy) or bool(self.secret)

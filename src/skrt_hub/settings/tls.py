"""Encryption: an own certificate, an automatic one, or the ingress's."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from skrt_hub.settings.section import Section


class Tls(Section):
    """Encryption on Kubernetes: an own certificate, an automatic one, or the ingress's."""

    certificate: Path | None = Field(None, description="An own certificate chain (PEM); with `key`.")
    key: Path | None = Field(None, description="The private key of that certificate (PEM).")
    email: str = Field("", description="Get a certificate automatically (ACME); the address gets its reminders.")
    secret: str = Field("", description="With `access: ingress`: the TLS secret in the namespace that it uses.")

    @model_validator(mode="after")
    def _whole(self) -> Tls:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        if self.certificate is not None and self.email:
            raise ValueError("give an own certificate, or an email for an automatic one, not both")
        return self

    @property
    def at_the_proxy(self) -> bool:
        """Whether the hub's own proxy ends the encryption (and not an ingress before it)."""
        return self.certificate is not None or bool(self.email)

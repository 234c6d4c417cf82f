"""The certificate of the hub's own authority, to be installed by participants, and how that is done."""

from __future__ import annotations

import base64
import hashlib
import ssl
import uuid
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from jupyterhub.handlers.base import BaseHandler
from tornado import web  # type: ignore[attr-defined]

from .handlers import PageHandler

_PROFILE = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>skrt-hub.{digest}</string>
<key>PayloadUUID</key><string>{outer}</string>
<key>PayloadDisplayName</key><string>{title}</string>
<key>PayloadDescription</key><string>Trust in the certificate of {title}, SHA-256 {digest}.</string>
<key>PayloadContent</key><array><dict>
<key>PayloadType</key><string>com.apple.security.root</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>skrt-hub.{digest}.authority</string>
<key>PayloadUUID</key><string>{inner}</string>
<key>PayloadDisplayName</key><string>{title}</string>
<key>PayloadCertificateFileName</key><string>authority.crt</string>
<key>PayloadContent</key><data>{data}</data>
</dict></array>
</dict></plist>
"""


def certificate_of(file: str) -> bytes:
    """The authority's certificate (DER), from its PEM file. Raises HTTPError where the hub has none."""
    try:
        return ssl.PEM_cert_to_DER_cert(Path(file).read_text(encoding="ascii"))
    except (OSError, ValueError):
        raise web.HTTPError(404) from None


def profile(title: str, certificate: bytes) -> str:
    """A configuration profile for Apple's systems; the same one each time, so that it replaces itself."""
    digest = hashlib.sha256(certificate).hexdigest()
    outer, inner = (
        str(uuid.uuid5(uuid.NAMESPACE_OID, f"{digest} {part}")).upper() for part in ("profile", "authority")
    )
    data = base64.b64encode(certificate).decode()
    return _PROFILE.format(title=escape(title), digest=digest, outer=outer, inner=inner, data=data)


class CertificateHandler(PageHandler):
    """How to install the certificate, on each system."""

    async def get(self) -> None:
        digest = hashlib.sha256(certificate_of(self.authenticator.authority_file)).hexdigest().upper()
        fingerprint = ":".join(digest[start : start + 2] for start in range(0, len(digest), 2))
        self.finish(self.page("certificate", fingerprint=fingerprint))


class CertificateFileHandler(BaseHandler):  # type: ignore[misc]
    """The certificate itself."""

    def get(self, kind: str) -> None:
        authenticator: Any = self.authenticator
        certificate = certificate_of(authenticator.authority_file)
        self.set_header("Content-Disposition", f'attachment; filename="authority.{kind}"')
        if kind == "crt":
            self.set_header("Content-Type", "application/x-x509-ca-cert")
            self.finish(certificate)
        else:
            self.set_header("Content-Type", "application/x-apple-aspen-config")
            self.finish(profile(authenticator.pages.look.title, certificate))


def certificate_handlers() -> list[tuple[str, Any]]:
    """The addresses of these pages, below the hub's own."""
    return [
        (r"/certificate", CertificateHandler),
        (r"/certificate/authority\.(crt|mobileconfig)", CertificateFileHandler),
    ]

"""What holds for all tests."""

import sys

# jsonschema's check of internationalised addresses builds a grammar for seconds when it is imported, in each process of
# the tests; no schema here asks for it. With None in its place the import fails, and jsonschema leaves the check out.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

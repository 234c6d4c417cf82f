"""How the self-test reads what kernels answer."""

from __future__ import annotations

import json

from nbformat.v4 import new_output

from skrt_workspace.verify.kernels import printed


def test_a_line_that_arrives_in_pieces_is_read_whole() -> None:
    pieces = [
        new_output("stream", name="stdout", text='{"dose": 6'),
        new_output("stream", name="stderr", text="a warning"),
        new_output("stream", name="stdout", text="0.1}"),
        new_output("stream", name="stdout", text="\n"),
    ]
    assert json.loads(printed(pieces)) == {"dose": 60.1}

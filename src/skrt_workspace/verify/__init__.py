"""The self-test of an environment: libraries, engines against known truth, DICOM, viewers, kernels, notebooks.

Run it as `python -m skrt_workspace.verify [--quick] [--json]`; `skrt-hub verify` runs it in a participant's sandbox.
Each step runs in a process of its own with a deadline, so a step that hangs or crashes is a failed row and not the end.
"""

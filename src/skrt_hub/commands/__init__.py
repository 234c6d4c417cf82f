"""One module a verb. Each has HELP, PARAMETERS and `run`, and returns a report; `skrt_hub.cli` lists them."""

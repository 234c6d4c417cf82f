"""One module a verb. Each has HELP, `add_arguments` and `run`, and returns a report; `skrt_hub.cli` lists them."""

"""The command line in click's terms: kinds of values (`parameters`), commands (`verbs`), and what is said about
words that cannot be used (`slips`). `skrt_hub.cli` holds the table of commands."""

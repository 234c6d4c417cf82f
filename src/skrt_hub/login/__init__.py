"""Who gets in, and with what: names, accounts, codes, the brake, and the pages of the log-in.

This room stands alone (standard library, tornado, jinja2, traitlets and JupyterHub), because the Kubernetes target
hands it to the chart's hub as it is, under another name. It imports itself relatively, and nothing else of skrt_hub.
"""

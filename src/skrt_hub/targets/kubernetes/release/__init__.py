"""The Helm release: the chart, the values that hub.yaml becomes, and the revisions in the cluster.

chart.py       the Zero to JupyterHub chart, pinned by its digest
values.py      hub.yaml as chart values (a pure function)
revisions.py   the release that is there, and whose it is
recover.py     a release that a killed command left half-done
leftover.py    what an unfinished upgrade left behind
priorities.py  the chart's priority classes
"""

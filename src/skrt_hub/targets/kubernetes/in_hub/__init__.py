"""Programs that are handed to the chart's hub pod and run there with its Python alone: they import nothing of ours.

admin.py    what the organiser's commands have done there
homes.py    which volume is whose home
spawner.py  pods that are seen soon, and started in turns
"""

"""Programs that run in the background of the organiser's machine.

program.py    such a program: started, found and ended; programs.py has all of them at once
forward.py    the port-forward's life; forwarder.py is its program
saver.py      scheduled saves of homes in the cluster
class_page.py the class's page, and its line to the hub's pod
"""

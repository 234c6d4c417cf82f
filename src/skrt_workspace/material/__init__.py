"""Material: examples and the organiser's files, placed in a home and kept up to date without overwriting anything.

source.py    what is to be placed, and in which version
record.py    what was placed in this home before (a file in the home)
plan.py      what to do about each file: a pure function of the two, and of what the home holds
place.py     doing it, as the participant; safe to interrupt at any moment
original.py  giving a participant the original of a file back
"""

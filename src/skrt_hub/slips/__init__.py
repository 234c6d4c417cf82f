"""Slips of paper with which participants log in for the first time.

slip.py       what stands on one
pdf.py        a page of them to print, with marks to cut along
page.py       the same as a web page
terminal.py   a QR code for the terminal
"""

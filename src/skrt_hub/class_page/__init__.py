"""The organiser's page at /services/class/: who is in, who is stuck, and what can be done about it.

view.py      what is shown, as data made from the reports that the commands return
page.py      the pages as HTML, in the language of the browser
handlers.py  the pages as a web application, and who may have them
verbs.py     what the page does, with the same verbs as the command line
course.py    the same for the course's files; course_handlers.py has its pages, jobs.py what takes long
application.py  the addresses of all pages
__main__.py  the program that the supervisor keeps running
"""

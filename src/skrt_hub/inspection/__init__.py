"""Looking at folders of images: what goes wrong in them, what tells who a patient is, and copies without that.

skrt_hub opens none of these files itself: a program of the participants' environment does, in a process of its own.
"""

"""Saved copies of homes, in a folder or in S3-compatible storage.

place.py      where copies are kept: whole files, put in one step
s3.py         the same in S3-compatible storage
packs.py      file contents, compressed, many to a pack; each pack is a .tar.zst
index.py      which content is in which pack (a cache that can always be made again)
manifest.py   one home at one time: paths, hashes, modes, times, links
save.py       from homes to a place
restore.py    and back
verify.py     reading copies again, and comparing homes with them
retention.py  which copies are kept, and giving space back
"""

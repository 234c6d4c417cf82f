"""Saved copies of homes (snapshots), in a folder or in S3-compatible storage.

operations.py    `save`, `restore`, `saves`: from what a person asked for to the modules below
schedule.py      saves that the hub makes by itself
guard.py         no home is deleted without a saved copy
reports.py       what the commands return

repository.py    where copies are kept: whole files, put in one step
s3.py            the same in S3-compatible storage
sealed.py        the same, encrypted; saves_key.py has the key
opening.py       a repository from what a person typed
packs.py         file contents, compressed, many to a pack; each pack is a .tar.zst
index.py         which content is in which pack (a cache that can always be made again)
catalogue.py     which snapshots there are
manifest.py      one home at one time: paths, hashes, modes, times, links
fingerprints.py  what a home looked like when it was last saved
save.py          from homes to a repository; writer.py puts the packs there
restore.py       and back; reader.py reads the packs
verify.py        reading copies again, and comparing homes with them
retention.py     which copies are kept, and giving space back
"""

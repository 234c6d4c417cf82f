"""Opens every file that a folder holds, each by itself as a double click would; prints what came of each as JSON."""

import json
import shutil
import sys
import warnings
from pathlib import Path

from skrt_workspace.data import UnusableDataError
from skrt_workspace.viewer.opening import Opening

warnings.simplefilter("ignore")
source, place = Path(sys.argv[2]), Path(sys.argv[1])
facts = {}
for number, file in enumerate(sorted(path for path in source.rglob("*") if path.is_file())):
    if file.suffix in (".py", ".pyc", ".json", ".txt", ".md", ".pickle") or file.stat().st_size > 4_000_000:
        continue
    folder = place / str(number)
    (folder / "out").mkdir(parents=True)
    shutil.copy(file, folder / file.name)
    try:
        shown = Opening(folder / file.name, folder / "out", folder).open()
        facts[file.name] = {"shown": bool(shown.image or shown.facts), "notes": shown.notes}
    except UnusableDataError as error:
        facts[file.name] = {"refused": str(error)}
print(json.dumps(facts))

"""JupyterLab's scripts in one file."""

from __future__ import annotations

from pathlib import Path

from skrt_workspace.install import first_scripts


def test_the_file_has_what_is_there_of_the_list_each_in_a_function(tmp_path: Path) -> None:
    lab = tmp_path / "share" / "lab" / "static"
    lab.mkdir(parents=True)
    (lab / "219.0a1b.js").write_text('"use strict";one()')
    (lab / "2190.0a1b.js").write_text("other()")
    (lab / "jlab_core.2c3d.js").write_text("core()//# sourceMappingURL=none")
    first_scripts.make(tmp_path / "share", tmp_path)
    text = (tmp_path / first_scripts.NAME).read_text()
    assert '(function(){"use strict";one()\n}).call(self);' in text
    assert "(function(){core()//# sourceMappingURL=none\n}).call(self);" in text
    assert "other()" not in text


def test_the_list_names_only_scripts_of_jupyterlab_and_of_extensions() -> None:
    names = first_scripts.listed()
    assert "lab/static/jlab_core" in names
    assert len(set(names)) == len(names)
    assert all(name.startswith(("lab/static/", "labextensions/")) for name in names)
    # These find out from their own address where the rest lies.
    assert not [name for name in names if name.endswith(("remoteEntry", "/main"))]

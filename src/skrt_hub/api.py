"""The verbs of the command line for Python programs: `Hub.load("hub.yaml").up()`.

Every method returns a frozen report (skrt_hub.report) and raises a SkrtHubError for what a person can mend; none
prints, asks, or starts a command line. The command line itself calls these methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skrt_hub import computer, results
from skrt_hub.context import Context
from skrt_hub.errors import CopyError, RefusedError, StateError, nobody_called
from skrt_hub.files import without_traces
from skrt_hub.hub import hub_yaml
from skrt_hub.hub.certificate import authority_of
from skrt_hub.hub.names import folder_for
from skrt_hub.inspection import first_look
from skrt_hub.layout import Layout, state_folder
from skrt_hub.login.names import order
from skrt_hub.policy import erasing
from skrt_hub.progress import Progress, Silent
from skrt_hub.report import CheckReport, Message, Participant, Report, SeatsReport, StatusReport, UpReport, VerifyReport
from skrt_hub.settings.load import find_hub_yaml, load_settings
from skrt_hub.settings.people import Listed, with_logins
from skrt_hub.settings.roster import add, earlier, forget, remembered, take_out
from skrt_hub.slips.slip import Slip
from skrt_hub.targets.protocol import DeleteOptions, Removal, Target
from skrt_hub.targets.registry import places, target_for
from skrt_workspace.home.walk import remove_tree

if TYPE_CHECKING:  # each is imported when it is called: `status` needs nothing of them
    from skrt_hub.audit.report import AuditReport
    from skrt_hub.bench.options import BenchOptions, RehearsalOptions
    from skrt_hub.bench.rehearsal_report import RehearsalReport
    from skrt_hub.bench.report import BenchReport
    from skrt_hub.datasets.report import SetsReport, VerifiedSetsReport
    from skrt_hub.homes.collect import CollectReport
    from skrt_hub.homes.packages import OwnPackagesReport, PackagesAsideReport
    from skrt_hub.homes.showing import Shown
    from skrt_hub.inspection.program import InspectionReport
    from skrt_hub.material.overview import StatusReport as MaterialReport
    from skrt_hub.material.overview import UpdateReport
    from skrt_hub.snapshots.reports import ComparedReport, RestoreReport, SaveReport, SavesReport, VerifiedReport

_BY_FOLDERS = "What participants made is written folder by folder, so that no link of theirs leads elsewhere."
_BY_PROC = "It measures memory and processors as Linux tells them."
HAND_OUT = "hand-out"
"""The folder in the homes for what is handed out, where no other is named."""


class Hub:
    """One hub: what its hub.yaml says, and its state folder."""

    def __init__(self, context: Context, config: Path | None = None, *, chosen: bool = True) -> None:
        """`config` is the hub.yaml that was read; `chosen`: it, or that there is none, is what somebody said."""
        self.context = context
        self.config = config
        self._chosen = chosen

    @classmethod
    def load(
        cls,
        config: Path | str | None = None,
        *,
        state: Path | str | None = None,
        progress: Progress | None = None,
        echo: Callable[[str], None] | None = None,
        **settings: Any,
    ) -> Hub:
        """The hub that `config` describes: by default the hub.yaml in the working folder, else the defaults.

        `state` is its state folder, `settings` are laid over the file's first level, such as `port=8080`. `progress`
        is told of long work, `echo` of each program that is run. Raises SettingsError or UsageError.
        """
        found = find_hub_yaml(Path(config) if config is not None else None)
        read = load_settings(found, targets=places(), **settings)
        folder = state_folder(Path(state) if state is not None else None, read.name)
        read = remembered(read, Layout(folder).roster)
        file = found.absolute() if found is not None else None
        context = Context(read, Layout(folder), progress or Silent(), echo, config=file)
        return cls(context, found, chosen=config is not None)

    @property
    def target(self) -> Target:
        """Where the hub runs."""
        return target_for(self.context)

    def ensure_its_file(self, *, place_only: bool = False) -> None:
        """Raises RefusedError where the hub was brought up with another hub.yaml than what is in this folder.

        `place_only`: only where what is here would look for the hub in another place, such as a cluster.
        """
        refused = self._not_its_file()
        if refused is not None and not (place_only and self._in_its_place()):
            raise refused

    def _in_its_place(self) -> bool:
        applied = hub_yaml.before_now(self.context.layout)
        return applied is None or applied.target == self.context.settings.target

    def _not_its_file(self) -> RefusedError | None:
        if self._chosen:
            return None
        return hub_yaml.refusal(self.context.layout, self.context.settings, self.config, Path.cwd())

    # Running it

    def check(self) -> CheckReport:
        """What the target needs and what was found; changes nothing."""
        found = self.target.check()
        return replace(found, findings=(*found.findings, *first_look.findings(self.context)))

    def up(self, *, foreground: bool = False, bundle: Path | str | None = None, patients_too: bool = False) -> UpReport:
        """Make the hub run as its settings say, and wait for its log-in page.

        `bundle` is a file that `make_bundle` wrote: then no network is asked. Raises PatientDataError where a new
        folder of `data` tells who a patient is, unless `patients_too`.
        """
        self.ensure_its_file()
        first_look.refuse_new_data(self.context, agreed=patients_too)
        context = self.context if bundle is None else replace(self.context, bundle=Path(bundle))
        with without_traces(context.layout.root):
            return target_for(context).up(foreground=foreground)

    def make_bundle(self, file: Path | str, *, kubernetes: str = "", platform: str = "") -> Message:
        """Write one file with all that this hub takes, for a place without a network.

        `kubernetes` is the version of the cluster there, such as 1.34, where kubectl reaches another one or none here.
        `platform` is the kind of the machine there, such as linux/arm64, where it is another than this one's.
        """
        from skrt_hub.bundle.make import make_bundle  # noqa: PLC0415 - other verbs start without it

        pack = partial(self.target.pack, kubernetes=kubernetes)
        return make_bundle(self.context, Path(file), pack, platform)

    def status(self) -> StatusReport:
        """What the hub is doing; changes nothing."""
        refused = self._not_its_file()
        if refused is None:
            return self.target.status()
        if not self._in_its_place():
            raise refused
        found = self.target.status()
        notes = (line for line in found.notes if line != hub_yaml.CHANGED)
        return replace(found, notes=(f"{refused.what} {refused.remedy}", *notes))

    def seats(self) -> SeatsReport:
        """Servers that are started before their people come: when, and how that goes."""
        return SeatsReport(self.target.seats())

    def make_seats_ready(self) -> Message:
        """Have the servers of all who may have a seat started from now on; it goes on in the background."""
        settings = self.context.settings
        if not (settings.participants or settings.login.participant_groups):
            raise StateError(
                "There is nobody to make a seat ready for.",
                why="hub.yaml has no list of participants.",
                remedy="Name them there as `participants`, run `skrt-hub up`, then `skrt-hub seats ready`.",
            )
        self.target.make_seats_ready()
        ends = f"One that nobody takes ends after {settings.seats.wait // 60} minutes."
        return Message((f"The seats are made ready from now on, one after the other. {ends}", "See: skrt-hub seats"))

    def open(self) -> str:
        """Let people in; the address for a browser."""
        return self.target.open()

    def close(self) -> Message:
        """Let nobody in; servers, kernels and data stay."""
        return self.target.close()

    def stop(self) -> Message:
        """End all processes cleanly; every file stays."""
        return self.target.stop()

    def start(self, *, patients_too: bool = False) -> UpReport:
        """Bring a stopped hub up again. Raises PatientDataError as `up` does."""
        self.ensure_its_file()
        first_look.refuse_new_data(self.context, agreed=patients_too)
        return self.target.start()

    def install_service(self) -> Message:
        """Have the hub come back after each reboot of the machine, unless it was stopped."""
        return self.target.service().install(self.config)

    def remove_service(self) -> Message:
        """Have it stay down after a reboot, as without a service."""
        return self.target.service().remove()

    def start_as_service(self) -> Report:
        """What the service does after a reboot. Nobody can be asked then: what `data` shows is only told of."""
        first_look.refuse_new_data(self.context, agreed=True)
        return self.target.service().start()

    def stop_as_service(self) -> Message:
        """What the service does before one: the hub comes back as it was, also where it was closed."""
        return self.target.service().stop()

    def logs(self, part: str = "hub", *, lines: int = 100, follow: bool = False) -> Iterator[str]:
        """The last lines of a part's log, then, with `follow`, the new ones."""
        return self.target.logs(part, lines=max(0, lines), follow=follow)

    def verify(self, *, quick: bool = False) -> VerifyReport:
        """The self-test, run as a participant would."""
        report = self.target.verify(quick=quick)
        results.keep(self.context.layout, results.VERIFY, report)
        return report

    def audit(self, *, limits: bool = True) -> AuditReport:
        """Attack the hub as a participant and from outside. `limits`: fill memory of every kind, too."""
        from skrt_hub.audit.run import audit  # noqa: PLC0415 - other verbs start without it

        report = audit(self.context, limits=limits)
        results.keep(self.context.layout, results.AUDIT, report)
        return report

    def delete_plan(self, options: DeleteOptions | None = None) -> tuple[Removal, ...]:
        """What `delete` would remove, whether it may or not."""
        return self.target.delete_plan(options or DeleteOptions())

    def ensure_no_loss(self, options: DeleteOptions) -> None:
        """Raises RefusedError where `delete` would lose something of value."""
        self.target.ensure_no_loss(options)

    def delete(self, options: DeleteOptions | None = None) -> Message:
        """Remove the hub, without a question. Raises RefusedError where something of value would be lost."""
        given = options or DeleteOptions()
        target = self.target
        target.ensure_no_loss(given)
        return target.delete(given)

    # Participants

    def participants(self) -> tuple[Participant, ...]:
        """Everyone the hub knows."""
        return self.target.participants()

    def named(self, people: Sequence[Listed]) -> tuple[Listed, ...]:
        """These people with the names that they would log in with; who is listed, or was, keeps the name from then."""
        return with_logins(people, (*self.context.settings.participants, *earlier(self.context.layout.roster)))

    def add_participants(self, people: Sequence[Listed]) -> Path:
        """Write these people into the list of participants, and let them in; the file that was changed."""
        file = add(self.config, people)
        self._take_list(file)
        return file

    def take_off_list(self, names: Iterable[str]) -> Path | None:
        """Take these names off the list of participants; the file that was changed, if they were on it."""
        file = take_out(self.config, self.context.settings, names)
        if file is not None:
            self._take_list(file)
        return file

    def _take_list(self, file: Path) -> None:
        config = self.config or Path("hub.yaml")
        settings = load_settings(config, targets=places())
        listed = self.context.settings.model_copy(update={"participants": settings.participants})
        listed = remembered(listed, self.context.layout.roster)
        self.context = replace(self.context, settings=listed)
        self.config = config
        if self.context.layout.applied.exists():
            hub_yaml.note(self.context.layout, config)
        self.target.take_list()

    def set_password(self, name: str, password: str) -> None:
        """Give a name a password in place of the one it has, if any; whoever is logged in with it is logged out."""
        self.target.ask_accounts("set", name, password)

    def forget_password(self, name: str) -> bool:
        """Let the next log-in with the name choose a password; False when it had none."""
        return bool(self.target.ask_accounts("forget", name))

    def log_in_address(self) -> str:
        """The address that participants open."""
        return self.target.log_in_address()

    def fingerprint(self) -> str:
        """The SHA-256 fingerprint of the hub's own certificate authority, where it has one."""
        settings = self.context.settings
        return authority_of(self.context.layout, settings).fingerprint() if settings.tls.authority else ""

    def reset_log_ins(self, names: Iterable[str]) -> dict[str, str]:
        """New one-time codes in place of the passwords and codes of these names; sessions end, servers go on."""
        return dict(self.target.ask_accounts("issue", [*names]))

    def disable(self, names: Iterable[str]) -> None:
        """Keep these names out for the time being; their sessions and servers end."""
        self.target.ask_accounts("disable", [*names])

    def enable(self, names: Iterable[str]) -> None:
        """Let these names in again."""
        self.target.ask_accounts("enable", [*names])

    def unlock(self, names: Iterable[str]) -> None:
        """Forget the wrong tries at these names."""
        self.target.ask_accounts("unlock", [*names])

    def set_class_password(self, word: str) -> None:
        """The word with which new names are taken, for `login: class-password`."""
        self.target.ask_accounts("set_class_password", word)

    def sessions_ending(self) -> set[str]:
        """The names whose sessions the hub has yet to end."""
        return set(self.target.ask_accounts("to_end"))

    def stop_server(self, name: str) -> None:
        """End a participant's server and its kernels; files stay."""
        self.target.end_server(name)

    def restart_server(self, name: str) -> None:
        """End a participant's server and its kernels, and start it again."""
        target = self.target
        target.end_server(name)
        target.start_server(name)

    def send_message(self, text: str, names: Sequence[str] = ()) -> tuple[str, ...]:
        """Show a message in JupyterLab to these people, or to everybody; the names for whom it was left."""
        return self.target.leave_message(text, names)

    def slips(self, people: Iterable[Participant], codes: Mapping[str, str]) -> list[Slip]:
        """What to give these people, who have these new codes, in the order of their groups and names."""
        title, address, fingerprint = self.context.settings.page.title, self.log_in_address(), self.fingerprint()
        return [
            Slip(title, address, who.shown or who.name, who.name, codes[who.name], who.group, fingerprint)
            for who in sorted(people, key=lambda who: (order(who.group), order(who.shown or who.name)))
        ]

    def remove_participant(self, name: str, *, free: bool = False) -> Message:
        """End the server, lock the name, keep the home; `free`: move the home aside, and free the name."""
        return self.target.remove_participant(name, free=free)

    def erasing_plan(self, name: str) -> tuple[str, ...]:
        """What `erase_participant` would do, for a person."""
        from skrt_hub.snapshots.copies import copies_of  # noqa: PLC0415
        from skrt_hub.snapshots.erasing import places_of  # noqa: PLC0415

        with copies_of(self.context, self.target.homes) as copies:
            return erasing.plan(name, places_of(copies))

    def erase_participant(self, name: str) -> Message:
        """Take a person out of everything: home, saved copies, logs, account, lists. Nothing brings it back.

        May be called again where a place of saved copies could not be reached. Raises CopyError then.
        """
        from skrt_hub.snapshots.copies import copies_of  # noqa: PLC0415
        from skrt_hub.snapshots.erasing import erase  # noqa: PLC0415

        here = self.target.erase_participant(name)
        lines = [*here.lines]
        file = self.take_off_list([name])
        lines += [f"Taken off the list in {file}."] if file is not None else []
        forget(name, self.context.layout.roster)
        collected = self.context.layout.class_page / "collected"
        if (collected / folder_for(name)).exists():
            remove_tree(collected)
            lines.append("What the class's page collected last is gone, for everybody: collect it again there.")
        with copies_of(self.context, self.target.homes) as copies:
            done, failed = erase(copies, name)
        if failed:
            raise CopyError(
                f"{name} was erased from the hub, and NOT from all saved copies.",
                why="\n".join((*lines, *done.lines, *failed)),
                remedy=f"Make these places reachable, then type it again: skrt-hub participants erase {name}",
            )
        if not (here.found or done.found):
            raise nobody_called(name)
        return Message((*lines, *done.lines, *erasing.still_named(self.context.settings, name), erasing.ELSEWHERE))

    # Packages of their own

    def own_packages(self, names: Iterable[str] = ()) -> OwnPackagesReport:
        """What everybody, or these people, installed into their homes with pip."""
        from skrt_hub.homes.packages import list_packages  # noqa: PLC0415

        with closing(self.target.homes()) as homes:
            return list_packages(homes, [*names], self.context.progress, self.context.settings.names)

    def set_packages_aside(self, names: Iterable[str]) -> PackagesAsideReport:
        """Move aside what these people installed, within their homes; running kernels keep what they have loaded."""
        from skrt_hub.homes.packages import set_packages_aside  # noqa: PLC0415

        with closing(self.target.homes()) as homes:
            return set_packages_aside(homes, [*names], self.context.progress, self.context.settings.names)

    # Material and hand-ins

    def material(self) -> MaterialReport:
        """Whose files of the material are edited, deleted, or behind."""
        from skrt_hub.material.overview import material_status  # noqa: PLC0415
        from skrt_hub.material.sources import name_of  # noqa: PLC0415

        with closing(self.target.homes()) as homes:
            named = [name_of(entry) for entry in self.context.settings.material]
            return material_status(self.context.layout, homes, self.context.progress, named)

    def update_material(self) -> UpdateReport:
        """Fetch all sources again; running servers take the new version within seconds."""
        return self._deliver(refresh=True)

    def hand_out(
        self, files: Iterable[Path | str], *, folder: str = HAND_OUT, patients_too: bool = False
    ) -> UpdateReport:
        """Give files or folders to everyone, never over what a participant changed.

        `patients_too`: also files that tell who a patient is; without it, PatientDataError.
        """
        from skrt_hub.material.hand_out import hand_out, places  # noqa: PLC0415

        given = [Path(file) for file in files]
        hand_out(self.context, given, folder, patients_too=patients_too)
        return self._deliver(places(given, folder))

    def withdraw(self, folder: str) -> UpdateReport:
        """Take what was handed out in this folder back; what nobody changed goes from the homes."""
        from skrt_hub.material.hand_out import withdraw  # noqa: PLC0415

        withdraw(self.context.layout, folder)
        return self._deliver(f"{folder} was taken back: what nobody changed in it goes from the homes.")

    def collect(self, path: str, names: Iterable[str] = (), *, to: Path | str) -> CollectReport:
        """Gather one file or folder from every home, or from those of `names`, into a new or empty folder."""
        from skrt_hub.homes.collect import collect  # noqa: PLC0415

        computer.need_unix("Collecting files", _BY_FOLDERS)
        settings, progress = self.context.settings, self.context.progress
        with closing(self.target.homes()) as homes:
            return collect(homes, path, [*names], Path(to), progress, listed=settings.names, admins=settings.organisers)

    def shown_notebooks(self, name: str) -> Shown:
        """The notebooks that somebody shows to the organisers now, if any (skrt_hub.homes.showing)."""
        from skrt_hub.homes.showing import shown  # noqa: PLC0415

        with closing(self.target.homes()) as homes:
            return shown(homes, name)

    def shown_notebook(self, name: str, path: str) -> bytes:
        """One of these notebooks, as it was saved last. Raises RefusedError where it is not shown any more."""
        from skrt_hub.homes.showing import shown_file  # noqa: PLC0415

        with closing(self.target.homes()) as homes:
            return shown_file(homes, name, path)

    def compare_collected(self, collected: CollectReport, reference: Path | str) -> InspectionReport:
        """What everybody handed in against a reference; a table and a page beside what was collected."""
        from skrt_hub.inspection.program import compare_people  # noqa: PLC0415

        people = {row.name: collected.folder / row.folder for row in collected.homes if row.files}
        return compare_people(self.context, Path(reference), people, collected.folder)

    def check_data(self, folder: Path | str) -> InspectionReport:
        """What is in a folder of images, and what scikit-rt would get wrong there."""
        from skrt_hub.inspection.program import check_data  # noqa: PLC0415

        return check_data(self.context, Path(folder))

    def survey_privacy(self, folder: Path | str) -> InspectionReport:
        """What in a folder tells who the patients are."""
        from skrt_hub.inspection.program import survey_privacy  # noqa: PLC0415

        return survey_privacy(self.context, Path(folder))

    def clean_data(self, folder: Path | str, *, to: Path | str) -> InspectionReport:
        """A copy of a folder's DICOM files, in a new or empty folder, without what tells who the patients are."""
        from skrt_hub.inspection.program import clean_data  # noqa: PLC0415

        return clean_data(self.context, Path(folder), Path(to))

    # Sets of data

    def datasets(self) -> SetsReport:
        """The sets that hub.yaml names, and whether they are here."""
        from skrt_hub.datasets.operations import list_sets  # noqa: PLC0415

        return list_sets(self.context)

    def known_datasets(self) -> SetsReport:
        """The sets that hub.yaml may name without a source."""
        from skrt_hub.datasets.operations import list_known  # noqa: PLC0415

        return list_known()

    def fetch_datasets(self, names: Iterable[str] = (), *, patients_too: bool = False) -> SetsReport:
        """Fetch, check and show these sets, or all.

        `patients_too`: also files that tell who a patient is; without it, PatientDataError.
        """
        from skrt_hub.datasets.fetch import chosen, fetch  # noqa: PLC0415
        from skrt_hub.datasets.operations import list_sets  # noqa: PLC0415

        entries = chosen(self.context, [*names])
        changed = [one.entry.name for one in fetch(self.context, entries, patients_too=patients_too) if one.changed]
        shown = self.target.show_datasets([entry.name for entry in entries]) if entries else ()
        return list_sets(self.context, (*(f"{name} was fetched and checked." for name in changed), *shown))

    def verify_datasets(self, names: Iterable[str] = ()) -> VerifiedSetsReport:
        """Read every file of these sets, or of all, again."""
        from skrt_hub.datasets.operations import verify_sets  # noqa: PLC0415

        return verify_sets(self.context, [*names])

    def remove_datasets(self, names: Iterable[str]) -> SetsReport:
        """Remove what was fetched of these sets."""
        from skrt_hub.datasets.operations import list_sets, remove_sets  # noqa: PLC0415

        removed = [*names]
        done = remove_sets(self.context, removed)
        return list_sets(self.context, (*done, *self.target.hide_datasets(removed)))

    def _deliver(self, *done: str, refresh: bool = False) -> UpdateReport:
        from skrt_hub.material.overview import material_updated  # noqa: PLC0415
        from skrt_hub.material.published import fetch  # noqa: PLC0415

        context = self.context
        states = fetch(context.settings, context.layout, context.progress, refresh=refresh, echo=context.echo)
        return material_updated(states, (*done, *self.target.deliver()))

    # Saved copies

    def save(self, names: Iterable[str] = (), *, to: str | None = None, patients_too: bool = False) -> SaveReport:
        """Save homes while people work, and read back what was written.

        `patients_too`: also to a place elsewhere and with files that tell who a patient is; without it,
        PatientDataError.
        """
        from skrt_hub.snapshots.copies import copies_of  # noqa: PLC0415
        from skrt_hub.snapshots.operations import run_save  # noqa: PLC0415
        from skrt_hub.snapshots.patients import refuse_patients  # noqa: PLC0415

        with copies_of(self.context, self.target.homes) as copies:
            if not patients_too:
                refuse_patients(copies, [*names], to)
            return run_save(copies, [*names], to)

    def saves(self, *, source: str | None = None) -> SavesReport:
        """The saved copies that there are."""
        from skrt_hub.snapshots.copies import copies_of  # noqa: PLC0415
        from skrt_hub.snapshots.operations import run_list  # noqa: PLC0415

        with copies_of(self.context, self.target.homes) as copies:
            return run_list(copies, source)

    def make_saves_key(self, file: Path | str) -> Message:
        """Write a new key for encrypted copies to a file that is not there yet."""
        from skrt_hub.snapshots import saves_key  # noqa: PLC0415

        path = Path(file).expanduser().absolute()
        made = saves_key.make(path, self.context.layout)
        return Message((f"The key {made.name} is in {path}.", *saves_key.words(path)))

    def show_saves_key(self, copy: Path | str) -> Message:
        """Show that a second copy of the key is right; until then, each save and `status` warn."""
        from skrt_hub.snapshots import saves_key  # noqa: PLC0415

        saves_key.show_copy(Path(copy), self.context.settings, self.context.layout)
        return Message((f"{copy} is the same key. Keep it in another place than the hub and its saved copies.",))

    def verify_saves(self, *, source: str | None = None) -> VerifiedReport:
        """Read every saved copy again."""
        from skrt_hub.snapshots.copies import copies_of  # noqa: PLC0415
        from skrt_hub.snapshots.operations import run_verify  # noqa: PLC0415

        with copies_of(self.context, self.target.homes) as copies:
            return run_verify(copies, source)

    def compare_saves(self, names: Iterable[str] = (), *, source: str | None = None) -> ComparedReport:
        """Compare every home's files, by hash, with its newest copy."""
        from skrt_hub.snapshots.copies import copies_of  # noqa: PLC0415
        from skrt_hub.snapshots.operations import run_compare  # noqa: PLC0415

        with copies_of(self.context, self.target.homes) as copies:
            return run_compare(copies, [*names], source)

    def restore(
        self,
        names: Iterable[str] = (),
        *,
        source: str | None = None,
        at: str | None = None,
        into: Path | str | None = None,
    ) -> RestoreReport:
        """Bring saved homes back: into place where nothing newer would be lost, otherwise beside it."""
        if into is not None:
            computer.need_unix("`restore --into`", _BY_FOLDERS)
        from skrt_hub.snapshots.copies import copies_of  # noqa: PLC0415
        from skrt_hub.snapshots.operations import run_restore  # noqa: PLC0415

        with copies_of(self.context, self.target.homes) as copies:
            return run_restore(copies, [*names], source, at, Path(into) if into is not None else None)

    # Measuring

    def bench(self, options: BenchOptions) -> BenchReport:
        """Let scripted participants log in together, and measure how long each of them waits."""
        computer.need_linux("`bench`", _BY_PROC)
        from skrt_hub.bench.run import bench  # noqa: PLC0415

        return bench(self.context, options)

    def rehearse(self, options: RehearsalOptions) -> RehearsalReport:
        """Find out how many people this machine seats with a notebook."""
        computer.need_linux("`rehearse`", _BY_PROC)
        from skrt_hub.bench.rehearsal import rehearse  # noqa: PLC0415

        return rehearse(self.context, options)

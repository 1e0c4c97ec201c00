"""To which MLflow a run may go: the store that it is for, wherever that answers now, and no other unasked.

A run of a store with an identity goes to whoever proves that identity: at the address it was saved for, at that of the
environment, or where a running lab of this user has announced the store. A run for an MLflow without identity goes to
the same address only, and into the same experiment. Of runs that were saved before stores had identities only the
address is known, so the user is asked.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from jupyter_utils.entries.entry import write_entry
from jupyter_utils.entries.identity import named
from jupyter_utils.entries.stores import KnownStores, addresses_of
from jupyter_utils.errors import OtherStoreError, UnsentError
from jupyter_utils.machine.lab_store import sends_login
from jupyter_utils.machine.urls import place, without_credentials
from jupyter_utils.tracking import Answer, ask, experiment_mark, is_http, sending_uri, tracking_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jupyter_utils.entries.entry import Entry

ALLOW = "jupyter-utils sync --allow"


def stranger(found: str, meant: tuple[str, ...]) -> str | None:
    """Say that another store answers than one that is meant; None where all is well."""
    if not meant or found in meant:
        return None
    return f"is {named(found)}, but {named(meant[0])} is meant, so nothing was sent there"


def check(uri: str, known: KnownStores) -> Answer:
    """Ask a server who it is; it counts as down where it is another than the one that is known at its address."""
    answer = ask(uri)
    if answer.down or not is_http(uri):
        return answer
    wrong = stranger(answer.store, known.meant(uri))
    if wrong is None:
        return answer
    remedy = f"Start that one, or, if the one that answers is right, send to it: {ALLOW}"
    return dataclasses.replace(answer, down=f"{wrong}. {remedy}", is_stranger=True)


def first_word(uri: str, store: str, known: KnownStores) -> str | None:
    """Remember who answered, and say once of an address that nobody there can prove who it is."""
    said = None
    if is_http(uri) and not store and known.is_new(uri):
        said = (
            f"The MLflow at {without_credentials(uri)} has no identity (it is none of this project's, or an earlier "
            "one): runs for it go to whoever answers at this address and has the experiment."
        )
    if is_http(uri):
        known.note(uri, store)
    return said


class Round:
    """One round of sending: each server is asked once who it is.

    Args:
        known: the stores that are known at addresses.
        consent: asked whether a run may go to another store than its own, or than one that is known.
        only: the address of the one server that runs are sent to; None for all.
        answer: who has answered there, where that was asked already.
        to: an address to which all runs go, whichever they were for.

    Attributes:
        words: what is to be said of the servers that runs went to.
    """

    def __init__(
        self,
        known: KnownStores,
        *,
        consent: Callable[[OtherStoreError], bool] = lambda _problem: False,
        only: str | None = None,
        answer: Answer | None = None,
        to: str | None = None,
    ) -> None:
        self.words: list[str] = []
        self._known = known
        self._consent = consent
        self._only = only
        self._to = to
        self._answers = {place(only): answer} if only and answer else {}

    def answer(self, uri: str) -> Answer:
        """Return who answers at an address."""
        if place(uri) not in self._answers:
            self._answers[place(uri)] = ask(uri)
        return self._answers[place(uri)]

    def ask_again(self, uri: str) -> None:
        """Look anew whether a server lives: one run that fails must not keep the others from a server that does."""
        self._answers[place(uri)] = ask(uri)

    def forget_answers(self) -> None:
        """Ask every server anew: time has passed."""
        self._answers.clear()

    def find(self, entry: Entry, folder: Path) -> str | None:
        """Return the address to which an entry goes; None where that is none of this round's.

        Args:
            entry: the run.
            folder: where it lies; where the user consents to another store, it is for that one from then on.

        Raises:
            OtherStoreError: none of those that answer is the right one.
            UnsentError: nobody answers.
        """
        if self._to:
            return self._find_there(entry, folder, self._to)
        for uri in self._addresses(entry):
            answer = self.answer(uri)
            if answer.down is None and answer.store == entry.store and self._takes_login(uri, answer.store):
                self._known.note(uri, answer.store)
                return uri
        own = sending_uri(entry.uri)
        if self._only and place(self._only) != place(own):
            return None
        answer = self.answer(own)
        if answer.down:
            raise UnsentError(f"The MLflow server at {without_credentials(own)} {answer.down}.")
        error = self._problem(entry, own, answer.store)
        if error is None:
            if said := first_word(own, answer.store, self._known):
                self.words.append(said)
        elif self._consent(error):
            self._readdress(entry, folder, own, answer.store)
        else:
            raise error
        return own

    def _takes_login(self, uri: str, found: str) -> bool:
        """Return whether no login would go to another store than the one that is known at its address."""
        return not sends_login(uri) or stranger(found, self._known.meant(uri)) is None

    def _find_there(self, entry: Entry, folder: Path, uri: str) -> str:
        answer = self.answer(uri)
        if answer.down:
            raise UnsentError(f"The MLflow server at {without_credentials(uri)} {answer.down}.")
        self._readdress(entry, folder, uri, answer.store)
        return uri

    def _readdress(self, entry: Entry, folder: Path, uri: str, store: str) -> None:
        """Let an entry be for the store that answers at an address, as the user has said."""
        changed = dataclasses.replace(entry, uri=without_credentials(uri), store=store, experiment=None)
        write_entry(changed, folder)
        self._known.note(uri, store, allowed=True)

    def _addresses(self, entry: Entry) -> Iterator[str]:
        """Yield the addresses at which the store of an entry may be; none where it has no identity."""
        if entry.store and self._only:
            yield self._only
        elif entry.store:
            announced = addresses_of(entry.store)
            yield from dict.fromkeys([sending_uri(entry.uri), *announced, tracking_uri(None)])

    def _problem(self, entry: Entry, uri: str, found: str) -> OtherStoreError | None:
        where, lives = without_credentials(uri), named(found)
        if entry.store is None:
            return OtherStoreError(
                f"This run was saved by a version that did not write down for which store, only for {where}, where "
                f"{lives} answers.",
                f"`jupyter-utils sync` in a terminal asks whether that is right; without a question: {ALLOW}",
            )
        if entry.store and entry.store != found:
            return OtherStoreError(
                f"This run is for {named(entry.store)}, but at {where} {lives} answers; nothing was sent there.",
                f"Start the right one, or, if that is gone for good, send the run to this one: {ALLOW}",
            )
        if is_http(uri) and (wrong := stranger(found, self._known.meant(uri))):
            return OtherStoreError(
                f"The MLflow server at {where} {wrong}.",
                f"Start that one, or, if the one that answers is right, send to it: {ALLOW}",
            )
        if entry.experiment and experiment_mark(uri, entry.experiment_name) != entry.experiment:
            return OtherStoreError(
                f"This run is for an MLflow without identity at {where}. What answers there now lacks its experiment "
                f"{entry.experiment_name!r}, or has another one of that name; nothing was sent there.",
                f"If it is right all the same: {ALLOW}",
            )
        return None

"""What an account has at the Orchestrator besides workflows: keys, integrations, a profile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from skytells.local.prediction_json import Json, JsonObject, Refusal
from skytells.local.requests import is_object, part_of

from .parsing import bad, fields_of, found, text_of

DEFAULT_KEY: Final = "wfb_local"
"""The key that an Orchestrator without one of its own hands out; it takes any other too."""

_PREFIX: Final = 11


class Belongings:
    """Keys, integrations and the profile, safe to use from several threads.

    Arguments:
        key: the only key that is taken besides those that are made; `None` takes any `wfb_…`.
        new_id: makes an id that there was not before.
        today: tells the date.
    """

    def __init__(
        self, key: str | None, *, new_id: Callable[[], str], today: Callable[[], str]
    ) -> None:
        self.key: str = key or DEFAULT_KEY
        self._takes_any_key = key is None
        self._new_id = new_id
        self._today = today
        self._integrations: dict[str, JsonObject] = {}
        self._keys: dict[str, JsonObject] = {}
        self._user: JsonObject = {
            "id": "user_local",
            "name": "Local User",
            "email": "local@example.com",
            "image": None,
        }
        self._lock = threading.RLock()

    def authorise(self, key: str | None, other: str | None) -> None:
        """Let a key pass.

        Arguments:
            key: what came as `Authorization: Bearer`.
            other: what came as `x-api-key`, which has no business here.

        Raises:
            Refusal: 401, the key is missing, wrong, or one of the platform's API.
        """
        if other is not None:
            raise _stranger("x-api-key carries the key of the platform's API")
        if not key:
            raise _stranger("there is no Authorization: Bearer wfb_…")
        if key.startswith("sk-"):
            raise _stranger("sk-… is a key of the platform's API")
        known = self._takes_any_key or key == self.key or key in self._keys
        if not (key.startswith("wfb_") and known):
            raise _stranger("this key is not known")

    def integrations(self, kind: str | None) -> list[JsonObject]:
        """Those of a type, or all; without what they are configured with."""
        with self._lock:
            found = [*self._integrations.values()]
        return [_without(one, "config") for one in found if kind in (None, one["type"])]

    def integration(self, id: str) -> JsonObject:
        """One of them, with what it is configured with.

        Raises:
            Refusal: 404, there is none.
        """
        return found(self._integrations, id, "integration")

    def integrate(self, body: Json) -> JsonObject:
        """A new one.

        Raises:
            Refusal: 400, it makes no sense.
        """
        fields = fields_of(body)
        name, kind, config = text_of(fields, "name"), text_of(fields, "type"), fields.get("config")
        if not is_object(config):
            raise bad("config must be an object")
        with self._lock:
            made: JsonObject = {"id": self._new_id(), "name": name, "type": kind, "config": config}
            made |= {"createdAt": self._today(), "updatedAt": self._today()}
            self._integrations[made["id"]] = made
        return _without(made, "config")

    def reintegrate(self, id: str, body: Json) -> JsonObject:
        """Change the name or the configuration of one.

        Raises:
            Refusal: 404, there is none; 400, the changes make no sense.
        """
        fields = fields_of(body)
        changes: JsonObject = {"updatedAt": self._today()}
        if "name" in fields:
            changes["name"] = text_of(fields, "name")
        if "config" in fields:
            changes["config"] = part_of(fields, "config")
        with self._lock:
            self._integrations[id] = {**self.integration(id), **changes}
        return self._integrations[id]

    def disintegrate(self, id: str) -> None:
        """Delete one.

        Raises:
            Refusal: 404, there is none.
        """
        with self._lock:
            self.integration(id)
            del self._integrations[id]

    def tested(self, id: str) -> JsonObject:
        """Whether one works: it does if everything that it is configured with says something.

        Raises:
            Refusal: 404, there is none.
        """
        config = self.integration(id)["config"]
        if config and all(config.values()):
            return {"status": "success", "message": "Connection successful"}
        return {"status": "error", "message": "A credential is missing"}

    def keys(self) -> list[JsonObject]:
        """The keys that were made, without the keys themselves."""
        with self._lock:
            return [_without(key, "key") for key in self._keys.values()]

    def make_key(self, body: Json) -> JsonObject:
        """A new key, which is shown this once.

        Raises:
            Refusal: 400, it has no name.
        """
        name = text_of(fields_of(body), "name")
        with self._lock:
            key = f"wfb_{self._new_id()}"
            made: JsonObject = {"id": self._new_id(), "name": name, "key": key}
            made |= {"keyPrefix": key[:_PREFIX], "createdAt": self._today()}
            self._keys[key] = made
        return made

    @property
    def user(self) -> JsonObject:
        """The account's profile."""
        return self._user

    def rename_user(self, body: Json) -> JsonObject:
        """Change the name in the profile.

        Raises:
            Refusal: 400, it is no name.
        """
        fields = fields_of(body)
        if "name" in fields:
            self._user = {**self._user, "name": text_of(fields, "name")}
        return self._user


def _stranger(why: str) -> Refusal:
    message = f"Unauthorized: {why}. The Orchestrator takes Authorization: Bearer wfb_… alone."
    return Refusal(401, "UNAUTHORIZED", message)


def _without(thing: JsonObject, name: str) -> JsonObject:
    return {key: value for key, value in thing.items() if key != name}

"""The resources of an Orchestrator account besides workflows: keys, integrations, a profile.

Methods raise an `ApiError` for a body that is wrong, and for an id that does not exist.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from skytells.local.errors import ApiError
from skytells.local.json_values import Json, JsonObject, is_object, object_in

from .parsing import find, invalid, parse_fields, required_text

DEFAULT_KEY: Final = "wfb_local"
"""The key of an Orchestrator that accepts any."""

_PREFIX_LENGTH: Final = 11


class OrchestratorAccount:
    """Keys, integrations and the profile. Thread-safe.

    Args:
        key: The only key that is accepted besides created ones; `None` accepts any `wfb_…`.
        new_id: Returns a new id.
        today: Returns the date.
    """

    def __init__(
        self, key: str | None, *, new_id: Callable[[], str], today: Callable[[], str]
    ) -> None:
        self.key: str = key or DEFAULT_KEY
        self._accepts_any_key = key is None
        self._new_id = new_id
        self._today = today
        self._integrations: dict[str, JsonObject] = {}
        self._keys: dict[str, JsonObject] = {}
        self._profile: JsonObject = {
            "id": "user_local",
            "name": "Local User",
            "email": "local@example.com",
            "image": None,
        }
        self._lock = threading.RLock()

    def authorise(self, bearer: str | None, api_key: str | None) -> None:
        """Check the key of a request.

        Args:
            bearer: The key in `Authorization: Bearer`.
            api_key: The key in `x-api-key`, which is not accepted.
        """
        if api_key is not None:
            raise _unauthorized("x-api-key carries the key of the platform's API")
        if not bearer:
            raise _unauthorized("there is no Authorization: Bearer wfb_…")
        if bearer.startswith("sk-"):
            raise _unauthorized("sk-… is a key of the platform's API")
        known = self._accepts_any_key or bearer == self.key or bearer in self._keys
        if not (bearer.startswith("wfb_") and known):
            raise _unauthorized("this key is not known")

    def integrations(self, kind: str | None) -> list[JsonObject]:
        """The integrations of a type, or all, without their configuration."""
        with self._lock:
            integrations = [*self._integrations.values()]
        return [_without(one, "config") for one in integrations if kind in (None, one["type"])]

    def integration(self, id: str) -> JsonObject:
        """An integration with its configuration."""
        return find(self._integrations, id, "integration")

    def create_integration(self, body: Json) -> JsonObject:
        """Create an integration."""
        fields = parse_fields(body)
        integration: JsonObject = {
            "id": self._new_id(),
            "name": required_text(fields, "name"),
            "type": required_text(fields, "type"),
            "config": fields.get("config"),
            "createdAt": self._today(),
            "updatedAt": self._today(),
        }
        if not is_object(integration["config"]):
            raise invalid("config must be an object")
        with self._lock:
            self._integrations[integration["id"]] = integration
        return _without(integration, "config")

    def update_integration(self, id: str, body: Json) -> JsonObject:
        """Change the name or the configuration of an integration."""
        fields = parse_fields(body)
        changes: JsonObject = {"updatedAt": self._today()}
        if "name" in fields:
            changes["name"] = required_text(fields, "name")
        if "config" in fields:
            changes["config"] = object_in(fields, "config")
        with self._lock:
            self._integrations[id] = {**self.integration(id), **changes}
        return self._integrations[id]

    def delete_integration(self, id: str) -> None:
        """Delete an integration."""
        with self._lock:
            self.integration(id)
            del self._integrations[id]

    def test_integration(self, id: str) -> JsonObject:
        """The result of a test, which succeeds if no value of the configuration is empty."""
        config = self.integration(id)["config"]
        if config and all(config.values()):
            return {"status": "success", "message": "Connection successful"}
        return {"status": "error", "message": "A credential is missing"}

    def keys(self) -> list[JsonObject]:
        """The created keys, without their secrets."""
        with self._lock:
            return [_without(key, "key") for key in self._keys.values()]

    def create_key(self, body: Json) -> JsonObject:
        """Create a key, whose secret is returned only here."""
        name = required_text(parse_fields(body), "name")
        with self._lock:
            secret = f"wfb_{self._new_id()}"
            key: JsonObject = {"id": self._new_id(), "name": name, "key": secret}
            key |= {"keyPrefix": secret[:_PREFIX_LENGTH], "createdAt": self._today()}
            self._keys[secret] = key
        return key

    @property
    def profile(self) -> JsonObject:
        """The profile."""
        return self._profile

    def update_profile(self, body: Json) -> JsonObject:
        """Change the name in the profile."""
        fields = parse_fields(body)
        if "name" in fields:
            self._profile = {**self._profile, "name": required_text(fields, "name")}
        return self._profile


def _unauthorized(why: str) -> ApiError:
    message = f"Unauthorized: {why}. The Orchestrator accepts Authorization: Bearer wfb_… only."
    return ApiError(401, "UNAUTHORIZED", message)


def _without(fields: JsonObject, name: str) -> JsonObject:
    return {key: value for key, value in fields.items() if key != name}

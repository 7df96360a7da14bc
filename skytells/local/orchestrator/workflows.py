"""A workflow: nodes joined by edges, with one that triggers it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from skytells.local.prediction_json import Json, JsonObject
from skytells.local.requests import is_array, is_object, part_of

from .parsing import bad

VISIBILITIES: Final = ("private", "public")
"""Who may see a workflow."""


@dataclass
class Workflow:
    """A workflow as the Orchestrator keeps it; dates are in ISO 8601."""

    id: str
    name: str
    description: str | None
    nodes: list[JsonObject]
    edges: list[JsonObject]
    created: str
    updated: str
    visibility: str = "private"

    @property
    def by_webhook(self) -> bool:
        """Whether a webhook triggers it."""
        return any(kind_of(node) == "Webhook" for node in self.nodes)

    def summary(self) -> JsonObject:
        """What a list says of it."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "visibility": self.visibility,
            "createdAt": self.created,
            "updatedAt": self.updated,
        }

    def as_json(self) -> JsonObject:
        """All of it."""
        return {**self.summary(), "nodes": self.nodes, "edges": self.edges}

    def in_order(self) -> list[JsonObject]:
        """The nodes in the order in which they work: each after those that lead to it."""
        waiting = {str(node["id"]): node for node in self.nodes}
        ordered: list[JsonObject] = []
        while waiting:
            sources = {
                id: {str(e.get("source")) for e in self.edges if str(e.get("target")) == id}
                for id in waiting
            }
            # In a circle somebody has to begin.
            ready = [id for id in waiting if not sources[id] & waiting.keys()] or [*waiting][:1]
            ordered += [waiting.pop(id) for id in ready]
        return ordered

    def code(self) -> str:
        """It as a program in TypeScript."""
        steps = [
            f"  const {_variable(place)} = await step({_text(label_of(node))}, "
            f"{'input' if place == 0 else _variable(place - 1)});\n"
            for place, node in enumerate(self.in_order())
        ]
        last = _variable(len(steps) - 1) if steps else "input"
        return (
            f"// {' '.join(self.name.split())}\n"
            'import { step } from "./step";\n\n'
            "export async function run(input: Record<string, unknown>) {\n"
            f"{''.join(steps)}  return {last};\n}}\n"
        )

    def package(self) -> bytes:
        """It as a ZIP file, the same each time."""
        files = {
            "workflow.ts": self.code(),
            "step.ts": "export const step = async (label: string, input: unknown) => input;\n",
            "workflow.json": json.dumps(self.as_json(), indent=2),
        }
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, text in files.items():
                archive.writestr(zipfile.ZipInfo(name), text)
        return packed.getvalue()


def read_nodes(fields: JsonObject) -> list[JsonObject] | None:
    """The nodes in a body, if there are any.

    Raises:
        Refusal: 400, they are none.
    """
    return _items(fields, "nodes", lambda node: _named(node.get("id")))


def read_edges(fields: JsonObject) -> list[JsonObject] | None:
    """The edges in a body, if there are any.

    Raises:
        Refusal: 400, they are none.
    """
    return _items(
        fields, "edges", lambda edge: all(_named(edge.get(end)) for end in ("source", "target"))
    )


def with_trigger(nodes: Sequence[JsonObject], id: str) -> list[JsonObject]:
    """The nodes, with one that a person triggers if there is none that triggers."""
    if any(kind_of(node) is not None for node in nodes):
        return list(nodes)
    return [trigger(id, "Manual"), *nodes]


def trigger(id: str, kind: str) -> JsonObject:
    """A node that triggers.

    Arguments:
        id: its id.
        kind: `Manual`, `Webhook` or `Schedule`.
    """
    data = {"label": f"{kind} trigger", "type": "trigger", "config": {"triggerType": kind}}
    return {"id": id, "type": "trigger", "position": {"x": 0, "y": 0}, "data": data}


def kind_of(node: JsonObject) -> str | None:
    """What triggers a node, such as `Webhook`; `None` for one that works."""
    data = part_of(node, "data")
    if "trigger" not in (node.get("type"), data.get("type")):
        return None
    return str(part_of(data, "config").get("triggerType", "Manual"))


def label_of(node: JsonObject) -> str:
    """What a node is called."""
    return str(part_of(node, "data").get("label") or node["id"])


def copied(
    workflow: Workflow, new_id: Callable[[], str]
) -> tuple[list[JsonObject], list[JsonObject]]:
    """The nodes and edges of a copy: with ids of their own, and without integrations."""
    ids = {str(node["id"]): new_id() for node in workflow.nodes}
    nodes = [{**_without_integration(node), "id": ids[str(node["id"])]} for node in workflow.nodes]
    edges = [
        {
            **edge,
            "id": new_id(),
            "source": ids.get(str(edge["source"]), edge["source"]),
            "target": ids.get(str(edge["target"]), edge["target"]),
        }
        for edge in workflow.edges
    ]
    return nodes, edges


def _without_integration(node: JsonObject) -> JsonObject:
    data = part_of(node, "data")
    config = {
        name: value for name, value in part_of(data, "config").items() if name != "integrationId"
    }
    return {**node, "data": {**data, "config": config}} if "config" in data else node


def _items(
    fields: JsonObject, name: str, fits: Callable[[JsonObject], bool]
) -> list[JsonObject] | None:
    given: Json = fields.get(name)
    if given is None:
        return None
    if not is_array(given) or not all(is_object(item) and fits(item) for item in given):
        what = "id" if name == "nodes" else "source and target"
        raise bad(f"{name} must be an array of objects, each with {what}")
    return given


def _named(value: Json) -> bool:
    return isinstance(value, str) and bool(value)


def _variable(place: int) -> str:
    return f"step{place + 1}"


def _text(value: str) -> str:
    return json.dumps(value)

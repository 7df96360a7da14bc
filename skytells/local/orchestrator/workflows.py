"""A workflow: nodes connected by edges, one of which is its trigger."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from skytells.local.json_values import Json, JsonObject, is_array, is_object, object_in

from .parsing import invalid

VISIBILITIES: Final = ("private", "public")
"""The values of a workflow's `visibility`."""


@dataclass
class Workflow:
    """A workflow; dates are in ISO 8601."""

    id: str
    name: str
    description: str | None
    nodes: list[JsonObject]
    edges: list[JsonObject]
    created: str
    updated: str
    visibility: str = "private"

    @property
    def has_webhook(self) -> bool:
        """Whether its trigger is a webhook."""
        return any(trigger_kind(node) == "Webhook" for node in self.nodes)

    def summary(self) -> JsonObject:
        """Its JSON in a list."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "visibility": self.visibility,
            "createdAt": self.created,
            "updatedAt": self.updated,
        }

    def as_json(self) -> JsonObject:
        """Its JSON."""
        return {**self.summary(), "nodes": self.nodes, "edges": self.edges}

    def nodes_in_order(self) -> list[JsonObject]:
        """The nodes in the order in which they run: each after its sources."""
        waiting = {str(node["id"]): node for node in self.nodes}
        ordered: list[JsonObject] = []
        while waiting:
            sources = {
                id: {str(e.get("source")) for e in self.edges if str(e.get("target")) == id}
                for id in waiting
            }
            # In a cycle the first node runs first.
            ready = [id for id in waiting if not sources[id] & waiting.keys()] or [*waiting][:1]
            ordered += [waiting.pop(id) for id in ready]
        return ordered

    def code(self) -> str:
        """Its code in TypeScript."""
        steps = [
            f"  const {_variable(place)} = await step({_text(label_of(node))}, "
            f"{'input' if place == 0 else _variable(place - 1)});\n"
            for place, node in enumerate(self.nodes_in_order())
        ]
        last = _variable(len(steps) - 1) if steps else "input"
        return (
            f"// {' '.join(self.name.split())}\n"
            'import { step } from "./step";\n\n'
            "export async function run(input: Record<string, unknown>) {\n"
            f"{''.join(steps)}  return {last};\n}}\n"
        )

    def package(self) -> bytes:
        """A ZIP file of its code and JSON."""
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


def parse_nodes(fields: JsonObject) -> list[JsonObject] | None:
    """The nodes in a body, if it has any."""
    return _items(fields, "nodes", lambda node: _is_name(node.get("id")))


def parse_edges(fields: JsonObject) -> list[JsonObject] | None:
    """The edges in a body, if it has any."""
    return _items(
        fields, "edges", lambda edge: all(_is_name(edge.get(end)) for end in ("source", "target"))
    )


def with_trigger(nodes: Sequence[JsonObject], id: str) -> list[JsonObject]:
    """The nodes, with a manual trigger if they have none."""
    if any(trigger_kind(node) is not None for node in nodes):
        return list(nodes)
    return [trigger_node(id, "Manual"), *nodes]


def trigger_node(id: str, kind: str) -> JsonObject:
    """A trigger; its kind is `Manual`, `Webhook` or `Schedule`."""
    data = {"label": f"{kind} trigger", "type": "trigger", "config": {"triggerType": kind}}
    return {"id": id, "type": "trigger", "position": {"x": 0, "y": 0}, "data": data}


def trigger_kind(node: JsonObject) -> str | None:
    """The kind of a trigger, such as `Webhook`; `None` for other nodes."""
    data = object_in(node, "data")
    if "trigger" not in (node.get("type"), data.get("type")):
        return None
    return str(object_in(data, "config").get("triggerType", "Manual"))


def label_of(node: JsonObject) -> str:
    """The label of a node, or its id."""
    return str(object_in(node, "data").get("label") or node["id"])


def copy_of(
    workflow: Workflow, new_id: Callable[[], str]
) -> tuple[list[JsonObject], list[JsonObject]]:
    """The nodes and edges of a copy: with new ids, and without integrations."""
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
    data = object_in(node, "data")
    config = {
        name: value for name, value in object_in(data, "config").items() if name != "integrationId"
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
        raise invalid(f"{name} must be an array of objects, each with {what}")
    return given


def _is_name(value: Json) -> bool:
    return isinstance(value, str) and bool(value)


def _variable(place: int) -> str:
    return f"step{place + 1}"


def _text(value: str) -> str:
    return json.dumps(value)

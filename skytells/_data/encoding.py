"""How pydantic, and so FastAPI, validates and encodes what is not a record."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic_core import CoreSchema, SchemaSerializer, core_schema


class _Serializer:
    """A serializer that is made when it is first asked for, which few programs do."""

    def __get__(self, instance: object, owner: type[WireEncoded]) -> SchemaSerializer:
        return SchemaSerializer(owner.__get_pydantic_core_schema__(owner, None))


class WireEncoded:
    """What is encoded as the JSON object that its `_encoded()` gives, and is taken only as it is."""

    def _encoded(self) -> dict[str, Any]:
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        json = core_schema.dict_schema(core_schema.str_schema())
        return core_schema.json_or_python_schema(
            json_schema=json,
            python_schema=core_schema.is_instance_schema(cls),
            serialization=core_schema.plain_serializer_function_ser_schema(
                cls._encoded, return_schema=json
            ),
        )

    # By this name pydantic finds how to encode what has no annotation.
    __pydantic_serializer__: ClassVar[_Serializer] = _Serializer()

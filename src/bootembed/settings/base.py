"""What every section of the parameters is made of."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, PydanticKnownError

from bootembed.core.plugins import load_plugin, plugin_names

Slug = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
Schedule = Literal["constant", "linear", "cosine", "constant_with_warmup"]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Revision = Annotated[str, Field(pattern=r"^([0-9a-f]{40}|unresolved)$")]


class Section(BaseModel):
    """Base of every section: unknown keys are errors, values cannot be changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def fault(field: str, value: Any, message: str) -> ValidationError:
    """The fault of one field of a section, for validators that compare several."""
    described = PydanticCustomError("fault", "{message}", {"message": message})
    return ValidationError.from_exception_data("fault", [InitErrorDetails(type=described, loc=(field,), input=value)])


class _Unvalidated(NamedTuple):
    """A section of a plugin before validation."""

    settings: type[Section]
    values: Any


def _validate(value: Any) -> Section:
    if not isinstance(value, _Unvalidated):
        raise PydanticKnownError("extra_forbidden")
    return value.settings.model_validate(value.values)


class Pluggable(Section):
    """A section that also takes sections of plugins, each under its plugin's name.

    The type of such a section is the class `Settings` of the plugin's module; a module without one takes no section.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[Any, PlainValidator(_validate)]]

    plugins: ClassVar[str]
    """Package of the plugins, e.g. `bootembed.strategies`."""

    @model_validator(mode="before")
    @classmethod
    def _find_settings(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        types = {key: cls.section_type(key) for key in values if key not in cls.model_fields}
        return values | {key: _Unvalidated(found, values[key]) for key, found in types.items() if found is not None}

    @classmethod
    def section_type(cls, key: str) -> type[Section] | None:
        """Type of the section that a plugin of this name defines; None without plugin or section."""
        if key not in plugin_names(cls.plugins):
            return None
        return getattr(load_plugin(cls.plugins, key, key=key), "Settings", None)

"""Requests and responses of inference: JSON, and behind it binary tensors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plainnet.errors import DataError
from plainnet.serving.tensors import Tensor, tensor_of_binary, tensor_of_json
from plainnet.web.bodies import read_json, whole_number
from plainnet.web.errors import as_json

JSON_LENGTH = "Inference-Header-Content-Length"
"""The header with the length of the JSON in front of binary tensors."""


@dataclass(frozen=True)
class InferenceRequest:
    """A request for answers."""

    inputs: Mapping[str, Tensor]
    """The input tensors by name; of a raw request one without a name."""
    id: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, bool] | None = None
    """The wanted outputs, and whether each is to be binary; None: all that there are."""

    @property
    def is_binary(self) -> bool:
        """Whether outputs are binary unless they say otherwise."""
        return self.parameters.get("binary_data_output") is True

    @property
    def timeout(self) -> float | None:
        """The time that the sender gives the answer, in seconds; None: no own limit."""
        given = self.parameters.get("timeout")
        return given / 1e6 if type(given) is int and given > 0 else None


def read_request(
    body: bytes, json_length: str | None = None, is_base64: bool = False
) -> InferenceRequest:
    """Read a request.

    Args:
        body: its body.
        json_length: the header `JSON_LENGTH`, if there is one.
        is_base64: whether BYTES in JSON are base64 even if their `content_type` does not say so.

    Raises:
        DataError, HttpError: it is malformed.
    """
    if json_length is None:
        return _read(read_json(body), b"", is_base64)
    length = whole_number(json_length)
    if length is None or length > len(body):
        raise DataError(
            f"{JSON_LENGTH} must be the length of the JSON in a body of {len(body):,} bytes, but "
            f"is {json_length!r:.40}."
        )
    if length == 0:  # a raw request: one input, and nothing but its content
        tensor = Tensor("", "BYTES", (1,), [body])
        return InferenceRequest({"": tensor}, parameters={"binary_data_output": True})
    return _read(read_json(body[:length]), body[length:], is_base64)


def _read(content: Any, binary: bytes, is_base64: bool) -> InferenceRequest:
    if not isinstance(content, dict) or not isinstance(content.get("inputs"), list):
        raise DataError('A request must be a JSON object with a list of "inputs".')
    name = content.get("id")
    if name is not None and not isinstance(name, str):
        raise DataError(f"The id of a request must be a text, but is {name!r:.60}.")
    parameters = _parameters(content)
    inputs = _inputs(content["inputs"], binary, is_base64)
    outputs = content.get("outputs")
    wanted = None
    if outputs is not None:
        by_default = parameters.get("binary_data_output") is True
        wanted = dict(_wanted(one, by_default) for one in _objects("outputs", outputs))
    return InferenceRequest(inputs, name, parameters, wanted or None)


def _inputs(given: Any, binary: bytes, is_base64: bool) -> dict[str, Tensor]:
    """Return the inputs by name; the binary ones follow each other in `binary`."""
    inputs: dict[str, Tensor] = {}
    place = 0
    for one in _objects("inputs", given):
        name, datatype, shape = _name(one), one.get("datatype"), one.get("shape")
        if name in inputs:
            raise DataError(f"There are two inputs called {name!r:.60}; give each once.")
        if not isinstance(datatype, str):
            raise DataError(f"The input {name!r:.60} has no datatype; give one, such as FP32.")
        parameters = _parameters(one)
        size = parameters.get("binary_data_size")
        if size is None:
            coded = is_base64 or parameters.get("content_type") == "base64"
            inputs[name] = tensor_of_json(name, datatype, shape, one.get("data"), coded)
            continue
        if type(size) is not int or not 0 <= size <= len(binary) - place:
            raise DataError(
                f"The input {name!r:.60} has a binary_data_size of {size!r:.40}, but "
                f"{len(binary) - place:,} bytes are left behind the JSON."
            )
        content = binary[place : place + size]
        inputs[name] = tensor_of_binary(name, datatype, shape, content)
        place += size
    if place < len(binary):
        raise DataError(
            f"{len(binary) - place:,} bytes behind the JSON belong to no input; give each binary "
            "input its binary_data_size."
        )
    return inputs


def _objects(what: str, given: Any) -> Iterable[dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise DataError(f'"{what}" must be a list of objects, but is {str(given)[:60]}.')
    return given


def _name(given: Mapping[str, Any]) -> str:
    name = given.get("name")
    if not isinstance(name, str) or not name:
        raise DataError(f"An input or output must have a name, but it is {name!r:.60}.")
    return name


def _parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    parameters = given.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise DataError(f"parameters must be an object, but are {parameters!r:.60}.")
    return parameters


def _wanted(given: Mapping[str, Any], by_default: bool) -> tuple[str, bool]:
    binary = _parameters(given).get("binary_data", by_default)
    return _name(given), binary is True


def write_response(
    request: InferenceRequest, model: str, version: str, outputs: Sequence[Tensor]
) -> tuple[bytes, dict[str, str]]:
    """Return the body of a response, and its headers.

    Raises:
        DataError: the model has no output of a wanted name.
    """
    by_name = {tensor.name: tensor for tensor in outputs}
    wanted = request.outputs
    if wanted is None:
        wanted = dict.fromkeys(by_name, request.is_binary)
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        raise DataError(
            f"The model {model!r} has no output {unknown[0]!r:.60}; it has {', '.join(by_name)}."
        )
    written, binary = [], []
    for name, is_binary in wanted.items():
        tensor = by_name[name]
        if is_binary:
            binary.append(tensor.binary())
            size = {"parameters": {"binary_data_size": len(binary[-1])}}
            written.append({**tensor.described(), **size})
        else:
            written.append({**tensor.described(), "data": tensor.data()})
    known = {} if request.id is None else {"id": request.id}
    head = {"model_name": model, "model_version": version, **known, "outputs": written}
    text = as_json(head)
    if not binary:
        return text, {"Content-Type": "application/json"}
    headers = {"Content-Type": "application/octet-stream", JSON_LENGTH: str(len(text))}
    return text + b"".join(binary), headers

"""A GGUF file as the `gguf` library reads it: fields by name, tensors by name, and errors that name the file."""

from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, ReaderTensor, dequantize


class ConversionError(Exception):
    """What cannot be converted, by name."""


class GgufFile:
    def __init__(self, path: Path):
        self.path = path
        if not path.is_file():
            raise ConversionError(f"{path}: there is no such file")
        try:
            reader = GGUFReader(path)
        except (ValueError, IndexError, KeyError, OSError) as error:
            raise ConversionError(f"{path}: expected a GGUF file: {error}") from error
        self.fields = reader.fields
        self.tensors: dict[str, ReaderTensor] = {tensor.name: tensor for tensor in reader.tensors}
        self.architecture: str = self.get("general.architecture", "")

    def error(self, what: str) -> ConversionError:
        return ConversionError(f"{self.path}: {what}")

    def get(self, name: str, default: Any = None) -> Any:
        """A field's value: number, string, truth value or list; `default` where the file has no such field."""
        field = self.fields.get(name)
        return default if field is None else field.contents()

    def need(self, name: str) -> Any:
        if name not in self.fields:
            raise self.error(f"expected the field '{name}', which is not there")
        return self.get(name)

    def own(self, name: str, default: Any = None) -> Any:
        """A field of the architecture: `own("block_count")` of a Llama is `llama.block_count`."""
        return self.get(f"{self.architecture}.{name}", default)

    def shape(self, name: str) -> tuple[int, ...]:
        """As numpy and the checkpoints of Hugging Face have it, the last dimension contiguous; GGUF names that one first."""
        return tuple(int(size) for size in reversed(self.tensors[name].shape))

    def values(self, name: str) -> np.ndarray:
        """float32, in the tensor's shape."""
        tensor = self.tensors[name]
        try:
            return dequantize(tensor.data, tensor.tensor_type).reshape(self.shape(name))
        except NotImplementedError as error:
            raise self.error(f"tensor '{name}': the gguf library does not unpack {tensor.tensor_type.name}") from error

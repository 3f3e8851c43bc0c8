"""What several cases make: numbers, what is in a net, batches, archives in the place of real ones.

All of it is the same in every process: drawn from generators of its own, not the global one.
"""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import torch


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    """Standard normal numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def whole(high: int, *shape: int, seed: int = 0) -> torch.Tensor:
    """Whole numbers below `high`."""
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(seed))


def inside(net: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Every parameter and buffer by name, as they are."""
    return {name: tensor.detach().clone() for name, tensor in net.state_dict().items()}


def gradients(net: torch.nn.Module) -> dict[str, torch.Tensor | None]:
    """What `backward` left, by parameter."""
    return {name: parameter.grad for name, parameter in net.named_parameters()}


def backward(result: Any) -> Any:
    """The result, after the gradients of a weighted sum of it went into the parameters."""
    tensors = [tensor for tensor in leaves(result) if tensor.requires_grad]
    sum((tensor * noise(*tensor.shape, seed=9)).sum() for tensor in tensors).backward()
    return cut(result)


def leaves(result: Any) -> list[torch.Tensor]:
    """The tensors in nested lists and tuples."""
    if isinstance(result, torch.Tensor):
        return [result]
    return [t for part in result for t in leaves(part)] if isinstance(result, list | tuple) else []


def cut(result: Any) -> Any:
    """The same numbers, without their history."""
    if isinstance(result, torch.Tensor):
        return result.detach()
    if isinstance(result, list | tuple):
        return type(result)(cut(part) for part in result)
    return result


def everything_about(net: torch.nn.Module, *inputs: Any) -> dict[str, Any]:
    """How a net prints, what is in it, what it makes of the inputs, and the gradients of that."""
    before = repr(net)
    outputs = backward(net(*inputs))
    return {
        "printed": before,
        "printed after the first pass": repr(net),
        "inside": inside(net),
        "outputs": outputs,
        "gradients": gradients(net),
    }


def first_batches(loader: Any, number: int = 2) -> list[Any]:
    """The first few batches, and how many there are."""
    batches = [batch for _, batch in zip(range(number), loader, strict=False)]
    return [len(loader), *(list(batch) for batch in batches)]


def offer(d2l: Any, name: str, file_name: str, content: dict[str, str | bytes] | str) -> None:
    """Put an archive of these files where `DATA_HUB[name]` would have been downloaded to."""
    file = Path("../data") / file_name
    file.write_bytes(packed(file_name, content))
    sha1 = hashlib.sha1(file.read_bytes()).hexdigest()
    d2l.DATA_HUB[name] = (f"http://localhost:9/{file_name}", sha1)


def packed(file_name: str, content: dict[str, str | bytes] | str) -> bytes:
    """Text as it is, or a zip or tar archive of `{path: content}`."""
    if isinstance(content, str):
        return content.encode()
    files = {p: c.encode() if isinstance(c, str) else c for p, c in content.items()}
    buffer = io.BytesIO()
    if file_name.endswith(".zip"):
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, data in files.items():
                archive.writestr(path, data)
    else:
        mode = "w:gz" if file_name.endswith("gz") else "w"
        with tarfile.open(fileobj=buffer, mode=mode) as archive:
            for path, data in files.items():
                member = tarfile.TarInfo(path)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()

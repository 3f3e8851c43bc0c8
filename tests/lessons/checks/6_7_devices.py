"""Assert what lesson 6.7 shows: devices, moves, and the same results everywhere."""

from torch import nn

assert d2l.cpu() == torch.device("cpu")
assert len(d2l.try_all_gpus()) == max(d2l.num_gpus(), 1)
assert d2l.try_gpu(d2l.num_gpus()) == d2l.cpu()  # the first that is not there
assert (d2l.try_gpu().type == "cpu") == (d2l.num_gpus() == 0)
assert Z.device.type == device.type
assert X.to(device) is X
assert torch.allclose(Z.cpu(), Y + 1)

assert next(model.parameters()).device.type == device.type
assert elsewhere.device.type == "cpu"
assert torch.allclose(at_cpu, elsewhere, atol=1e-5)
assert isinstance(model.net, nn.Module)
assert losses.item() == 100 * 6 * 0.5

# The promise: it learns wherever it runs.
error = (w.flatten().cpu() - truth).abs().max().item()
assert error < 0.1
assert abs(b.item() - 4.2) < 0.1
print(f"6.7 holds: on {device.type}, largest error of a weight {error:.3f} (promised: below 0.1)")

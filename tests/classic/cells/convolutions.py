"""Cells as readers of 0.17.6 write them: convolutions, training on devices (chapters 6, 7, 12)."""

# %%
import torch
from torch import nn
from torch.nn import functional as F
from d2l import torch as d2l

# %% chapter 6
X = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [6.0, 7.0, 8.0]])
assert d2l.corr2d(X, torch.tensor([[0.0, 1.0], [2.0, 3.0]])).tolist() == [[19, 25], [37, 43]]

# %%
images, labels = torch.rand(32, 1, 16, 16), torch.arange(32) % 2
images[labels == 1] += 1
train_iter = d2l.load_array((images, labels), 8)
lenet = nn.Sequential(
    nn.Conv2d(1, 4, kernel_size=5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2), nn.Flatten(),
    nn.Linear(4 * 64, 2),
)
d2l.train_ch6(lenet, train_iter, train_iter, 1, 0.1, d2l.try_gpu())
assert 0 <= d2l.evaluate_accuracy_gpu(lenet, train_iter) <= 1

# %% chapter 7: residual networks
blk = d2l.Residual(3, 3)
assert blk(torch.rand(4, 3, 6, 6)).shape == (4, 3, 6, 6)
blk = d2l.Residual(3, 6, use_1x1conv=True, strides=2)
assert blk(torch.rand(4, 3, 6, 6)).shape == (4, 6, 3, 3)

# %%
def resnet_block(input_channels, num_channels, num_residuals, first_block=False):
    blk = []
    for i in range(num_residuals):
        if i == 0 and not first_block:
            blk.append(d2l.Residual(input_channels, num_channels, use_1x1conv=True, strides=2))
        else:
            blk.append(d2l.Residual(num_channels, num_channels))
    return blk


net = nn.Sequential(
    nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()),
    nn.Sequential(*resnet_block(4, 4, 2, first_block=True)),
    nn.Sequential(*resnet_block(4, 8, 2)),
    nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(8, 2),
)
shapes = []
X = torch.rand(size=(1, 1, 16, 16))
for layer in net:
    X = layer(X)
    shapes.append(tuple(X.shape))
assert shapes[2] == (1, 8, 8, 8)
seen = []
net.apply(lambda m: seen.append(m) if type(m) == nn.Conv2d else None)
assert len(seen) == 1 + 4 + 5  # two in each block, and a third where the shape changes
d2l.train_ch6(net, train_iter, train_iter, 1, 0.05, d2l.try_gpu())

# %% chapter 12: several devices
devices = d2l.try_all_gpus()
X, y = torch.rand(20, 4), torch.arange(20)
assert len(d2l.split_batch(X, y, devices)[0]) == len(devices)
net = d2l.resnet18(10)
assert net(images[:2]).shape == (2, 10)
timer = d2l.Timer()
assert timer.stop() >= 0
with d2l.Benchmark("a product"):
    torch.mm(torch.rand(9, 9), torch.rand(9, 9))

# %% chapter 13: training on all devices
net = nn.Sequential(nn.Flatten(), nn.Linear(256, 2))
loss = nn.CrossEntropyLoss(reduction="none")
d2l.train_ch13(net, train_iter, train_iter, loss, torch.optim.Adam(net.parameters(), 1e-3), 1, devices)

# %% chapter 13: boxes
boxes = torch.tensor([[0, 0.1, 0.1, 0.4, 0.4], [1, 0.5, 0.5, 0.9, 0.9]])
anchors = d2l.multibox_prior(torch.zeros(1, 3, 4, 4), sizes=[0.5, 0.25], ratios=[1, 2])
offsets, mask, classes = d2l.multibox_target(anchors, boxes.unsqueeze(0))
assert offsets.shape == (1, anchors.shape[1] * 4)
assert d2l.box_iou(boxes[:1, 1:], boxes[:1, 1:]).item() == 1

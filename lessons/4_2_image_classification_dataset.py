# %% [markdown]
# # 4.2 The image classification data set
#
# You will meet Fashion-MNIST, seventy thousand small grey pictures of clothes in ten classes, which
# accompanies us through many lessons. You will read it in minibatches in two ways and time both: a
# slow loader makes even the fastest network wait.

# %%
# %matplotlib inline
import torch
from torchvision import transforms

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 4.2.1 Loading the data set
#
# `d2l.FashionMNIST` looks for the files in `../data`, then where your system may have installed
# them, and only then fetches them. We ask for pictures of 32 by 32 pixels instead of the original
# 28 by 28.

# %%
data = d2l.FashionMNIST(batch_size=64, resize=(32, 32))
print("training and validation examples:", len(data.train), len(data.val))

# %% [markdown]
# `data.train` is a torchvision data set: `data.train[i]` is the i-th picture with its label. A
# picture is a tensor (channels, height, width), and a grey one has a single channel.

# %%
image, label = data.train[0]
print("shape:", image.shape)
print(f"values from {image.min().item():.3f} to {image.max().item():.3f}")
print("label:", label, "=", data.text_labels([label])[0])

# %% [markdown]
# Ten classes, and they are balanced: 6000 training pictures for each. So a blind guess is right one
# time in ten, and any accuracy above 0.1 is something learned.

# %%
counts = torch.bincount(data.train.targets)
names = data.text_labels(range(10))
for name, count in zip(names, counts.tolist(), strict=True):
    print(f"{name:>10}: {count}")

# %% [markdown]
# ## A data module of our own
#
# What does it take to write such a class? A pair of data sets and a method that makes a loader. The
# labels' names come along as a convenience.
#
# Usually one would build the two data sets with
# `torchvision.datasets.FashionMNIST(root=..., train=..., transform=..., download=True)`. We borrow
# those that we have already found, so that nothing is fetched twice. Their `transform` works on one
# picture at a time: resize it, then turn it into a tensor of values between 0 and 1.


# %%
class OurFashionMNIST(d2l.DataModule):
    """Fashion-MNIST, one picture at a time."""

    def __init__(self, batch_size=64, resize=(28, 28), num_workers=0):
        super().__init__()
        self.save_hyperparameters()
        found = d2l.FashionMNIST(resize=resize)
        self.train, self.val = found.train, found.val
        steps = [transforms.Resize(resize), transforms.ToTensor()]
        self.train.transform = self.val.transform = transforms.Compose(steps)


# %%
@d2l.add_to_class(OurFashionMNIST)
def text_labels(self, indices):
    """The names of the classes with these numbers."""
    names = ["t-shirt", "trouser", "pullover", "dress", "coat"]
    names += ["sandal", "shirt", "sneaker", "bag", "ankle boot"]
    return [names[int(i)] for i in indices]


# %% [markdown]
# ## 4.2.2 Reading a minibatch
#
# PyTorch's `DataLoader` picks the examples one by one, runs each through the transform, and stacks
# them to a batch. Training examples are shuffled, so that no two epochs bring the same batches;
# validation examples need not be.


# %%
@d2l.add_to_class(OurFashionMNIST)
def get_dataloader(self, train):
    split = self.train if train else self.val
    return torch.utils.data.DataLoader(
        split, self.batch_size, shuffle=train, num_workers=self.num_workers
    )


ours = OurFashionMNIST(resize=(32, 32))
X, y = next(iter(ours.train_dataloader()))
print(X.shape, X.dtype, y.shape, y.dtype)

# %% [markdown]
# The library's loader answers in the same form.

# %%
X, y = next(iter(data.train_dataloader()))
print(X.shape, X.dtype, y.shape, y.dtype)

# %% [markdown]
# ### How long does a pass take?
#
# We go once through all sixty thousand training pictures and do nothing with them. PyTorch may use
# a single core while the watch runs: that makes the two loaders comparable, and a busy computer
# disturbs it less. First our own loader.


# %%
def one_pass(data):
    """Seconds for one pass over the training examples, and their number."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    timer, num_examples = d2l.Timer(), 0
    for _, y in data.train_dataloader():
        num_examples += len(y)
    seconds = timer.stop()
    torch.set_num_threads(num_threads)
    return seconds, num_examples


our_seconds, our_examples = one_pass(ours)
print(f"one by one: {our_seconds:.2f} s for {our_examples} pictures")

# %% [markdown]
# Then the library's. It holds the whole set in memory, as small integers of one byte per pixel. A
# batch is cut out of it in a single step, and resized and scaled as a whole. The same work, but
# without sixty thousand trips through Python: vectors instead of loops once more (3.1). It is over
# so soon that we take the best of three passes.

# %%
passes = [one_pass(data) for _ in range(3)]
resident_seconds, resident_examples = min(passes)
print(f"resident:   {resident_seconds:.2f} s for {resident_examples} pictures")
print(f"{our_seconds / resident_seconds:.0f} times faster")

# %% [markdown]
# In a training of ten epochs you pay this price ten times. If the loader takes longer than the
# network, the network waits, however fast your GPU is: when training is slow, time an empty pass
# first.

# %% [markdown]
# ## 4.2.3 Looking at the pictures
#
# Always look at your data before you train on them. `d2l.show_images` draws a grid with titles, and
# we wrap it in a method that shows a batch with the names of its labels.


# %%
@d2l.add_to_class(OurFashionMNIST)
def visualize(self, batch, nrows=1, ncols=8, labels=()):
    X, y = batch
    titles = labels or self.text_labels(y)
    d2l.show_images(X.squeeze(1), nrows, ncols, titles=titles)


batch = next(iter(ours.val_dataloader()))
ours.visualize(batch)

# %% [markdown]
# Shirt, coat or pullover? Some of these are hard for people too, and we shall see our models
# stumble over the very same pictures. The library's data module has this method as well; here are
# three rows of it.

# %%
data.visualize(next(iter(data.val_dataloader())), nrows=3, ncols=8)

# %% [markdown]
# ## Try it yourself
#
# 1. Set `batch_size=1` in both data modules and time a pass again. Which one suffers, and why?
# 2. Give our loader worker processes, `OurFashionMNIST(num_workers=2)`. What do you gain, and what
#    does it cost before the first batch arrives?
# 3. How many bytes does the training set take as one byte per pixel, and how many as float32? At
#    which size of a data set would you stop keeping it in memory?

# %% [markdown]
# ## Check

# %%
assert (len(data.train), len(data.val)) == (60000, 10000)
assert image.shape == (1, 32, 32)
assert 0 <= image.min() <= image.max() <= 1
assert counts.tolist() == [6000] * 10
assert (X.shape, X.dtype) == ((64, 1, 32, 32), torch.float32)
assert (y.shape, y.dtype) == ((64,), torch.int64)

# The first eight validation labels, read off the pictures.
seen = ["ankle boot", "pullover", "trouser", "trouser"]
seen += ["shirt", "trouser", "coat", "shirt"]
assert ours.text_labels(batch[1][:8]) == seen == data.text_labels(batch[1][:8])

# Both loaders bring the same pictures, to less than one grey level in 255, and every one of them.
for (X_ours, y_ours), (X_resident, y_resident), _ in zip(
    ours.val_dataloader(), data.val_dataloader(), range(20), strict=False
):
    assert torch.equal(y_ours, y_resident)
    assert (X_ours - X_resident).abs().max() <= 1 / 255 + 1e-6
assert our_examples == resident_examples == 60000
assert our_seconds > 2 * resident_seconds
ratio = our_seconds / resident_seconds
print(f"4.2 holds: the same pictures two ways, one {ratio:.0f} times faster")

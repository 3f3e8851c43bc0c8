# %% [markdown]
# # 4.2 The image classification data set
#
# Fashion-MNIST consists of 70,000 greyscale images of clothes in ten classes. This lesson loads it,
# writes a data module for it, and compares the time of two data loaders: if the loader is slower
# than the network, the loader determines the training time.
#
# **After this lesson you can**
#
# - describe the shape, the data type and the range of a batch of images and of its labels
# - write a data module with a data loader that shuffles the training examples
# - measure the time of one pass over a data set, and explain a difference between two loaders
# - display a batch of images with their labels

# %%
# %matplotlib inline
import torch
from torchvision import transforms

from d2l import torch as d2l

d2l.use_svg_display()

# %% [markdown]
# ## 4.2.1 Loading the data set
#
# `d2l.FashionMNIST` reads the files in `../data` or in the folders where the system may have
# installed them, and downloads them otherwise. The argument `resize` changes the images from 28 by
# 28 to 32 by 32 pixels.

# %%
data = d2l.FashionMNIST(batch_size=64, resize=(32, 32))
print("training and validation examples:", len(data.train), len(data.val))

# %% [markdown]
# `data.train` is a torchvision data set: `data.train[i]` is the i-th image with its label. An image
# is a tensor of shape (channels, height, width), and a greyscale image has one channel.

# %%
image, label = data.train[0]
print("shape:", image.shape)
print(f"values from {image.min().item():.3f} to {image.max().item():.3f}")
print("label:", label, "=", data.text_labels([label])[0])

# %% [markdown]
# The ten classes are balanced: each has 6000 training images. So a random guess has the accuracy
# 0.1, which is the baseline for each model.

# %%
counts = torch.bincount(data.train.targets)
names = data.text_labels(range(10))
for name, count in zip(names, counts.tolist(), strict=True):
    print(f"{name:>10}: {count}")

# %% [markdown]
# ## A data module of our own
#
# Such a class needs two data sets and a method that creates a data loader. A further method gives
# the names of the labels.
#
# Usually one would build the two data sets with
# `torchvision.datasets.FashionMNIST(root=..., train=..., transform=..., download=True)`. We use
# those of the library's class, so that the files are not downloaded again. Their `transform` is
# applied to one image at a time: it resizes the image and converts it to a tensor of values between
# 0 and 1.


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
# PyTorch's `DataLoader` reads the examples one by one, applies the transform to each, and stacks
# them to a batch. Training examples are shuffled, so that the batches differ between epochs;
# validation examples need not be shuffled.


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
# The batches of the library's loader have the same form.

# %%
X, y = next(iter(data.train_dataloader()))
print(X.shape, X.dtype, y.shape, y.dtype)

# %% [markdown]
# ### How long does a pass take?
#
# We measure one pass over all 60,000 training images without any computation. PyTorch uses a single
# thread during the measurement, so that the two loaders are comparable. First our own loader.


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
# The library's loader keeps the whole data set in memory, with one byte per pixel. It selects a
# batch by a single operation, and resizes and scales it as a whole. The work is the same but
# vectorized (3.1), without 60,000 iterations in Python. A pass is short, so we take the fastest of
# three.

# %%
passes = [one_pass(data) for _ in range(3)]
resident_seconds, resident_examples = min(passes)
print(f"resident:   {resident_seconds:.2f} s for {resident_examples} pictures")
print(f"{our_seconds / resident_seconds:.0f} times faster")

# %% [markdown]
# A training of ten epochs takes ten passes. If the loader is slower than the network, a faster GPU
# does not help. If training is slow, measure a pass without computation first.

# %% [markdown]
# ## 4.2.3 Visualization
#
# Inspect the data before training on them. `d2l.show_images` draws a grid of images with titles.
# The following method uses it to show a batch with the names of its labels.


# %%
@d2l.add_to_class(OurFashionMNIST)
def visualize(self, batch, nrows=1, ncols=8, labels=()):
    X, y = batch
    titles = labels or self.text_labels(y)
    d2l.show_images(X.squeeze(1), nrows, ncols, titles=titles)


batch = next(iter(ours.val_dataloader()))
ours.visualize(batch)

# %% [markdown]
# Shirts, coats and pullovers are difficult to distinguish, also for people; models confuse them
# most often (4.4). The library's data module has this method, too; here are three rows of images.

# %%
data.visualize(next(iter(data.val_dataloader())), nrows=3, ncols=8)

# %% [markdown]
# ## Check yourself
#
# **Question 1.** Which shapes and data types have `X` and `y` of a batch of 128 images of 28 by 28
# pixels?
#
# <details><summary>Answer</summary>
#
# `X` is `(128, 1, 28, 28)` of type `float32`, `y` is `(128,)` of type `int64`.
#
# </details>
#
# **Question 2.** Why are the training examples shuffled in each epoch and the validation examples
# not?
#
# <details><summary>Answer</summary>
#
# With a fixed order each epoch would use the same batches, and an order by class would make the
# gradients of a batch depend on few classes. The validation loss is a mean over all examples, which
# does not depend on their order.
#
# </details>
#
# **Question 3.** The loader needs 5 seconds for an epoch and the network 1 second. How much faster
# does a GPU that is ten times as fast make the training?
#
# <details><summary>Answer</summary>
#
# Without overlap of both, an epoch takes 6 seconds before and 5.1 seconds after: 1.2 times faster.
# With overlap it takes about 5 seconds in both cases.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **Exercise 1.** Measure how long both loaders take for 2000 images with `batch_size=1`. Which of
# the two becomes much slower than with larger batches, and why?
#
# <details><summary>Hint</summary>
#
# Count the operations in Python for each image, for both loaders.
#
# </details>


# %% tags=["hide-cell"]
# Solution of exercise 1
def microseconds_per_image(module, num_images=2000):
    num_batches = num_images // module.batch_size
    loader = iter(module.train_dataloader())
    timer = d2l.Timer()
    for _ in range(num_batches):
        next(loader)
    return timer.stop() / (num_batches * module.batch_size) * 1e6


for name, kind in (("one by one", OurFashionMNIST), ("resident", d2l.FashionMNIST)):
    single, large = (
        microseconds_per_image(kind(batch_size=size, resize=(32, 32))) for size in (1, 200)
    )
    print(f"{name:>10}: {single:6.0f} µs per image in batches of 1, {large:6.0f} in batches of 200")
# Ours works on each image by itself, whatever the size of the batch. The library's loader has a
# constant overhead for a batch, which batches of one image do not share among images.
assert single > 2 * large

# %% [markdown]
# **Exercise 2.** What do worker processes change, as in `OurFashionMNIST(num_workers=2)`? Name an
# advantage and a cost.
#
# <details><summary>Hint</summary>
#
# Where does the transform run? What has to happen before the first batch?
#
# </details>
#
# <details><summary>Solution</summary>
#
# The transforms run in two processes at the same time as the training, so that up to twice as many
# images per second are prepared and the network waits less. The costs are the time to start the
# processes at the beginning of each epoch, which can be longer than the reading of a small data
# set, and the transfer of each batch from the worker to the main process.
#
# </details>

# %% [markdown]
# **Exercise 3.** How many bytes does the training set (28 by 28 pixels) need with one byte per
# pixel, and how many as `float32`?
#
# <details><summary>Hint</summary>
#
# `data.train.data` is the tensor of all images.
#
# </details>

# %% tags=["hide-cell"]
# Solution of exercise 3
pixels = data.train.data
num_bytes = {kind: pixels.numel() * kind.itemsize for kind in (torch.uint8, torch.float32)}
for kind, count in num_bytes.items():
    print(f"{kind}: {count / 2**20:.0f} MiB")
# Both fit into memory. A data set that does not must be read from the disk in parts.
assert num_bytes[torch.uint8] == 60000 * 28 * 28
assert num_bytes[torch.float32] == 4 * num_bytes[torch.uint8]

"""The real data set: its form, its loaders, and its values against torchvision's own."""

import pytest
import torch
from torch.utils.data import DataLoader, Subset
from torchvision import transforms

from d2l import torch as d2l
from d2l.errors import LabelError


@pytest.fixture(scope="module")
def data():
    return d2l.FashionMNIST(batch_size=256)


def test_the_sets_are_torchvisions(data):
    image, label = data.train[0]
    assert (len(data.train), len(data.val)) == (60_000, 10_000)
    assert (image.shape, image.dtype, label) == ((1, 28, 28), torch.float32, 9)
    assert data.train.classes[label] == "Ankle boot"
    assert torch.bincount(data.val.targets).tolist() == [1000] * 10


def test_a_batch_has_the_books_shapes_types_and_range(data):
    X, y = next(iter(data.train_dataloader()))
    assert (X.shape, X.dtype, y.shape, y.dtype) == (
        (256, 1, 28, 28),
        torch.float32,
        (256,),
        torch.int64,
    )
    assert (X.min(), X.max()) == (0, 1)


def test_a_pass_is_every_image_once_with_a_short_last_batch(data):
    loader = data.train_dataloader()
    labels = [y for _, y in loader]
    assert len(labels) == len(loader) == 235
    assert len(labels[-1]) == 60_000 % 256
    assert torch.bincount(torch.cat(labels)).tolist() == [6000] * 10


def test_training_batches_are_shuffled_anew_and_validation_batches_are_not(data):
    train, val = data.train_dataloader(), data.val_dataloader()
    assert not torch.equal(next(iter(train))[1], next(iter(train))[1])
    assert torch.equal(next(iter(val))[1], data.val.targets[:256])
    assert torch.equal(next(iter(val))[1], next(iter(val))[1])


def test_batches_are_bit_for_bit_those_of_a_dataloader_over_the_same_set(data):
    torch.manual_seed(3)
    ours = next(iter(data.train_dataloader()))
    torch.manual_seed(3)
    theirs = next(iter(DataLoader(data.train, 256, shuffle=True)))
    assert torch.equal(ours[0], theirs[0])
    assert torch.equal(ours[1], theirs[1])


@pytest.mark.parametrize("size", [(32, 32), (96, 96), (20, 24), (14, 14), 64])
def test_resized_values_equal_torchvisions_to_one_grey_level(size):
    resized = d2l.FashionMNIST(batch_size=8, resize=size)
    X, _ = next(iter(resized.val_dataloader()))
    shape = (size, size) if isinstance(size, int) else size
    one_by_one = transforms.Compose([transforms.Resize(shape), transforms.ToTensor()])
    images = [transforms.functional.to_pil_image(image) for image in resized.val.data[:8]]
    expected = torch.stack([one_by_one(image) for image in images])
    assert X.shape == (8, 1, *shape)
    assert (X - expected).abs().max() <= 1 / 255 + 1e-6
    assert torch.equal(resized.val[0][0], expected[0])


def test_the_classes_have_the_books_names(data):
    assert data.text_labels([0, 9]) == ["t-shirt", "ankle boot"]
    assert data.text_labels(torch.tensor([6, 3])) == ["shirt", "dress"]


@pytest.mark.parametrize("label", [-1, 10])
def test_a_label_outside_the_classes_is_an_error(label):
    own = d2l.FashionMNIST()
    with pytest.raises(LabelError, match=r"classes 0\.\.9; found labels from"):
        own.text_labels([label])
    own.train.targets[5] = label
    with pytest.raises(LabelError, match=f"found labels from .*{label}"):
        own.train_dataloader()


def test_a_set_the_reader_replaced_is_the_one_that_is_batched():
    own = d2l.FashionMNIST(batch_size=4)
    own.train = Subset(own.train, range(6))
    assert [len(y) for _, y in own.train_dataloader()] == [4, 2]


def test_a_transform_the_reader_put_in_is_the_one_that_runs():
    own = d2l.FashionMNIST(batch_size=4)
    own.val.transform = transforms.Compose([own.val.transform, lambda image: -image])
    X, _ = next(iter(own.val_dataloader()))
    assert X.min() == -1


def test_visualize_shows_the_first_images_with_their_names(data):
    batch = next(iter(data.val_dataloader()))
    data.visualize(batch)
    axes = d2l.plt.gcf().axes
    assert [ax.get_title() for ax in axes] == data.text_labels(batch[1][:8])
    assert torch.equal(torch.tensor(axes[2].images[0].get_array().data), batch[0][2, 0])


def test_visualize_takes_labels_and_few_images(data):
    X, y = next(iter(data.val_dataloader()))
    data.visualize([X[:2], y[:2]], labels=["a\nb", "c\nd"])
    titles = [ax.get_title() for ax in d2l.plt.gcf().axes]
    assert titles == ["a\nb", "c\nd", *[""] * 6]


def test_no_worker_processes_are_started(data, monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("a process was started")

    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", fail)
    assert next(iter(data.train_dataloader()))[0].shape[0] == 256

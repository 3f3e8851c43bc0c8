"""The bananas, from real files: pictures as stored, boxes as shares, batches, worker processes."""

import pickle

import pytest
import torch
from PIL import Image
from sets_on_disk import write_bananas
from torchvision.transforms.functional import pil_to_tensor

from d2l import torch as d2l
from d2l.errors import DataError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_bananas(tmp_path_factory.mktemp("bananas"))


def test_pictures_are_the_bytes_of_their_files_in_the_order_of_the_table(folder):
    images, labels = d2l.read_data_bananas(folder=folder)
    assert (len(images), labels.shape) == (5, (5, 1, 5))
    for i, image in enumerate(images):
        stored = Image.open(folder / "bananas_train" / "images" / f"{i}.png")
        assert torch.equal(image, pil_to_tensor(stored))


def test_corners_are_shares_of_the_sides_and_classes_stay_whole(folder):
    _, labels = d2l.read_data_bananas(is_train=False, folder=folder)
    expected = [[i % 2, i / 256, 20 / 256, 90 / 256, 64 / 256] for i in range(3)]
    assert labels[:, 0].tolist() == expected


def test_pictures_of_another_size_have_shares_of_that_size(tmp_path):
    _, labels = d2l.read_data_bananas(folder=write_bananas(tmp_path, 2, 1, side=128))
    assert labels[1, 0].tolist() == [1, 1 / 128, 20 / 128, 90 / 128, 0.5]


def test_an_example_is_a_picture_of_floats_and_its_label(folder):
    dataset = d2l.BananasDataset(is_train=False, folder=folder)
    image, label = dataset[1]
    assert len(dataset) == 3
    assert (image.dtype, image.shape) == (torch.float32, (3, 256, 256))
    assert torch.equal(image, dataset.features[1].float())
    assert torch.equal(label, dataset.labels[1])


def test_loaders_give_every_example_once(folder):
    train, val = d2l.load_data_bananas(2, folder=folder)
    X, y = next(iter(val))
    assert (X.dtype, X.shape, y.shape) == (torch.float32, (2, 3, 256, 256), (2, 1, 5))
    assert torch.equal(X[1], val.dataset[1][0])
    left = sorted(label[0, 1].item() for _, labels in train for label in labels)
    assert left == [i / 256 for i in range(5)]


def test_batches_are_those_of_a_data_loader_from_the_same_seed(folder):
    train, _ = d2l.load_data_bananas(2, folder=folder)
    torch.manual_seed(3)
    ours = [label for _, label in train]
    torch.manual_seed(3)
    plain = torch.utils.data.DataLoader(train.dataset, 2, shuffle=True)
    assert all(torch.equal(a, b) for a, (_, b) in zip(ours, plain, strict=True))


def test_the_set_goes_to_another_process_and_back(folder):
    dataset = d2l.BananasDataset(is_train=False, folder=folder)
    copy = pickle.loads(pickle.dumps(dataset))
    assert torch.equal(copy.features, dataset.features)


@pytest.mark.slow
def test_spawned_workers_read_the_set(folder):
    dataset = d2l.BananasDataset(is_train=False, folder=folder)
    loader = torch.utils.data.DataLoader(dataset, 3, num_workers=1, multiprocessing_context="spawn")
    ((X, _),) = list(loader)
    assert torch.equal(X, dataset.features.float())


def test_nothing_is_printed(folder, capsys):
    d2l.load_data_bananas(2, folder=folder)
    assert capsys.readouterr() == ("", "")


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(DataError, match=r"label\.csv must be a CSV file .* FileNotFoundError"):
        d2l.read_data_bananas(folder=tmp_path)


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", "lists no images"),
        ("img_name,label,xmin,ymin,xmax,ymax\n", "lists no images"),
        ("img_name,label\n0.png,0\n", "KeyError: 'xmin'"),
        ("img_name,label,xmin,ymin,xmax,ymax\n0.png,0,1\n", "TypeError"),
        ("img_name,label,xmin,ymin,xmax,ymax\n0.png,banana,1,2,3,4\n", "could not convert"),
    ],
)
def test_a_table_that_is_none_is_named(tmp_path, text, complaint):
    (tmp_path / "bananas_train").mkdir()
    (tmp_path / "bananas_train" / "label.csv").write_text(text)
    with pytest.raises(DataError, match=complaint):
        d2l.read_data_bananas(folder=tmp_path)


def test_pictures_that_are_missing_damaged_or_of_two_sizes_are_named(tmp_path):
    write_bananas(tmp_path, 2, 2)
    images = tmp_path / "bananas_train" / "images"
    Image.new("RGB", (10, 10)).save(images / "1.png")
    with pytest.raises(DataError, match="must have one size; found"):
        d2l.BananasDataset(is_train=True, folder=tmp_path)
    (images / "1.png").write_bytes(b"\x89PNG but not for long")
    with pytest.raises(DataError, match=r"1\.png is not a complete PNG or JPEG file"):
        d2l.read_data_bananas(folder=tmp_path)
    (images / "1.png").unlink()
    with pytest.raises(DataError, match=r"1\.png is missing"):
        d2l.read_data_bananas(folder=tmp_path)

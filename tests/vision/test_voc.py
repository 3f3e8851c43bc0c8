"""Pascal VOC, from real files: colors and classes, pieces cut at random, batches, processes."""

import pickle

import pytest
import torch
from PIL import Image
from sets_on_disk import write_voc
from torchvision.transforms import RandomCrop
from torchvision.transforms.functional import crop, pil_to_tensor

from d2l import torch as d2l
from d2l.errors import DataError, LabelError, ShapeError


@pytest.fixture(scope="module")
def voc_dir(tmp_path_factory):
    return write_voc(tmp_path_factory.mktemp("VOC2012"))


def test_each_class_has_a_color_of_its_own_and_the_challenges_is_the_same():
    assert len(d2l.VOC_CLASSES) == len(set(map(tuple, d2l.VOC_COLORMAP))) == 21
    known = {"background": [0, 0, 0], "cat": [64, 0, 0], "person": [192, 128, 128]}
    known["tv/monitor"] = [0, 64, 128]
    found = dict(zip(d2l.VOC_CLASSES, d2l.VOC_COLORMAP, strict=True))
    assert {name: found[name] for name in known} == known


def test_the_table_knows_the_colors_and_takes_others_for_background():
    table = d2l.voc_colormap2label()
    assert (table.shape, table.dtype) == ((256**3,), torch.int64)
    for label, (red, green, blue) in enumerate(d2l.VOC_COLORMAP):
        assert table[(red * 256 + green) * 256 + blue] == label
    assert table.count_nonzero() == 20


def test_pixels_have_the_classes_of_their_colors():
    classes = torch.randint(0, 21, (5, 7), generator=torch.Generator().manual_seed(0))
    picture = torch.tensor(d2l.VOC_COLORMAP, dtype=torch.uint8)[classes].permute(2, 0, 1)
    picture[:, 0, 0] = torch.tensor([224, 224, 192], dtype=torch.uint8)
    classes[0, 0] = 0
    table = d2l.voc_colormap2label()
    assert torch.equal(d2l.voc_label_indices(picture, table), classes)
    assert torch.equal(d2l.voc_label_indices(picture.float(), table), classes)
    assert d2l.voc_label_indices(picture[:, :0], table).shape == (0, 7)


@pytest.mark.parametrize("value", [-1, 256])
def test_colors_that_are_none_are_errors(value):
    with pytest.raises(LabelError, match=f"values in 0..255; found .*{value}"):
        d2l.voc_label_indices(torch.full((3, 2, 2), value), d2l.voc_colormap2label())


@pytest.mark.usefixtures("as_users_have_it")
def test_other_shapes_are_errors_that_name_argument_and_shape():
    with pytest.raises(ShapeError, match=r"colormap .*\(3, height, width\); found \(2, 2, 3\)"):
        d2l.voc_label_indices(torch.zeros(2, 2, 3), d2l.voc_colormap2label())
    with pytest.raises(ShapeError, match=r"colormap2label .*\(16777216\); found \(21,\)"):
        d2l.voc_label_indices(torch.zeros(3, 2, 2), torch.arange(21))


def test_both_pictures_are_cut_at_the_place_that_torchvision_draws():
    feature = torch.arange(2 * 12 * 15).reshape(2, 12, 15)
    torch.manual_seed(5)
    place = RandomCrop.get_params(feature, (4, 6))
    torch.manual_seed(5)
    piece, label = d2l.voc_rand_crop(feature, feature[:1], 4, 6)
    assert torch.equal(piece, crop(feature, *place))
    assert torch.equal(label, piece[:1])


def test_pil_images_can_be_cut_too():
    image = Image.new("RGB", (15, 12))
    pieces = d2l.voc_rand_crop(image, image.convert("P"), 4, 6)
    assert [piece.size for piece in pieces] == [(6, 4), (6, 4)]


@pytest.mark.parametrize("feature, label", [((3, 5, 9), (3, 5, 9)), ((3, 9, 9), (3, 8, 9))])
def test_pictures_too_small_or_of_two_sizes_cannot_be_cut(feature, label):
    with pytest.raises(ShapeError, match=r"the same height and width, at least \(6, 6\); found"):
        d2l.voc_rand_crop(torch.zeros(feature), torch.zeros(label), 6, 6)


def test_pictures_are_the_bytes_of_the_files_on_the_list(voc_dir):
    features, labels = d2l.read_voc_images(voc_dir)
    assert [f.shape for f in features] == [(3, 30, 50), (3, 40, 50), (3, 45, 60)]
    stored = Image.open(voc_dir / "SegmentationClass" / "2007_000001.png")
    assert torch.equal(labels[1], pil_to_tensor(stored))
    photograph = pil_to_tensor(Image.open(voc_dir / "JPEGImages" / "2007_000001.jpg"))
    assert torch.equal(features[1], photograph)
    assert len(d2l.read_voc_images(voc_dir, is_train=False)[0]) == 1


def test_small_photographs_are_left_out(voc_dir):
    dataset = d2l.VOCSegDataset(True, (40, 45), voc_dir)
    assert [f.shape for f in dataset.features] == [(3, 40, 50), (3, 45, 60)]
    assert len(dataset) == len(dataset.labels) == 2


def test_an_example_is_a_normalised_piece_and_the_classes_of_its_pixels(voc_dir):
    dataset = d2l.VOCSegDataset(True, (40, 50), voc_dir)
    feature, label = dataset[0]  # of the piece's own size, so that there is but one place
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = (dataset.features[0].permute(1, 2, 0) / 255 - mean) / deviation
    assert torch.allclose(feature, expected.permute(2, 0, 1), atol=1e-5)
    assert label[:2].unique().tolist() == [0]
    assert label[2:].unique().tolist() == [2]
    assert (feature.dtype, label.dtype) == (torch.float32, torch.int64)


def test_each_look_cuts_another_piece(voc_dir):
    dataset = d2l.VOCSegDataset(True, (20, 20), voc_dir)
    torch.manual_seed(0)
    assert not torch.equal(dataset[2][0], dataset[2][0])


def test_a_readers_own_normalisation_is_used(voc_dir):
    class Plain(d2l.VOCSegDataset):
        def normalize_image(self, img):
            return img.float()

    feature, _ = Plain(True, (20, 20), voc_dir)[0]
    assert torch.equal(feature, feature.round())


def test_batches_are_full(voc_dir):
    train, val = d2l.load_data_voc(2, (20, 30), voc_dir=voc_dir)
    (X, Y), *others = list(train)
    assert others == []
    assert (X.shape, Y.shape) == ((2, 3, 20, 30), (2, 20, 30))
    assert len(val) == 0


def test_the_set_goes_to_another_process_without_the_table(voc_dir):
    dataset = d2l.VOCSegDataset(True, (20, 30), voc_dir)
    pickled = pickle.dumps(dataset)
    assert len(pickled) < 1_000_000
    assert torch.equal(pickle.loads(pickled).features[0], dataset.features[0])
    assert dataset.colormap2label is d2l.VOCSegDataset(False, (20, 30), voc_dir).colormap2label


@pytest.mark.slow
def test_spawned_workers_read_the_set(voc_dir):
    dataset = d2l.VOCSegDataset(True, (20, 30), voc_dir)
    loader = torch.utils.data.DataLoader(dataset, 3, num_workers=1, multiprocessing_context="spawn")
    ((X, Y),) = list(loader)
    assert (X.shape, Y.shape) == ((3, 3, 20, 30), (3, 20, 30))


def test_a_folder_that_is_not_voc_and_a_crop_too_large_are_errors(tmp_path, voc_dir):
    with pytest.raises(DataError, match=r"train\.txt cannot be read.*download_extract\('voc2012'"):
        d2l.read_voc_images(tmp_path)
    with pytest.raises(DataError, match=r"none of the 3 images .* crop_size = \(400, 10\)"):
        d2l.VOCSegDataset(True, (400, 10), voc_dir)


def test_a_photograph_that_is_missing_is_named(tmp_path):
    write_voc(tmp_path)
    (tmp_path / "JPEGImages" / "2007_000000.jpg").unlink()
    with pytest.raises(DataError, match=r"2007_000000\.jpg is missing"):
        d2l.read_voc_images(tmp_path)

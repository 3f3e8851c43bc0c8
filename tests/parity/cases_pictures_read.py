"""Chapters 4 and 14: sets of pictures, and the folders of competitions."""

import contextlib
import csv
import io
import tarfile
from pathlib import Path

import torch
from made import offer, whole
from registry import differs, same


def picture(kind, X):
    """A picture (3, height, width) as the bytes of a file."""
    from torchvision.transforms.functional import to_pil_image

    file = io.BytesIO()
    to_pil_image(X).save(file, kind)
    return file.getvalue()


def grain(height, width, seed):
    return whole(256, 3, height, width, seed=seed).to(torch.uint8)


def offer_bananas(d2l):
    files = {}
    for part, number in (("bananas_train", 5), ("bananas_val", 3)):
        rows = ["img_name,label,xmin,ymin,xmax,ymax"]
        for i in range(number):
            rows.append(f"{i}.png,0,{10 + i},20,90,64")
            files[f"banana-detection/{part}/images/{i}.png"] = picture("png", grain(256, 256, i))
        files[f"banana-detection/{part}/label.csv"] = "\n".join(rows) + "\n"
    offer(d2l, "banana-detection", "banana-detection.zip", files)


def offer_voc(d2l):
    sizes = ((30, 50), (40, 50), (45, 60), (50, 48))
    root = "VOCdevkit/VOC2012"
    files = {}
    for i, (height, width) in enumerate(sizes):
        files[f"{root}/JPEGImages/p{i}.jpg"] = picture("jpeg", grain(height, width, i))
        colour = torch.tensor(d2l.VOC_COLORMAP[i + 1], dtype=torch.uint8).reshape(3, 1, 1)
        label = picture("png", colour.repeat(1, height, width))
        files[f"{root}/SegmentationClass/p{i}.png"] = label
    files[f"{root}/ImageSets/Segmentation/train.txt"] = "p0\np1\np2\n"
    files[f"{root}/ImageSets/Segmentation/val.txt"] = "p3\n"
    offer(d2l, "voc2012", "VOCtrainval_11-May-2012.tar", files)
    return d2l.download_extract("voc2012", root)


@same("read_data_bananas", "BananasDataset", "load_data_bananas")
def bananas(d2l):
    offer_bananas(d2l)
    images, targets = d2l.read_data_bananas(is_train=False)
    data = d2l.BananasDataset(True)
    train, val = d2l.load_data_bananas(2)
    X, y = next(iter(val))
    some = [image[:, :9, :9].float() for image in images], targets.float()
    one = data[1][0][:, :9, :9], data[1][1].float()
    return some, one, X[:, :, :9, :9], y.float(), len(data), len(train), len(val)


@same("read_voc_images")
def pictures_and_their_segmentation(d2l):
    path = offer_voc(d2l)
    features, labels = d2l.read_voc_images(path, is_train=True)
    held_out, _ = d2l.read_voc_images(path, False)
    return features, labels, [list(X.shape) for X in held_out]


@same("VOCSegDataset")
def crops_of_segmented_pictures(d2l):
    data = d2l.VOCSegDataset(True, (32, 48), offer_voc(d2l))
    feature, label = data[1]
    normalized = data.normalize_image(grain(4, 5, seed=9))
    kept = data.filter([grain(h, w, seed=8) for h, w in ((31, 60), (32, 48), (40, 47))])
    return feature, label, normalized, [list(X.shape) for X in kept], len(data), data.crop_size


@same("load_data_voc")
def batches_of_segmented_pictures(d2l):
    offer_voc(d2l)
    train, val = d2l.load_data_voc(1, (32, 48))
    X, y = next(iter(val))
    return len(train), len(val), list(X.shape), str(X.dtype), y


@same("copyfile")
def a_file_is_copied_into_a_new_folder(d2l):
    Path("a.txt").write_text("text")
    d2l.copyfile("a.txt", "deep/folder")
    return Path("deep/folder/a.txt").read_text(), Path("a.txt").exists()


def write_competition():
    """Eight pictures of two classes to train with, three to test, and the labels."""
    said = io.StringIO()
    rows = csv.writer(said, lineterminator="\n")
    rows.writerow(["id", "label"])
    for folder in ("train", "test"):
        Path(folder).mkdir()
    for i in range(8):
        Path(f"train/{i}.png").write_text(str(i))
        rows.writerow([i, "cat" if i < 5 else "dog"])
    for i in range(3):
        Path(f"test/{i}.png").write_text(str(i))
    Path("labels.csv").write_text(said.getvalue())


@same("read_csv_labels", "reorg_train_valid", "reorg_test")
def pictures_of_a_competition_are_sorted(d2l):
    write_competition()
    labels = d2l.read_csv_labels("labels.csv")
    per_class = d2l.reorg_train_valid(".", labels, 0.34)
    d2l.reorg_test(".")
    found = Path("train_valid_test")
    number = {
        str(folder.relative_to(found)): len(list(folder.glob("*.png")))
        for folder in sorted(found.rglob("*"))
        if folder.is_dir()
    }
    return labels, per_class, number


@same("get_fashion_mnist_labels")
def clothes_have_names(d2l):
    return d2l.get_fashion_mnist_labels([0, 9, 5]), d2l.get_fashion_mnist_labels(torch.arange(10))


@same("download", "extract", "download_extract")
def files_that_are_there_are_not_fetched_again(d2l):
    offer(d2l, "ours", "ours.zip", {"ours/a.txt": "A", "ours/deep/b.txt": "B"})
    path = d2l.download("ours")
    d2l.extract(path, "../data/elsewhere")
    folder = d2l.download_extract("ours"), d2l.download_extract("ours", "ours/deep")
    url, sha1 = d2l.DATA_HUB["ours"]
    return (
        path, d2l.download(url, "../data", sha1), folder,
        sorted(str(p) for p in Path("../data/elsewhere").rglob("*.txt")),
        Path("../data/ours/deep/b.txt").read_text(),
    )  # fmt: skip


@differs(
    "extract",
    released=["../escaped.txt"],
    here=[],
    because="an archive unpacks inside its folder, or not at all",
)
def an_archive_that_leaves_its_folder(d2l):
    member, data = tarfile.TarInfo("../../escaped.txt"), b"out"
    member.size = len(data)
    with tarfile.open("../data/bad.tar", "w") as archive:
        archive.addfile(member, io.BytesIO(data))
    Path("../data/in").mkdir()
    with contextlib.suppress(Exception):
        d2l.extract("../data/bad.tar", "../data/in")
    return [str(p) for p in Path("..").glob("escaped.txt")]

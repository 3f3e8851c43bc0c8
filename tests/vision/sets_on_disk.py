"""Small sets of real files in the layout of the book's: bananas and Pascal VOC."""

import csv

import torch
from torchvision.transforms.functional import to_pil_image

from d2l import torch as d2l


def noise(height, width, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (3, height, width), generator=generator, dtype=torch.uint8)


def write_bananas(folder, num_train=5, num_val=3, side=256):
    """Pictures of noise; the box of number i begins i pixels from the left, its class is i % 2."""
    for part, count in (("bananas_train", num_train), ("bananas_val", num_val)):
        images = folder / part / "images"
        images.mkdir(parents=True)
        with (folder / part / "label.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["img_name", "label", "xmin", "ymin", "xmax", "ymax"])
            for i in range(count):
                to_pil_image(noise(side, side, seed=i)).save(images / f"{i}.png")
                rows.writerow([f"{i}.png", i % 2, i, 20, 90, 64])
    return folder


def write_voc(folder, sizes=((30, 50), (40, 50), (45, 60), (50, 48)), num_val=1):
    """Photographs of noise; the label of number i is class i + 1 but for a border of 2 rows."""
    for name in ("ImageSets/Segmentation", "JPEGImages", "SegmentationClass"):
        (folder / name).mkdir(parents=True)
    names = [f"2007_{i:06}" for i in range(len(sizes))]
    for i, (name, (height, width)) in enumerate(zip(names, sizes, strict=True)):
        photograph = to_pil_image(noise(height, width, seed=i))
        photograph.save(folder / "JPEGImages" / f"{name}.jpg")
        label = torch.tensor(d2l.VOC_COLORMAP[i + 1], dtype=torch.uint8).reshape(3, 1, 1)
        label = label.repeat(1, height, width)
        label[:, :2] = torch.tensor([224, 224, 192], dtype=torch.uint8).reshape(3, 1, 1)
        to_pil_image(label).save(folder / "SegmentationClass" / f"{name}.png")
    lists = folder / "ImageSets" / "Segmentation"
    (lists / "train.txt").write_text("\n".join(names[:-num_val]) + "\n")
    (lists / "val.txt").write_text("\n".join(names[-num_val:]) + "\n")
    return folder

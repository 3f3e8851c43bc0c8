"""The book's data sets: their names, addresses and checksums, and the other places that have them.

A table and the order in which places are asked; nothing here touches the network.
"""

from urllib.parse import urlsplit

# Where most of the book's files are, the beginning of their addresses.
DATA_URL = "https://d2l-data.s3-accelerate.amazonaws.com/"
_DOORS = (DATA_URL, "https://d2l-data.s3.amazonaws.com/", DATA_URL.replace("https", "http"))
_WIKITEXT = "https://s3.amazonaws.com/research.metamind.io/wikitext/wikitext-2-v1.zip"
_SNLI = "https://nlp.stanford.edu/projects/snli/snli_1.0.zip"

# The book's data sets: name → (address, sha1). Readers add their own:
# `DATA_HUB["mine"] = (DATA_URL + "mine.zip", sha1)`
DATA_HUB: dict[str, tuple[str, str | None]] = {
    "SNLI": (_SNLI, "9fcde07509c7e87ec61c640c1b2753d9041758e4"),
    "aclImdb": (DATA_URL + "aclImdb_v1.tar.gz", "01ada507287d82875905620988597833ad4e0903"),
    "airfoil": (DATA_URL + "airfoil_self_noise.dat", "76e5be1548fd8222e5074cf0faae75edff8cf93f"),
    "banana-detection": (
        DATA_URL + "banana-detection.zip",
        "5de26c8fce5ccdea9f91267273464dc968d20d72",
    ),
    "cifar10_tiny": (
        DATA_URL + "kaggle_cifar10_tiny.zip",
        "2068874e4b9a9f0fb07ebe0ad2b29754449ccacd",
    ),
    "dog_tiny": (DATA_URL + "kaggle_dog_tiny.zip", "0cb91d09b814ecdc07b50f31f8dcad3e81d6a86d"),
    "fra-eng": (DATA_URL + "fra-eng.zip", "94646ad1522d915e7b0f9296181140edcf86a4f5"),
    "glove.42b.300d": (
        DATA_URL + "glove.42B.300d.zip",
        "b5116e234e9eb9076672cfeabf5469f3eec904fa",
    ),
    "glove.6b.100d": (DATA_URL + "glove.6B.100d.zip", "cd43bfb07e44e6f27cbcc7bc9ae3d80284fdaf5a"),
    "glove.6b.50d": (DATA_URL + "glove.6B.50d.zip", "0b8703943ccdb6eb788e6f091b8946e82231bc4d"),
    "hotdog": (DATA_URL + "hotdog.zip", "fba480ffa8aa7e0febbb511d181409f899b9baa5"),
    "kaggle_house_test": (
        DATA_URL + "kaggle_house_pred_test.csv",
        "fa19780a7b011d9b009e8bff8e99922a8ee2eb90",
    ),
    "kaggle_house_train": (
        DATA_URL + "kaggle_house_pred_train.csv",
        "585e9cc93e70b39160e7921475f9bcd7d31219ce",
    ),
    "pokemon": (DATA_URL + "pokemon.zip", "c065c0e2593b8b161a2d7873e42418bf6a21106c"),
    "ptb": (DATA_URL + "ptb.zip", "319d85e578af0cdc590547f26231e4e31cdf1e42"),
    "time_machine": (DATA_URL + "timemachine.txt", "090b5e7e70c295757f55df93cb0a180b9691891a"),
    "voc2012": (
        DATA_URL + "VOCtrainval_11-May-2012.tar",
        "4e443f8a2eca6b1dac8a6c57641b67dd40621a49",
    ),
    "wiki.en": (DATA_URL + "wiki.en.zip", "c1816da3821ae9f43899be655002f6c723e91b88"),
    "wikitext-2": (_WIKITEXT, "3c914d17d80b1459be871a5039ac23e752a53cbe"),
}

# sha1 → other places of the same bytes; the checksum decides whether they are
MIRRORS: dict[str, tuple[str, ...]] = {
    "01ada507287d82875905620988597833ad4e0903": (
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    ),
    "4e443f8a2eca6b1dac8a6c57641b67dd40621a49": (
        "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
    ),
    "3c914d17d80b1459be871a5039ac23e752a53cbe": ("https://wikitext.smerity.com/wikitext-2-v1.zip",),
}


def places(url: str, sha1: str | None = None) -> list[str]:
    """Where to ask for the file behind `url`, best first: https before http, then mirrors.

    Plain http is asked only where the reader wrote it, or where a checksum will tell.
    """
    door = next((door for door in _DOORS if url.startswith(door)), None)
    if door is not None:
        found = [other + url.removeprefix(door) for other in _DOORS]
    else:
        found = [_secured(url), url]
    if sha1 is not None:
        return list(dict.fromkeys((*found, *MIRRORS.get(sha1, ()))))
    return list(dict.fromkeys(p for p in found if p == url or p.startswith("https://")))


def _secured(url: str) -> str:
    """The same address by https; one with a port says which protocol is spoken there."""
    has_port = urlsplit(url).netloc.rpartition(":")[2].isdecimal()
    return url if has_port else url.replace("http://", "https://", 1)

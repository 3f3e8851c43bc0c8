"""Where 1.0.3 is wrong or fragile, beyond what its subject's file says: both outcomes, and why."""

import contextlib
import http.server
import pickle
import threading
import warnings
from pathlib import Path

import torch
from cases_loops import clouds
from cases_pictures_read import offer_bananas
from corpora import offer_all
from made import inside, offer
from registry import Raises, differs
from torch import nn


def warned(run):
    """The classes of the warnings that a call gives."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        before = torch.is_warn_always_enabled()
        torch.set_warn_always(True)
        run()
        torch.set_warn_always(before)
    return [each.category.__name__ for each in said]


@differs(
    "Accumulator",
    released=["UserWarning"],
    here=[],
    because="a loss with a gradient is added by its value, which needs no warning",
)
def a_loss_with_a_gradient_is_summed(d2l):
    loss = torch.ones(1, requires_grad=True).sum()
    return warned(lambda: d2l.Accumulator(1).add(loss))


@differs(
    "meshgrid",
    released=["UserWarning"],
    here=[],
    because="PyTorch asks that `indexing` is said; here it is, as it always was meant",
)
def grids_are_made(d2l):
    return warned(lambda: d2l.meshgrid(torch.arange(2), torch.arange(3)))


@differs(
    "train_ch13",
    released=Raises("IndexError"),
    here=True,
    because="the default is what is there when it is called, and the CPU where there is no GPU",
)
def devices_by_default(d2l):
    net = nn.Linear(4, 3)
    trainer = torch.optim.SGD(net.parameters(), lr=0.1)
    loss = nn.CrossEntropyLoss(reduction="none")
    d2l.train_ch13(net, clouds(d2l, 48), clouds(d2l), loss, trainer, 1)
    return bool(inside(net)["weight"].isfinite().all())


@contextlib.contextmanager
def answering(status, body):
    """The address of a server that gives this one answer."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/data.csv"
    finally:
        server.shutdown()
        server.server_close()


def kept_after_download(d2l, status, sha1):
    """What lies under the file's name after a download that cannot be right."""
    with answering(status, b"not what was asked for") as url, contextlib.suppress(Exception):
        d2l.download(url, "../data", sha1)
    file = Path("../data/data.csv")
    return file.read_text() if file.exists() else None


@differs(
    "download",
    released="not what was asked for",
    here=None,
    because="an answer that says 404 holds no data",
)
def a_page_that_is_not_there(d2l):
    return kept_after_download(d2l, 404, None)


@differs(
    "download",
    released="not what was asked for",
    here=None,
    because="a checksum is there to be looked at",
)
def bytes_of_another_file(d2l):
    return kept_after_download(d2l, 200, "0" * 40)


@differs(
    "download_extract",
    released="unpacked",
    here="changed by the reader",
    because="what is unpacked is not unpacked again, which for large sets takes minutes",
)
def an_archive_is_asked_for_twice(d2l):
    offer(d2l, "ours", "ours.zip", {"ours/a.txt": "unpacked"})
    file = Path(d2l.download_extract("ours")) / "a.txt"
    file.write_text("changed by the reader")
    d2l.download_extract("ours")
    return file.read_text()


def copied(thing):
    """Whether a worker process could be given this."""
    try:
        pickle.dumps(thing)
    except Exception:
        return False
    return True


@differs(
    "BananasDataset", "SNLIDataset", "load_data_ptb", "load_data_wiki",
    released=[True, True, False, True],
    here=[True, True, True, True],
    because="worker processes that are spawned are sent the data set",
)  # fmt: skip
def data_sets_are_sent_to_workers(d2l):
    offer_all(d2l)
    offer_bananas(d2l)
    pairs = d2l.read_snli(d2l.download_extract("SNLI"), True)
    ptb, wiki = d2l.load_data_ptb(8, 2, 2)[0], d2l.load_data_wiki(8, 32)[0]
    sets = (d2l.BananasDataset(True), d2l.SNLIDataset(pairs, 4), ptb.dataset, wiki.dataset)
    return [copied(data) for data in sets]

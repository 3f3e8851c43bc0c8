"""Chapter 15: BERT."""

import torch
from made import everything_about, noise, whole
from registry import differs, same
from torch import nn

SIZES = {"num_hiddens": 8, "ffn_num_hiddens": 16, "num_heads": 2, "num_blks": 2}
TOKENS, SEGMENTS = whole(30, 2, 8), torch.tensor([[0] * 4 + [1] * 4, [0] * 3 + [1] * 5])


@same("BERTEncoder")
def the_encoder_of_bert(d2l):
    net = d2l.BERTEncoder(30, **SIZES, dropout=0.0, max_len=12)
    return everything_about(net, TOKENS, SEGMENTS, None), net(
        TOKENS, SEGMENTS, torch.tensor([5, 8])
    )


@same("MaskLM")
def masked_words_are_guessed(d2l):
    net = d2l.MaskLM(30, 8)
    return everything_about(net, noise(2, 8, 8), torch.tensor([[1, 5, 2], [6, 1, 5]]))


@same("NextSentencePred")
def whether_a_sentence_follows(d2l):
    return everything_about(d2l.NextSentencePred(), noise(2, 8))


@same("BERTModel")
def bert(d2l):
    net = d2l.BERTModel(30, **SIZES, dropout=0.0, max_len=12)
    found = everything_about(
        net, TOKENS, SEGMENTS, torch.tensor([5, 8]), torch.tensor([[1, 5], [6, 1]])
    )
    return found, list(net(TOKENS, SEGMENTS))


def losses_of_pretraining(d2l, weights):
    """Of masked words, of next sentences, and both together, for places of these weights."""
    torch.manual_seed(0)
    net = d2l.BERTModel(30, **SIZES, dropout=0.0, max_len=12)
    places, words = torch.tensor([[1, 5], [6, 0]]), whole(30, 2, 2)
    found = d2l._get_batch_loss_bert(
        net, nn.CrossEntropyLoss(), 30, TOKENS, SEGMENTS, torch.tensor([5, 8]), places,
        torch.tensor(weights), words, torch.tensor([0, 1]),
    )  # fmt: skip
    return [float(loss.detach()) for loss in found]


@same("BERTModel")
def losses_of_batches_full_of_masks(d2l):
    return losses_of_pretraining(d2l, [[1.0, 1.0], [1.0, 1.0]])


@same("BERTModel")
def losses_of_a_batch_without_masks(d2l):
    return losses_of_pretraining(d2l, [[0.0, 0.0], [0.0, 0.0]])


@differs(
    "BERTModel",
    released=True,
    here=False,
    because="places that fill a row up are no masked words, and weigh nothing",
)  # fmt: skip
def places_that_fill_up_count(d2l):
    full = losses_of_pretraining(d2l, [[1.0, 1.0], [1.0, 1.0]])[0]
    return abs(losses_of_pretraining(d2l, [[1.0, 1.0], [1.0, 0.0]])[0] - full) < 1e-6


@same("get_tokens_and_segments")
def sentences_become_tokens_and_segments(d2l):
    return [
        d2l.get_tokens_and_segments(["this", "movie"]),
        d2l.get_tokens_and_segments(["this", "movie"], ["i", "like", "it"]),
    ]

"""End to end: language models and translators learn small languages, through the trainer."""

import pytest
import torch
from torch import nn
from translators import (
    PAD,
    Sentences,
    Seq2SeqAttentionDecoder,
    TransformerDecoder,
    share_of_right_sentences,
)

from d2l import torch as d2l

TEXT = "one potato two potato three potato four five potato six potato seven potato more " * 12


class Rhyme(d2l.DataModule):
    """Every stretch of `num_steps` characters of the text, and the same one character later."""

    def __init__(self, num_steps=16, batch_size=64):
        super().__init__()
        self.save_hyperparameters()
        self.idx_to_token = sorted(set(TEXT))
        self.token_to_idx = {token: i for i, token in enumerate(self.idx_to_token)}
        corpus = torch.tensor([self.token_to_idx[token] for token in TEXT])
        stretches = corpus.unfold(0, num_steps + 1, 1)
        self.X, self.Y = stretches[:, :-1], stretches[:, 1:]

    def __len__(self):
        return len(self.idx_to_token)

    def __getitem__(self, token):
        return self.token_to_idx[token]

    def get_dataloader(self, train):
        chosen = slice(0, 768) if train else slice(768, None)
        return self.get_tensorloader((self.X, self.Y), train, chosen)


def points(model):
    return {label: len(series) for label, series in model.board.points.items()}


def fitted(model, data, max_epochs):
    d2l.Trainer(max_epochs=max_epochs, gradient_clip_val=1).fit(model, data)
    return model


def test_a_language_model_from_scratch_learns_a_rhyme():
    torch.manual_seed(0)
    data = Rhyme()
    rnn = d2l.RNNScratch(num_inputs=len(data), num_hiddens=32)
    model = fitted(d2l.RNNLMScratch(rnn, vocab_size=len(data), lr=1), data, max_epochs=20)
    perplexity = model.board.latest()["val_ppl"]
    assert perplexity < 1.5  # that of a guess is len(data), 13
    assert points(model) == {"train_ppl": 40, "val_ppl": 20}
    assert model.predict("potato tw", 9, data).startswith("potato tw")


def test_a_language_model_of_gated_units_goes_on_with_the_rhyme():
    torch.manual_seed(0)
    data = Rhyme()
    model = d2l.RNNLM(d2l.GRU(len(data), 32), vocab_size=len(data), lr=4)
    fitted(model, data, max_epochs=25)
    assert model.board.latest()["val_ppl"] < 1.5
    assert model.predict("two potato th", 10, data) == "two potato three potato"


@pytest.mark.slow
def test_a_decoder_that_attends_learns_to_say_sentences_backwards():
    torch.manual_seed(0)
    data = Sentences(backwards=True)
    encoder = d2l.Seq2SeqEncoder(data.vocab_size, 16, 32, num_layers=1)
    decoder = Seq2SeqAttentionDecoder(data.vocab_size, 16, 32, num_layers=1)
    model = fitted(d2l.Seq2Seq(encoder, decoder, tgt_pad=PAD, lr=0.01), data, max_epochs=25)
    assert share_of_right_sentences(model, data) > 0.95
    assert points(model) == {"train_loss": 50, "val_loss": 25}


@pytest.mark.slow
def test_a_transformer_learns_to_translate_word_by_word():
    torch.manual_seed(0)
    data = Sentences(backwards=False)
    encoder = d2l.TransformerEncoder(data.vocab_size, 32, 64, num_heads=4, num_blks=1, dropout=0)
    decoder = TransformerDecoder(data.vocab_size, 32, 64, num_heads=4, num_blks=1, dropout=0)
    for half in (encoder, decoder):  # small, so that positions count as much as words
        nn.init.normal_(half.embedding.weight, std=32**-0.5)
    model = fitted(d2l.Seq2Seq(encoder, decoder, tgt_pad=PAD, lr=0.003), data, max_epochs=25)
    assert share_of_right_sentences(model, data) > 0.95
    assert points(model) == {"train_loss": 50, "val_loss": 25}

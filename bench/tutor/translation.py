"""A small translator of numbers in words, for the programs on sequences with padding."""

import torch
from torch import nn

from bench.tutor import measures
from d2l import torch as d2l


class Numbers(d2l.SyntheticTranslation):
    """Numbers from Upland to Lowland; sentences have up to nine tokens, the rest is padding."""

    def __init__(self, batch_size=64, num_train=800, num_val=99, num_steps=28):
        super().__init__(batch_size, num_steps=num_steps, num_train=num_train, num_val=num_val)
        self.test = tuple(part[num_train:] for part in self.arrays)


class GRUDecoder(d2l.Decoder):
    """Reads the encoder's last state beside each token."""

    def __init__(self, vocab_size, embed_size, num_hiddens):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(embed_size + num_hiddens, num_hiddens)
        self.dense = nn.Linear(num_hiddens, vocab_size)

    def init_state(self, enc_all_outputs, *args):
        return enc_all_outputs[1], enc_all_outputs[1][-1]

    def forward(self, X, state):
        hidden, context = state
        embs = self.embedding(X.t())
        context_of_steps = context.expand(embs.shape[0], -1, -1)
        outputs, hidden = self.rnn(torch.cat([embs, context_of_steps], -1), hidden)
        return self.dense(outputs).swapaxes(0, 1), (hidden, context)


class GRUTranslator(d2l.Seq2Seq):
    """The library's, whose loss leaves padding out."""


def translator(data, model=GRUTranslator, num_hiddens=48, lr=0.005):
    """A model for the vocabularies of `data`."""
    encoder = d2l.Seq2SeqEncoder(len(data.src_vocab), 24, num_hiddens, 1)
    decoder = GRUDecoder(len(data.tgt_vocab), 24, num_hiddens)
    return model(encoder, decoder, tgt_pad=data.tgt_vocab["<pad>"], lr=lr)


def right_tokens(model, data):
    """The share of words, padding left out, that are right when the words before are given."""
    *inputs, label = data.test
    is_word = label != data.tgt_vocab["<pad>"]
    right = measures.answers(model, inputs).argmax(2) == label
    return float(right[is_word].float().mean())

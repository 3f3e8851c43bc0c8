"""An encoder-decoder answers as the edition of its parts does: the output, or output and state."""

import copy
import pickle

import pytest
import torch
from torch import nn

from d2l import torch as d2l


class Encoder(d2l.Encoder):
    """As 0.17.6's book writes encoders."""

    def __init__(self, size=9, **kwargs):
        super().__init__(**kwargs)
        self.embedding = nn.Embedding(size, 4)

    def forward(self, X, *args):
        return self.embedding(X).mean(dim=1)


class Decoder(d2l.Decoder):
    """As 0.17.6's book writes decoders."""

    def __init__(self, size=9, **kwargs):
        super().__init__(**kwargs)
        self.embedding, self.dense = nn.Embedding(size, 4), nn.Linear(4, size)

    def init_state(self, enc_outputs, *args):
        return enc_outputs

    def forward(self, X, state):
        return self.dense(self.embedding(X) + state.unsqueeze(1)), state


class Encoder103(Encoder):
    def __init__(self, size=9):
        super().__init__(size)


class Decoder103(Decoder):
    def __init__(self, size=9):
        super().__init__(size)


class OwnDecoder(nn.Module):
    """Of a notebook that defines the base classes itself."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = nn.Linear(4, 9)

    init_state = Decoder.init_state

    def forward(self, X, state):
        return self.dense(state).unsqueeze(1).expand(-1, X.shape[1], -1), state


class PlainDecoder(nn.Module):
    """Has the constructor of `nn.Module`, which takes keywords only to refuse them."""

    init_state = Decoder.init_state

    def forward(self, X, state):
        return nn.functional.one_hot(X, 9).float(), state


class Recurrent(d2l.Decoder):
    """A decoder of 0.17.6 behind the library's own encoder, which both editions have."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = nn.Linear(6, 9)

    def init_state(self, enc_outputs, *args):
        return enc_outputs[1]

    def forward(self, X, state):
        return self.dense(state[-1]).unsqueeze(1).expand(-1, X.shape[1], -1), state


X, Y = torch.tensor([[1, 2, 3], [4, 5, 6], [7, 8, 0]]), torch.tensor([[3, 2], [1, 0], [5, 5]])


@pytest.mark.parametrize(
    "encoder, decoder, is_pair",
    [
        (Encoder, Decoder, True),
        (Encoder, OwnDecoder, True),
        (lambda: d2l.Seq2SeqEncoder(9, 4, 6, 1), Recurrent, True),
        (lambda: d2l.TransformerEncoder(9, 4, 4, 4, 4, [4], 4, 8, 2, 1, 0.0), Decoder, True),
        (Encoder103, Decoder103, False),
        (Encoder, Decoder103, False),
        (Encoder103, Decoder, False),
        (Encoder, PlainDecoder, False),
        (lambda: d2l.Seq2SeqEncoder(9, 4, 6, 1), Decoder103, False),
    ],
)
def test_the_constructors_of_the_parts_say_what_a_call_gives(encoder, decoder, is_pair):
    net = d2l.EncoderDecoder(encoder(), decoder())
    if isinstance(net.encoder, d2l.TransformerEncoder):
        net.decoder.init_state = lambda enc_outputs, *args: enc_outputs.mean(dim=1)
    if isinstance(net.encoder, d2l.Seq2SeqEncoder) and decoder is Decoder103:
        net.decoder.init_state = lambda enc_outputs, *args: enc_outputs[1][-1][:, :4]
    answer = net(X, Y)
    assert isinstance(answer, tuple) == is_pair
    output, state = answer if is_pair else (answer, None)
    assert output.shape == (3, 2, 9)
    if is_pair:
        expected = net.decoder.init_state(net.encoder(X))
        torch.testing.assert_close(state, expected)


def test_copies_and_subclasses_answer_alike():
    class Mine(d2l.EncoderDecoder):
        def __init__(self, encoder, decoder):
            super().__init__(encoder, decoder)

    for net in (Mine(Encoder(), Decoder()), d2l.EncoderDecoder(Encoder(), Decoder())):
        assert len(copy.deepcopy(net)(X, Y)) == 2
    net = d2l.EncoderDecoder(Encoder(), Decoder())
    output, _ = pickle.loads(pickle.dumps(net))(X, Y)
    torch.testing.assert_close(output, net(X, Y)[0])


def test_seq2seq_is_1_0_3s_whatever_its_parts():
    net = d2l.Seq2Seq(Encoder(), Decoder(), tgt_pad=0, lr=0.1)
    assert net(X, Y).shape == (3, 2, 9)


class Pairs(d2l.DataModule):
    def __init__(self):
        super().__init__()
        self.save_hyperparameters()
        self.batch_size = 3

    def get_dataloader(self, train):
        return self.get_tensorloader((X, Y, Y), train)


def test_in_a_run_of_a_trainer_the_output_alone_is_what_the_loss_reads():
    net = d2l.EncoderDecoder(Encoder(), Decoder())
    net.lr = 0.1
    before = net(X, Y)[0]
    trainer = d2l.Trainer(max_epochs=2)
    trainer.fit(net, Pairs())
    trainer.validate(net, Pairs())
    after, _ = net(X, Y)  # and then the pair again
    assert not torch.equal(before, after)
    tokens, _ = net.predict_step((X, Y, Y), d2l.cpu(), num_steps=4)
    assert tokens.shape == (3, 4)


def test_procedural_training_takes_either():
    vocab = d2l.Vocab([*"abcde"], reserved_tokens=["<pad>", "<bos>", "<eos>"])
    lens = torch.tensor([2, 2, 2])
    for parts in ((Encoder, Decoder), (Encoder103, Decoder103)):
        torch.manual_seed(0)
        net = d2l.EncoderDecoder(*(part() for part in parts))
        d2l.train_seq2seq(net, [(X, lens, Y, lens)], 0.05, 3, vocab, d2l.cpu())
        found = d2l.predict_seq2seq(net, "a b", vocab, vocab, 3, d2l.cpu())
        assert len(found) == 2

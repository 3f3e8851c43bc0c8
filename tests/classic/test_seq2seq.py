"""The hand-written loops for translators: they learn, show it, and translate what they learnt."""

import pytest
import torch
from torch import nn

from d2l import torch as d2l
from d2l.errors import LabelError

WORDS = {"<pad>": 0, "<bos>": 1, "<eos>": 2, "<unk>": 3, "a": 4, "b": 5, "c": 6, "d": 7}
PAIRS = {"a": "b a", "b": "c b", "c": "d", "d a": "a b c", "b c": "d d"}
NUM_STEPS = 4


class Words:
    """What the loops read of a vocabulary."""

    token_to_idx = WORDS

    def __len__(self):
        return len(WORDS)

    def __getitem__(self, tokens):
        if isinstance(tokens, list):
            return [self[token] for token in tokens]
        return WORDS.get(tokens, WORDS["<unk>"])

    def to_tokens(self, numbers):
        return [list(WORDS)[number] for number in numbers]


class Decoder(d2l.AttentionDecoder):
    """A GRU that begins where the encoder ended; its 'attention' is what it has seen last."""

    def __init__(self, num_words, num_hiddens):
        super().__init__()
        self.embedding = nn.Embedding(num_words, num_hiddens)
        self.rnn = nn.GRU(num_hiddens, num_hiddens)
        self.dense = nn.Linear(num_hiddens, num_words)

    def init_state(self, enc_all_outputs, *args):
        return enc_all_outputs[1]

    def forward(self, X, state):
        self.seen = X
        outputs, state = self.rnn(self.embedding(X.T), state)
        return self.dense(outputs).transpose(0, 1), state

    @property
    def attention_weights(self):
        return self.seen


def translator():
    torch.manual_seed(0)
    encoder = d2l.Seq2SeqEncoder(len(WORDS), 16, 16, num_layers=1)
    return d2l.EncoderDecoder(encoder, Decoder(len(WORDS), 16))


def batches(vocab):
    def side(sentences):
        rows = [[*vocab[sentence.split()], WORDS["<eos>"]] for sentence in sentences]
        padded = [row + [WORDS["<pad>"]] * (NUM_STEPS - len(row)) for row in rows]
        return torch.tensor(padded), torch.tensor([len(row) for row in rows])

    return [(*side(PAIRS), *side(PAIRS.values()))]


def test_a_translator_learns_its_pairs_and_says_how_well(capsys):
    vocab, net = Words(), translator()
    d2l.train_seq2seq(net, batches(vocab), 0.02, 60, vocab, torch.device("cpu"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("epoch 60/60: loss 0.0")
    loss, speed = lines[-1].split(", ")
    assert float(loss.removeprefix("loss ")) < 0.1
    assert speed.endswith(" tokens/sec on cpu")
    for sentence, translation in PAIRS.items():
        found, weights = d2l.predict_seq2seq(net, sentence, vocab, vocab, NUM_STEPS, "cpu")
        assert (found, weights) == (translation, [])


def test_a_net_that_gives_its_state_too_is_trained_alike(capsys):
    class WithState(nn.Module):
        def __init__(self, net):
            super().__init__()
            self.encoder, self.decoder = net.encoder, net.decoder

        def forward(self, X, dec_X, X_valid_len):
            return self.decoder(dec_X, self.decoder.init_state(self.encoder(X, X_valid_len)))

    vocab, said = Words(), []
    for make in (translator, lambda: WithState(translator())):
        net = make()
        torch.manual_seed(1)
        d2l.train_seq2seq(net, batches(vocab), 0.02, 2, vocab, "cpu")
        said.append(capsys.readouterr().out.splitlines()[-1].split(",")[0])
    assert said[0] == said[1]


def test_weights_are_drawn_anew_and_gradients_clipped():
    vocab, net = Words(), translator()
    for parameter in net.parameters():
        nn.init.constant_(parameter, 2)
    d2l.train_seq2seq(net, batches(vocab), 0.0, 1, vocab, "cpu")
    weight = net.decoder.rnn.weight_hh_l0
    bound = (6 / sum(weight.shape)) ** 0.5
    assert bound * 0.9 < weight.abs().max() <= bound
    assert (net.decoder.embedding.weight == 2).all()  # embeddings are left as they were
    grads = torch.cat([p.grad.flatten() for p in net.parameters()])
    assert grads.norm().item() == pytest.approx(1, rel=1e-4)


def test_attention_weights_are_kept_for_each_word_and_the_end():
    vocab, net = Words(), translator()
    d2l.train_seq2seq(net, batches(vocab), 0.02, 60, vocab, "cpu")
    _, weights = d2l.predict_seq2seq(net, "A", vocab, vocab, NUM_STEPS, "cpu", True)
    assert [int(seen) for seen in weights] == [WORDS["<bos>"], WORDS["b"], WORDS["a"]]


def test_a_sentence_longer_than_the_steps_is_cut_and_a_shorter_one_padded():
    vocab, net, read = Words(), translator(), []
    net.encoder.register_forward_pre_hook(lambda encoder, inputs: read.append(inputs))
    for sentence in ("a b c d", "a"):
        translation, _ = d2l.predict_seq2seq(net, sentence, vocab, vocab, 3, "cpu")
        assert len(translation.split()) <= 3
    assert [(src.tolist(), lens.tolist()) for src, lens in read] == [
        ([[WORDS["a"], WORDS["b"], WORDS["c"]]], [3]),
        ([[WORDS["a"], WORDS["<eos>"], WORDS["<pad>"]]], [2]),
    ]


def test_a_vocabulary_without_the_tokens_of_sentences_is_an_error():
    class Bare(Words):
        token_to_idx = {"a": 0}

    with pytest.raises(LabelError, match=r"has no '<bos>'.*reserved_tokens=\["):
        d2l.train_seq2seq(translator(), batches(Words()), 0.02, 1, Bare(), "cpu")
